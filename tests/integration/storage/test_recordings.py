"""Recordings in a local folder, and what a store that fails leaves behind."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import obstore
import pytest
from obstore.store import LocalStore

from vivavoce.storage.errors import DiskFull, RecordingsUnavailable, RecordingUnknown
from vivavoce.storage.recordings import RecordingStore, RecordingsUrlInvalid, Shelf, open_recordings

SIZE = 12_000_001
"""More than one part of an upload."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "recordings"


@pytest.fixture
def store(folder: Path) -> RecordingStore:
    return open_recordings(None, default=folder)


@pytest.fixture
def spooled(tmp_path: Path) -> Path:
    """A finished recording."""
    path = tmp_path / "s1.part1.ogg"
    path.write_bytes(os.urandom(SIZE))
    return path


def read(path: Path) -> bytes:
    return path.read_bytes()


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


def exists(path: Path) -> bool:
    return path.exists()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def content(store: RecordingStore, key: str) -> bytes:
    return b"".join([chunk async for chunk in store.stream(key)])


async def test_a_recording_moves_into_the_store_whole(
    store: RecordingStore, folder: Path, spooled: Path
) -> None:
    data = read(spooled)
    kept = await store.keep("s1/part1.ogg", spooled)
    assert (kept.bytes, kept.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    with pytest.raises(FileNotFoundError):
        read(spooled)
    assert read(folder / "s1/part1.ogg") == data == await content(store, "s1/part1.ogg")
    assert await store.size("s1/part1.ogg") == len(data)
    chunks = [len(chunk) async for chunk in store.stream("s1/part1.ogg")]
    assert max(chunks) < 4 << 20, "it is streamed, not read at once"


async def test_keeping_it_again_replaces_it(store: RecordingStore, spooled: Path) -> None:
    await store.keep("s1/part1.ogg", spooled)
    write(spooled, b"new")
    assert (await store.keep("s1/part1.ogg", spooled)).bytes == 3
    assert await content(store, "s1/part1.ogg") == b"new"


async def test_an_empty_recording_is_one_too(store: RecordingStore, spooled: Path) -> None:
    write(spooled, b"")
    assert (await store.keep("s1/part1.ogg", spooled)).bytes == 0
    assert await content(store, "s1/part1.ogg") == b""


async def test_recordings_are_listed_by_session_and_deleted(store: RecordingStore, spooled: Path) -> None:
    for key in ("s1/part2.ogg", "s1/part1.ogg", "s10/part1.ogg"):
        write(spooled, b"x")
        await store.keep(key, spooled)
    assert await store.list() == ["s1/part1.ogg", "s1/part2.ogg", "s10/part1.ogg"]
    assert await store.list("s1") == ["s1/part1.ogg", "s1/part2.ogg"]
    assert await store.list("none") == []
    await store.delete("s1/part1.ogg")
    assert await store.list("s1") == ["s1/part2.ogg"]


async def test_a_recording_that_is_not_there_is_named(store: RecordingStore, tmp_path: Path) -> None:
    for call in (content(store, "s9/part1.ogg"), store.size("s9/part1.ogg"), store.delete("s9/part1.ogg")):
        with pytest.raises(RecordingUnknown, match="s9/part1"):
            await call
    with pytest.raises(FileNotFoundError):
        await store.keep("s9/part1.ogg", tmp_path / "none.ogg")


async def test_what_cannot_be_kept_stays_in_the_spool(folder: Path, spooled: Path) -> None:
    store = open_recordings(None, default=folder)
    (folder / "s1").write_text("a file where a folder should be")
    with pytest.raises(RecordingsUnavailable, match="Could not keep recording s1/part1"):
        await store.keep("s1/part1.ogg", spooled)
    assert len(read(spooled)) == SIZE


async def test_a_store_that_lost_a_part_does_not_cost_the_file(
    folder: Path, spooled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_recordings(None, default=folder)

    with monkeypatch.context() as patch:
        real = obstore.put_async

        async def lossy(target: LocalStore, key: str, path: Path, **options: object) -> object:
            return await real(target, key, read(path)[:100])

        patch.setattr(obstore, "put_async", lossy)
        with pytest.raises(RecordingsUnavailable, match="12000001 bytes; the object store holds 100"):
            await store.keep("s1/part1.ogg", spooled)
    assert len(read(spooled)) == SIZE
    assert (await store.keep("s1/part1.ogg", spooled)).bytes == SIZE


async def test_a_full_disk_is_told(
    store: RecordingStore, spooled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(*arguments: object, **options: object) -> None:
        raise obstore.exceptions.GenericError("Unable to write: No space left on device (os error 28)")

    monkeypatch.setattr(obstore, "put_async", full)
    with pytest.raises(DiskFull, match="disk is full"):
        await store.keep("s1/part1.ogg", spooled)
    assert len(read(spooled)) == SIZE


async def test_a_bucket_that_cannot_be_reached_is_told(
    spooled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_ENDPOINT": "http://127.0.0.1:1",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "hunter2",
        "AWS_REGION": "eu-central-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("vivavoce.storage.recordings.MAX_RETRIES", 0)
    store = open_recordings("s3://bucket/voices", default=spooled.parent)
    with pytest.raises(RecordingsUnavailable, match=r"Could not keep .*error sending request") as error:
        await store.keep("s1/part1.ogg", spooled)
    assert "hunter2" not in str(error.value)
    assert len(read(spooled)) == SIZE


async def test_a_recording_is_borrowed_as_a_file(store: RecordingStore, folder: Path, spooled: Path) -> None:
    data = read(spooled)
    await store.keep("s1/part1.ogg", spooled)
    # A store elsewhere has no folder that could be read from.
    shelf = Shelf(LocalStore(prefix=folder), "s3://bucket/voices")
    elsewhere = RecordingStore(shelf, Shelf(LocalStore(prefix=folder / "cold"), "s3://bucket/voices/cold"))
    assert elsewhere.where("s1/part1.ogg") == "s3://bucket/voices/s1/part1.ogg"
    assert Path(store.where("s1/part1.ogg")) == folder / "s1/part1.ogg"
    for where in (store, elsewhere):
        async with where.borrow("s1/part1.ogg") as path:
            assert path is not None
            assert read(path) == data
        async with where.borrow("s1/part2.ogg") as nothing:
            assert nothing is None
    assert await store.list() == ["s1/part1.ogg"]


@pytest.mark.parametrize("url", ["ftp://host/x", "s3://", "recordings", ""])
def test_a_url_of_no_known_kind_is_refused(url: str, tmp_path: Path) -> None:
    with pytest.raises(RecordingsUrlInvalid, match="s3://bucket/prefix"):
        open_recordings(url, default=tmp_path)


async def test_a_file_url_is_a_folder(tmp_path: Path, spooled: Path) -> None:
    store = open_recordings((tmp_path / "with space").as_uri(), default=tmp_path / "unused")
    await store.keep("s1/part1.ogg", spooled)
    assert len(read(tmp_path / "with space/s1/part1.ogg")) == SIZE
    assert not (tmp_path / "unused").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RecordingsUnavailable, match="cannot be made"):
        open_recordings(None, default=tmp_path / "file" / "recordings")


@pytest.mark.parametrize("apart", [False, True])
async def test_a_cold_recording_is_found_all_the_same(apart: bool, tmp_path: Path, spooled: Path) -> None:
    folder, cold = tmp_path / "recordings", tmp_path / "ice" if apart else tmp_path / "recordings" / "cold"
    store = open_recordings(None, default=folder, cold_url=cold.as_uri() if apart else None)
    data = read(spooled)
    await store.keep("s1/part1.ogg", spooled)
    for _ in range(2):
        await store.cool("s1/part1.ogg")
        assert read(cold / "s1/part1.ogg") == data == await content(store, "s1/part1.ogg")
        assert not exists(folder / "s1/part1.ogg")
    assert await store.list() == ["s1/part1.ogg"] == await store.list("s1")
    assert await store.size("s1/part1.ogg") == len(data)
    assert Path(store.where("s1/part1.ogg", cold=True)) == cold / "s1/part1.ogg"
    async with store.borrow("s1/part1.ogg") as path:
        assert path == cold / "s1/part1.ogg"
    with pytest.raises(RecordingUnknown):
        await store.cool("s2/part1.ogg")
    await store.delete("s1/part1.ogg")
    assert await store.list() == []


async def test_all_of_a_session_is_cleared_what_was_never_finished_too(
    store: RecordingStore, folder: Path, spooled: Path
) -> None:
    for key in ("s1/part1.ogg", "s1/part2.ogg", "s10/part1.ogg"):
        write(spooled, b"x")
        await store.keep(key, spooled)
    await store.cool("s1/part2.ogg")
    write(folder / "s1/part3.ogg#1", b"half")
    assert await store.clear("s1") == ["s1/part1.ogg", "s1/part2.ogg"]
    assert files(folder) == [folder / "s10/part1.ogg"]
    assert await store.clear("s1") == []
    with pytest.raises(ValueError, match="no session"):
        await store.clear("s10/..")
