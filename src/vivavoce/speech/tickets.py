"""The requests in hand at one engine: how many are let in, and what becomes of each."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from vivavoce.speech.errors import (
    EngineDied,
    EngineFailed,
    SpeechBusy,
    SpeechDropped,
    SpeechError,
    SpeechRejected,
    SpeechUnavailable,
)
from vivavoce.speech.messages import (
    Busy,
    Cancelled,
    Chunk,
    Dropped,
    Ending,
    Failed,
    Part,
    Priority,
    Refused,
    Reply,
    Synthesise,
    Transcribe,
    Unavailable,
    Working,
)
from vivavoce.speech.pace import Pace
from vivavoce.speech.schedule import UNTAKEN_LIMIT

PARTS_LIMIT = 2048
"""Parts of one transcript. A pause of 3 s parts two, so an hour has about a thousand at most."""


@dataclass(slots=True, eq=False)
class Ticket:
    """A request in hand. `over` once its last reply has come; until then the engine may be at work on it.

    `untaken` counts the chunks that the caller has not done with.
    """

    id: int
    replies: asyncio.Queue[tuple[Reply, bytes] | EngineDied]
    over: bool = False
    given_up: bool = False
    untaken: int = 0

    @property
    def waits_for_caller(self) -> bool:
        """Whether the engine rests until the caller takes something."""
        return not self.given_up and self.untaken >= UNTAKEN_LIMIT

    async def next(self) -> tuple[Reply, bytes]:
        """Wait for the engine's next reply, and its body.

        Raises:
            SpeechRejected, SpeechBusy, SpeechDropped, SpeechUnavailable, EngineFailed: it is bad news.
        """
        item = await self.replies.get()
        if isinstance(item, EngineDied):
            raise item
        reply, body = item
        error = _error(reply)
        if error is not None:
            raise error
        return reply, body


class Tickets:
    """Those of one engine. Time is passed in, in seconds from an arbitrary start.

    Args:
        engine: its name, for messages.
        live: requests at work above which even a live one is refused.
        other: requests at work above which partial and batch ones are refused.
        held: requests in hand above which any is refused.
    """

    def __init__(self, engine: str, *, live: int, other: int, held: int) -> None:
        self._engine = engine
        self._live = live
        self._other = other
        self._held = held
        self._open: dict[int, Ticket] = {}
        self._pace = Pace()

    def __len__(self) -> int:
        """Requests that the engine has not finished with, those included that nobody waits for any more."""
        return len(self._open)

    @property
    def owed(self) -> bool:
        """Whether the engine is to work on one. A caller that takes nothing stops its own; that is not its fault."""
        return any(not ticket.waits_for_caller for ticket in self._open.values())

    def admit(self, priority: Priority) -> None:
        """See that there is room for another request.

        Raises:
            SpeechBusy: there is none.
        """
        limit = self._live if priority is Priority.LIVE else self._other
        at_work = sum(not ticket.waits_for_caller for ticket in self._open.values())
        over = max(at_work - limit, len(self._open) - self._held)
        if over >= 0:
            raise SpeechBusy(
                f"The engine {self._engine} has {len(self._open)} requests in hand already.",
                next_step="Try again shortly, or run more speech servers.",
                retry_after_s=self._pace.wait_s(over + 1),
            )

    def issue(self, request: Synthesise | Transcribe, *, now: float) -> Ticket:
        """Take a request in hand."""
        # Room for what the worker may send unasked: its untaken chunks, or all parts of an hour, and one ending.
        room = UNTAKEN_LIMIT if isinstance(request, Synthesise) else PARTS_LIMIT
        ticket = Ticket(request.id, asyncio.Queue(room + 2))
        self._open[ticket.id] = ticket
        if len(self._open) == 1:
            self._pace.began(now=now)
        return ticket

    def take(self, reply: Chunk | Part | Working | Ending, body: bytes, *, now: float) -> None:
        """Give a reply to whoever waits for it.

        Raises:
            asyncio.QueueFull: the engine has sent more than it may.
        """
        ticket = self._open.get(reply.id)
        if ticket is None or isinstance(reply, Working):
            return
        if not isinstance(reply, Chunk | Part):
            ticket.over = True
            del self._open[ticket.id]
            self._pace.ended(now=now)
        elif isinstance(reply, Chunk):
            ticket.untaken += 1
        if not ticket.given_up:
            ticket.replies.put_nowait((reply, body))

    def bereave(self, code: int) -> None:
        """Tell everybody whose request died with the engine's process, which ended with `code`."""
        tickets, self._open = self._open, {}
        for ticket in tickets.values():
            ticket.over = True
            if not ticket.given_up:
                ticket.replies.put_nowait(
                    EngineDied(
                        f"The engine {self._engine} ended (code {code}) while it worked on this.",
                        next_step="It is being restarted; send the request again.",
                    )
                )


def _error(reply: Reply) -> SpeechError | None:
    """What a reply means for the caller, if it is bad news."""
    if isinstance(reply, Refused):
        return SpeechRejected(reply.what, next_step=reply.next_step, reason=reply.reason, param=reply.param)
    if isinstance(reply, Dropped):
        return SpeechDropped(
            f"This partial transcription waited {reply.waited_s:.1f} s and is of no use any more.",
            next_step="Send the sound as it is now.",
        )
    if isinstance(reply, Failed):
        return EngineFailed(reply.what, next_step=reply.next_step)
    if isinstance(reply, Unavailable):
        return SpeechUnavailable(reply.what, next_step=reply.next_step)
    if isinstance(reply, Busy):
        return SpeechBusy(reply.what, next_step=reply.next_step, retry_after_s=reply.retry_after_s)
    if isinstance(reply, Cancelled):
        return EngineFailed("The work was stopped.", next_step="Send the request again.")
    return None
