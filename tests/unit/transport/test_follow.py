"""Which of several tracks is heard: the one that came last, whatever has become of the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from virtual_time import run

from vivavoce.transport import livekit


@dataclass
class Stream:
    """Sound of a track: some frames, and then nothing, for ever."""

    frames: list[str]
    closed: list[str] = field(default_factory=list[str])

    async def __aiter__(self) -> AsyncIterator[Any]:
        for frame in self.frames:
            yield SimpleNamespace(frame=frame)
        await asyncio.get_running_loop().create_future()

    async def aclose(self) -> None:
        self.closed.append("closed")


STREAMS = {"old": Stream(["old 1", "old 2"]), "gone": None, "new": Stream(["new 1", "new 2"])}


async def heard(*tracks: str | None) -> list[str]:
    """What is heard of tracks that come a second after one another, of which none ever ends."""
    frames: list[str] = []
    queue: asyncio.Queue[Any] = asyncio.Queue()
    following = asyncio.create_task(livekit.follow(queue, lambda frame: frames.append(str(frame))))
    for track in tracks:
        queue.put_nowait(track)
        await asyncio.sleep(1)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)
    return frames


@pytest.fixture(autouse=True)
def streams(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stream | None]:
    opened = {name: None if one is None else Stream(one.frames) for name, one in STREAMS.items()}
    monkeypatch.setattr(livekit, "listen", lambda track: opened[track])
    return opened


def test_a_track_that_has_fallen_silent_does_not_keep_the_next_one_from_being_heard(
    streams: dict[str, Stream | None],
) -> None:
    assert run(heard("old", "new")) == ["old 1", "old 2", "new 1", "new 2"]
    assert all(one.closed == ["closed"] for one in streams.values() if one is not None)


def test_a_track_that_has_gone_before_it_was_listened_to_is_passed_over() -> None:
    assert run(heard("gone", "new")) == ["new 1", "new 2"]
    assert run(heard("old", None, "new")) == ["old 1", "old 2", "new 1", "new 2"]


def test_what_fails_in_hearing_comes_out_as_it_is() -> None:
    async def failing() -> None:
        queue: asyncio.Queue[Any] = asyncio.Queue()
        queue.put_nowait("old")

        def fail(frame: object) -> None:
            raise LookupError(frame)

        await livekit.follow(queue, fail)

    with pytest.raises(LookupError):
        run(failing())
