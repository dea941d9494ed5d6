"""Speech to text for livekit-agents, by our speech server.

One utterance is what the voice activity detector says it is. It is transcribed as soon as the participant has been
silent for a moment, before the detector is sure: when it is, the text is there already. While they speak, the text so
far is decoded now and then for the captions. Utterances come out in the order in which they were spoken, each once.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from livekit.agents import NOT_GIVEN, APIConnectOptions, LanguageCode, NotGivenOr, stt, utils, vad
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from vivavoce.errors import VivavoceError
from vivavoce.session.usage import Use, Used, unmetered
from vivavoce.speech.client import SpeechBusy, SpeechRejected, SpeechUnavailable, Transcript
from vivavoce.voice.activity import SAMPLE_RATE, SharedVAD
from vivavoce.voice.ears import CountedEar
from vivavoce.voice.patience import Patience

EARLY_SILENCE_S = 0.16
"""Silence after which an utterance is transcribed on the chance that it is over. A stop consonant's closure is shorter
(under 0.15 s in fluent speech), so few decodes are thrown away."""

PARTIAL_EVERY_S = 1.2
"""How often the text so far is decoded for the captions. A partial costs 0.15-0.3 s, and an utterance ending meanwhile
has to wait for it: more often would give livelier captions and later answers."""

PARTIAL_LIMIT_S = 28.0
"""Beyond this length partials stop: Whisper's window is 30 s and only the final transcript is worth two of them."""

RETRY_AFTER_S = (0.2, 0.6, 1.5, 3.0, 6.0)
"""Waits before another try when the speech server does not answer: a restarted engine is back within two seconds, a
restarted server within ten. Whoever were asked to say it again sooner would not be understood either."""

TAIL_S = 0.30
"""Silence kept after the last voiced sample, so that a final consonant is not cut."""


@dataclass(frozen=True)
class Utterance:
    """What the participant said in one breath.

    `started_at` and `ended_at` are event-loop times (`loop.time()`, s) of the first and last voiced sample as they
    arrived here; `model` wrote it down; `decoded_s` is how long after the last voiced sample the text was known.
    """

    utterance_id: str
    text: str
    language: str
    model: str
    confidence: float
    started_at: float
    ended_at: float
    decoded_s: float


@dataclass(frozen=True)
class Failure:
    """An utterance whose text could not be had; its sound is in the recording."""

    utterance_id: str
    error: VivavoceError
    started_at: float
    ended_at: float


Heard = Callable[[Utterance], bool]
"""Told of every utterance with words in it; False keeps it from the conversation (a backchannel)."""

Partial = Callable[[str, str, str], None]
"""Told (utterance id, text so far, its language) while the participant speaks."""

Failed = Callable[[Failure], None]

Languages = Callable[[], Sequence[str]]
"""Gives the languages that may be spoken, the likeliest first; never none."""

Hearing = Callable[[str], str]
"""Gives the speech server's model that hears a language."""


class ServerSTT(stt.STT[str]):
    """livekit-agents' view of our speech server's transcription.

    Args:
        client: the speech server, and whoever stands in for it.
        activity: the session's detector; it says where an utterance begins and ends.
        languages: what may be spoken now, the likeliest first; asked before every decode.
        hearing: the speech server's model that hears a language.
        heard: see `Heard`.
        partial: see `Partial`.
        failed: told when an utterance could not be transcribed after all tries.
        new_id: makes utterance ids.
        used: told how much sound was transcribed of each utterance, captions and second tries among it.
    """

    def __init__(
        self,
        client: CountedEar,
        activity: SharedVAD,
        *,
        languages: Languages,
        hearing: Hearing,
        heard: Heard,
        partial: Partial,
        failed: Failed,
        new_id: Callable[[], str] | None = None,
        used: Used = unmetered,
    ) -> None:
        super().__init__(
            capabilities=stt.STTCapabilities(streaming=True, interim_results=False, offline_recognize=False)
        )
        self._client = client
        self._activity = activity
        self._languages = languages
        self._hearing = hearing
        self._unsettled = 0
        self._settled = asyncio.Event()
        self._settled.set()
        self.heard = heard
        self.partial = partial
        self.failed = failed
        self.used = used
        counter = itertools.count(1)
        self._new_id = new_id or (lambda: f"u{next(counter)}")

    @property
    def model(self) -> str:
        """The engine's name at the speech server."""
        return self._hearing(self._languages()[0])

    @property
    def provider(self) -> str:
        """Who transcribes."""
        return "vivavoce-speech"

    @property
    def pending(self) -> bool:
        """Whether somebody is speaking, or an utterance still waits for its text."""
        return self._unsettled > 0

    async def settled(self) -> None:
        """Wait until every utterance has its text, or is known to have none, and nobody is speaking."""
        await self._settled.wait()

    def unsettle(self) -> None:
        """An utterance began."""
        self._unsettled += 1
        self._settled.clear()

    def settle(self) -> None:
        """An utterance has come to its end: with a text, without, or not at all."""
        self._unsettled = max(0, self._unsettled - 1)
        if self._unsettled == 0:
            self._settled.set()

    async def _recognize_impl(
        self,
        buffer: utils.AudioBuffer,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions,
    ) -> stt.SpeechEvent:
        raise NotImplementedError("ServerSTT transcribes streams; use stream()")

    def stream(
        self,
        *,
        language: NotGivenOr[str] = NOT_GIVEN,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
    ) -> stt.RecognizeStream:
        """A stream that transcribes what the detector marks as speech."""
        return _UtteranceStream(
            self, self._client, self._activity, self._languages, self._hearing, self._new_id, conn_options
        )


@dataclass
class _Open:
    """An utterance while it lasts. Offsets are bytes into `pcm`; `sent_s` is how much sound each profile, or
    model of the speech server's, was sent."""

    utterance_id: str
    started_at: float
    pcm: bytearray
    voiced_until: int
    ended_at: float
    partial_at: float
    partial: asyncio.Task[None] | None = None
    early: asyncio.Task[Transcript] | None = None
    early_covers: int = -1
    sent_s: dict[str, float] = field(default_factory=dict[str, float])

    def sent(self, name: str, seconds: float) -> None:
        """See `ears.Sent`."""
        self.sent_s[name] = max(0.0, self.sent_s.get(name, 0.0) + seconds)

    def sound(self) -> bytes:
        """The speech so far and a little silence after it."""
        return bytes(self.pcm[: self.voiced_until + int(TAIL_S * SAMPLE_RATE) * 2])


def _seen(decode: asyncio.Task[Transcript]) -> None:
    """A decode that was overtaken by a later one fails unnoticed: only the last one's outcome matters."""
    if not decode.cancelled():
        decode.exception()


class _UtteranceStream(stt.RecognizeStream):
    def __init__(
        self,
        parent: ServerSTT,
        client: CountedEar,
        activity: SharedVAD,
        languages: Languages,
        hearing: Hearing,
        new_id: Callable[[], str],
        conn_options: APIConnectOptions,
    ) -> None:
        super().__init__(stt=parent, conn_options=conn_options, sample_rate=SAMPLE_RATE)
        self._parent = parent
        self._client = client
        self._activity = activity
        self._languages = languages
        self._hearing = hearing
        self._new_id = new_id
        self._open: _Open | None = None
        self._finished: asyncio.Queue[_Open] = asyncio.Queue(maxsize=64)
        self._loop = asyncio.get_running_loop()

    async def _run(self) -> None:
        stop_listening = self._activity.listen(self._on_activity)
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                emitter = group.create_task(self._emit_in_order(), name="stt.emit")
                # The frames reach us through the detector; livekit's own copy is only drained.
                async for _ in self._input_ch:
                    pass
                emitter.cancel()
                if self._open is not None:
                    self._abandon(self._open)
        finally:
            stop_listening()

    def _on_activity(self, event: vad.VADEvent) -> None:
        if event.type == vad.VADEventType.START_OF_SPEECH:
            self._start(event)
        elif self._open is None:
            return
        elif event.type == vad.VADEventType.INFERENCE_DONE:
            self._extend(self._open, event)
        else:
            self._end(self._open)

    def _start(self, event: vad.VADEvent) -> None:
        self._parent.unsettle()
        now = self._loop.time()
        pcm = bytearray(b"".join(bytes(frame.data.cast("B")) for frame in event.frames))
        self._open = _Open(
            utterance_id=self._new_id(),
            started_at=now - event.speech_duration,
            pcm=pcm,
            voiced_until=len(pcm),
            ended_at=now,
            partial_at=now,
        )

    def _extend(self, utterance: _Open, event: vad.VADEvent) -> None:
        now = self._loop.time()
        for frame in event.frames:
            utterance.pcm += frame.data.cast("B")
        silence = event.raw_accumulated_silence
        if silence == 0.0:
            utterance.voiced_until = len(utterance.pcm)
            utterance.ended_at = now
            self._maybe_partial(utterance, now)
        elif silence >= EARLY_SILENCE_S and utterance.early_covers < utterance.voiced_until:
            self._decode(utterance)

    def _end(self, utterance: _Open) -> None:
        self._open = None
        if utterance.early_covers < utterance.voiced_until:
            self._decode(utterance)
        try:
            self._finished.put_nowait(utterance)
        except asyncio.QueueFull:
            self._abandon(utterance)
            error = SpeechBusy(
                f"{self._finished.maxsize} utterances already wait for their text.",
                next_step="Check the speech server; what was said is in the recording.",
            )
            self._fail(utterance, error)

    def _abandon(self, utterance: _Open) -> None:
        self._parent.settle()
        self._account(utterance)
        if utterance.partial is not None:
            utterance.partial.cancel()
        if utterance.early is not None:
            utterance.early.cancel()

    def _decode(self, utterance: _Open) -> None:
        if utterance.early is not None:
            utterance.early.cancel()
        if utterance.partial is not None:
            # A caption of what is about to be known is worth nothing, and would hold the engine.
            utterance.partial.cancel()
        utterance.early_covers = utterance.voiced_until
        utterance.early = self._loop.create_task(
            self._transcribe(utterance, utterance.sound()), name="stt.decode"
        )
        utterance.early.add_done_callback(_seen)

    def _maybe_partial(self, utterance: _Open, now: float) -> None:
        running = utterance.partial is not None and not utterance.partial.done()
        long = len(utterance.pcm) > PARTIAL_LIMIT_S * SAMPLE_RATE * 2
        if running or long or now - utterance.partial_at < PARTIAL_EVERY_S:
            return
        utterance.partial_at = now
        utterance.partial = self._group.create_task(
            self._caption(utterance, bytes(utterance.pcm)), name="stt.partial"
        )

    async def _caption(self, utterance: _Open, pcm: bytes) -> None:
        try:
            transcript = await self._asked(utterance, pcm, "partial")
        except (SpeechBusy, SpeechUnavailable, SpeechRejected):
            return  # a caption that is late or missing harms nobody; the final transcript has its own tries
        if transcript.text:
            language = transcript.language or self._languages()[0]
            self._parent.partial(utterance.utterance_id, transcript.text, language)

    async def _transcribe(self, utterance: _Open, pcm: bytes) -> Transcript:
        patience = Patience(RETRY_AFTER_S)
        while True:
            try:
                return await self._asked(utterance, pcm, "live")
            except (SpeechBusy, SpeechUnavailable):
                if not await patience.again():
                    raise

    async def _asked(self, utterance: _Open, pcm: bytes, priority: Literal["live", "partial"]) -> Transcript:
        """Have sound transcribed, and count it for whoever is asked."""
        languages = self._languages()
        return await self._client.transcribe(
            pcm,
            sample_rate=SAMPLE_RATE,
            language=languages,
            priority=priority,
            model=self._hearing(languages[0]),
            sent=utterance.sent,
        )

    def _account(self, utterance: _Open) -> None:
        for name, seconds in utterance.sent_s.items():
            if seconds > 0:
                self._parent.used(Use("stt", name, subject=utterance.utterance_id, seconds=seconds))
        utterance.sent_s.clear()

    async def _emit_in_order(self) -> None:
        while True:
            utterance = await self._finished.get()
            assert utterance.early is not None
            try:
                transcript = await utterance.early
            except VivavoceError as error:
                self._fail(utterance, error)
            else:
                self._emit(utterance, transcript)
            finally:
                self._account(utterance)
                self._parent.settle()

    def _fail(self, utterance: _Open, error: VivavoceError) -> None:
        self._parent.failed(Failure(utterance.utterance_id, error, utterance.started_at, utterance.ended_at))

    def _emit(self, utterance: _Open, transcript: Transcript) -> None:
        text = transcript.text.strip()
        if not text:
            return
        language = transcript.language or self._languages()[0]
        heard = Utterance(
            utterance_id=utterance.utterance_id,
            text=text,
            language=language,
            model=transcript.model or self._hearing(self._languages()[0]),
            confidence=transcript.confidence,
            started_at=utterance.started_at,
            ended_at=utterance.ended_at,
            decoded_s=self._loop.time() - utterance.ended_at,
        )
        if not self._parent.heard(heard):
            return
        self._event_ch.send_nowait(
            stt.SpeechEvent(
                type=stt.SpeechEventType.FINAL_TRANSCRIPT,
                request_id=utterance.utterance_id,
                alternatives=[
                    stt.SpeechData(
                        language=LanguageCode(language), text=text, confidence=transcript.confidence
                    )
                ],
            )
        )
