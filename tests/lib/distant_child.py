"""The other end of `distant.Distant`: told by lines, it tells by lines of JSON.

distant_child.py URL INVITATION TRANSPORT
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from caller import Caller

from vivavoce.transport.client import Participant, WebSocketParticipant
from vivavoce.transport.livekit_client import LiveKitParticipant

TRANSPORTS: dict[str, type[Participant]] = {"websocket": WebSocketParticipant, "livekit": LiveKitParticipant}
TELL_S = 0.05


def picture(caller: Caller, told: int) -> dict[str, Any]:
    """What is known now; of messages those that have not been told."""
    return {
        "session_id": caller.session_id,
        "calls": caller.calls,
        "joins": caller.joins,
        "refusals": [error.api_code or str(error.status) for error in caller.refusals],
        "speaking": caller.speaking,
        "gone": caller.gone,
        "messages": [m for m in caller.messages[told:] if m["type"] != "flush"],
        "phrases": [[phrase.start, phrase.end] for phrase in caller.ear.phrases],
    }


async def obey(caller: Caller) -> None:
    """Do what the lines say."""
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(commands), sys.stdin
    )
    while line := (await commands.readline()).decode().split():
        match line:
            case ["say", name]:
                caller.say(name)
            case ["hush"]:
                caller.hush()
            case ["leave"]:
                await caller.leave()
            case _:
                raise ValueError(line)


async def main() -> None:
    """Call until killed."""
    url, invitation, transport = sys.argv[1:]
    caller = Caller(url, invitation=invitation, participant=TRANSPORTS[transport], beats=True)
    async with caller:
        obeying = asyncio.create_task(obey(caller))
        told, before = 0, None
        while not obeying.done():
            now = picture(caller, told)
            told = len(caller.messages)
            if now != before:
                print(json.dumps(now), flush=True)
            before = {**now, "messages": []}
            await asyncio.sleep(TELL_S)
        await obeying


asyncio.run(main())
