"""What a model is told: packs that are whole, prompts that are the same for the same study, and a look at each.

After a wanted change: `WRITE_SNAPSHOTS=1 pytest tests/unit/protocol/test_prompts.py`, and read the difference.
"""

from __future__ import annotations

import json
import os
import string
from pathlib import Path
from typing import Any

import pytest

from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import AnswerNoted, MoveDecided, PhaseEntered, TopicCovered
from vivavoce.protocol.lines import LINE_NAMES
from vivavoce.protocol.progress import Progress, fold
from vivavoce.protocol.prompts.pack import (
    PACKS,
    Labels,
    PackMissing,
    PackUnreviewed,
    load_pack,
    require_reviewed,
)
from vivavoce.protocol.prompts.render import instructions, situation
from vivavoce.protocol.study import Study

SNAPSHOTS = Path(__file__).parent / "prompts"


def study_in(language: str, small_text: str, **moderator: object) -> Study:
    """The small study, held in another language; its own words stay English, so that the pack's stand out."""
    text = small_text.replace("languages: [en]", f"languages: [{language}]")
    if language == "ja":
        text += "lines:\n" + "".join(f"  {name}: Line.\n" for name in LINE_NAMES)
    section = {"mode": "semi_structured", "style": "Calm, and brief.", **moderator}
    text = text.replace(
        "    objective: Go on.\n",
        "    objective: Go on.\n    tone: curious\n    instructions: Ask about trains.\n",
    )
    return load_study(f"{text}moderator: {json.dumps(section)}\n".encode(), source="small.yaml")


def in_the_middle() -> Progress:
    """The second phase, a probe behind us and its only question asked."""
    said: dict[str, Any] = {"at_s": 10.0, "expects_answer": True}
    return fold(
        [
            PhaseEntered(phase_id="first", index=0, count=3, at_s=0, reason="began"),
            MoveDecided(
                move_id="m1", move="opening", phase_id="first", question_id="breakfast", text="…", **said
            ),
            AnswerNoted(question_id="breakfast", intent="answer", words=3, at_s=20),
            TopicCovered(topic_id="food", question_id="breakfast", at_s=20),
            MoveDecided(
                move_id="m2",
                move="probe",
                phase_id="first",
                question_id="breakfast",
                trigger="unexpected",
                text="How come?",
                parts=("How come?",),
                worded_by="model",
                **said,
            ),
            PhaseEntered(phase_id="second", index=1, count=3, at_s=40, reason="advanced"),
            MoveDecided(
                move_id="m3",
                move="question",
                phase_id="second",
                question_id="way",
                text="Tea. How did you come?",
                parts=("Tea.", "How did you come?"),
                worded_by="model",
                **said,
            ),
        ]
    )


@pytest.mark.parametrize("language", PACKS)
def test_a_prompt_looks_like_this(language: str, small_text: str) -> None:
    study = study_in(language, small_text)
    told = "\n\n".join(
        (
            instructions(study, "second", language),
            "-" * 40,
            situation(study, in_the_middle(), at_s=75, language=language),
        )
    )
    path = SNAPSHOTS / f"{language}.txt"
    if os.environ.get("WRITE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(told + "\n", encoding="utf-8")
    assert told + "\n" == path.read_text(encoding="utf-8")
    assert "{" not in told


def test_same_study_same_prompts(small_text: str) -> None:
    one, other = study_in("en", small_text), study_in("en", small_text + "# a comment\n")
    assert one.content_hash == other.content_hash
    assert instructions(one, "first", "en") == instructions(other, "first", "en")
    assert (
        instructions(one, None, "en") == instructions(one, "first", "en") != instructions(one, "second", "en")
    )


@pytest.mark.parametrize("freedom", ["bridge", "reword", "explore"])
def test_how_far_the_model_may_go_is_in_it(small_text: str, freedom: str) -> None:
    told = instructions(study_in("en", small_text, freedom=freedom), None, "en")
    said = [
        other for other in ("bridge", "reword", "explore") if getattr(load_pack("en").freedom, other) in told
    ]
    assert said == [freedom]


class TestTheSituation:
    def test_clocks_and_what_comes_next(self, small_text: str) -> None:
        study, progress = study_in("en", small_text), in_the_middle()
        early = situation(study, progress, at_s=75, language="en")
        assert "0:35 in this phase (planned 2:00 to 5:00), 1:15 of 20:00 in all." in early
        assert "This phase has time left until 2:00." in early
        assert "the phase “Third” begins with: wish: “What would you change?”" in early
        late = situation(study, progress, at_s=400, language="en")
        assert "The time of this phase is over" in late and "No follow-up is left" in late

    def test_the_last_question_of_all(self, small_text: str) -> None:
        study = study_in("en", small_text, own_probes=0)
        asked: dict[str, Any] = {"phase_id": "third", "text": "…", "at_s": 90, "expects_answer": True}
        progress = fold(
            [
                PhaseEntered(phase_id="third", index=2, count=3, at_s=80, reason="next"),
                MoveDecided(move_id="m4", move="question", question_id="wish", **asked),
                MoveDecided(move_id="m5", move="question", question_id="last", **asked),
            ],
            in_the_middle(),
        )
        told = situation(study, progress, at_s=100, language="en")
        assert "Nothing is left to ask" in told and "No follow-up is left" in told
        assert "Questions open in this phase: none" in told


class TestPacks:
    @pytest.mark.parametrize("language", PACKS)
    def test_fill_in_the_same_things_in_every_language(self, language: str) -> None:
        pack, english = load_pack(language), load_pack("en")
        assert pack.language == language
        assert len(pack.rules) == len(english.rules)
        for name in Labels.model_fields:
            here, there = getattr(pack.labels, name), getattr(english.labels, name)
            assert here and fields(here) == fields(there), name
        assert fields(pack.role) == {"organisation", "title"}
        for tool in ("return_to_question", "probe", "close_safely"):
            assert any(tool in rule for rule in pack.rules)
        assert "ask_question" in pack.freedom.explore

    @pytest.mark.parametrize(
        ("language", "asks", "says", "praises"),
        [
            (
                "en",
                "Please tell me how it went.",
                "You told me about the market.",
                "That's really interesting.",
            ),
            ("de", "Erzählen Sie mir davon.", "Sie sprachen vom Markt.", "Das ist sehr interessant."),
            ("fr", "Racontez-moi votre journée.", "Vous parliez du marché.", "C'est très intéressant."),
            ("es", "Cuénteme cómo fue.", "Usted habló del mercado.", "Qué interesante."),
            ("ja", "その日のことを教えてください。", "市場へ行ったのですね。", "とても面白いですね。"),
        ],
    )
    def test_tell_a_request_from_a_statement_and_know_praise(
        self, language: str, asks: str, says: str, praises: str
    ) -> None:
        pack = load_pack(language)
        assert pack.asks_something(asks) and not pack.asks_something(says)
        assert pack.praises(praises) and not pack.praises(says)
        assert pack.asks_something("…?") and pack.asks_something("”…?”")

    def test_a_region_has_its_languages_pack_and_others_have_none(self) -> None:
        assert load_pack("en-GB") == load_pack("en")
        with pytest.raises(PackMissing, match="Turkish"):
            load_pack("tr")

    def test_nobody_meets_an_unreviewed_one(self) -> None:
        require_reviewed(["en", "en-GB"])
        with pytest.raises(PackUnreviewed, match=r"German \(de\), Japanese \(ja\)"):
            require_reviewed(["en", "de", "ja"])


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
