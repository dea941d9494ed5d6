"""The layer between the surfaces and the engines."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from vivavoce.speech.cache import SpeechCache
from vivavoce.speech.errors import EngineDied, SpeechBusy, SpeechRejected
from vivavoce.speech.metrics import SpeechMetrics
from vivavoce.speech.orders import Order
from vivavoce.speech.passages import Passage, sentence_passages
from vivavoce.speech.speaker import PAUSE_S, QUIET, Speaker, at_hand
from vivavoce.speech.supervisor import Speech

from .fakes import RATE, WORD_S, FakeEngine, tone

TEXT = "How are you doing today, my friend? I hope that all is well with you."


def measured(registry: CollectorRegistry) -> list[str]:
    return generate_latest(registry).decode().splitlines()


def order(engine: FakeEngine, voice: str = "tone", *, cache: bool = False) -> Order:
    [found] = [one for one in engine.voices if one.id == voice]
    return Order(engine, RATE, found, cache=cache)


async def spoken(speaker: Speaker, order: Order, passages: list[Passage]) -> list[Speech]:
    async with aclosing(speaker.speak(order, at_hand(passages))) as speech:
        return [one async for one in speech]


async def test_one_passage_is_the_engines_own_speech() -> None:
    engine = FakeEngine()
    speech = await spoken(Speaker(SpeechMetrics(CollectorRegistry())), order(engine), [Passage(TEXT, 0)])
    assert b"".join(one.pcm for one in speech) == tone(WORD_S) * len(TEXT.split())
    assert [asked.text for asked in engine.asked] == [TEXT]


async def test_words_stand_where_they_are_in_the_whole_text() -> None:
    speech = await spoken(
        Speaker(SpeechMetrics(CollectorRegistry())), order(FakeEngine()), sentence_passages(TEXT, "en")
    )
    words = [word for one in speech for word in one.words]
    assert [TEXT[word.start : word.end] for word in words] == TEXT.split()


async def test_passages_are_parted_by_what_their_pause_lacks() -> None:
    passages = sentence_passages(TEXT, "en")
    speech = await spoken(Speaker(SpeechMetrics(CollectorRegistry())), order(FakeEngine()), passages)
    first = len(passages[0].text.split())
    silence = len(speech[first].pcm) - len(tone(WORD_S))
    assert silence == 2 * int(PAUSE_S["sentence"] * RATE)
    assert speech[first].words[0].start_s == pytest.approx(PAUSE_S["sentence"])
    assert all(len(one.pcm) == len(tone(WORD_S)) for one in [*speech[:first], *speech[first + 1 :]])


async def test_silence_that_the_engine_made_counts() -> None:
    class Pausing(FakeEngine):
        async def _stretches(self, text: str):
            async for one in super()._stretches(text):
                yield one
                if isinstance(one, Speech):
                    quiet = int(0.2 * RATE) * QUIET.to_bytes(2, "little")
                    yield Speech(tone(0.1) + quiet)

    passages = sentence_passages(TEXT, "en")
    speech = await spoken(Speaker(SpeechMetrics(CollectorRegistry())), order(Pausing()), passages)
    first = 2 * len(passages[0].text.split())
    silence = len(speech[first].pcm) - len(tone(WORD_S))
    assert silence == 2 * (int(PAUSE_S["sentence"] * RATE) - int(0.2 * RATE))


async def test_what_has_begun_goes_on_with_its_lead() -> None:
    engine = FakeEngine()
    await spoken(Speaker(SpeechMetrics(CollectorRegistry())), order(engine), sentence_passages(TEXT, "en"))
    first, second = engine.asked
    assert (first.admitted, second.admitted) == (False, True)
    assert first.lead_s == 0.0
    # Seven words have just been given, and the listener can have heard next to nothing of them.
    assert second.lead_s == pytest.approx(7 * WORD_S, abs=0.2)


async def test_leaving_stops_the_engine() -> None:
    engine, registry = FakeEngine(), CollectorRegistry()
    async with aclosing(
        Speaker(SpeechMetrics(registry)).speak(order(engine), at_hand([Passage(TEXT, 0)]))
    ) as speech:
        async for _ in speech:
            assert engine.at_work == 1
            break
    assert engine.at_work == 0
    assert engine.given == 1
    assert 'vivavoce_speech_requests_total{engine="fake",outcome="gone"} 1.0' in measured(registry)


async def test_what_was_kept_needs_no_engine(tmp_path: Path) -> None:
    engine, registry = FakeEngine(), CollectorRegistry()
    metrics = SpeechMetrics(registry)
    speaker = Speaker(metrics, SpeechCache(tmp_path, limit=1 << 24), rules="1")
    how = order(engine, cache=True)
    first = await spoken(speaker, how, sentence_passages(TEXT, "en"))
    again = await spoken(speaker, how, sentence_passages(TEXT, "en"))
    assert len(engine.asked) == 2
    assert b"".join(one.pcm for one in again) == b"".join(one.pcm for one in first)
    words = [word for one in again for word in one.words]
    assert [TEXT[word.start : word.end] for word in words] == TEXT.split()
    assert words[1].start_s == pytest.approx(WORD_S)
    lines = measured(registry)
    assert 'vivavoce_speech_cache_lookups_total{engine="fake",outcome="miss"} 2.0' in lines
    assert 'vivavoce_speech_cache_lookups_total{engine="fake",outcome="hit"} 2.0' in lines
    assert 'vivavoce_speech_first_sound_seconds_count{engine="fake"} 2.0' in lines
    assert 'vivavoce_speech_requests_total{engine="fake",outcome="ok"} 2.0' in lines


async def test_other_rules_and_voices_are_other_speech(tmp_path: Path) -> None:
    engine, cache = FakeEngine(), SpeechCache(tmp_path, limit=1 << 24)
    metrics = SpeechMetrics(CollectorRegistry())
    for rules, voice in (("1", "tone"), ("2", "tone"), ("2", "ton")):
        how = order(engine, voice, cache=True)
        await spoken(Speaker(metrics, cache, rules=rules), how, [Passage("Hello there.", 0)])
    assert len(engine.asked) == 3


async def test_what_failed_halfway_is_not_kept(tmp_path: Path) -> None:
    engine = FakeEngine(fails={"well": EngineDied("It died.", next_step="")})
    speaker = Speaker(SpeechMetrics(CollectorRegistry()), SpeechCache(tmp_path, limit=1 << 24))
    how = order(engine, cache=True)
    with pytest.raises(EngineDied):
        await spoken(speaker, how, sentence_passages(TEXT, "en"))
    engine.fails.clear()
    await spoken(speaker, how, sentence_passages(TEXT, "en"))
    # The sentence before it was whole.
    assert [asked.text for asked in engine.asked[2:]] == [sentence_passages(TEXT, "en")[1].text]


async def test_what_cannot_be_said_is_passed_over_unless_it_is_all() -> None:
    engine = FakeEngine()
    speaker = Speaker(SpeechMetrics(CollectorRegistry()))
    how = order(engine)
    await spoken(speaker, how, [Passage("_", 0), Passage("Hello there.", 2)])
    assert [asked.text for asked in engine.asked] == ["Hello there."]
    with pytest.raises(SpeechRejected) as refused:
        await spoken(speaker, how, [Passage("_", 0)])
    assert refused.value.reason == "text_unspeakable"
    with pytest.raises(SpeechRejected) as refused:
        await spoken(speaker, how, [Passage("Привет.", 0)])
    assert refused.value.reason == "text_unsupported"


async def test_an_error_is_counted_by_its_code() -> None:
    registry = CollectorRegistry()
    engine = FakeEngine(fails={"Hello": SpeechBusy("It is full.", next_step="")})
    with pytest.raises(SpeechBusy):
        await spoken(Speaker(SpeechMetrics(registry)), order(engine), [Passage("Hello", 0)])
    assert 'vivavoce_speech_requests_total{engine="fake",outcome="speech_busy"} 1.0' in measured(registry)
