"""Starting the one-machine shape: what cannot be started is named, and nothing that was started before is left."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest

from vivavoce.ops.address import AddressTaken
from vivavoce.ops.children import SpeechServerFailed
from vivavoce.ops.serve import serve
from vivavoce.settings import Settings, load
from vivavoce.storage.errors import DataFolderInUse
from vivavoce.storage.folder import owned, prepare


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    here = load()
    here = here.model_copy(update={"data_dir": tmp_path / "data", "money": here.money.free_unless_said()})
    web = here.web.model_copy(update={"host": "127.0.0.1", "port": 0, "public_url": None})
    return here.model_copy(update={"web": web})


@pytest.fixture
def nothing_is_left() -> Callable[[], Awaitable[None]]:
    """Asserts that no child of this test is left: those that were told to end have a few seconds for it."""
    # Servers and browsers that other tests of this process share live on, and have children of their own.
    others = set(psutil.Process().children())

    async def check() -> None:
        ours = set(psutil.Process().children()) - others
        theirs = {below for one in ours for below in one.children(recursive=True)}
        _, left = await asyncio.to_thread(psutil.wait_procs, [*ours, *theirs], 10)
        assert left == []

    return check


async def test_a_data_folder_in_use_is_named_and_the_speech_server_stopped(
    settings: Settings, nothing_is_left: Callable[[], Awaitable[None]]
) -> None:
    prepare(settings.data_dir)
    with owned(settings.data_dir):
        with pytest.raises(DataFolderInUse):
            async with serve(settings):
                pytest.fail("two servers on one data folder")
        await nothing_is_left()


async def test_a_speech_server_without_models_is_named_and_the_database_stopped(
    settings: Settings, tmp_path: Path, nothing_is_left: Callable[[], Awaitable[None]]
) -> None:
    with pytest.raises(SpeechServerFailed, match="ended with code 1 before it listened"):
        async with serve(settings.model_copy(update={"models_dir": tmp_path / "none"})):
            pytest.fail("no models, no server")
    await nothing_is_left()
    with owned(settings.data_dir):
        pass


async def test_an_address_that_is_taken_is_named_before_anything_is_started(settings: Settings) -> None:
    steps: list[str] = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        web = settings.web.model_copy(update={"port": other.getsockname()[1]})
        with pytest.raises(AddressTaken, match="VIVAVOCE_WEB__PORT"):
            async with serve(settings.model_copy(update={"web": web}), on_step=steps.append):
                pytest.fail("two servers on one address")
    assert steps == []


async def test_whoever_is_told_to_stop_while_starting_leaves_nothing(
    settings: Settings, nothing_is_left: Callable[[], Awaitable[None]]
) -> None:
    begun = asyncio.Event()

    async def start() -> None:
        async with serve(settings, on_step=lambda step: begun.set()):
            pytest.fail("nobody waited for it")

    task = asyncio.create_task(start())
    await begun.wait()
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await nothing_is_left()
