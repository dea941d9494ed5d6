"""`vivavoce speech` as a process: how it starts, stops, and never leaves a worker behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from .conftest import run_command

pytestmark = pytest.mark.timeout(300)


def until(condition: Callable[[], bool], *, within_s: float = 30.0) -> float:
    """Wait until the condition holds; how long it took, seconds."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < within_s, "it did not happen in time"
        time.sleep(0.02)
    return time.monotonic() - start


def workers_of(pid: int) -> list[psutil.Process]:
    return [child for child in psutil.Process(pid).children() if "vivavoce.speech.worker" in child.cmdline()]


def warm(url: str) -> bool:
    return httpx.get(f"{url}/readyz").status_code == 200


@pytest.mark.models
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_and_takes_its_workers_along(models_dir: Path, number: signal.Signals) -> None:
    with run_command("--engines", "whisper", "--models-dir", str(models_dir)) as command:
        until(lambda: warm(command.url), within_s=120)
        workers = workers_of(command.process.pid)
        assert len(workers) == 1
        command.process.send_signal(number)
        assert command.process.wait(20) == 0
        until(lambda: not any(worker.is_running() for worker in workers), within_s=5)


@pytest.mark.models
def test_workers_die_with_a_server_that_was_killed(models_dir: Path) -> None:
    with run_command("--engines", "whisper,piper", "--models-dir", str(models_dir)) as command:
        until(lambda: len(workers_of(command.process.pid)) == 2)
        workers = workers_of(command.process.pid)
        command.process.kill()
        command.process.wait()
        until(lambda: not any(worker.is_running() for worker in workers), within_s=10)


@pytest.mark.models
def test_it_ends_when_the_process_that_started_it_is_killed(models_dir: Path) -> None:
    """As an embedding parent would: its child must not keep the port and the memory."""
    script = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-m', 'vivavoce.cli', 'speech', '--port', '0', '--engines', "
        "'whisper', '--models-dir', sys.argv[1], '--exit-with-parent'], stdout=subprocess.PIPE, text=True);"
        "print(child.pid, child.stdout.readline().split()[1], flush=True); time.sleep(600)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(models_dir)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid, url = parent.stdout.readline().split()
    server = psutil.Process(int(pid))
    until(lambda: len(workers_of(server.pid)) == 1)
    worker = workers_of(server.pid)[0]
    assert httpx.get(f"{url}/healthz").text == "ok"
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    until(lambda: not server.is_running() and not worker.is_running(), within_s=20)


def refused(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "vivavoce.cli", "speech", "--port", "0", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_absent_models_are_named_before_it_listens(tmp_path: Path) -> None:
    ended = refused("--engines", "whisper", "--models-dir", str(tmp_path))
    assert ended.returncode == 1
    assert "READY" not in ended.stdout
    assert "vivavoce models pull whisper-base" in ended.stderr


def test_an_unknown_engine_is_refused() -> None:
    ended = refused("--engines", "whisper,festival")
    assert ended.returncode == 2
    assert "festival" in ended.stderr


@pytest.mark.models
def test_a_port_in_use_is_said_so(models_dir: Path) -> None:
    with run_command("--engines", "whisper", "--models-dir", str(models_dir)) as command:
        port = command.url.rsplit(":", 1)[1]
        ended = refused("--port", port, "--engines", "whisper", "--models-dir", str(models_dir))
        assert ended.returncode == 1
        assert port in ended.stderr
