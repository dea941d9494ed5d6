"""The model store: pulled once, verified by hash, offline after.

    root/<model id>/…files        exactly as the engine reads them
    root/<model id>/manifest.json what was placed: every file's size and sha256, the source, the licence
    root/.work/…                  downloads, unfinished folders and locks; safe to delete when nothing pulls

A model appears by one rename of a finished, verified folder, so a folder with a manifest is whole. Reading never
writes and never touches the network: the root may be a read-only mount.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.speech.catalogue import CATALOGUE, Model, find

MANIFEST = "manifest.json"
_WORK = ".work"
_CHUNK = 1 << 20  # bytes read at a time when hashing


class StoreError(VivavoceError):
    """Something about the model store's folder."""

    code = "model_store"


class ModelMissing(StoreError):
    """The model is not in the store."""

    code = "model_missing"


class ModelDamaged(StoreError):
    """The model is in the store, but not as it was declared."""

    code = "model_damaged"


class StoreNotWritable(StoreError):
    """The store's folder cannot be written."""

    code = "model_store_not_writable"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileRecord(_Record):
    """One file that was placed. `size` in bytes; `sha256` lower-case hex."""

    path: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


class Manifest(_Record):
    """What was placed in a model's folder, and from where."""

    schema_version: Literal[1] = 1
    id: str
    licence: str
    non_commercial: bool
    source: str
    files: tuple[FileRecord, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one file of a model."""

    path: str
    problem: str


class ModelStore:
    """The models in one folder.

    Args:
        root: the folder; made when something is first pulled.
        catalogue: the declarations it goes by.
    """

    def __init__(self, root: Path, *, catalogue: Mapping[str, Model] = CATALOGUE) -> None:
        self.root = root
        self.catalogue = catalogue

    def path(self, model_id: str) -> Path:
        """The folder of a pulled model, checked by its files' sizes; `verify` checks their hashes.

        Raises:
            UnknownModel: it is not declared.
            ModelMissing: it was never pulled here.
            ModelDamaged: a file is gone, cut short, or of another release than the one declared.
        """
        model = find(model_id, self.catalogue)
        manifest = self.manifest(model_id)
        _raise(model_id, self._undeclared(model, manifest) or self._missized(model_id, manifest))
        return self.root / model_id

    def installed(self) -> list[str]:
        """Ids of the declared models that are here and whole by size, in the catalogue's order."""
        return [model_id for model_id in self.catalogue if self.has(model_id)]

    def has(self, model_id: str) -> bool:
        """Whether `path` would answer."""
        try:
            self.path(model_id)
        except (ModelMissing, ModelDamaged):
            return False
        return True

    def verify(self, model_id: str) -> Manifest:
        """Read every file of a model and compare its sha256.

        Raises:
            UnknownModel: it is not declared.
            ModelMissing: it was never pulled here.
            ModelDamaged: naming every file that differs.
        """
        model = find(model_id, self.catalogue)
        manifest = self.manifest(model_id)
        faults = self._undeclared(model, manifest) or self._missized(model_id, manifest)
        if not faults:
            faults = [
                Fault(record.path, "its bytes have changed")
                for record in manifest.files
                if sha256_of(self.root / model_id / record.path) != record.sha256
            ]
        _raise(model_id, faults)
        return manifest

    def remove(self, model_id: str) -> bool:
        """Delete a model, whatever state it is in; whether there was one.

        Raises:
            UnknownModel: it is not declared.
            StoreNotWritable: its folder cannot be deleted.
        """
        find(model_id, self.catalogue)
        folder = self.root / model_id
        if not folder.exists():
            return False
        with self.lock(model_id):
            self._retire(model_id)
        return True

    def manifest(self, model_id: str) -> Manifest:
        """What was placed, as it was written then.

        Raises:
            ModelMissing: there is no such folder.
            ModelDamaged: the folder has no readable manifest.
        """
        file = self.root / model_id / MANIFEST
        try:
            manifest = Manifest.model_validate_json(file.read_bytes())
        except FileNotFoundError:
            raise ModelMissing(
                f"The model {model_id} is not in {self.root}.",
                next_step=f"Run `vivavoce models pull {model_id}`.",
            ) from None
        except (OSError, ValidationError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not a manifest"
            raise _damaged(model_id, [Fault(MANIFEST, f"cannot be read: {reason}")]) from error
        if manifest.id != model_id:
            raise _damaged(model_id, [Fault(MANIFEST, f"is of another model, {manifest.id}")])
        return manifest

    @contextmanager
    def lock(self, model_id: str, *, wait: bool = True) -> Generator[None]:
        """Hold the right to change a model; other processes and threads wait. Ends with the process, whatever happens.

        Raises:
            BlockingIOError: another holds it and `wait` is false.
            StoreNotWritable: the lock file cannot be made.
        """
        file = self.work("locks") / model_id
        try:
            handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise self._not_writable(error) from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(handle)

    def work(self, name: str) -> Path:
        """A folder for unfinished things, on the same file system as the models.

        Raises:
            StoreNotWritable: it cannot be made.
        """
        folder = self.root / _WORK / name
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._not_writable(error) from error
        return folder

    def place(self, model: Model, staged: Path, *, source: str) -> Path:
        """Make a finished folder the model; call with the lock held, and with every hash checked.

        Args:
            model: its declaration.
            staged: a folder inside `work`, holding the files and nothing else. It is gone afterwards.
            source: where the files came from, for people.
        """
        present = tuple(
            FileRecord(path=file.path, size=file.size, sha256=file.sha256)
            for file in model.files
            if (staged / file.path).is_file()
        )
        manifest = Manifest(
            id=model.id,
            licence=model.licence,
            non_commercial=model.non_commercial,
            source=source,
            files=present,
        )
        with (staged / MANIFEST).open("w", encoding="utf-8") as file:
            file.write(manifest.model_dump_json(indent=2) + "\n")
            file.flush()
            os.fsync(file.fileno())
        final = self.root / model.id
        if final.exists():
            self._retire(model.id)
        staged.rename(final)
        return final

    def _retire(self, model_id: str) -> None:
        """Take a model away in one step, then delete it."""
        old = self.work("old") / model_id
        try:
            if old.exists():
                shutil.rmtree(old)
            (self.root / model_id).rename(old)
            shutil.rmtree(old)
        except OSError as error:
            raise self._not_writable(error) from error

    def _undeclared(self, model: Model, manifest: Manifest) -> list[Fault]:
        placed = {record.path: record.sha256 for record in manifest.files}
        return [
            Fault(file.path, "is not the release this version of Viva Voce was built for")
            for file in model.files
            if placed.get(file.path, file.sha256 if file.notice else None) != file.sha256
        ]

    def _missized(self, model_id: str, manifest: Manifest) -> list[Fault]:
        faults: list[Fault] = []
        for record in manifest.files:
            try:
                size = (self.root / model_id / record.path).stat().st_size
            except OSError as error:
                faults.append(Fault(record.path, f"cannot be read: {error.strerror}"))
                continue
            if size != record.size:
                faults.append(Fault(record.path, f"is {size:,} bytes instead of {record.size:,}"))
        return faults

    def _not_writable(self, error: OSError) -> StoreNotWritable:
        return StoreNotWritable(
            f"The models' folder {self.root} cannot be written: {error.strerror}.",
            next_step="Give this user the right to write there, or set VIVAVOCE_MODELS_DIR to another folder.",
        )


def sha256_of(file: Path) -> str:
    """The sha256 of a file's bytes, lower-case hex."""
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        while chunk := handle.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _raise(model_id: str, faults: list[Fault]) -> None:
    if faults:
        raise _damaged(model_id, faults)


def _damaged(model_id: str, faults: list[Fault]) -> ModelDamaged:
    shown = "; ".join(f"{fault.path} {fault.problem}" for fault in faults[:3])
    more = f"; and {len(faults) - 3} more files" if len(faults) > 3 else ""
    return ModelDamaged(
        f"The model {model_id} is damaged: {shown}{more}.",
        next_step=f"Run `vivavoce models pull {model_id}` to replace it.",
    )
