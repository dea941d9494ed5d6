"""Sessions as rooms of a LiveKit SFU: the way to them, where agent workers hold the interviews and not this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from vivavoce.session.clock import Clock
from vivavoce.session.errors import AlreadyConnected
from vivavoce.session.state import SessionState
from vivavoce.session.status import SessionStatus
from vivavoce.transport.sfu.api import Sfu
from vivavoce.transport.sfu.job import SessionJob
from vivavoce.transport.sfu.tokens import join_token
from vivavoce.web.errors import TransportAbsent
from vivavoce.web.gateway import Answer, AudioSocket

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class RoomAccess:
    """Where a participant's page joins, and the right to."""

    url: str
    token: str

    def __repr__(self) -> str:
        """Without the token."""
        return f"RoomAccess(url={self.url!r})"


@dataclass(frozen=True)
class _Elsewhere:
    """The workers know how many sessions they hold; a session that finds none waits in its room."""

    slots: int = 0
    used: int = 0
    accepting: bool = True
    reason: str = ""
    draining: bool = False


def job_of(state: SessionState, *, seize: bool = False) -> SessionJob:
    """What an agent worker is told of a session."""
    return SessionJob(
        session_id=state.session_id,
        study_id=state.study_id,
        study_hash=state.study_hash,
        language=state.language,
        seize=seize,
    )


class Rooms:
    """The gateway to sessions that agent workers hold.

    Args:
        sfu: where the rooms are.
        clock: of tokens.
        end: ends a session because its participant left, whoever holds it.
        hinted: told that something changed in a room: a reason to look, never the truth about a session.
    """

    def __init__(
        self,
        sfu: Sfu,
        clock: Clock,
        *,
        end: Callable[[str], Awaitable[None]],
        hinted: Callable[[], None],
    ) -> None:
        self.sfu = sfu
        self.hinted = hinted
        self._clock = clock
        self._end = end
        self._draining = False

    def capacity(self) -> _Elsewhere:
        """See `gateway.SessionGateway`."""
        return _Elsewhere(accepting=not self._draining, draining=self._draining)

    def begin_drain(self) -> None:
        """Say that this server closes; the interviews go on without it."""
        self._draining = True

    async def worn_out(self) -> int:
        """Never comes back: the agent workers hold the sessions, each in a process that ends with it."""
        return await asyncio.get_running_loop().create_future()

    async def drain(self) -> bool:
        """There is nothing to wait for."""
        self.begin_drain()
        return True

    async def aclose(self) -> None:
        """There is nothing to let go of."""
        self.begin_drain()

    async def offer(self, session_id: str, /, *, sdp: str, take_over: bool, user_agent: str | None) -> Answer:
        """Refused: sound does not come here.

        Raises:
            TransportAbsent: always.
        """
        raise TransportAbsent

    async def websocket(
        self, session_id: str, socket: AudioSocket, /, *, rate: int, take_over: bool, user_agent: str | None
    ) -> None:
        """Refused: sound does not come here.

        Raises:
            TransportAbsent: always.
        """
        raise TransportAbsent

    async def leave(self, session_id: str, /) -> None:
        """The participant ends the interview, on or off the line."""
        await self._end(session_id)

    async def admit(self, state: SessionState, *, take_over: bool, unanswered: bool) -> RoomAccess:
        """The way into a session's room.

        Whoever makes the room brings an agent there, by their token. One that died leaves a room without an agent,
        and a page that hears nothing says so (`unanswered`): then another one is sent for.

        Raises:
            AlreadyConnected: another page is in it, and this one does not take over.
            SfuUnavailable: an agent was needed, and the SFU could not be asked for it.
        """
        if state.status is SessionStatus.ACTIVE and not take_over:
            raise AlreadyConnected(state.session_id)
        job = job_of(state, seize=unanswered)
        if unanswered or (state.joined_at is not None and not await self.sfu.agents(state.session_id)):
            log.info("agent sent for", session_id=state.session_id, unanswered=unanswered)
            await self.sfu.dispatch(job)
        token = join_token(
            self.sfu.key,
            room=state.session_id,
            agent_name=self.sfu.agent_name,
            metadata=job.model_dump_json(),
            now=self._clock.now(),
        )
        return RoomAccess(self.sfu.public_url, token)
