"""Recordings in an object store: a local folder or S3, through one interface."""

from __future__ import annotations

import asyncio
import hashlib
import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
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

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

CHUNK = 1 << 20
"""Bytes read or sent at once."""

CONNECT_TIMEOUT = timedelta(seconds=5)
REQUEST_TIMEOUT = timedelta(seconds=60)
RETRY_TIMEOUT = timedelta(seconds=120)
MAX_RETRIES = 5
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


class RecordingStore:
    """Keeps finished recordings under their keys.

    Every method raises `RecordingsUnavailable` when the store does not answer, `DiskFull` when it has no room.

    Args:
        store: where to; see `open_recordings`.
        place: the address of that, for people.
        folder: the local folder `store` keeps them in, if it is one.
    """

    def __init__(self, store: LocalStore | S3Store, *, place: str, folder: Path | None = None) -> None:
        self._store = store
        self._place = place.rstrip("/")
        self._folder = folder

    def where(self, key: str) -> str:
        """Where a recording is, for people: the path of its file, or its URL."""
        return f"{self._place}/{key}"

    async def keep(self, key: str, path: Path) -> Kept:
        """Move a finished file into the store, streamed. The file is removed once the store has it whole, not before.

        Keeping the same file again after an interruption replaces what was there.

        Raises:
            RecordingsUnavailable: the store does not answer, or has not got all of it; the file stays where it is.
            FileNotFoundError: there is no such file.
        """
        size, digest = await asyncio.to_thread(_hashed, path)
        async with _errors(f"keep recording {key}"):
            await obstore.put_async(self._store, key, path, chunk_size=5 * CHUNK)
            held = (await obstore.head_async(self._store, key))["size"]
        if held != size:
            raise RecordingsUnavailable(
                f"Recording {key} has {size} bytes; the object store holds {held} of them.",
                next_step="Look at the object store; the file is still in the spool and will be sent again.",
            )
        await asyncio.to_thread(self._settle, key, path)
        return Kept(key, size, digest)

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """The recording's bytes, in chunks of about 1 MB.

        Raises:
            RecordingUnknown: there is none under that key.
        """
        async with _errors(f"read recording {key}", key=key):
            chunks = aiter((await obstore.get_async(self._store, key)).stream(min_chunk_size=CHUNK))
        while True:
            async with _errors(f"read recording {key}"):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            yield bytes(chunk)

    @asynccontextmanager
    async def borrow(self, key: str) -> AsyncGenerator[Path | None]:
        """A recording as a file to be read while the context lasts; None: there is none under that key."""
        if self._folder is not None:
            path = self._folder / key
            yield path if await asyncio.to_thread(path.is_file) else None
            return
        with tempfile.TemporaryDirectory(prefix="vivavoce-") as folder:
            path = Path(folder) / "recording"
            yield path if await self._fetch(key, path) else None

    async def size(self, key: str) -> int:
        """Its size in bytes. Raises RecordingUnknown."""
        async with _errors(f"look at recording {key}", key=key):
            return (await obstore.head_async(self._store, key))["size"]

    async def list(self, prefix: str | None = None) -> list[str]:
        """The keys of all recordings, or of those in the folder `prefix` (a session's id), sorted."""
        async with _errors("list recordings"):
            found = await obstore.list(self._store, prefix).collect_async()
        return sorted(item["path"] for item in found)

    async def delete(self, key: str) -> None:
        """Remove it for good. Raises RecordingUnknown."""
        await self.size(key)
        async with _errors(f"delete recording {key}", key=key):
            await obstore.delete_async(self._store, key)

    async def _fetch(self, key: str, path: Path) -> bool:
        try:
            with path.open("wb") as file:
                async for chunk in self.stream(key):
                    await asyncio.to_thread(file.write, chunk)
        except RecordingUnknown:
            return False
        return True

    def _settle(self, key: str, path: Path) -> None:
        if self._folder is not None:
            _sync(self._folder / key)
        path.unlink(missing_ok=True)


def open_recordings(url: str | None, *, default: Path) -> RecordingStore:
    """The store of `VIVAVOCE_RECORDINGS_URL`: `s3://bucket/prefix`, `file:///path`, or the folder `default`.

    Credentials of S3 come from the usual `AWS_*` environment variables.

    Raises:
        RecordingsUrlInvalid: it is neither.
        RecordingsUnavailable: the folder cannot be made.
    """
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
        return RecordingStore(LocalStore(prefix=folder), place=str(folder), folder=folder)
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
        return RecordingStore(store, place=url)
    raise RecordingsUrlInvalid(
        f"Recordings cannot be kept at {parts.scheme or 'a place without a scheme'}://….",
        next_step="Set VIVAVOCE_RECORDINGS_URL to s3://bucket/prefix or file:///path.",
    )


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
