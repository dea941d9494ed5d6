"""A participant in a process of its own, to be stopped or killed: `participant_child.py TRANSPORT API_URL SESSION`."""

from __future__ import annotations

import asyncio
import sys

import numpy as np

from vivavoce.transport.client import Participant, WebRtcParticipant, WebSocketParticipant
from vivavoce.transport.livekit_client import LiveKitParticipant

PARTICIPANTS: dict[str, type[Participant]] = {
    "webrtc": WebRtcParticipant,
    "websocket": WebSocketParticipant,
    "livekit": LiveKitParticipant,
}


class Hum:
    def __init__(self) -> None:
        self._at = 0

    def read(self, samples: int) -> bytes:
        t = (self._at + np.arange(samples)) / 48_000
        self._at += samples
        return (8000 * np.sin(2 * np.pi * 300 * t)).astype(np.int16).tobytes()


async def main() -> None:
    transport, api_url, session_id = sys.argv[1:]
    async with PARTICIPANTS[transport](api_url, session_id, "token", microphone=Hum()) as participant:
        print("joined", flush=True)
        await participant.wait_closed()


asyncio.run(main())
