"""Work in a child process: its answer, its failure, and its end, which comes with its parent's."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import psutil
import pytest

from vivavoce.pipeline.apart import ChildFailed, run_apart

PARENT = """
import asyncio, sys
from vivavoce.pipeline.apart import run_apart

async def main():
    await run_apart(sys.argv[1], timeout_s=600)

asyncio.run(main())
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A module `apart_here` that children find; its text is the test's."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "apart_here.py"


async def test_the_module_runs_as_if_called_by_itself(module: Path) -> None:
    module.write_text("import sys\nassert __name__ == '__main__'\nprint(sys.argv[1:], sys.stdin.read())")  # noqa: ASYNC240
    out = await run_apart("apart_here", "one", "two", timeout_s=60, stdin=b"three")
    assert out.decode().strip() == "['one', 'two'] three"


async def test_its_failure_is_its_last_line_and_code(module: Path) -> None:
    module.write_text("import sys\nprint('no such sound', file=sys.stderr)\nsys.exit(3)")  # noqa: ASYNC240
    with pytest.raises(ChildFailed, match="no such sound") as failed:
        await run_apart("apart_here", timeout_s=60)
    assert failed.value.returncode == 3


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel elsewhere ends no child with its parent")
async def test_a_child_does_not_outlive_a_killed_worker(module: Path, tmp_path: Path) -> None:
    number = tmp_path / "number"
    module.write_text(  # noqa: ASYNC240
        f"import os, pathlib, time\nplace = pathlib.Path({str(number)!r})\n"
        "place.with_suffix('.new').write_text(str(os.getpid()))\nplace.with_suffix('.new').rename(place)\n"
        "time.sleep(600)"
    )
    worker = await asyncio.create_subprocess_exec(sys.executable, "-c", PARENT, "apart_here")
    async with asyncio.timeout(60):
        while not number.exists():
            assert worker.returncode is None
            await asyncio.sleep(0.05)
    child = psutil.Process(int(number.read_text()))
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    await asyncio.to_thread(child.wait, 30)
    assert not child.is_running()
