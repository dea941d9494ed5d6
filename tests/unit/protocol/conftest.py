"""One small study that has everything, and a way to hold an interview with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from talk import Talk

from vivavoce.protocol.check import load_study
from vivavoce.protocol.facts import Fact, MoveDecided
from vivavoce.protocol.machine import Decision, decide
from vivavoce.protocol.observations import Began, Observation
from vivavoce.protocol.progress import Progress, fold
from vivavoce.protocol.study import Study

SMALL = """\
schema: vivavoce/study/1
id: small
title: A small study
about: Everything in little.
organisation: Testers
contact: test@example.org
languages: [en]
consent:
  version: 1
  text: I agree.
  disclosure: I am a computer program.
limits:
  hard_limit_minutes: 20
topics:
  - {id: food, title: Food}
  - {id: travel, title: Travel}
probes:
  - id: keyword
    wording: What about the train?
    when: {keywords: [train*]}
  - id: vague
    wording: For example?
    when: vague
  - id: bare
    wording: Why is that?
    when: yes_no
  - id: more
    wording: Tell me more, please.
    when: {short_answer: 5}
    max_per_interview: 2
  - id: else
    wording: What else?
    when: always
opening: Hello there.
closing: That was all. Goodbye.
safety:
  words: [hurt myself]
  closing: Please call for help.
phases:
  - id: first
    title: First
    objective: Begin.
    min_minutes: 0
    max_minutes: 5
    turn_profile: brisk
    questions:
      - id: breakfast
        wording: What did you have for breakfast?
        repeat: What did you eat this morning?
        required: true
        topics: [food]
        probes: [keyword, vague, bare, more]
        max_probes: 2
      - id: lunch
        wording: What will you have for lunch?
        topics: [food]
        probes: none
  - id: second
    title: Second
    objective: Go on.
    min_minutes: 2
    max_minutes: 5
    turn_profile: reflective
    intro: Now something else.
    questions:
      - id: way
        wording: How did you come here?
        topics: [travel]
        probes: [keyword, else]
        max_probes: 0
  - id: third
    title: Third
    objective: End.
    min_minutes: 0
    max_minutes: 5
    questions:
      - id: wish
        wording: What would you change?
        required: true
        probes: none
      - id: last
        wording: What else is there to say?
        probes: none
"""


class Interview:
    """Holds an interview: gives observations to the machine and keeps the log."""

    def __init__(self, study: Study, language: str = "en") -> None:
        self.study = study
        self.language = language
        self.facts: list[Fact] = []

    @property
    def progress(self) -> Progress:
        return fold(self.facts)

    def observe(self, *observations: Observation) -> Decision:
        """Observe one after the other; gives the last decision."""
        decision = Decision()
        for observation in observations:
            decision = decide(self.study, self.progress, observation, language=self.language)
            self.facts += decision.facts
        return decision

    def moves(self) -> list[MoveDecided]:
        return [fact for fact in self.facts if isinstance(fact, MoveDecided)]


@pytest.fixture(scope="session")
def small_text() -> str:
    return SMALL


@pytest.fixture(scope="session")
def small() -> Study:
    return load_study(SMALL.encode(), source="small.yaml")


@pytest.fixture
def interview(small: Study) -> Interview:
    return Interview(small)


@pytest.fixture(scope="session")
def hold() -> Callable[[Study], Interview]:
    """Begins an interview with any study, in its first language."""
    return lambda study: Interview(study, study.languages[0])


@pytest.fixture
def talk(small_text: str) -> Talk:
    talk = Talk(small_text)
    talk.observe(Began(0))
    return talk


@pytest.fixture
def bridge(small_text: str) -> Talk:
    talk = Talk(small_text, freedom="bridge")
    talk.observe(Began(0))
    return talk


@pytest.fixture
def explorer(small_text: str) -> Talk:
    talk = Talk(small_text, freedom="explore", own_probes=2)
    talk.observe(Began(0))
    return talk
