"""What requests order."""

from __future__ import annotations

import pytest

from vivavoce.speech.casting import Casting
from vivavoce.speech.engines import EngineSpec
from vivavoce.speech.errors import EngineNotReady, ModelUnknown, SpeechRejected
from vivavoce.speech.messages import Loaded, Priority
from vivavoce.speech.orders import Order, OrderDesk
from vivavoce.speech.roster import Engine, Roster
from vivavoce.speech.upstream.listing import ANY_LANGUAGE

from .fakes import RATE, FakeEngine

TTS = FakeEngine()
STT = FakeEngine(EngineSpec("ears", "stt", "", "weights"))


def clip(engine: Engine, voice: str) -> bool:
    return voice.startswith("clip-")


DESK = OrderDesk(Roster({"fake": TTS, "ears": STT}), Casting(), clip)


def take(model: str | None = None, voice: str | None = None, language: str | None = None) -> Order:
    return DESK.take(model=model, voice=voice, language=language)


@pytest.mark.parametrize("model", [None, "", "default", "fake", "tts-1"])
def test_an_engine_is_found(model: str | None) -> None:
    order = take(model)
    assert (order.engine, order.sample_rate, order.voice.id) == (TTS, RATE, "tone")


def test_a_language_has_its_voice() -> None:
    order = take(language="de-AT")
    assert (order.voice.id, order.language, order.spoken) == ("ton", "de", "de-DE")
    assert take().language is None


def test_a_clip_speaks_any_language() -> None:
    order = take(voice="clip-1")
    assert (order.voice.id, order.voice.language, order.spoken) == ("clip-1", ANY_LANGUAGE, None)
    assert take(voice="clip-1", language="de").spoken == "de"


def test_what_cannot_be_ordered() -> None:
    with pytest.raises(ModelUnknown):
        take("nothing")
    for model, language, reason in (("ears", None, "model_role"), (None, "fr", "voice_language")):
        with pytest.raises(SpeechRejected) as refused:
            take(model, language=language)
        assert refused.value.reason == reason


def test_an_engine_that_was_never_loaded_takes_none() -> None:
    class Loading(FakeEngine):
        @property
        def loaded(self) -> Loaded | None:  # pyright: ignore[reportIncompatibleMethodOverride]  # not yet
            return None

    desk = OrderDesk(Roster({"fake": Loading()}), Casting(), clip)
    with pytest.raises(EngineNotReady):
        desk.take(model=None, voice=None, language=None)


def test_a_live_text_is_not_cached_unless_asked_for() -> None:
    def cached(priority: Priority, cache: bool | None) -> bool:
        return DESK.take(model=None, voice=None, language=None, priority=priority, cache=cache).cache

    assert [cached(priority, None) for priority in Priority] == [False, False, True]
    assert cached(Priority.LIVE, True)
    assert not cached(Priority.BATCH, False)
