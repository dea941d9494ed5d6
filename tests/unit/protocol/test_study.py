"""The study: its path, its turn profiles, its limits, and everything it can say."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from vivavoce.protocol.check import load_study
from vivavoce.protocol.languages import LANGUAGES, describe, is_language, nearest_code
from vivavoce.protocol.lines import BUILT_IN_LINES, LINE_NAMES
from vivavoce.protocol.outline import outline
from vivavoce.protocol.study import Limits, Study, UnknownLanguage
from vivavoce.protocol.turns import TURN_PROFILES, TurnProfile
from vivavoce.protocol.voices import DEFAULT_VOICES, KOKORO_VOICES
from vivavoce.protocol.wordings import wordings

STUDIES = Path(__file__).parents[3] / "studies"


@pytest.fixture(scope="module")
def remote_work() -> Study:
    return load_study((STUDIES / "remote-work.yaml").read_bytes(), source="remote-work.yaml")


def test_the_path_follows_next(small_text: str) -> None:
    text = small_text.replace("    turn_profile: brisk\n", "    turn_profile: brisk\n    next: third\n")
    text = text.replace("    turn_profile: reflective\n", "    turn_profile: reflective\n    next: end\n")
    text = text.replace("    objective: End.\n", "    objective: End.\n    next: second\n")
    study = load_study(text.encode(), source="x.yaml")
    assert [phase.id for phase in study.path] == ["first", "third", "second"]
    assert [question.id for question in study.questions()] == ["breakfast", "lunch", "wish", "last", "way"]
    assert study.path[-1].next is None


def test_things_are_found_by_id(small: Study) -> None:
    assert small.phase("second").id == "second"
    assert small.question("way").id == "way"
    assert small.probe("more").id == "more"
    for find in (small.phase, small.question, small.probe):
        with pytest.raises(KeyError):
            find("nothing")


def test_a_study_survives_json(small: Study) -> None:
    again = Study.model_validate_json(small.model_dump_json())
    assert again == small
    assert again.content_hash == small.content_hash


def test_a_study_is_frozen(small: Study) -> None:
    with pytest.raises(ValidationError):
        small.id = "other"  # pyright: ignore[reportAttributeAccessIssue] # that it is refused is what is tested


@pytest.mark.parametrize(
    ("minutes", "before_s", "at_s"), [(45, None, 2400), (25, None, 1200), (8, None, 384), (8, 60, 420)]
)
def test_wrapping_up_begins(minutes: float, before_s: float | None, at_s: float) -> None:
    assert Limits(hard_limit_minutes=minutes, wrap_up_before_s=before_s).wrap_up_at_s == pytest.approx(at_s)


class TestTurnProfiles:
    def test_the_paces_rise(self) -> None:
        brisk, standard, reflective = (TURN_PROFILES[name] for name in ("brisk", "standard", "reflective"))
        for wait in ("min_wait_s", "max_wait_s", "thinking_wait_s", "interruption_min_s"):
            assert getattr(brisk, wait) < getattr(standard, wait) < getattr(reflective, wait)

    @pytest.mark.parametrize("name", list(TURN_PROFILES))
    @pytest.mark.parametrize("language", ["en", "de", "fr", "es", "ja", "ja-JP", "fi"])
    def test_every_profile_in_every_language(self, name: str, language: str) -> None:
        profile = TURN_PROFILES[name].resolved(language)
        assert profile.min_wait_s <= profile.max_wait_s <= profile.thinking_wait_s
        slower = language.split("-")[0] in ("ja", "fi")
        assert (profile.min_wait_s > TURN_PROFILES[name].min_wait_s) is slower
        assert profile.language_factor == {}
        assert profile.resolved(language) == profile, "the factor is applied once"

    def test_the_reflective_one_bears_ten_seconds_of_thinking(self, remote_work: Study) -> None:
        assert remote_work.turn_profile_for("exploration", "en").thinking_wait_s == 10

    def test_by_phase_and_before_the_first(self, small: Study) -> None:
        assert small.turn_profile_for("second", "en") == TURN_PROFILES["reflective"].resolved("en")
        assert small.turn_profile_for(None, "en") == TURN_PROFILES["brisk"].resolved("en")
        assert small.turn_profile_for("third", "en") == TURN_PROFILES["standard"].resolved("en")

    def test_a_study_refines_them(self, small_text: str) -> None:
        text = (
            small_text
            + "turn_profiles:\n  brisk: {max_wait_s: 1.5, vad_threshold: 0.7, language_factor: {en: 2}}\n"
        )
        profile = load_study(text.encode(), source="x.yaml").turn_profile_for("first", "en")
        brisk = TURN_PROFILES["brisk"]
        assert profile == TurnProfile(
            min_wait_s=brisk.min_wait_s * 2,
            max_wait_s=3.0,
            thinking_wait_s=brisk.thinking_wait_s * 2,
            interruption_min_s=brisk.interruption_min_s,
            vad_threshold=0.7,
        )


class TestLines:
    @pytest.mark.parametrize("language", list(BUILT_IN_LINES))
    def test_every_line_is_there(self, language: str) -> None:
        assert set(BUILT_IN_LINES[language]) == set(LINE_NAMES)
        assert all(
            text.strip() == text and text.endswith((".", "!", "?"))
            for text in BUILT_IN_LINES[language].values()
        )

    def test_a_study_rewords_one_and_keeps_the_others(self, small_text: str) -> None:
        study = load_study(f"{small_text}lines:\n  nudge: Hello?\n".encode(), source="x.yaml")
        assert study.line("nudge", "en") == "Hello?"
        assert study.line("wrap_up", "en") == BUILT_IN_LINES["en"]["wrap_up"]

    def test_one_language_may_be_reworded_alone(self, remote_work: Study) -> None:
        text = (STUDIES / "remote-work.yaml").read_text(
            encoding="utf-8"
        ) + "\nlines:\n  nudge: {es: ¿Hola?}\n"
        study = load_study(text.encode(), source="x.yaml")
        assert study.line("nudge", "es") == "¿Hola?"
        assert study.line("nudge", "fr") == remote_work.line("nudge", "fr")

    def test_a_regional_language_has_its_languages_lines(self, small_text: str) -> None:
        study = load_study(small_text.replace("[en]", "[en-GB]").encode(), source="x.yaml")
        assert study.line("nudge", "en-GB") == BUILT_IN_LINES["en"]["nudge"]


class TestWordings:
    def test_all_of_them_once_and_in_order(self, small: Study) -> None:
        said = wordings(small, "en")
        assert len(said) == len(set(said))
        assert said[:4] == (
            "Hello there.",
            "I am a computer program.",
            "What did you have for breakfast?",
            "What did you eat this morning?",
        )
        for text in (
            "Tell me more, please.",
            "Now something else.",
            "That was all. Goodbye.",
            "Please call for help.",
        ):
            assert text in said
        assert set(BUILT_IN_LINES["en"].values()) <= set(said)

    def test_every_language_has_its_own(self, remote_work: Study) -> None:
        english, french = wordings(remote_work, "en"), wordings(remote_work, "fr")
        assert len(english) == len(french)
        assert not set(english) & set(french)

    def test_another_language_is_refused(self, small: Study) -> None:
        with pytest.raises(UnknownLanguage):
            wordings(small, "fr")


def test_outline_adds_up(small: Study) -> None:
    shown = outline(small, "en")
    assert [phase.words for phase in shown.phases] == [6 + 6, 3 + 5, 4 + 6]
    assert shown.words == 2 + 5 + 4 + 12 + 8 + 10
    assert shown.phases[1].questions[0].probes == (), "max_probes is 0"
    assert shown.estimate_s > sum(phase.estimate_s for phase in shown.phases)


def test_minutes_are_the_middle_of_the_time_boxes(small: Study, remote_work: Study) -> None:
    assert small.minutes == round(2.5 + 3.5 + 2.5)
    assert remote_work.minutes == 25


class TestLanguages:
    def test_there_are_all_two_letter_codes(self) -> None:
        assert len(LANGUAGES) == 183
        assert all(len(code) == 2 for code in LANGUAGES)

    @pytest.mark.parametrize(
        ("code", "known"),
        [("en", True), ("pt-BR", True), ("EN", False), ("xx", False), ("en-gb", False), ("", False)],
    )
    def test_codes(self, code: str, known: bool) -> None:
        assert is_language(code) is known

    @pytest.mark.parametrize(
        ("written", "meant"),
        [("EN", "en"), ("en_US", "en-US"), ("en-gb", "en-GB"), ("German", "de"), ("spanisch", "es"), ("eng", "en"),
         ("klingon", None), ("", None)],
    )  # fmt: skip
    def test_what_was_meant(self, written: str, meant: str | None) -> None:
        assert nearest_code(written) == meant

    def test_a_code_is_shown_with_its_name(self) -> None:
        assert describe("pt-BR") == "Portuguese (pt-BR)"


def test_default_voices_exist() -> None:
    for language, voice in DEFAULT_VOICES.items():
        assert voice.engine == "piper" or voice.voice in KOKORO_VOICES[language]
    assert sum(map(len, KOKORO_VOICES.values())) == 54
