"""Publishing says when a study's model is not there, must not meet participants yet, or has no price."""

from __future__ import annotations

from decimal import Decimal

import pytest

from vivavoce.ops.publish import check, check_model, unready
from vivavoce.protocol.check import load_study
from vivavoce.protocol.prompts.pack import PackUnreviewed
from vivavoce.protocol.study import Study
from vivavoce.settings import (
    GuardProfile,
    GuardSettings,
    GuardUnknown,
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PriceSettings,
    ProfileUnknown,
    RealtimeProfile,
    RealtimeSettings,
    RealtimeUnknown,
    Settings,
    SpeechSettings,
)
from vivavoce.voice.prices import PriceTable, PriceUnknown

LLM = LlmSettings(profiles={"interviewer": LlmProfile(base_url="http://localhost/v1", model="m")})
REALTIME = RealtimeSettings(profiles={"voice": RealtimeProfile(model="gpt-realtime")})
GUARD = GuardSettings(profiles={"llama": GuardProfile(base_url="http://localhost/v1")})


def study(moderator: str, language: str = "en", guard: str = "{}") -> Study:
    text = f"""
schema: vivavoce/study/1
id: small
title: Small
about: Small.
organisation: Testers
contact: test@example.org
languages: [{language}]
moderator: {moderator}
guard: {guard}
consent: {{version: 1, text: I agree., disclosure: I am a computer program.}}
opening: Hello.
closing: Goodbye.
phases:
  - {{id: one, title: One, objective: X., min_minutes: 0, max_minutes: 5, questions: [{{id: a, wording: How?}}]}}
"""
    return load_study(text.encode(), source="small.yaml")


def test_a_structured_study_needs_no_model() -> None:
    check_model(LlmSettings(), GuardSettings(), REALTIME, study("{mode: structured}"))


def test_a_profile_must_exist() -> None:
    check_model(LLM, GUARD, REALTIME, study("{mode: semi_structured, profile: interviewer}"))
    with pytest.raises(ProfileUnknown) as caught:
        check_model(LLM, GUARD, REALTIME, study("{mode: semi_structured, profile: interviewr}"))
    assert caught.value.next_step == "Did you mean 'interviewer'?"
    with pytest.raises(ProfileUnknown, match="no default"):
        check_model(LLM, GUARD, REALTIME, study("{mode: semi_structured}"))


def test_a_guard_that_is_named_must_exist() -> None:
    thinking = "{mode: semi_structured, profile: interviewer}"
    check_model(LLM, GUARD, REALTIME, study(thinking, guard="{models: [llama]}"))
    with pytest.raises(GuardUnknown) as caught:
        check_model(LLM, GUARD, REALTIME, study(thinking, guard="{models: [lama]}"))
    assert caught.value.next_step == "Did you mean 'llama'?"
    with pytest.raises(GuardUnknown):
        check_model(LLM, GuardSettings(default=("llama",)), REALTIME, study(thinking))


def test_unreviewed_prompts_meet_nobody_unless_allowed() -> None:
    german = study("{mode: semi_structured, profile: interviewer}", "de")
    with pytest.raises(PackUnreviewed, match=r"German \(de\)"):
        check_model(LLM, GUARD, REALTIME, german)
    check_model(LLM.model_copy(update={"unreviewed_prompts": True}), GUARD, REALTIME, german)


def test_a_speech_to_speech_profile_must_exist_and_needs_no_language_model() -> None:
    accepts = "{after_the_fact: true}"
    check_model(LLM, GUARD, REALTIME, study("{mode: semi_structured, realtime: voice}", guard=accepts))
    with pytest.raises(RealtimeUnknown) as caught:
        check_model(LLM, GUARD, REALTIME, study("{mode: semi_structured, realtime: voices}", guard=accepts))
    assert caught.value.next_step == "Did you mean 'voice'?"
    with pytest.raises(ProfileUnknown):
        check_model(
            LLM,
            GUARD,
            REALTIME,
            study("{mode: semi_structured, realtime: voice, profile: nobody}", guard=accepts),
        )


def elsewhere(*priced: str, url: str | None = "http://speech.example:8100") -> Settings:
    """A speech server elsewhere, with prices for some of its engines, and for the profiles."""
    minute = PriceSettings(minute_usd=Decimal("0.01"))
    free = PriceSettings(machine_hour_usd=Decimal(0))
    prices = {"interviewer": free, "llama": free, **dict.fromkeys(("whisper", *priced), minute)}
    return Settings(
        llm=LLM,
        guard=GUARD,
        speech=SpeechSettings(url=url),
        money=MoneySettings(machine_hour_usd=Decimal(0), prices=prices),
    )


def test_a_voice_that_nobody_priced_is_found_before_its_first_participant() -> None:
    spoken = study("{mode: structured}")
    settings = elsewhere()
    with pytest.raises(PriceUnknown) as caught:
        check(settings, PriceTable.of(settings), spoken)
    assert "the study 'small'" in caught.value.what and "speech engine 'kokoro'" in caught.value.what
    assert "VIVAVOCE_MONEY__PRICES__KOKORO__MACHINE_HOUR_USD" in caught.value.next_step
    settings = elsewhere("kokoro")
    check(settings, PriceTable.of(settings), spoken)


def test_a_check_of_the_file_warns_of_what_publishing_would_refuse() -> None:
    warning = unready(elsewhere(), study("{mode: structured}"))
    assert warning is not None
    assert (warning.severity, warning.line) == ("warning", 1)
    assert "'kokoro'" in warning.message and "MONEY__PRICES__KOKORO" in warning.suggestion
    assert unready(elsewhere("kokoro"), study("{mode: structured}")) is None
    lost = unready(elsewhere("kokoro"), study("{mode: semi_structured, profile: interviewr}"))
    assert lost is not None and lost.suggestion == "Did you mean 'interviewer'?"
    unpriced = elsewhere("kokoro").model_copy(update={"money": MoneySettings()})
    assert (refused := unready(unpriced, study("{mode: structured}"))) is not None
    assert "guard profile 'llama'" in refused.message, "nor would the server start"
