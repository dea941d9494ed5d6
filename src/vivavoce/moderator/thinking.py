"""The thinking moderator: a language model on the protocol's rails, as a language model of livekit-agents.

Where the machine has the words they are said as they are, as the structured moderator says them. Where it gives the
floor, the model is asked; its sentences leave one by one as they come, each with the ruling it waits for, its calls are
judged, and whatever it leaves out or fails at, or may not be heard of it, the study's own words stand in for.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from livekit.agents import NOT_GIVEN, APIConnectOptions, APIError, NotGivenOr, llm, utils
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

from vivavoce.moderator.counting import RequestCount
from vivavoce.moderator.dialogue import Dialogue
from vivavoce.moderator.director import Director
from vivavoce.moderator.guard.judge import GuardFailed
from vivavoce.moderator.guard.watch import ReplyWatch, Watch
from vivavoce.moderator.mind import (
    MOST_CALLS,
    Mind,
    ModelAway,
    ModelEmpty,
    ModelEndless,
    ModelFailed,
    ModelLost,
    ModelSlow,
    ModelStalled,
    ModelUnavailable,
    tools,
)
from vivavoce.moderator.structured import Decided, find_ticket
from vivavoce.moderator.voiced import VoicedReply, Withheld
from vivavoce.protocol.floor import Floor
from vivavoce.protocol.machine import Decision
from vivavoce.protocol.outcomes import Judgement
from vivavoce.protocol.prompts.render import instructions, situation
from vivavoce.protocol.reply import Endless, Sentences, writable
from vivavoce.protocol.requests import tools_for
from vivavoce.session.usage import Used, unmetered
from vivavoce.voice.duplex import Duplex
from vivavoce.voice.failover import Attempt, Route

MOST_ROUNDS = 4
"""Requests to the model in one reply: three times tools, then words."""

BABBLE = 200
"""Characters after the question that are waited for in case a tool call follows them."""

FAILURES_IN_A_ROW = 3
REST_S = 60.0
"""After so many failures in a row the model is left alone for so long: nobody is made to wait for it every time."""

Faulted = Callable[[ModelFailed | GuardFailed], None]


class ThinkingModerator(llm.LLM[str]):
    """A language model on rails.

    Args:
        director: decides who has the words.
        models: gives the way along the models in the session's language: one goes on where another's server fails;
            None where there is none.
        dialogue: the interview so far; kept up to date by whoever writes the log.
        watch: has the model's sentences judged.
        decided: told of every decision with its ticket, before its first word leaves.
        faulted: told when the model, or a guard, was no help.
        now_s: the session clock.
        used: told what each request to the model used.
        duplex: a speech-to-speech model that speaks instead, in an interview that it holds.
    """

    def __init__(
        self,
        director: Director,
        models: Callable[[], Route[Mind]] | None,
        dialogue: Dialogue,
        watch: Watch,
        *,
        decided: Decided,
        faulted: Faulted,
        now_s: Callable[[], float],
        used: Used = unmetered,
        duplex: Duplex | None = None,
    ) -> None:
        super().__init__()
        self.director = director
        self._models = models
        self.dialogue = dialogue
        self.watch = watch
        self.decided = decided
        self.now_s = now_s
        self.used = used
        self.duplex = duplex
        self._faulted = faulted
        self._failures = 0
        self._rests_until = 0.0

    @property
    def models(self) -> Route[Mind] | None:
        """The way along the models, in the language that is spoken now; None where there is none."""
        return None if self._models is None else self._models()

    @property
    def model(self) -> str:
        """For livekit's metrics."""
        return self.models.current.part.model.model if self.models is not None else "none"

    @property
    def provider(self) -> str:
        """For livekit's metrics."""
        return self.models.current.part.model.provider if self.models is not None else "vivavoce"

    @property
    def rests(self) -> bool:
        """Whether all models are left alone for now."""
        if asyncio.get_running_loop().time() < self._rests_until:
            return True
        if self.duplex is not None and self.duplex.holds is not False:
            return not self.duplex.up
        return self.models is None or not self.models.open

    @property
    def reply_s(self) -> float:
        """Seconds for a whole reply of whoever holds the interview."""
        profile = self.duplex.profile if self.duplex is not None else None
        if profile is not None:
            return profile.reply_s
        return self.models.links[0].part.profile.reply_s if self.models is not None else 0.0

    def failed(self, error: ModelFailed | GuardFailed | None) -> None:
        """Note that the model was no help; without an error, because what it said was withheld."""
        self._failures += 1
        if self._failures >= FAILURES_IN_A_ROW:
            self._rests_until = asyncio.get_running_loop().time() + REST_S
            self._failures = 0
        if error is not None:
            self._faulted(error)

    def helped(self) -> None:
        """Note that the model was of use."""
        self._failures = 0

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: NotGivenOr[bool] = NOT_GIVEN,
        tool_choice: NotGivenOr[llm.ToolChoice] = NOT_GIVEN,
        extra_kwargs: NotGivenOr[dict[str, Any]] = NOT_GIVEN,
    ) -> llm.LLMStream:
        """The next words, sentence by sentence; nothing when there is nothing to say."""
        return _ReplyStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _ReplyStream(llm.LLMStream):
    def __init__(
        self,
        parent: ThinkingModerator,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        conn_options: APIConnectOptions,
    ) -> None:
        self._parent = parent
        self._director = parent.director
        self._request_id = utils.shortuuid("move_")
        super().__init__(parent, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)

    async def _run(self) -> None:
        ticket = find_ticket(self._chat_ctx)
        decision = self._director.decide(ticket) if ticket else None
        if ticket is None or decision is None:
            return
        self._parent.decided(ticket, decision)
        floor = self._director.floor(ticket)
        if floor is not None:
            await self._hold(ticket, floor)
        elif decision.move is not None:
            self._speak(*decision.move.parts)

    async def _hold(self, ticket: str, floor: Floor) -> None:
        """Let the model speak, whatever happens: when this returns, something has been asked or the end was said."""
        watch = self._parent.watch.reply(floor.text)
        failure: ModelFailed | GuardFailed | None = None
        duplex = self._parent.duplex
        if duplex is not None and duplex.holds is None:
            # The interview has only begun: who holds it is known in a moment.
            await duplex.decided.wait()
        thought = not self._parent.rests
        voice = self._voice(ticket, floor, watch)
        try:
            if thought:
                failure = await self._think(ticket, floor, watch, voice)
                await watch.settled()
        except asyncio.CancelledError:
            if voice is not None:
                voice.stop()
            # What speaks by itself is heard without being let through.
            passed = watch.passed if voice is None else len(floor.said)
            facts = floor.cut(self._director.progress, at_s=self._parent.now_s(), passed=passed)
            self._director.write(ticket, facts)
            raise
        finally:
            watch.close()
        progress, at_s = self._director.progress, self._parent.now_s()
        if voice is not None and (watch.withheld or failure is not None):
            voice.stop()
        if watch.withheld:
            outcome = floor.withhold(watch.passed, progress, at_s=at_s)
            failure = failure or watch.failure
        elif thought and failure is None:
            self._parent.helped()
            outcome = floor.finish(progress, at_s=at_s)
        else:
            outcome = floor.give_up(progress, at_s=at_s)
        self._director.write(ticket, outcome.facts)
        self._tell_if_last(ticket)
        self._speak(*outcome.rest)
        if duplex is not None and duplex.owns(floor.move_id):
            duplex.tell("assistant", " ".join(outcome.rest))
        if failure is not None or watch.withheld:
            self._parent.failed(failure)

    def _voice(self, ticket: str, floor: Floor, watch: ReplyWatch) -> VoicedReply | None:
        """The reply of a model that speaks by itself, where one holds the interview."""
        duplex = self._parent.duplex
        if duplex is None or not duplex.holds:
            return None
        return VoicedReply(
            duplex,
            self._director,
            floor,
            watch,
            ticket,
            dialogue=self._parent.dialogue,
            now_s=self._parent.now_s,
            emit=self._emit,
        )

    async def _think(
        self, ticket: str, floor: Floor, watch: ReplyWatch, voice: VoicedReply | None
    ) -> ModelFailed | None:
        """Ask the model until it has spoken, or until something is withheld; gives what it failed at."""
        reply_s = self._parent.reply_s
        try:
            async with watch.until_withheld(), asyncio.timeout(reply_s):
                for asked in range(MOST_ROUNDS):
                    if voice is None:
                        goes_on = await self._round(ticket, floor, watch)
                    else:
                        goes_on = self._judged(ticket, await voice.round(answered=asked > 0))
                    if not goes_on:
                        silent = floor.may_be_silent(self._director.progress, at_s=self._parent.now_s())
                        return None if floor.said or silent else _empty()
                    if floor.lost:
                        break
        except Withheld:
            return None
        except TimeoutError:
            if watch.withheld:
                return None
            return ModelSlow(
                f"The model's reply took longer than {reply_s:g} s.",
                next_step="Take a faster model, or raise reply_s of its profile.",
            )
        except Endless:
            return ModelEndless(
                "The model wrote on without ending a sentence.",
                next_step="Take a model that follows instructions.",
            )
        except ModelFailed as failure:
            return failure
        return ModelLost(
            f"The model called tools without coming to words ({floor.refusals} calls were refused).",
            next_step="Look at the refusals in the session's log; a larger model follows them better.",
        )

    async def _round(self, ticket: str, floor: Floor, watch: ReplyWatch) -> bool:
        """Ask once; gives whether a model must be asked again to come to words.

        Where a server fails, the next model goes on after the sentences that have left; half a one is said by nobody.
        """
        failure: ModelAway | None = None
        assert self._parent.models is not None, "without models all of them rest"
        for attempt in self._parent.models.attempts():
            with attempt:
                try:
                    return await self._ask(attempt, ticket, floor, watch)
                except ModelAway as error:
                    attempt.failed(error)
                    failure = error
            if floor.asked:
                return False
        raise failure or _resting()

    async def _ask(self, attempt: Attempt[Mind], ticket: str, floor: Floor, watch: ReplyWatch) -> bool:
        """Ask one model once; as `_round`."""
        sentences = Sentences()
        calls: list[llm.FunctionToolCall] = []
        babble = 0
        # Closed at once when it is left, so that the server stops computing.
        async with aclosing(self._answer(attempt, floor, ticket)) as answer:
            async for delta in answer:
                calls += delta.tool_calls
                content = writable(delta.content or "")
                if floor.asked:
                    babble += len(content)
                    if babble > BABBLE:
                        break
                    continue
                self._take(ticket, floor, watch, sentences.feed(content))
        if not floor.asked:
            self._take(ticket, floor, watch, sentences.end())
        if calls:
            # A call may end the interview, with what was said before it in its last move.
            await watch.settled()
            if watch.withheld:
                raise Withheld
        for call in calls[:MOST_CALLS]:
            judgement = floor.call(
                self._parent.dialogue.next_call_id(),
                writable(call.name),
                writable(call.arguments),
                self._director.progress,
                at_s=self._parent.now_s(),
            )
            self._director.write(ticket, judgement.facts)
            if judgement.over:
                return self._judged(ticket, judgement)
        return bool(calls) and not floor.asked

    def _judged(self, ticket: str, judgement: Judgement | bool) -> bool:
        """Say what a call has ended the reply with, if one has; gives whether the model must go on."""
        if isinstance(judgement, bool):
            return judgement
        self._tell_if_last(ticket)
        self._speak(*judgement.rest)
        return False

    async def _answer(
        self, attempt: Attempt[Mind], floor: Floor, ticket: str
    ) -> AsyncGenerator[llm.ChoiceDelta]:
        mind, director = attempt.part, self._director
        profile = mind.profile
        patience_s = profile.reply_s if attempt.alone else profile.switch_s
        first_word_s, stall_s = min(profile.first_word_s, patience_s), min(profile.stall_s, patience_s)
        move = director.move(ticket)
        context = self._parent.dialogue.context(
            instructions=instructions(director.study, director.progress.phase_id, director.language),
            situation=situation(
                director.study, director.progress, at_s=self._parent.now_s(), language=director.language
            ),
            saying=(move.move_id, " ".join(floor.said)) if move is not None else None,
        )
        requests = tools_for(director.study)
        count = RequestCount(mind.name, context, requests)
        stream = mind.model.chat(
            chat_ctx=context,
            tools=tools(requests),
            conn_options=APIConnectOptions(max_retry=0, timeout=profile.reply_s),
        )
        began = False
        try:
            async with stream:
                while True:
                    try:
                        async with asyncio.timeout(stall_s if began else first_word_s):
                            chunk = await anext(stream)
                    except StopAsyncIteration:
                        return
                    except TimeoutError:
                        raise (_stalled(mind, stall_s) if began else _slow(mind, first_word_s)) from None
                    except APIError as error:
                        count.refused()
                        raise ModelUnavailable(
                            f"The model server of profile {mind.name!r} failed: {error.message}.",
                            next_step="Look at that server; a fallback or the study's words stand in meanwhile.",
                        ) from error
                    count.see(chunk)
                    if chunk.delta is not None and chunk.has_response():
                        began = True
                        attempt.answers()
                        yield chunk.delta
        finally:
            if (use := count.use()) is not None:
                self._parent.used(use)

    def _take(self, ticket: str, floor: Floor, watch: ReplyWatch, sentences: list[str]) -> None:
        for sentence in sentences:
            taken = floor.take(sentence, self._director.progress, at_s=self._parent.now_s())
            for breach in taken.breaches:
                watch.refuse(breach.text, breach.checks, floor.move_id, grave=breach.grave)
            if watch.withheld:
                raise Withheld
            self._director.write(ticket, taken.facts)
            if taken.spoken:
                self._emit(watch.submit(taken.text, floor.move_id))
            if taken.enough:
                return

    def _speak(self, *parts: str) -> None:
        # One chunk a part: a wording of the study is prepared as one sound.
        for part in parts:
            self._emit(part + " ")

    def _emit(self, text: str) -> None:
        delta = llm.ChoiceDelta(role="assistant")
        # Assigned, for a validated text is a copy, and a sentence would lose its ruling.
        delta.content = text
        self._event_ch.send_nowait(llm.ChatChunk(id=self._request_id, delta=delta))

    def _tell_if_last(self, ticket: str) -> None:
        move = self._director.move(ticket)
        if move is not None and move.final:
            self._parent.decided(ticket, Decision((), move))


def _empty() -> ModelEmpty:
    return ModelEmpty(
        "The model had nothing to say.", next_step="Take a model that follows instructions and uses tools."
    )


def _resting() -> ModelUnavailable:
    return ModelUnavailable(
        "Every model is left alone for now: each has failed again and again.",
        next_step="Look at the servers of the profiles; they are tried again by themselves.",
    )


def _slow(mind: Mind, waited_s: float) -> ModelSlow:
    return ModelSlow(
        f"The model of profile {mind.name!r} said nothing for {waited_s:g} s.",
        next_step="Take a faster model or server, or raise first_word_s of its profile (switch_s, with fallbacks).",
    )


def _stalled(mind: Mind, waited_s: float) -> ModelStalled:
    return ModelStalled(
        f"The model of profile {mind.name!r} stopped in the middle for {waited_s:g} s.",
        next_step="Look at the model server's load, or raise stall_s of its profile (switch_s, with fallbacks).",
    )
