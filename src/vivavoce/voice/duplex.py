"""The duplex: one interview's connection to a speech-to-speech model, kept up while the interview lasts.

The model hears the participant's sound as it comes and speaks by itself; when it speaks, what it is told and what its
calls lead to is decided elsewhere. Which profile holds an interview is decided once, at its start. When the connection
is lost, and LiveKit's plug-in cannot bring it back, a new one is opened to the same profile and told the interview from
the log; until it is up the duplex says so at once, so that nobody waits for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog
from livekit.agents import llm, vad
from livekit.agents.metrics import RealtimeModelMetrics
from livekit.agents.utils import aio

from vivavoce.errors import VivavoceError
from vivavoce.session.usage import Use, Used
from vivavoce.settings import RealtimeProfile
from vivavoce.speech.client import Priority, SpeechDropped, SpeechUnavailable, Transcript
from vivavoce.voice.dictation import Dictation
from vivavoce.voice.failover import RECOVERED, Link, Route, Switch, Switched
from vivavoce.voice.realtime import is_connected
from vivavoce.voice.replies import Generation, Replies, nothing
from vivavoce.voice.voiced import Voiced

STUDY = "study"
"""Stands in a switch for the study's own words, where no model holds the interview."""

REOPEN_AFTER_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits between tries to open a lost connection again; the last one goes on for ever."""

CLOSE_S = 5.0

log = structlog.get_logger(__name__)


class RealtimeAway(VivavoceError):
    """A speech-to-speech model cannot be reached, or its connection is lost."""

    code = "realtime_away"


class RealtimeLost(RealtimeAway):
    """The connection to the model that holds an interview is lost; it is opened again."""

    code = "realtime_lost"


@dataclass
class _Connection:
    name: str
    profile: RealtimeProfile
    model: llm.RealtimeModel
    session: llm.RealtimeSession[Any]
    up: asyncio.Event = field(default_factory=asyncio.Event)
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    why: str = ""
    instructions: str = ""


class Duplex:
    """One interview's. `run` is its owner's task; everything else is called on the same event loop.

    Args:
        links: the profiles, in the order in which they are tried; the last one that held it, alone, where an interview
            is taken up again.
        open_model: makes the model of a profile.
        tools: what the model may call.
        instructions: what it is told at first.
        history: the interview so far, without instructions.
        used: told what it used.
        switched: told which profile holds the interview, where that is not the first one.
        failed: told why it was lost.
        stand_in: who moderates where no profile can be reached: a language model's profile, or `STUDY`.
    """

    def __init__(
        self,
        links: Sequence[Link[RealtimeProfile]],
        *,
        open_model: Callable[[RealtimeProfile], llm.RealtimeModel],
        tools: Sequence[llm.Tool],
        instructions: Callable[[], str],
        history: Callable[[], llm.ChatContext],
        used: Used,
        switched: Switched,
        failed: Callable[[RealtimeAway], None],
        stand_in: str,
    ) -> None:
        self._links = tuple(links)
        self._open_model = open_model
        self._tools = list(tools)
        self._instructions = instructions
        self._history = history
        self._used = used
        self._switched = switched
        self._failed = failed
        self._stand_in = stand_in
        self._loop = asyncio.get_running_loop()
        self._connection: _Connection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._syncing = asyncio.Lock()
        self._untold: list[llm.ChatItem] = []
        self._keeps_untold = False
        """Whether a connection has been told the interview, or is being: what is said from then on is news to it."""
        self._replies = Replies()
        self._dictation = Dictation()
        self._speaking = False
        self._own_moves: set[str] = set()
        self._remark = ""
        self.holder: Link[RealtimeProfile] | None = None
        """The profile that holds this interview, up or not."""
        self.holds: bool | None = None
        """Whether one does; None while that is being found out."""
        self.decided = asyncio.Event()

    # -- its life

    async def run(self) -> None:
        """Connect, and stay connected until cancelled."""
        try:
            link = await self._choose()
            self.holder, self.holds = link, link is not None
            self.decided.set()
            while link is not None:
                connection = self._connection
                assert connection is not None
                await connection.lost.wait()
                await self._lose(connection)
                await self._reopen(link)
        finally:
            self.decided.set()
            await aio.cancel_and_wait(*self._tasks)
            if self._connection is not None:
                await self._close(self._connection)
                self._connection = None

    @property
    def up(self) -> bool:
        """Whether the model can be asked now."""
        return self._live is not None

    @property
    def profile(self) -> RealtimeProfile | None:
        """The profile that holds the interview, while it is up."""
        return self._live.profile if self._live is not None else None

    @property
    def _live(self) -> _Connection | None:
        connection = self._connection
        return connection if connection is not None and not connection.lost.is_set() else None

    async def _choose(self) -> Link[RealtimeProfile] | None:
        """Connect to the first profile that can be reached."""
        route = Route(self._links, now=self._loop.time, switched=self._switched)
        failure = RealtimeAway(
            "Every speech-to-speech profile is left alone for now: each has failed again and again.",
            next_step="Look at their servers; they are tried again by themselves.",
        )
        for attempt in route.attempts():
            with attempt:
                try:
                    self._connection = await self._connect(attempt.name, attempt.part)
                except RealtimeAway as error:
                    attempt.failed(error)
                    failure = error
                    continue
                attempt.answers()
                self._spawn(self._sync(), "realtime.tell")
                return next(link for link in self._links if link.name == attempt.name)
        self._failed(failure)
        self._switched(Switch(self._links[0].name, self._stand_in, failure.code, failure.what))
        return None

    async def _connect(self, name: str, profile: RealtimeProfile) -> _Connection:
        model = self._open_model(profile)
        connection = _Connection(name, profile, model, model.session())
        session = connection.session
        session.on("metrics_collected", partial(self._on_metrics, connection))
        session.on("error", partial(self._on_error, connection))
        session.on("generation_created", self._replies.began)
        session.on("input_audio_transcription_completed", self._dictation.on_text)
        session.on("session_reconnected", self._on_reconnected)
        session.on("openai_server_event_received", self._dictation.on_openai_event)
        connection.instructions = self._instructions()
        waits = [
            asyncio.create_task(connection.up.wait(), name="realtime.up"),
            asyncio.create_task(connection.lost.wait(), name="realtime.lost"),
        ]
        try:
            # Before the first turn of the event loop, so that the plug-in connects with them.
            await session.update_instructions(connection.instructions)
            await session.update_tools(self._tools)
            await asyncio.wait(waits, timeout=profile.connect_s, return_when=asyncio.FIRST_COMPLETED)
            if not connection.up.is_set():
                raise RealtimeAway(
                    f"The speech-to-speech model of profile {name!r} cannot be reached: "
                    f"{connection.why or f'no connection within {profile.connect_s:g} s'}.",
                    next_step="Look at its address, key and network.",
                )
            history = self._history()
            self._untold.clear()
            self._keeps_untold = True
            if history.items:
                await session.update_chat_ctx(history)
        except BaseException as error:
            self._keeps_untold = False
            await self._close(connection)
            if isinstance(error, llm.RealtimeError):
                raise RealtimeAway(
                    f"The model of profile {name!r} did not take the interview's history: {error}.",
                    next_step="",
                ) from error
            raise
        finally:
            await aio.cancel_and_wait(*waits)
        return connection

    async def _lose(self, connection: _Connection) -> None:
        error = RealtimeLost(
            f"The connection to the model of profile {connection.name!r} is lost: {connection.why}.",
            next_step="It is opened again by itself; the study's words stand in meanwhile.",
        )
        self._connection, self._keeps_untold = None, False
        self._dictation.forget()
        self._failed(error)
        self._switched(Switch(connection.name, STUDY, error.code, error.what))
        await self._close(connection)

    async def _reopen(self, link: Link[RealtimeProfile]) -> None:
        tries = 0
        while True:
            await asyncio.sleep(REOPEN_AFTER_S[min(tries, len(REOPEN_AFTER_S) - 1)])
            tries += 1
            try:
                self._connection = await self._connect(link.name, link.part)
            except RealtimeAway as error:
                log.warning("speech-to-speech model still away", profile=link.name, error=error.what)
                continue
            self._spawn(self._sync(), "realtime.tell")
            self._switched(Switch(STUDY, link.name, RECOVERED, f"{link.name!r} answers again."))
            return

    async def _close(self, connection: _Connection) -> None:
        async def close() -> None:
            await connection.session.aclose()
            await connection.model.aclose()

        try:
            async with asyncio.timeout(CLOSE_S):
                # The plug-in raises here again what its connection was lost for.
                [outcome] = await asyncio.gather(close(), return_exceptions=True)
        except TimeoutError:
            log.warning("speech-to-speech connection did not close in time", timeout_s=CLOSE_S)
            return
        if isinstance(outcome, Exception):
            log.debug("speech-to-speech connection closed with an error", error=str(outcome))

    # -- what it hears

    def on_activity(self, event: vad.VADEvent) -> None:
        """Take the voice activity detector's next event, before anybody who transcribes does (`SharedVAD.listen`)."""
        connection = self._live
        if event.type == vad.VADEventType.START_OF_SPEECH:
            self._speaking = True
            if connection is not None:
                if self._dictation.pending:
                    connection.session.clear_audio()
                connection.session.start_user_activity()
            self._dictation.begin()
        if connection is None or not self._speaking:
            return
        if event.type == vad.VADEventType.END_OF_SPEECH:
            self._speaking = False
            if connection.profile.provider == "openai" and connection.profile.transcriber is None:
                self._dictation.commit(connection.session, written=False)
            return
        for frame in event.frames:
            connection.session.push_audio(frame)
            self._dictation.pushed(frame.duration)

    async def transcribe(
        self,
        pcm: bytes,
        *,
        sample_rate: int = 16000,
        language: str | Sequence[str] | None = None,
        priority: Priority = "live",
        model: str | None = None,
    ) -> Transcript:
        """The text of what the model has heard of this utterance (`Ear`); the sound is there already.

        Raises:
            SpeechUnavailable: it did not hear it, or gives no text.
            SpeechDropped: of a `partial`; what is heard twice is paid for twice.
        """
        if priority == "partial":
            raise SpeechDropped("A speech-to-speech model makes no captions.", next_step="")
        connection = self._live
        if connection is None:
            raise SpeechUnavailable("The speech-to-speech model is away.", next_step="")
        written = connection.profile.transcriber is not None
        self._dictation.commit(connection.session, written=written)
        return await self._dictation.text(connection.profile, language)

    # -- what it is told

    def tell(self, role: llm.ChatRole, text: str) -> None:
        """Tell it what was said by somebody whom it did not hear."""
        if not self._keeps_untold or not text.strip():
            return  # it is told everything when it is there
        self._untold.append(llm.ChatMessage(role=role, content=[text.strip()]))
        self._spawn(self._sync(), "realtime.tell")

    def heard_elsewhere(self, text: str, *, by: str) -> None:
        """Tell it what the participant said, if another ear heard it instead of the model's own."""
        if self.holder is not None and self.holder.part.transcriber not in (None, by):
            self.tell("user", text)

    def own(self, move_id: str) -> None:
        """A move has begun in the model's own voice."""
        self._own_moves.add(move_id)

    def owns(self, move_id: str | None) -> bool:
        """Whether a move began in the model's own voice."""
        return move_id in self._own_moves

    def truncate(self, voiced: Voiced, heard_s: float) -> None:
        """The participant heard a message only so far, in seconds of the message."""
        connection = self._live
        # Of one that was stopped the model may have said more than came to us.
        if connection is None or (voiced.whole and heard_s >= voiced.seconds):
            return
        heard = voiced.heard(voiced.began_s + heard_s)
        if not connection.session.capabilities.message_truncation:
            self._remark = f"Of your last words the participant heard only: “{heard}”"
            return
        connection.session.truncate(
            message_id=voiced.message_id,
            modalities=["audio", "text"],
            audio_end_ms=int(heard_s * 1000),
            audio_transcript=heard,
        )

    async def answer(self, calls: Sequence[tuple[llm.FunctionCall, str, bool]]) -> None:
        """Answer calls: each with its answer, and whether it was accepted.

        Raises:
            RealtimeAway: they could not be answered.
        """
        self._replies.expect()
        for call, answer, accepted in calls:
            self._untold.append(call)
            self._untold.append(
                llm.FunctionCallOutput(
                    call_id=call.call_id, name=call.name, output=answer, is_error=not accepted
                )
            )
        await self._sync()

    async def _sync(self) -> None:
        """Send what it has not been told, in order, and wait until it has it."""
        async with self._syncing:
            connection = self._live
            if connection is None or not self._untold:
                return
            items, self._untold = self._untold, []
            context = connection.session.chat_ctx.copy()
            known = {item.id for item in context.items}
            context.items.extend(item for item in items if item.id not in known)
            try:
                await connection.session.update_chat_ctx(context)
            except llm.RealtimeError as error:
                log.warning("speech-to-speech model was not told", profile=connection.name, error=str(error))

    # -- what it says

    async def reply(self, *, instructions: str, situation: str, answered: bool) -> Generation:
        """Let it speak.

        Args:
            instructions: of the phase the interview is in.
            situation: of this moment.
            answered: its calls have just been answered, so that some providers go on unasked; one that says nothing
                then is asked after all.

        Returns:
            what it says; `nothing` if it takes its turn and says nothing.

        Raises:
            RealtimeAway: it does not begin to answer.
        """
        connection = self._live
        if connection is None:
            raise RealtimeAway(
                "The speech-to-speech model is away.", next_step="It is connected again by itself."
            )
        session = connection.session
        patience_s = connection.profile.first_sound_s
        try:
            async with asyncio.timeout(patience_s):
                if instructions != connection.instructions:
                    connection.instructions = instructions
                    await session.update_instructions(instructions)
                await self._sync()
                if answered and session.capabilities.auto_tool_reply_generation:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(patience_s / 2):
                            if (generation := await self._replies.unasked()) is not None:
                                return generation
                told = f"{situation}\n{self._remark}".strip()
                self._remark = ""
                self._replies.expect()
                return await self._replies.asked(session.generate_reply(instructions=told)) or nothing()
        except TimeoutError:
            why = f"it did not begin to answer within {patience_s:g} s"
        except llm.RealtimeError as error:
            why = str(error)
        raise RealtimeAway(
            f"The model of profile {connection.name!r} gave no answer: {why}.",
            next_step="Look at its server and limits; the study's words stand in meanwhile.",
        )

    def cut(self) -> None:
        """Stop what it is saying."""
        if self._live is not None:
            self._live.session.interrupt()

    # -- what its plug-in reports

    def _on_metrics(self, connection: _Connection, metrics: object) -> None:
        if not isinstance(metrics, RealtimeModelMetrics):
            return  # how much was transcribed is counted with the utterance
        if is_connected(metrics):
            connection.up.set()
            return
        if connection.session.capabilities.auto_tool_reply_generation:
            self._replies.metered()
        if metrics.input_tokens or metrics.output_tokens:
            read, written = metrics.input_token_details, metrics.output_token_details
            of_cached = read.cached_tokens_details
            self._used(
                Use(
                    "realtime",
                    connection.name,
                    input_tokens=metrics.input_tokens,
                    cached_tokens=read.cached_tokens,
                    output_tokens=metrics.output_tokens,
                    input_audio_tokens=read.audio_tokens,
                    output_audio_tokens=written.audio_tokens,
                    cached_audio_tokens=of_cached.audio_tokens if of_cached is not None else 0,
                )
            )

    def _on_error(self, connection: _Connection, error: llm.RealtimeModelError) -> None:
        connection.why = str(error.error)
        log.warning(
            "speech-to-speech error",
            profile=connection.name,
            error=connection.why,
            recoverable=error.recoverable,
        )
        if not error.recoverable:
            connection.lost.set()

    def _on_reconnected(self, _: llm.RealtimeSessionReconnectedEvent) -> None:
        """The plug-in has a new connection, and told it what was said; what was being said is lost to it."""
        self._dictation.forget()

    def _spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("speech-to-speech work failed", work=task.get_name(), exc_info=error)
