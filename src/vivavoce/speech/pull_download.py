"""One file over HTTP: resumed, retried, and believed only by its hash."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

import httpx

from vivavoce import __version__
from vivavoce.errors import VivavoceError
from vivavoce.speech.store import sha256_of

CONNECT_TIMEOUT_S = 10.0
READ_TIMEOUT_S = 30.0
ATTEMPTS = 5  # in a row without getting on
LONGEST_PAUSE_S = 15.0
_GETTING_ON = 1 << 18  # bytes an attempt must bring for the count of failures to start anew
_WORTH_RETRYING = frozenset({408, 425, 429, 500, 502, 503, 504})


class DownloadFailed(VivavoceError):
    """The server could not be reached, or kept breaking off."""

    code = "download_failed"


class DownloadRefused(VivavoceError):
    """The server answered, and will not give the file."""

    code = "download_refused"


class HashMismatch(VivavoceError):
    """What arrived is not what was declared."""

    code = "hash_mismatch"


class Progress(Protocol):
    """Who is told how far it is. All sizes in bytes."""

    def start(self, label: str, *, total: int) -> None:
        """A file begins."""
        ...

    def at(self, done: int) -> None:
        """So much of it is here; may go back when a server starts from the beginning."""
        ...

    def finish(self) -> None:
        """It is here."""
        ...

    def note(self, text: str) -> None:
        """Something worth a line."""
        ...


class _BrokenOff(Exception):
    """An attempt ended before the file did; another may bring the rest."""


def client(*, certificates: tuple[Path, ...] = (), proxy: str | None = None) -> httpx.Client:
    """An HTTP client that trusts what the system trusts, and what the user's own tools were told to trust.

    Args:
        certificates: further PEM files or folders of authorities; those that do not exist are passed over.
        proxy: used for everything; without it the usual proxy variables hold.
    """
    context = httpx.create_ssl_context()
    context.load_default_certs()
    for place in certificates:
        if place.is_file():
            context.load_verify_locations(cafile=str(place))
        elif place.is_dir():
            context.load_verify_locations(capath=str(place))
    return httpx.Client(
        verify=context,
        proxy=proxy,
        follow_redirects=True,
        timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        headers={"User-Agent": f"vivavoce/{__version__}", "Accept-Encoding": "identity"},
    )


def download(
    http: httpx.Client,
    url: str,
    target: Path,
    *,
    size: int,
    sha256: str,
    progress: Progress,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Bring `url` to `target`. An interrupted download goes on where it stopped, from `target` + `.part`.

    Args:
        http: from `client`.
        url: `http(s):` or `file:`.
        target: where it goes; one that is there already and has the hash is left as it is.
        size: expected, in bytes.
        sha256: expected, lower-case hex.
        progress: told how far it is.
        sleep: waits between attempts.

    Raises:
        DownloadFailed: no connection, or it breaks off each time.
        DownloadRefused: an HTTP error that waiting does not mend.
        HashMismatch: the bytes are others; they have been deleted.
    """
    if target.is_file() and target.stat().st_size == size and sha256_of(target) == sha256:
        return target
    part = target.with_name(target.name + ".part")
    kept = part.exists()
    progress.start(target.name, total=size)
    while True:
        if _length(part) < size:
            _complete(http, url, part, size=size, progress=progress, sleep=sleep)
        found = sha256_of(part)
        if found == sha256:
            part.replace(target)
            progress.finish()
            return target
        part.unlink()
        if not kept:
            raise HashMismatch(
                f"What {urlsplit(url).netloc or url} gave as {target.name} is not that file: its sha256 is {found}, "
                f"declared is {sha256}.",
                next_step="It was deleted. Try again; if it stays so, the server or something on the way alters files.",
            )
        kept = False
        progress.note(f"{target.name}: the part kept from an earlier try was bad; starting anew")


def _complete(
    http: httpx.Client, url: str, part: Path, *, size: int, progress: Progress, sleep: Callable[[float], None]
) -> None:
    """Make `part` as long as the file is, over as many attempts as get on."""
    if urlsplit(url).scheme == "file":
        shutil.copyfile(unquote(urlsplit(url).path), part)
        progress.at(_length(part))
        return
    failures = 0
    while True:
        before = _length(part)
        try:
            _receive(http, url, part, size=size, progress=progress)
        except (httpx.RequestError, _BrokenOff) as error:
            failures = 1 if _length(part) - before >= _GETTING_ON else failures + 1
            if failures >= ATTEMPTS:
                raise DownloadFailed(
                    f"{part.stem} could not be fetched from {urlsplit(url).netloc}: "
                    f"{str(error) or type(error).__name__}.",
                    next_step="Check the connection and run the same command again: it goes on where it stopped.",
                ) from error
            sleep(min(2.0 ** (failures - 1), LONGEST_PAUSE_S))
        else:
            return


def _receive(http: httpx.Client, url: str, part: Path, *, size: int, progress: Progress) -> None:
    """One attempt: what is missing if the server can, else everything.

    Raises:
        _BrokenOff: it ended early, or is worth another try.
        DownloadRefused: it is not.
    """
    have = _length(part)
    headers = {"Range": f"bytes={have}-"} if have else {}
    with http.stream("GET", url, headers=headers) as answer:
        status = answer.status_code
        if status in _WORTH_RETRYING:
            raise _BrokenOff(f"the server answered {status}")
        if status not in (
            HTTPStatus.OK,
            HTTPStatus.PARTIAL_CONTENT,
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
        ):
            raise _refused(url, status)
        resumed = status == HTTPStatus.PARTIAL_CONTENT and _starts_at(answer, have)
        if not resumed and status != HTTPStatus.OK:
            part.unlink(missing_ok=True)
            raise _BrokenOff("the server would not go on where the download stopped")
        with part.open("ab" if resumed else "wb") as file:
            done = have if resumed else 0
            for chunk in answer.iter_raw():
                file.write(chunk)
                done += len(chunk)
                progress.at(min(done, size))
                if done > size:  # another file than the declared one: its hash will say so
                    return
    if done < size:
        raise _BrokenOff(f"the connection ended after {done:,} of {size:,} bytes")


def _starts_at(answer: httpx.Response, offset: int) -> bool:
    return answer.headers.get("Content-Range", "").startswith(f"bytes {offset}-")


def _refused(url: str, status: int) -> DownloadRefused:
    where = urlsplit(url)
    name = where.path.rsplit("/", 1)[-1]
    if status in (401, 403, 407):
        return DownloadRefused(
            f"{where.netloc} asks for a login to give {name} (HTTP {status}).",
            next_step="Fetch the archives with your own client, which has the login, and use `--from FOLDER`.",
        )
    return DownloadRefused(
        f"{where.netloc} does not give {name} (HTTP {status}).",
        next_step="Check that the mirror or hub has it, or bring the files by hand with `--from FOLDER`.",
    )


def _length(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def certificates(environ: Mapping[str, str], configured: str | None) -> tuple[Path, ...]:
    """Where the user keeps further authorities: the variables the common tools read, and pip's own setting."""
    named = [
        environ.get(name)
        for name in (
            "PIP_CERT",
            "SSL_CERT_FILE",
            "REQUESTS_CA_BUNDLE",
            "CURL_CA_BUNDLE",
            "NODE_EXTRA_CA_CERTS",
        )
    ]
    return tuple(dict.fromkeys(Path(place).expanduser() for place in [*named, configured] if place))
