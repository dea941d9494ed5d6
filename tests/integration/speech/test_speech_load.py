"""Twenty callers at once: nobody is turned away, and nobody is served before everybody else.

Counted in steps of the engine, not in seconds: each stretch of sound carries the number of the step that made it.
"""

from __future__ import annotations

import asyncio

import numpy as np

from vivavoce.speech.client import SpeechClient

from .conftest import Running, serve_fake_engines

CALLERS = 20
WORDS = 4


async def steps_of(client: SpeechClient) -> list[int]:
    """The steps of the engine that a caller's sound was made in, in order."""
    async with client.speak("word " * WORDS, model="counter", voice="tone") as sound:
        pcm = np.frombuffer(b"".join([chunk async for chunk in sound]), "<i2")
    return pcm.reshape(WORDS, -1)[:, 0].tolist()


async def all_together(server: Running, client: SpeechClient) -> list[list[int]]:
    """The steps of each caller, of callers who begin together: the engine is kept busy until all are there."""
    engine = server.engines["counter"]

    async def in_hand(count: int) -> None:
        async with asyncio.timeout(30):
            while engine.in_flight < count:
                await asyncio.sleep(0.005)

    async def keep_busy() -> None:
        async with client.speak("wait", model="counter", voice="tone"):
            pass

    busy = asyncio.create_task(keep_busy())
    await in_hand(1)
    callers = [asyncio.create_task(steps_of(client)) for _ in range(CALLERS)]
    await in_hand(1 + CALLERS)
    busy.cancel()
    return await asyncio.gather(*callers)


async def test_twenty_callers_are_served_alike() -> None:
    async with (
        serve_fake_engines(counter="counter") as server,
        SpeechClient(server.url, read_timeout_s=60) as client,
    ):
        steps = await all_together(server, client)
    assert sorted(step for caller in steps for step in caller) == list(range(1, CALLERS * WORDS + 1))
    # Everybody hears something before anybody hears more.
    assert sorted(caller[0] for caller in steps) == list(range(1, CALLERS + 1))
    finished = [caller[-1] for caller in steps]
    assert max(finished) / min(finished) <= 2
