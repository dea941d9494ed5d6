"""A host with everything real but its ends: livekit's session, VAD and our machine run; line and models are played.

The participant's sound is real speech (`tests/data/speech`); its text comes from a script, so that these tests are
about the conversation and not about recognition.
"""

from __future__ import annotations

import asyncio
import wave
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from prometheus_client import CollectorRegistry
from scripted_model import ScriptedModel, scripted_model

from vivavoce.agent.hearing import Hearing
from vivavoce.agent.host import Host
from vivavoce.agent.purse import Purse
from vivavoce.protocol.lines import BUILT_IN_LINES
from vivavoce.protocol.study import Consent, Limits, Phase, Probe, Question, Study, Trigger, Voice, Wording
from vivavoce.protocol.turns import TURN_PROFILES
from vivavoce.protocol.wordings import wordings
from vivavoce.session.clock import Clock, SystemClock
from vivavoce.session.events import ConsentGiven, SessionEvent, SessionScheduled, SessionStatus, Transport
from vivavoce.session.ledger import Ledger
from vivavoce.session.memory import MemoryLedger, MemorySessionStore
from vivavoce.session.state import SessionState
from vivavoce.session.timers import Timers
from vivavoce.settings import (
    GuardSettings,
    HostSettings,
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PriceSettings,
    RealtimeSettings,
    Settings,
    SttSettings,
    TtsSettings,
)
from vivavoce.speech.client import SpeechClient, SpeechUnavailable, Transcript
from vivavoce.storage.recordings import RecordingStore
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.telemetry.metrics import Metrics
from vivavoce.transport.desk import Desk
from vivavoce.transport.line import EndReason, LineBase, LineEnd, MessageHandler
from vivavoce.transport.messages import Leave, Mute
from vivavoce.voice import wording as prepared
from vivavoce.voice.prices import PriceTable
from vivavoce.voice.wording import Prepared, WordingStore, spread

SPEECH = Path(__file__).parents[2] / "data" / "speech"
FRAME_S = 0.02
PITCH = 440.0
LAST_EVENTS = 12
"""Hz, of everything that is said."""


def _en(text: str) -> Wording:
    return Wording({"en": text})


def small_study() -> Study:
    """Two phases, three questions, one probe."""
    return Study(
        id="small",
        title=_en("Small"),
        about=_en("A small study."),
        organisation="Tests",
        contact="tests@example.org",
        languages=("en",),
        voices={"en": Voice(engine="kokoro", voice="af_heart")},
        consent=Consent(
            version="1", text=_en("Do you agree?"), disclosure=_en("I am an automated interviewer.")
        ),
        limits=Limits(hard_limit_minutes=10),
        turn_profiles=dict(TURN_PROFILES),
        probes=(
            Probe(id="more", wording=_en("Could you say more?"), when=Trigger(kind="short_answer", words=3)),
        ),
        lines={name: Wording({"en": text}) for name, text in BUILT_IN_LINES["en"].items()},
        opening=_en("Hello. I am an automated interviewer."),
        closing=_en("Thank you. Goodbye."),
        phases=(
            Phase(
                id="first",
                title=_en("First"),
                objective="Warm up",
                min_minutes=0,
                max_minutes=3,
                turn_profile="brisk",
                questions=(
                    Question(id="q1", wording=_en("What did you do today?"), required=True, probes=("more",)),
                    Question(id="q2", wording=_en("What was the best part?"), required=True),
                ),
                next="last",
            ),
            Phase(
                id="last",
                title=_en("Last"),
                objective="Close",
                min_minutes=0,
                max_minutes=3,
                turn_profile="brisk",
                questions=(Question(id="q3", wording=_en("Is there anything else?"), required=True),),
            ),
        ),
    )


def speech(name: str) -> np.ndarray:
    """A fixture's samples, int16 at 16 kHz."""
    with wave.open(str(SPEECH / f"{name}.wav")) as file:
        return np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16)


@dataclass
class Archive:
    """Where recordings are kept: it leaves them in the spool and remembers where."""

    kept: dict[str, Path] = field(default_factory=dict[str, Path])

    async def keep(self, key: str, path: Path) -> None:
        self.kept[key] = path

    @asynccontextmanager
    async def borrow(self, key: str) -> AsyncGenerator[Path | None]:
        yield self.kept.get(key)


@dataclass(frozen=True)
class Spoken:
    """A sound of the speech server's, in pieces."""

    pcm: bytes
    sample_rate: int = prepared.SAMPLE_RATE

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self.pcm), 9600):
            await asyncio.sleep(0.005)
            yield self.pcm[at : at + 9600]


@dataclass
class Recogniser:
    """The speech server's transcription, from a script: one text an utterance, in order.

    `speaks` is the language it hears, if it is let choose it; `asked` are the languages it was given to choose from.
    """

    texts: list[str] = field(default_factory=list)
    speaks: str = "en"
    asked: list[tuple[str, ...]] = field(default_factory=list)
    voices: list[tuple[str, str]] = field(default_factory=list)
    fail: int = 0
    away: int = 0
    """How many times more it has no voice."""
    heard: int = 0
    spoken: list[str] = field(default_factory=list)
    pitch: Callable[[str], float] = lambda text: PITCH

    @asynccontextmanager
    async def speak(
        self, text: str, *, model: str, voice: str, language: str, speed: float
    ) -> AsyncGenerator[Spoken]:
        """Words that were not prepared: a tone, as long as they are."""
        if self.away:
            self.away -= 1
            raise SpeechUnavailable("No voice.", next_step="Wait.")
        self.spoken.append(text)
        self.voices.append((voice, language))
        yield Spoken(_tone(max(0.3, len(text.split()) * 0.12), self.pitch(text)))

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16_000,
        language: Sequence[str],
        model: str,
        priority: str,
    ) -> Transcript:
        await asyncio.sleep(0.05)
        if priority != "live":
            return Transcript(text="", language=language[0], confidence=0.0, duration_s=0.0)
        if self.fail:
            self.fail -= 1
            raise SpeechUnavailable("No answer.", next_step="Wait.")
        self.heard += 1
        self.asked.append(tuple(language))
        text = self.texts[0] if self.texts else ""
        spoken = self.speaks if self.speaks in language else language[0]
        return Transcript(text=text, language=spoken, confidence=0.9, duration_s=1.0)

    def next(self) -> None:
        if self.texts:
            self.texts.pop(0)


@dataclass(frozen=True)
class Published:
    """The one published study."""

    study: Study


@dataclass(frozen=True)
class Studies:
    """Published studies: the one."""

    study: Study

    async def get(self, study_id: str, content_hash: str | None = None, /) -> Published:
        assert (study_id, content_hash) == (self.study.id, self.study.content_hash)
        return Published(self.study)


class PlayedLine(LineBase):
    """A participant at the other end: a microphone that plays what it is told, an ear that notes what it hears."""

    transport: ClassVar[Transport] = "webrtc"

    def __init__(self) -> None:
        super().__init__(client_delay_s=0.02)
        self.messages: list[dict[str, Any]] = []
        self.sounding = False
        self.sound_edges: list[tuple[float, bool]] = []
        self._microphone: list[bytes] = []
        self._quiet = asyncio.Event()
        self.drop = False

    async def run(self, desk: Desk, on_message: MessageHandler) -> LineEnd:
        self._on_message = on_message
        desk.attach(self)
        loop = asyncio.get_running_loop()
        due = loop.time()
        try:
            while not self._end.done():
                frame = self._microphone.pop(0) if self._microphone else bytes(640)
                desk.hear(frame, 16_000)
                pcm = np.frombuffer(desk.pull(960), dtype=np.int16)
                sounding = bool(np.abs(pcm.astype(np.int32)).max() > 500)
                if sounding != self.sounding:
                    self.sounding = sounding
                    self.sound_edges.append((loop.time(), sounding))
                due += FRAME_S
                await asyncio.sleep(max(0.0, due - loop.time()))
            return await self._ended()
        finally:
            desk.detach(self, silent_s=0.0)

    def send(self, message: Any) -> None:
        self.messages.append(dict(message))

    def say(self, *names: str, pause_s: float = 0.0) -> None:
        """Speak fixtures now, one after the other with a pause between."""
        pause = np.zeros(int(pause_s * 16_000), dtype=np.int16)
        samples = np.concatenate([part for name in names for part in (speech(name), pause)])
        self._microphone = [samples[i : i + 320].tobytes() for i in range(0, len(samples) - 320, 320)]

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Messages of one type."""
        return [message for message in self.messages if message["type"] == kind]

    def leave(self) -> None:
        assert self._on_message is not None
        self._on_message(Leave())

    def mute(self, muted: bool) -> None:
        assert self._on_message is not None
        self._on_message(Mute(muted=muted))

    def lose(self) -> None:
        self._finish(LineEnd(EndReason.LOST, "the test cut the line"))


@dataclass
class Stage:
    """A host and its store, for one test."""

    host: Host
    store: MemorySessionStore | PostgresSessionStore
    recogniser: Recogniser
    study: Study
    kept: dict[str, Path]

    async def schedule(
        self, session_id: str = "s1", *, timers: Timers | None = None, after: SessionState | None = None
    ) -> str:
        """A session whose participant has consented."""
        clock = SystemClock()
        await self.store.create(
            session_id,
            SessionScheduled(
                study_id=self.study.id,
                study_hash=self.study.content_hash,
                study_title="Small",
                language="en",
                participant_id=f"p-{session_id}",
                timers=timers or Timers(),
                sitting=1 if after is None else after.sitting + 1,
                continues=None if after is None else after.session_id,
                progress=None if after is None else after.progress.taken_up_later(),
            ),
            at=clock.now(),
        )
        lease = await self.store.claim(session_id, holder="web", ttl_s=5)
        consent = ConsentGiven(version="1", text_sha256="0" * 64, language="en", disclosure_sha256="1" * 64)
        await self.store.append(lease, [consent], at=clock.now())
        await self.store.release(lease)
        return session_id

    async def join(self, session_id: str = "s1", *, take_over: bool = False) -> PlayedLine:
        """The participant connects."""
        runner = await self.host.admit(session_id, "webrtc", take_over=take_over)
        line = PlayedLine()
        await runner.attach(line, user_agent="test", take_over=take_over)
        return line

    async def state(self, session_id: str = "s1") -> SessionState:
        return await self.store.state(session_id)

    async def events(self, session_id: str = "s1") -> list[SessionEvent]:
        return await self.store.read(session_id)

    async def until(
        self, true: Callable[[SessionState], bool], session_id: str = "s1", *, within_s: float = 15
    ) -> SessionState:
        """Wait until the stored state is as wanted; if it never is, tell what the log has."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within_s
        while not true(state := await self.store.state(session_id)):
            if loop.time() > end:
                raise AssertionError(
                    f"Not within {within_s:g} s. The log's last: {await self.told(session_id)}"
                )
            await asyncio.sleep(0.02)
        return state

    async def told(self, session_id: str = "s1") -> str:
        """The end of the log, a line an event, with the seconds since its first."""
        events = await self.events(session_id)
        return "".join(
            f"\n{(event.at - events[0].at).total_seconds():7.2f} {event.payload!r}"[:400]
            for event in events[-LAST_EVENTS:]
        )

    async def ended(self, session_id: str = "s1", *, within_s: float = 30) -> SessionState:
        """Wait until the session is over and let go of."""
        await self.until(lambda state: state.status.terminal, session_id, within_s=within_s)
        async with asyncio.timeout(10):
            while self.host.capacity().used:
                await asyncio.sleep(0.02)
        return await self.store.state(session_id)

    async def asked(self, question_id: str, session_id: str = "s1") -> None:
        """Wait until a question has been asked and heard."""

        def heard(state: SessionState) -> bool:
            last = state.progress.last_move
            return (
                last is not None
                and last.question_id == question_id
                and not state.open_speeches
                and any(turn.move_id == last.move_id for turn in state.turns)
            )

        await self.until(heard, session_id)


def _tone(seconds: float, pitch: float = PITCH) -> bytes:
    at = np.arange(int(seconds * prepared.SAMPLE_RATE)) / prepared.SAMPLE_RATE
    return (6000 * np.sin(2 * np.pi * pitch * at)).astype(np.int16).tobytes()


def _free(*groups: LlmSettings | GuardSettings | SttSettings | TtsSettings | None) -> MoneySettings:
    """Nothing costs anything, and that is said."""
    free = PriceSettings(machine_hour_usd=Decimal(0))
    profiles = [name for group in groups if group is not None for name in group.profiles]
    return MoneySettings(machine_hour_usd=Decimal(0), prices=dict.fromkeys(profiles, free))


@pytest.fixture
def small() -> Study:
    return small_study()


@pytest.fixture
async def server() -> AsyncIterator[ScriptedModel]:
    async with scripted_model() as model:
        yield model


@pytest.fixture
def llm(server: ScriptedModel) -> LlmSettings:
    profile = LlmProfile(base_url=server.url, model="scripted", first_word_s=10, stall_s=10)
    return LlmSettings(default="m", profiles={"m": profile})


@pytest.fixture
def open_stage(tmp_path: Path, small: Study) -> Callable[..., Any]:
    """Opens a stage; a context manager, so that a test may open two hosts on one store."""

    @asynccontextmanager
    async def stage(
        *,
        slots: int = 4,
        recycle_after: int = 0,
        store: MemorySessionStore | PostgresSessionStore | None = None,
        ledger: Ledger | None = None,
        archive: RecordingStore | None = None,
        folder: Path = tmp_path,
        seconds_a_word: float = 0.12,
        llm: LlmSettings | None = None,
        guard: GuardSettings | None = None,
        study: Study = small,
        client: SpeechClient | None = None,
        stt: SttSettings | None = None,
        tts: TtsSettings | None = None,
        money: MoneySettings | None = None,
        realtime: RealtimeSettings | None = None,
        clock: Clock | None = None,
    ) -> AsyncGenerator[Stage]:
        sound = WordingStore(tmp_path / "wording")
        voice = prepared.Voice("kokoro", "af_heart", "en")
        for text in wordings(study, "en"):
            seconds = max(0.4, len(text.split()) * seconds_a_word)
            sound.put(text, voice, Prepared(_tone(seconds), spread(text, seconds)))
        spool = folder / "spool"
        spool.mkdir(exist_ok=True)
        kept = Archive()
        recogniser = Recogniser()
        store = store or MemorySessionStore(SystemClock())
        settings = Settings(
            host=HostSettings(slots=slots, recycle_after=recycle_after),
            llm=llm or LlmSettings(),
            guard=guard or GuardSettings(),
            stt=stt or SttSettings(),
            tts=tts or TtsSettings(),
            realtime=realtime or RealtimeSettings(),
            money=money or _free(llm, guard, stt, tts),
        )
        metrics = Metrics(CollectorRegistry())
        if ledger is None:
            assert isinstance(store, MemorySessionStore)
            ledger = MemoryLedger(store)
        host = Host(
            store=store,
            studies=Studies(study),
            client=client or recogniser,  # pyright: ignore[reportArgumentType]  # plays the speech server's client
            wording=sound,
            hearing=Hearing("v1-mini"),
            archive=archive or kept,
            settings=settings,
            clock=clock or SystemClock(),
            spool=spool,
            metrics=metrics,
            prices=PriceTable.of(settings),
            purse=Purse(ledger, settings.money, metrics=metrics),
        )
        try:
            yield Stage(host, store, recogniser, study, kept.kept)
        finally:
            await host.aclose()
            assert host.capacity().used == 0

    return stage


@pytest.fixture
async def stage(open_stage: Callable[..., Any]) -> AsyncIterator[Stage]:
    async with open_stage() as opened:
        yield opened


TERMINAL = (SessionStatus.COMPLETED, SessionStatus.INTERRUPTED, SessionStatus.ABANDONED, SessionStatus.FAILED)
