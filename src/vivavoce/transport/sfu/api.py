"""The SFU's API, as far as sessions need it: LiveKit's Twirp services, JSON over HTTP.

Fields as in `livekit_room.proto` and `livekit_agent_dispatch.proto` of github.com/livekit/protocol.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import httpx

from vivavoce.errors import VivavoceError
from vivavoce.session.clock import Clock
from vivavoce.settings.livekit import LiveKitSettings
from vivavoce.transport.sfu.job import SessionJob
from vivavoce.transport.sfu.tokens import PARTICIPANT, SfuKey, admin_token

TIMEOUT_S = 5.0
"""Seconds for one call; the SFU answers from memory."""

AGENT = "AGENT"
"""LiveKit's kind of a participant who is an agent."""


class SfuUnavailable(VivavoceError):
    """The SFU does not answer, or not as it should."""

    code = "sfu_unavailable"

    def __init__(self, what: str) -> None:
        super().__init__(
            what, next_step="See that livekit-server runs at VIVAVOCE_LIVEKIT__URL with this key."
        )


class Sfu:
    """One SFU.

    Args:
        settings: with a URL and a key.
        clock: of tokens.
        transport: how it is reached; default: the network.
    """

    def __init__(
        self, settings: LiveKitSettings, clock: Clock, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        assert settings.url is not None and settings.api_key is not None and settings.api_secret is not None
        self.url = settings.url
        self.public_url = settings.public_url or settings.url
        self.agent_name = settings.agent_name
        self.key = SfuKey(settings.api_key, settings.api_secret)
        self._clock = clock
        # ws:// and wss:// become http:// and https://.
        self._http = httpx.AsyncClient(
            base_url=f"http{self.url.removeprefix('ws')}", timeout=TIMEOUT_S, transport=transport
        )

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def answers(self) -> None:
        """Return if it does.

        Raises:
            SfuUnavailable: it does not.
        """
        await self._call("RoomService/ListRooms", "", {"names": ["-"]})

    async def dispatch(self, job: SessionJob) -> None:
        """Have an agent worker come to the session's room, which is made if there is none.

        Raises:
            SfuUnavailable: it could not be asked for.
        """
        await self._call(
            "AgentDispatchService/CreateDispatch",
            job.session_id,
            {"agent_name": self.agent_name, "room": job.session_id, "metadata": job.model_dump_json()},
        )

    async def agents(self, room: str) -> int:
        """How many agents sit in the room; one that died sits there until the SFU has noticed.

        Raises:
            SfuUnavailable: it could not be asked.
        """
        return sum(1 for one in await self._people(room) if one.get("kind") == AGENT)

    async def sits(self, room: str, identity: str) -> bool:
        """Whether who has that identity is in the room.

        Raises:
            SfuUnavailable: it could not be asked.
        """
        return any(one.get("identity") == identity for one in await self._people(room))

    async def hang_up(self, room: str, identity: str = PARTICIPANT) -> None:
        """Have a participant leave the room. One who is not there has left.

        Raises:
            SfuUnavailable: it could not be asked.
        """
        await self._call("RoomService/RemoveParticipant", room, {"room": room, "identity": identity})

    async def close_room(self, room: str) -> None:
        """Have everybody leave the room. One that is not there is closed.

        Raises:
            SfuUnavailable: it could not be asked.
        """
        await self._call("RoomService/DeleteRoom", room, {"room": room})

    async def _people(self, room: str) -> list[dict[str, Any]]:
        answer = await self._call("RoomService/ListParticipants", room, {"room": room})
        return answer.get("participants", [])

    async def _call(self, method: str, room: str, body: dict[str, object]) -> dict[str, Any]:
        token = admin_token(self.key, room=room, now=self._clock.now())
        try:
            response = await self._http.post(
                f"/twirp/livekit.{method}", json=body, headers={"Authorization": f"Bearer {token}"}
            )
            if response.status_code == HTTPStatus.NOT_FOUND:
                return {}
            if response.status_code != HTTPStatus.OK:
                raise SfuUnavailable(f"The SFU answered {response.status_code} to {method}.")
            return response.json()
        except (httpx.HTTPError, ValueError) as error:
            raise SfuUnavailable(f"The SFU did not answer {method}: {error!r}.") from error
