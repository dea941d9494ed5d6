"""The watch over one session's model: has its sentences judged, and writes down every verdict.

A sentence leaves for synthesis at once, as a `Sentence` that carries its ruling; the gate holds its sound until that is
in. What has passed once may be repeated: a question in the model's words is asked again in the same words.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from vivavoce.moderator.guard.chain import Chain, Ruling
from vivavoce.moderator.guard.judge import Exchange, GuardFailed
from vivavoce.protocol.facts import SentenceJudged, Verdict
from vivavoce.protocol.guard import Check
from vivavoce.protocol.study import Study
from vivavoce.protocol.wordings import wordings

CONDUCT = "conduct"
"""The name of our own checks in the log."""

REPLY_OVER = "reply_over"
"""Why there is no verdict: the reply ended before it came, so the sentence was not heard either."""

Write = Callable[[SentenceJudged], None]


class Sentence(str):
    """A sentence of a model's, on its way through livekit's pipeline, with the ruling that it waits for.

    livekit hands texts on as they are, as it does its own `TimedString`. Were the ruling lost, the gate would have the
    text judged anew.
    """

    __slots__ = ("ruling",)

    ruling: asyncio.Future[Ruling]

    def __new__(cls, text: str, ruling: asyncio.Future[Ruling]) -> Sentence:
        """A text with its ruling."""
        sentence = super().__new__(cls, text)
        sentence.ruling = ruling
        return sentence


class Watch:
    """One session's.

    Args:
        study: what is asked, and how the model is judged.
        language: of the session, which may change.
        chain: who judges.
        write: writes a verdict into the log.
        now_s: the session clock.
    """

    def __init__(
        self,
        study: Study,
        language: Callable[[], str],
        chain: Chain,
        *,
        write: Write,
        now_s: Callable[[], float],
    ) -> None:
        self._study = study
        self._language = language
        self._known = {text for code in study.languages for text in wordings(study, code)}
        self._checked = bool(study.guard.checks)
        self._chain = chain
        self._write = write
        self._now_s = now_s

    @property
    def safe_line(self) -> str:
        """What is said in place of what was withheld."""
        return self._study.guard.line(self._language())

    async def warm(self) -> None:
        """Wake the judges before anything is to be judged."""
        await self._chain.warm()

    def remember(self, payload: object) -> None:
        """Take an event of the log's past: what passed then need not be judged again."""
        if isinstance(payload, SentenceJudged) and not payload.withheld:
            self._known.add(payload.text)

    def reply(self, participant: str) -> ReplyWatch:
        """The watch over one reply to what the participant said."""
        return ReplyWatch(self, participant)

    def ruling(self, text: str) -> asyncio.Future[Ruling] | None:
        """The ruling that a text's sound waits for; None if it needs none."""
        if isinstance(text, Sentence):
            return text.ruling
        bare = text.strip()
        if not bare or bare in self._known:
            return None
        return self.judge(bare, Exchange("", bare), None)

    def judge(self, text: str, exchange: Exchange, move_id: str | None) -> asyncio.Task[Ruling]:
        """Have a text judged and the verdicts written down."""
        return asyncio.create_task(self._judge(text, exchange, move_id), name="guard")

    def refuse(self, text: str, checks: tuple[Check, ...], move_id: str | None, *, heard: bool) -> None:
        """Write down what our own checks kept back, or would have if it had not been `heard` already."""
        verdict = Verdict(judge=CONDUCT, outcome="unsafe", reasons=checks)
        self._note(text, move_id, (verdict,), withheld=not heard)

    async def _judge(self, text: str, exchange: Exchange, move_id: str | None) -> Ruling:
        conduct = (Verdict(judge=CONDUCT, outcome="safe"),) if self._checked else ()
        try:
            ruling = await self._chain.rule(exchange)
        except asyncio.CancelledError:
            unheard = [
                Verdict(judge=name, outcome="failed", reasons=(REPLY_OVER,)) for name in self._chain.names
            ]
            self._note(text, move_id, (*conduct, *unheard), withheld=True)
            raise
        if ruling.passed:
            self._known.add(text)
        self._note(text, move_id, (*conduct, *ruling.verdicts), withheld=not ruling.passed)
        return ruling

    def _note(self, text: str, move_id: str | None, verdicts: tuple[Verdict, ...], *, withheld: bool) -> None:
        if verdicts:
            self._write(
                SentenceJudged(
                    move_id=move_id, text=text, withheld=withheld, verdicts=verdicts, at_s=self._now_s()
                )
            )


class ReplyWatch:
    """The watch over one reply. `close` it when the reply has ended, however it did."""

    def __init__(self, watch: Watch, participant: str) -> None:
        self._watch = watch
        self._participant = participant
        self._sentences: list[str] = []
        self._rulings: list[asyncio.Task[Ruling]] = []
        self._scope: asyncio.Timeout | None = None
        self._refused = False

    def submit(self, text: str, move_id: str | None) -> Sentence:
        """Have the reply's next sentence judged."""
        self._sentences.append(text)
        exchange = Exchange(self._participant, " ".join(self._sentences))
        ruling = self._watch.judge(text, exchange, move_id)
        self._rulings.append(ruling)
        ruling.add_done_callback(self._on_ruling)
        # With the space that parts it from the next one in a transcript.
        return Sentence(f"{text} ", ruling)

    def refuse(
        self, text: str, checks: tuple[Check, ...], move_id: str | None, *, grave: bool, heard: bool = False
    ) -> None:
        """Note what our own checks kept back; after something grave the reply is over."""
        self._watch.refuse(text, checks, move_id, heard=heard)
        self._refused = self._refused or grave

    @property
    def passed(self) -> int:
        """How many sentences from the first one on were let through."""
        for count, ruling in enumerate(self._rulings):
            if not _passed(ruling):
                return count
        return len(self._rulings)

    @property
    def withheld(self) -> bool:
        """Whether something was kept back and the reply is over for that."""
        return self._refused or any(ruling.done() and not _passed(ruling) for ruling in self._rulings)

    @property
    def failure(self) -> GuardFailed | None:
        """Why there was no verdict, if that is why."""
        found = [ruling.result().failure for ruling in self._rulings if _settled(ruling)]
        return next((failure for failure in found if failure is not None), None)

    @asynccontextmanager
    async def until_withheld(self) -> AsyncGenerator[None]:
        """A context that is left by a TimeoutError at the moment something is withheld."""
        async with asyncio.timeout(None) as self._scope:
            try:
                yield
            finally:
                self._scope = None

    async def settled(self) -> None:
        """Wait for the rulings on all sentences so far, or for the first that withholds one."""
        while not self.withheld and (waiting := [ruling for ruling in self._rulings if not ruling.done()]):
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for ruling in self._rulings:
            if ruling.done() and not ruling.cancelled():
                ruling.result()  # what is broken in a judge is not silenced

    def close(self) -> None:
        """Judge nothing more of this reply: what has no ruling is not heard."""
        for ruling in self._rulings:
            ruling.cancel()

    def _on_ruling(self, ruling: asyncio.Task[Ruling]) -> None:
        if self._scope is not None and not _passed(ruling):
            self._scope.reschedule(asyncio.get_running_loop().time())
            self._scope = None


def _settled(ruling: asyncio.Task[Ruling]) -> bool:
    return ruling.done() and not ruling.cancelled() and ruling.exception() is None


def _passed(ruling: asyncio.Task[Ruling]) -> bool:
    return _settled(ruling) and ruling.result().passed
