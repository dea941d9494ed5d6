"""Recordings in an object store: a local folder or S3, through one interface; and in a cold store, for those kept long.

A key names a recording wherever it is: what is not in the first store is looked for in the cold one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from vivavoce.storage.errors import DiskFull, RecordingsUnavailable, RecordingUnknown, StorageError
from vivavoce.storage.scratch import scratch

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

CHUNK = 1 << 20
"""Bytes read or sent at once."""

CONNECT_TIMEOUT = timedelta(seconds=5)
REQUEST_TIMEOUT = timedelta(seconds=60)
RETRY_TIMEOUT = timedelta(seconds=120)
MAX_RETRIES = 5
COLD = "cold"
"""Name of the cold store inside the other one; no session is called so."""

CALL_TIMEOUT_S = 600.0
"""For one whole recording: 45 minutes of Opus are some 20 MB."""


class RecordingsUrlInvalid(StorageError):
    """The URL of the object store is of no kind we know."""

    code = "recordings_url_invalid"


@dataclass(frozen=True)
class Kept:
    """A recording in the object store. `sha256` is that of its content, hexadecimal."""

    key: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Shelf:
    """One object store.

    Attributes:
        store: the store.
        place: its address, for people.
        folder: the local folder in which it keeps things, if it is one.
    """

    store: LocalStore | S3Store
    place: str
    folder: Path | None = None


class RecordingStore:
    """Keeps finished recordings under their keys.

    Every method raises `RecordingsUnavailable` when the store does not answer, `DiskFull` when it has no room.

    Args:
        shelf: where recordings are kept.
        cold: where those go that are seldom wanted.
    """

    def __init__(self, shelf: Shelf, cold: Shelf) -> None:
        self._shelf = shelf
        self._cold = cold

    def where(self, key: str, *, cold: bool = False) -> str:
        """Where a recording is, for people: the path of its file, or its URL."""
        return f"{(self._cold if cold else self._shelf).place}/{key}"

    async def keep(self, key: str, path: Path) -> Kept:
        """Move a finished file into the store, streamed. The file is removed once the store has it whole, not before.

        Keeping the same file again after an interruption replaces what was there.

        Raises:
            RecordingsUnavailable: the store does not answer, or has not got all of it; the file stays where it is.
            FileNotFoundError: there is no such file.
        """
        size, digest = await asyncio.to_thread(_hashed, path)
        await _put(self._shelf, key, path, size)
        await asyncio.to_thread(path.unlink, missing_ok=True)
        return Kept(key, size, digest)

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """The recording's bytes, in chunks of about 1 MB.

        Raises:
            RecordingUnknown: there is none under that key.
        """
        shelf, _ = await self._find(key)
        async with _errors(f"read recording {key}", key=key):
            chunks = aiter((await obstore.get_async(shelf.store, key)).stream(min_chunk_size=CHUNK))
        while True:
            async with _errors(f"read recording {key}"):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield bytes(chunk)

    @asynccontextmanager
    async def borrow(self, key: str) -> AsyncGenerator[Path | None]:
        """A recording as a file to be read while the context lasts; None: there is none under that key."""
        try:
            shelf, _ = await self._find(key)
        except RecordingUnknown:
            yield None
            return
        if shelf.folder is not None:
            yield shelf.folder / key
            return
        with scratch() as folder:
            path = folder / "recording"
            yield path if await self._fetch(key, path) else None

    async def size(self, key: str) -> int:
        """Its size in bytes. Raises RecordingUnknown."""
        _, size = await self._find(key)
        return size

    async def list(self, prefix: str | None = None) -> list[str]:
        """The keys of all recordings, or of those in the folder `prefix` (a session's id), sorted."""
        keys: set[str] = set()
        for shelf in (self._shelf, self._cold):
            async with _errors("list recordings"):
                found = await obstore.list(shelf.store, prefix).collect_async()
            keys.update(item["path"] for item in found)
        return sorted(key for key in keys if not key.startswith(f"{COLD}/"))

    async def delete(self, key: str) -> None:
        """Remove it for good, wherever it is. Raises RecordingUnknown."""
        there: list[Shelf] = []
        for shelf in (self._shelf, self._cold):
            with suppress(RecordingUnknown):
                await _size(shelf, key)
                there.append(shelf)
        if not there:
            raise RecordingUnknown(key)
        for shelf in there:
            async with _errors(f"delete recording {key}", key=key):
                await obstore.delete_async(shelf.store, key)

    async def clear(self, session_id: str) -> list[str]:
        """Remove all recordings of a session for good, and what an interrupted writer left; returns their keys."""
        if session_id in ("", ".", "..", COLD) or "/" in session_id:
            raise ValueError(f"{session_id!r} is no session's folder")
        keys = await self.list(session_id)
        for key in keys:
            with suppress(RecordingUnknown):
                await self.delete(key)
        for shelf in (self._shelf, self._cold):
            if shelf.folder is not None:
                folder = shelf.folder / session_id
                # Its list shows no file that was not finished.
                if await asyncio.to_thread(folder.exists):
                    await asyncio.to_thread(shutil.rmtree, folder)
        return keys

    async def cool(self, key: str) -> None:
        """Move a recording to the cold store; one that is there already stays.

        Interrupted, it is whole in one of the two, and doing it again ends it.

        Raises:
            RecordingUnknown: there is none under that key.
            RecordingsUnavailable: the cold store has not got all of it; the recording stays where it is.
        """
        shelf, _ = await self._find(key)
        if shelf is self._cold:
            return
        async with self.borrow(key) as path:
            if path is None:
                raise RecordingUnknown(key)
            await _put(self._cold, key, path, (await asyncio.to_thread(path.stat)).st_size)
        async with _errors(f"delete recording {key}", key=key):
            await obstore.delete_async(self._shelf.store, key)

    async def _find(self, key: str) -> tuple[Shelf, int]:
        """Where it is, and its bytes: what is in both is not wholly moved. Raises RecordingUnknown."""
        try:
            return self._shelf, await _size(self._shelf, key)
        except RecordingUnknown:
            return self._cold, await _size(self._cold, key)

    async def _fetch(self, key: str, path: Path) -> bool:
        try:
            with path.open("wb") as file:
                async for chunk in self.stream(key):
                    await asyncio.to_thread(file.write, chunk)
        except RecordingUnknown:
            return False
        return True


def open_recordings(url: str | None, *, default: Path, cold_url: str | None = None) -> RecordingStore:
    """The store of `VIVAVOCE_RECORDINGS_URL`: `s3://bucket/prefix`, `file:///path`, or the folder `default`.

    Credentials of S3 come from the usual `AWS_*` environment variables.

    Args:
        url: of the store.
        default: the folder where there is no URL.
        cold_url: of the cold store; without one it is the folder, or the prefix, `cold` in the other one.

    Raises:
        RecordingsUrlInvalid: it is neither.
        RecordingsUnavailable: the folder cannot be made.
    """
    shelf = _shelf(url, default=default)
    cold = _shelf(cold_url or (None if url is None else f"{url.rstrip('/')}/{COLD}"), default=default / COLD)
    return RecordingStore(shelf, cold)


def _shelf(url: str | None, *, default: Path) -> Shelf:
    parts = urlsplit(url or "")
    if url is None or parts.scheme == "file":
        folder = default if url is None else Path(url2pathname(parts.path))
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise RecordingsUnavailable(
                f"The folder {folder} for recordings cannot be made: {error.strerror}.",
                next_step="Check its permissions, or set VIVAVOCE_RECORDINGS_URL to another place.",
            ) from error
        return Shelf(LocalStore(prefix=folder), str(folder), folder)
    if parts.scheme == "s3" and parts.netloc:
        client: ClientConfig = {
            "connect_timeout": CONNECT_TIMEOUT,
            "timeout": REQUEST_TIMEOUT,
            # Options given here hide this one of the environment's, which a store without TLS needs.
            "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("true", "1"),
        }
        retry: RetryConfig = {"max_retries": MAX_RETRIES, "retry_timeout": RETRY_TIMEOUT}
        prefix = parts.path.strip("/") or None
        store = S3Store(parts.netloc, prefix=prefix, client_options=client, retry_config=retry)
        return Shelf(store, url.rstrip("/"))
    raise RecordingsUrlInvalid(
        f"Recordings cannot be kept at {parts.scheme or 'a place without a scheme'}://….",
        next_step="Set VIVAVOCE_RECORDINGS_URL to s3://bucket/prefix or file:///path.",
    )


async def _put(shelf: Shelf, key: str, path: Path, size: int) -> None:
    """Have a file in the store whole, and on its disk."""
    async with _errors(f"keep recording {key}"):
        await obstore.put_async(shelf.store, key, path, chunk_size=5 * CHUNK)
        held = (await obstore.head_async(shelf.store, key))["size"]
    if held != size:
        raise RecordingsUnavailable(
            f"Recording {key} has {size} bytes; the object store holds {held} of them.",
            next_step="Look at the object store; the file is still where it was and will be sent again.",
        )
    if shelf.folder is not None:
        await asyncio.to_thread(_sync, shelf.folder / key)


async def _size(shelf: Shelf, key: str) -> int:
    async with _errors(f"look at recording {key}", key=key):
        return (await obstore.head_async(shelf.store, key))["size"]


def _hashed(path: Path) -> tuple[int, str]:
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return size, digest.hexdigest()


def _sync(path: Path) -> None:
    """Have the file and its name on the disk, not only on their way to it."""
    for name in (path, path.parent):
        handle = os.open(name, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@asynccontextmanager
async def _errors(doing: str, *, key: str | None = None) -> AsyncGenerator[None]:
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            yield
    except (BaseError, OSError) as error:
        if isinstance(error, FileNotFoundError) and key is not None:
            raise RecordingUnknown(key) from error
        text = str(error).strip() or type(error).__name__
        first = text.splitlines()[0]
        if "No space left on device" in text or "StorageFull" in text:
            raise DiskFull(f"Could not {doing}: the disk is full.") from error
        raise RecordingsUnavailable(
            f"Could not {doing}: {first}.",
            next_step="Check that the object store can be reached and written; then it goes on by itself.",
        ) from error
