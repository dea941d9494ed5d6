"""The stop-watch of a turn."""

from vivavoce.agent.timing import TurnClock


def test_the_marks_of_a_turn_are_measured_from_the_last_voiced_sample() -> None:
    clock = TurnClock()
    clock.silent(10.3)
    clock.utterance("u1", spoken_at=10.0, transcript_at=10.35)
    clock.judged(10.45, "complete")
    clock.decided(10.46)
    timed = clock.audible(10.5, 10.6)
    assert timed is not None
    assert timed.utterance_id == "u1"
    assert (timed.silence_s, timed.transcript_s, timed.end_of_turn_s) == (0.3, 0.35, 0.45)
    assert (timed.decided_s, timed.first_audio_s, timed.response_s) == (0.46, 0.5, 0.6)
    assert timed.wait_reason == "complete"


def test_speech_that_answers_no_turn_is_not_timed() -> None:
    clock = TurnClock()
    assert clock.audible(1.0, 1.1) is None
    clock.decided(2.0)
    assert clock.audible(2.1, 2.2) is None


def test_a_turn_is_timed_once() -> None:
    clock = TurnClock()
    clock.utterance("u1", spoken_at=1.0, transcript_at=1.2)
    clock.judged(1.4, "complete")
    clock.decided(1.4)
    assert clock.audible(1.5, 1.5) is not None
    assert clock.audible(9.0, 9.0) is None


def test_a_turn_of_two_utterances_counts_from_the_second() -> None:
    clock = TurnClock()
    clock.utterance("u1", spoken_at=1.0, transcript_at=1.2)
    clock.judged(1.4, "complete")
    clock.utterance("u2", spoken_at=3.0, transcript_at=3.2)
    clock.judged(3.5, "hangs")
    clock.decided(3.5)
    timed = clock.audible(3.6, 3.7)
    assert timed is not None
    assert timed.utterance_id == "u2"
    assert timed.response_s == 0.7
