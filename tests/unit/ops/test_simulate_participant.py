from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from vivavoce.ops.simulate.ear import Ear
from vivavoce.ops.simulate.microphone import ROOM_DBFS, Microphone
from vivavoce.ops.simulate.participant import MAX_UNANSWERED, Manner, Participant, Repertoire, Script
from vivavoce.ops.simulate.report import Measured
from vivavoce.ops.simulate.sound import AUDIBLE_DBFS, RATE, loudness

if TYPE_CHECKING:
    from .conftest import Agent, FakeWorld

STEP_S = 0.02
QUIET = Manner(barge_in=0.0)


@pytest.fixture
def agent(world: FakeWorld) -> Agent:
    return world.agent


def _converse(
    agent: Agent, repertoire: Repertoire, manner: Manner, *, until: float = 120.0, seed: int = 1
) -> Participant:
    """A call between the two on virtual time; ends when the agent is through, or the participant gives up."""
    now = [100.0]
    ear, microphone = Ear(), Microphone(lambda: now[0])
    participant = Participant(
        ear, microphone, Script(repertoire, manner, seed=1), manner, Measured(), joined_at=100.0
    )
    for step in range(round(120 / STEP_S)):
        heard = agent.step(step * STEP_S, microphone.read(round(STEP_S * RATE)))
        ear.hear(heard, RATE, now[0])
        participant.tick(now[0])
        if agent.over or participant.gave_up:
            participant.over()
            break
        now[0] += STEP_S
    return participant


def test_it_measures_what_the_agent_does(agent: Agent, repertoire: Repertoire) -> None:
    measured = _converse(agent, repertoire, QUIET).measured
    assert measured.ttfv_s == pytest.approx(agent.first_s, abs=STEP_S)
    assert measured.turns == agent.turns - 1
    assert len(measured.response_s) == measured.turns
    assert measured.response_s == pytest.approx([agent.reply_s] * measured.turns, abs=2 * STEP_S)
    assert (measured.barge_in_s, measured.cut_ins, measured.unanswered) == ([], 0, 0)


@pytest.mark.parametrize("reply_s", [0.45, 0.8, 2.5])
def test_response_times_follow_the_agent(agent: Agent, repertoire: Repertoire, reply_s: float) -> None:
    agent.reply_s = reply_s
    measured = _converse(agent, repertoire, QUIET).measured
    assert np.median(measured.response_s) == pytest.approx(reply_s, abs=2 * STEP_S)


@pytest.mark.parametrize("stop_s", [0.1, 0.4, 0.78])
def test_interruptions_are_timed_from_own_first_sound_to_the_agents_last(
    agent: Agent, repertoire: Repertoire, stop_s: float
) -> None:
    agent.stop_s, agent.turns = stop_s, 9
    measured = _converse(agent, repertoire, Manner(barge_in=0.5)).measured
    assert len(measured.barge_in_s) >= 3
    assert measured.barge_in_s == pytest.approx([stop_s] * len(measured.barge_in_s), abs=2 * STEP_S)
    assert measured.cut_ins == 0
    assert len(measured.response_s) >= measured.turns - 1


def test_an_interruption_of_the_last_words_is_timed_as_well(agent: Agent, repertoire: Repertoire) -> None:
    agent.turns = 2
    measured = _converse(agent, repertoire, Manner(barge_in=1.0)).measured
    assert measured.barge_in_s == [pytest.approx(agent.stop_s, abs=2 * STEP_S)]


def test_an_agent_that_does_not_stop_is_measured_too(agent: Agent, repertoire: Repertoire) -> None:
    agent.stop_s, agent.speech_s, agent.turns = 60.0, 6.0, 5
    measured = _converse(agent, repertoire, Manner(barge_in=1.0, barge_after_s=(1.0, 1.0))).measured
    assert measured.barge_in_s
    assert min(measured.barge_in_s) > 4.0


def test_the_first_words_are_never_interrupted(agent: Agent, repertoire: Repertoire) -> None:
    agent.turns, agent.speech_s = 1, 8.0
    measured = _converse(agent, repertoire, Manner(barge_in=1.0)).measured
    assert measured.turns == 0


def test_a_turn_too_short_to_interrupt_keeps_the_interruption_for_the_next(
    agent: Agent, repertoire: Repertoire
) -> None:
    agent.speech_s, agent.turns = 0.6, 4
    measured = _converse(agent, repertoire, Manner(barge_in=1.0)).measured
    assert measured.barge_in_s == []
    assert measured.turns == 3


def test_silence_after_an_answer_is_counted_and_tried_again(agent: Agent, repertoire: Repertoire) -> None:
    agent.deaf_to, agent.turns = frozenset({2}), 4
    participant = _converse(agent, repertoire, replace(QUIET, patience_s=5.0))
    assert participant.gave_up is None
    assert participant.measured.unanswered == 1
    assert len(participant.measured.response_s) == participant.measured.turns - 1


def test_it_gives_up_on_an_agent_that_never_answers(agent: Agent, repertoire: Repertoire) -> None:
    agent.deaf_to = frozenset(range(100))
    participant = _converse(agent, repertoire, replace(QUIET, patience_s=5.0))
    assert participant.gave_up == "no_response"
    assert participant.measured.unanswered == MAX_UNANSWERED


def test_it_gives_up_on_an_agent_that_never_speaks(agent: Agent, repertoire: Repertoire) -> None:
    agent.first_s = 1e9
    participant = _converse(agent, repertoire, QUIET)
    assert participant.gave_up == "no_voice"
    assert participant.measured.ttfv_s is None
    assert participant.measured.turns == 0


def test_an_agent_that_speaks_into_a_pause_has_cut_in(agent: Agent, repertoire: Repertoire) -> None:
    agent.patience_s, agent.reply_s, agent.turns = 0.05, 0.06, 3  # takes any pause for the end
    paused = repertoire.answers["short"][0].then(repertoire.answers["short"][1], pause_s=0.5)
    only = Repertoire({"short": (paused,), "medium": (), "long": ()}, repertoire.interruptions)
    measured = _converse(agent, only, QUIET).measured
    assert measured.cut_ins >= 1


# What it speaks into


def test_a_microphone_gives_exactly_what_is_asked_for(repertoire: Repertoire) -> None:
    now = [0.0]
    microphone = Microphone(lambda: now[0])
    for samples in (960, 1, 480, 4321):
        assert len(microphone.read(samples)) == 2 * samples
    assert not microphone.speaking


def test_a_microphone_tells_when_its_sound_was_audible(repertoire: Repertoire) -> None:
    now = [0.0]
    microphone = Microphone(lambda: now[0])
    microphone.say(repertoire.answers["short"][0])  # 0.1 s quiet, 1.0 s tone, 0.1 s quiet
    sound = b""
    while microphone.speaking:
        sound += microphone.read(960)
        now[0] += STEP_S
    assert microphone.first_audible_at == pytest.approx(0.1, abs=STEP_S)
    assert microphone.last_spoken_at == pytest.approx(1.1, abs=STEP_S)
    loud = np.flatnonzero(loudness(np.frombuffer(sound, np.int16), RATE) > AUDIBLE_DBFS)
    assert (loud[0] * 0.01, loud[-1] * 0.01) == (
        pytest.approx(0.1, abs=0.011),
        pytest.approx(1.09, abs=0.011),
    )


def test_the_room_is_heard_but_not_audible() -> None:
    microphone = Microphone(lambda: 0.0)
    sound = np.frombuffer(b"".join(microphone.read(960) for _ in range(500)), np.int16)
    assert loudness(sound, RATE).mean() == pytest.approx(ROOM_DBFS, abs=1.0)
    assert loudness(sound, RATE).max() < AUDIBLE_DBFS


# What it says


def _turns(repertoire: Repertoire, *, seed: int, barge_in: float, count: int = 40) -> list[tuple[str, bool]]:
    script = Script(repertoire, Manner(barge_in=barge_in), seed)
    turns = [script.next(first=number == 0) for number in range(count)]
    return [(turn.clip.text, turn.interrupting is not None) for turn in turns]


@pytest.mark.parametrize("barge_in", [0.0, 0.25, 0.5, 1.0])
def test_the_share_of_interruptions_is_kept(repertoire: Repertoire, barge_in: float) -> None:
    for seed in range(5):
        turns = _turns(repertoire, seed=seed, barge_in=barge_in, count=41)
        assert turns[0][1] is False
        assert sum(interrupts for _, interrupts in turns) == pytest.approx(40 * barge_in, abs=1)


def test_the_same_seed_says_the_same_and_another_something_else(repertoire: Repertoire) -> None:
    assert _turns(repertoire, seed=7, barge_in=0.25) == _turns(repertoire, seed=7, barge_in=0.25)
    assert _turns(repertoire, seed=7, barge_in=0.25) != _turns(repertoire, seed=8, barge_in=0.25)


def test_every_three_answers_have_every_length(repertoire: Repertoire) -> None:
    said = [text for text, _ in _turns(repertoire, seed=3, barge_in=0.0, count=30)]
    for start in range(0, 30, 3):
        assert {text[0] for text in said[start : start + 3]} == {"s", "m", "l"}
    assert len(set(said)) == 5
