"""Publishing says when a study's model is not there, or must not meet participants yet."""

from __future__ import annotations

import pytest

from vivavoce.ops.publish import check_model
from vivavoce.protocol.check import load_study
from vivavoce.protocol.prompts.pack import PackUnreviewed
from vivavoce.protocol.study import Study
from vivavoce.settings import (
    GuardProfile,
    GuardSettings,
    GuardUnknown,
    LlmProfile,
    LlmSettings,
    ProfileUnknown,
    RealtimeProfile,
    RealtimeSettings,
    RealtimeUnknown,
)

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
