"""What is to be spoken, how, and by whom: a request's words for it turned into an engine and one of its voices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vivavoce.speech.casting import WHICHEVER, Casting, base_language
from vivavoce.speech.errors import EngineNotReady
from vivavoce.speech.messages import Loaded, Priority, Voice
from vivavoce.speech.roster import Engine, Roster
from vivavoce.speech.upstream.listing import ANY_LANGUAGE


@dataclass(frozen=True, slots=True)
class Order:
    """How texts are to be spoken.

    Attributes:
        engine: which speaks.
        sample_rate: Hz, of the sound that it gives.
        voice: one of its voices.
        language: ISO 639-1, what the texts are in; None: the voice's language.
        speed: 0.25 to 4.0; 1.0 is the voice's own.
        priority: see `Priority`.
        cache: whether what was made before may be used, and what is made is kept.
    """

    engine: Engine
    sample_rate: int
    voice: Voice
    language: str | None = None
    speed: float = 1.0
    priority: Priority = Priority.LIVE
    cache: bool = False

    @property
    def spoken(self) -> str | None:
        """BCP 47, what the voice speaks; None for one that speaks any language and finds out which."""
        return self.language if self.voice.language == ANY_LANGUAGE else self.voice.language


class OrderDesk:
    """Takes orders for one server's engines.

    Args:
        roster: the engines.
        casting: the usual voices.
        is_clip: whether a voice is a clip that an engine can imitate; raises `SpeechRejected` for one that it cannot.
    """

    def __init__(self, roster: Roster, casting: Casting, is_clip: Callable[[Engine, str], bool]) -> None:
        self._roster = roster
        self._casting = casting
        self._is_clip = is_clip

    def take(
        self,
        *,
        model: str | None,
        voice: str | None,
        language: str | None,
        fallback: bool = False,
        speed: float = 1.0,
        priority: Priority = Priority.LIVE,
        cache: bool | None = None,
    ) -> Order:
        """What a request orders.

        Args:
            model: an engine; None, "default" or "auto": the usual one of the language.
            voice: see `Casting.voice`.
            language: BCP 47, what the texts are in.
            fallback: see `Casting.voice`.
            speed: 0.25 to 4.0.
            priority: see `Priority`.
            cache: None: where nobody waits. What is said live is seldom said again.

        Raises:
            ModelUnknown, SpeechRejected, EngineNotReady.
        """
        engine = self._engine(model, language)
        loaded, rate = _loaded(engine)
        if voice and self._is_clip(engine, voice):
            found = Voice(id=voice, language=ANY_LANGUAGE)
        else:
            found = self._casting.voice(
                engine.spec.name, loaded.voices, voice, language or None, fallback=fallback
            )
        return Order(
            engine,
            rate,
            found,
            base_language(language) if language else None,
            speed,
            priority,
            priority is Priority.BATCH if cache is None else cache,
        )

    def _engine(self, model: str | None, language: str | None) -> Engine:
        if (model or "").lower() not in WHICHEVER:
            return self._roster.find(model, "tts")
        able = {
            engine.spec.name: engine.loaded.voices if engine.loaded else ()
            for engine in self._roster
            if engine.spec.role == "tts"
        }
        return self._roster.find(self._casting.engine(language or None, able), "tts")


def _loaded(engine: Engine) -> tuple[Loaded, int]:
    loaded = engine.loaded
    if loaded is None or loaded.sample_rate is None:
        raise EngineNotReady(
            f"The engine {engine.spec.name} is not ready: {engine.detail}.",
            next_step="Try again when /readyz answers 200.",
        )
    return loaded, loaded.sample_rate
