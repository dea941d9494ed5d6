"""The last phase's words are said, whatever a model does and whenever the time or the money ends. In virtual time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from hypothesis import example, given, settings
from hypothesis import strategies as st
from interview_table import STUDY, Table
from livekit.agents import APIConnectionError, APIConnectOptions, llm
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS
from virtual_time import run

from vivavoce.breaker import Breaker
from vivavoce.moderator.mind import Mind
from vivavoce.protocol.draft import QUESTION_ALLOWANCE_S
from vivavoce.protocol.observations import Began, CloseDue, WrapUpDue
from vivavoce.settings import LlmProfile
from vivavoce.voice.failover import RULES, Link, Route

Act = tuple[str, str]
"""What a model does: a word for it, and its text, arguments or seconds."""

FOR_EVER_S = "7200"

ACTS = st.sampled_from(
    [
        ("say", "So you had bread."),
        ("say", "That is a great answer!"),
        ("say", "And what did you drink with it?"),
        ("say", "Thank you, that was all. Goodbye."),
        ("say", "and it goes on without an end "),
        ("advance_phase", "{}"),
        ("probe", '{"trigger": "vague"}'),
        ("ask_question", '{"question_id": "lunch"}'),
        ("return_to_question", '{"reason": "off_topic"}'),
        ("mark_topic_covered", '{"topic_id": "food"}'),
        ("format_disk", "{"),
        ("wait", "1"),
        ("wait", FOR_EVER_S),
        ("fail", ""),
    ]
)
REQUESTS = st.lists(st.lists(ACTS, max_size=5), max_size=12)
ANSWERS = st.sampled_from(
    [
        "Bread, and some tea with it.",
        "It depends.",
        "Yes.",
        "Mhm.",
        "Could you repeat that?",
        "I'd rather not say.",
    ]
)


class Chaos(llm.LLM[str]):
    """A model that does as the example says, request after request; then nothing."""

    def __init__(self, requests: Sequence[Sequence[Act]]) -> None:
        super().__init__()
        self.left = deque(requests)

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        **_: Any,
    ) -> llm.LLMStream:
        acts = self.left.popleft() if self.left else ()
        return _Acting(self, acts, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class _Acting(llm.LLMStream):
    def __init__(self, parent: Chaos, acts: Sequence[Act], **options: Any) -> None:
        self._acts = acts
        super().__init__(parent, **options)

    async def _run(self) -> None:
        for number, (act, text) in enumerate(self._acts):
            match act:
                case "say":
                    delta = llm.ChoiceDelta(role="assistant", content=f"{text} ")
                case "wait":
                    await asyncio.sleep(float(text))
                    continue
                case "fail":
                    raise APIConnectionError("the server went away")
                case _:
                    call = llm.FunctionToolCall(name=act, arguments=text, call_id=f"c{number}")
                    delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
            self._event_ch.send_nowait(llm.ChatChunk(id="r", delta=delta))


@dataclass(frozen=True)
class End:
    """When something ends: at which answer, and whether before it or while it is replied to.

    Attributes:
        kind: `wrap_up` at 90 % of the money or near the end of the time; else why it must close at once.
        turn: which answer.
        replying_s: so long after the reply has begun, by the loop's clock; None: before the answer.
    """

    kind: Literal["wrap_up", "budget", "hard_limit"]
    turn: int
    replying_s: float | None


def ends(*kinds: str) -> st.SearchStrategy[End]:
    return st.builds(
        End,
        kind=st.sampled_from(kinds),
        turn=st.integers(0, 6),
        replying_s=st.sampled_from([None, 0.0, 0.5, 3.0, 20.0]),
    )


STUDIES = st.builds(
    lambda freedom, probes, required, minutes: (
        STUDY.replace("own_probes: 2", f"freedom: {freedom}, own_probes: {probes}")
        .replace("How did you come here?, required: true", f"How did you come here?, required: {required}")
        .replace("hard_limit_minutes: 20", f"hard_limit_minutes: {minutes}")
    ),
    st.sampled_from(["bridge", "reword", "explore"]),
    st.integers(0, 2),
    st.sampled_from(["true", "false"]),
    st.sampled_from([12, 20]),
)


@dataclass
class Held:
    """An interview, and everything that was said aloud in it."""

    table: Table
    said: list[str] = field(default_factory=list[str])

    async def hear(self, text: str, at_s: float) -> None:
        self._say(await self.table.answer(text, at_s))

    def _say(self, text: str) -> None:
        if text:
            self.said.append(text)

    async def end(self, end: End) -> None:
        """As the runner does it: a wrap-up is observed, a closing waits for nobody."""
        at_s = self.table.at_s
        self._say(
            await self.table.observe(WrapUpDue(at_s) if end.kind == "wrap_up" else CloseDue(at_s, end.kind))
        )

    async def hear_and_end(self, text: str, at_s: float, end: End) -> None:
        assert end.replying_s is not None
        reply = asyncio.create_task(self.hear(text, at_s))
        await asyncio.wait([reply], timeout=end.replying_s)
        # Last words that have been decided are heard out.
        if end.kind != "wrap_up" and not reply.done() and not self.table.progress.final:
            reply.cancel()
            with suppress(asyncio.CancelledError):
                await reply
            self._say(" ".join(part for _, part in self.table.spoken))
        if end.kind == "wrap_up":
            # Beside the reply, and without a word of its own: it changes what comes next.
            ticket = self.table.director.submit(WrapUpDue(self.table.at_s))
            decision = self.table.director.decide(ticket)
            assert decision is not None and decision.move is None
        elif not self.table.progress.final:
            await self.end(end)
        await asyncio.gather(reply, return_exceptions=end.kind != "wrap_up")


async def hold(
    study: str, requests: list[list[Act]], answers: list[str], pace_s: float, when: list[End]
) -> Held:
    profile = LlmProfile(base_url="http://127.0.0.1:9/v1", model="m")
    link = Link("m", Mind("m", Chaos(requests), profile), Breaker(RULES))
    now = asyncio.get_running_loop().time
    held = Held(Table(lambda switched: Route([link], now=now, switched=switched), study=study))
    held.said.append(await held.table.observe(Began(0)))
    limit_s = held.table.study.limits.hard_limit_s
    turn = 0
    while not held.table.progress.final:
        assert turn < 80, "it comes to an end"
        due = [end for end in when if end.turn == turn]
        for end in due:
            if end.replying_s is None and not held.table.progress.final:
                await held.end(end)
        if held.table.progress.final:
            break
        at_s = min(held.table.at_s + pace_s, limit_s - 1)
        text = answers[turn % len(answers)] if turn < 30 else "Bread, and some tea with it."
        within = next((end for end in due if end.replying_s is not None), None)
        if within is not None:
            await held.hear_and_end(text, at_s, within)
        else:
            await held.hear(text, at_s)
        turn += 1
    return held


@settings(max_examples=60, deadline=None)
@given(
    study=STUDIES,
    requests=REQUESTS,
    answers=st.lists(ANSWERS, min_size=1, max_size=5),
    pace_s=st.sampled_from([5.0, 40.0, 200.0]),
    wrap=st.none() | ends("wrap_up"),
    close=st.none() | ends("budget", "hard_limit"),
)
@example(
    study=STUDY,
    requests=[],
    answers=["Bread, and some tea with it."],
    pace_s=5.0,
    wrap=End("wrap_up", 0, None),
    close=End("budget", 0, 0.0),
)
def test_the_last_words_are_said_whatever_a_model_does_and_whenever_it_ends(
    study: str,
    requests: list[list[Act]],
    answers: list[str],
    pace_s: float,
    wrap: End | None,
    close: End | None,
) -> None:
    held = run(hold(study, requests, answers, pace_s, [end for end in (wrap, close) if end is not None]))
    table, progress = held.table, held.table.progress
    aloud = " ".join(held.said)
    last = table.move
    assert last.final and held.said[-1] == last.text, "the last move is said, whole and last"
    match last.end_reason:
        case "budget":
            assert last.text == table.study.line("closing_budget", "en")
        case "hard_limit":
            assert last.text == table.study.line("closing_limit", "en")
        case _:
            assert last.text.endswith("That was all. Goodbye.")
    if progress.wrapping_up and last.end_reason in ("finished", "wrap_up"):
        assert aloud.count(table.study.line("wrap_up", "en")) == 1, "that time is short is said, once"
    if last.end_reason in ("finished", "wrap_up"):
        for question in table.study.path[-1].questions:
            left_s = table.study.limits.hard_limit_s - table.at_s
            if question.required and left_s >= QUESTION_ALLOWANCE_S:
                assert question.id in progress.asked
