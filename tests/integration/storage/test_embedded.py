"""The PostgreSQL of our own: it starts, it is shared, it survives what may happen to it."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from vivavoce.storage.cluster import MAJOR
from vivavoce.storage.embedded import EmbeddedPostgres, embedded_postgres
from vivavoce.storage.errors import (
    DataFolderEmpty,
    DataFolderUnusable,
    DiskFull,
    PostgresFailed,
    PostgresVersionMismatch,
)

HOLDER = """
import sys, time
from pathlib import Path
from vivavoce.storage.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
print("attached", server.attach(), flush=True)
sys.stdin.read()
server.detach()
print("detached", flush=True)
"""

StartHolder = Callable[[Path], subprocess.Popen[str]]


@pytest.fixture
def start_holder() -> Iterator[StartHolder]:
    """Starts a process that uses the folder's PostgreSQL until its input is closed."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        attached(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def attached(process: subprocess.Popen[str]) -> str:
    """Wait until the holder uses its PostgreSQL; its URL."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("attached "):
            return line.split()[1]
    raise AssertionError("the holder ended")


def finish(process: subprocess.Popen[str]) -> None:
    output, _ = process.communicate(timeout=30)
    assert "detached" in output
    assert process.returncode == 0


def write(url: str, value: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept (value integer)")
        connection.execute("INSERT INTO kept VALUES (%s)", [value])


def values(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT value FROM kept ORDER BY value")]


def server_of(folder: Path) -> int:
    pid = EmbeddedPostgres(folder).pid()
    assert pid is not None
    return pid


def gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def test_a_new_folder_gets_a_database_that_stays(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    with embedded_postgres(folder) as url:
        write(url, 1)
        pid = server_of(folder)
        with psycopg.connect(url) as connection:
            assert connection.info.server_version // 10000 == int(MAJOR)
            settings = dict(connection.execute("SELECT name, setting FROM pg_settings").fetchall())
        assert settings["fsync"] == settings["full_page_writes"] == settings["data_checksums"] == "on"
        assert settings["listen_addresses"] == ""
        assert settings["server_encoding"] == "UTF8"
    assert gone(pid)
    with embedded_postgres(folder) as url:
        assert values(url) == [1]


def test_only_we_can_reach_it(data_folder: Path) -> None:
    with embedded_postgres(data_folder, durable=False):
        url_file = data_folder / "postgres.url"
        assert stat.S_IMODE(url_file.stat().st_mode) == 0o600
        assert url_file.read_text().startswith("postgresql://")
        home = (data_folder / "postgres").stat()
        assert stat.S_IMODE(home.st_mode) == 0o700
        process = psutil.Process(server_of(data_folder))
        assert process.uids().effective == home.st_uid != 0
        assert not process.net_connections(kind="inet")
    assert not url_file.exists()


def test_the_last_user_stops_it(data_folder: Path, start_holder: StartHolder) -> None:
    first = start_holder(data_folder)
    pid = server_of(data_folder)
    with embedded_postgres(data_folder, durable=False) as url:
        assert server_of(data_folder) == pid
        finish(first)
        write(url, 1)
        assert server_of(data_folder) == pid
    assert gone(pid)


def test_it_stops_also_when_its_way_to_the_data_was_closed(data_folder: Path) -> None:
    """As a tool does that tidies up the rights of a folder above: from root's own account this changes nothing."""
    with embedded_postgres(data_folder, durable=False) as url:
        pid = server_of(data_folder)
        write(url, 1)
        data_folder.chmod(0o700)
        data_folder.parent.chmod(0o700)
    assert gone(pid)
    with embedded_postgres(data_folder, durable=False) as url:
        assert values(url) == [1]


def test_a_user_that_leaves_first_stops_nothing(data_folder: Path, start_holder: StartHolder) -> None:
    holder = start_holder(data_folder)
    pid = server_of(data_folder)
    with embedded_postgres(data_folder, durable=False) as url:
        write(url, 1)
    assert server_of(data_folder) == pid
    finish(holder)
    assert gone(pid)


def test_it_outlives_a_killed_user_and_is_taken_over(data_folder: Path, start_holder: StartHolder) -> None:
    holder = start_holder(data_folder)
    pid = server_of(data_folder)
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)
    with embedded_postgres(data_folder, durable=False) as url:
        assert server_of(data_folder) == pid
        write(url, 1)
    assert gone(pid)


def test_ctrl_c_at_the_terminal_reaches_it_through_us_alone(
    data_folder: Path, start_holder: StartHolder
) -> None:
    holder = start_holder(data_folder)
    assert os.getsid(server_of(data_folder)) != os.getsid(holder.pid)


def test_a_killed_database_loses_nothing_that_was_committed(data_folder: Path) -> None:
    with embedded_postgres(data_folder) as url:
        for value in range(20):
            write(url, value)
        os.kill(server_of(data_folder), signal.SIGKILL)
    with embedded_postgres(data_folder) as url:
        assert values(url) == list(range(20))


def test_a_stale_pid_of_another_process_is_no_obstacle(data_folder: Path) -> None:
    with embedded_postgres(data_folder, durable=False) as url:
        write(url, 1)
        stale = (data_folder / "postgres/data/postmaster.pid").read_text().splitlines()
    # As after a crash of a container: the number belongs to somebody else now.
    owner = (data_folder / "postgres/data").stat()
    bystander = subprocess.Popen(["sleep", "60"], user=owner.st_uid)
    try:
        pid_file = data_folder / "postgres/data/postmaster.pid"
        pid_file.write_text("\n".join([str(bystander.pid), *stale[1:]]) + "\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        pid_file.chmod(0o600)
        with embedded_postgres(data_folder, durable=False) as url:
            assert values(url) == [1]
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_an_interrupted_creation_is_begun_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres" / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with embedded_postgres(tmp_path, durable=False) as url:
        write(url, 1)
    assert not unfinished.exists()


@pytest.mark.parametrize("name", ["with space, comma", 'quote\'s "double"', "plus+%41 ünï", "long-" * 30])
def test_it_starts_under_any_name(made_folder: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    subprocess.run(["cp", "-a", made_folder, folder], check=True)
    elsewhere = set(Path(tempfile.gettempdir()).glob("vivavoce-*"))
    with embedded_postgres(folder, durable=False) as url:
        write(url, 1)
        assert values(url) == [1]
    assert set(Path(tempfile.gettempdir()).glob("vivavoce-*")) == elsewhere


@pytest.fixture
def public_folder(made_folder: Path) -> Iterator[Path]:
    """A data folder in a place that every account can reach."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        folder = Path(place) / "vv"
        subprocess.run(["cp", "-a", made_folder, folder], check=True)
        yield folder


def as_nobody(check: Callable[[], bool]) -> bool:
    """Whether `check` holds for an ordinary user: for us, or for a child of ours that has become `nobody`.

    Not in a new Python: that may be installed where only root can look.
    """
    if os.geteuid() != 0:
        return check()
    child = os.fork()
    if child == 0:
        outcome = 2
        try:
            nobody = pwd.getpwnam("nobody")
            os.setgroups([])
            os.setgid(nobody.pw_gid)
            os.setuid(nobody.pw_uid)
            os.chdir("/")
            outcome = 0 if check() else 1
        finally:
            os._exit(outcome)
    return os.waitpid(child, 0)[1] == 0


def test_it_runs_for_an_ordinary_user(public_folder: Path) -> None:
    if os.geteuid() == 0:
        subprocess.run(["chown", "-R", "nobody", public_folder], check=True)

    def check() -> bool:
        with embedded_postgres(public_folder, durable=False) as url:
            write(url, 1)
            ours = psutil.Process(server_of(public_folder)).uids().effective == os.geteuid()
        with embedded_postgres(public_folder, durable=False) as url:
            return ours and values(url) == [1]

    assert as_nobody(check)


def test_a_database_of_another_user_is_named(data_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = pwd.getpwuid((data_folder / "postgres/data").stat().st_uid).pw_name
    daemon = pwd.getpwnam("daemon").pw_uid
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: daemon)
        with pytest.raises(DataFolderUnusable, match=f"belongs to the account {owner}, not to daemon"):
            EmbeddedPostgres(data_folder).attach()


def test_a_user_without_a_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "geteuid", lambda: 987_654)
        with pytest.raises(PostgresFailed, match="987654 has no name"):
            EmbeddedPostgres(tmp_path).attach()


def test_a_folder_without_a_database_can_be_left_alone(tmp_path: Path) -> None:
    with pytest.raises(DataFolderEmpty, match="no Viva Voce data"):
        EmbeddedPostgres(tmp_path / "none").attach(create=False)
    assert not (tmp_path / "none").exists()


def test_another_major_version_is_named_and_left_alone(data_folder: Path) -> None:
    version = data_folder / "postgres/data/PG_VERSION"
    version.write_text("16\n")
    with pytest.raises(PostgresVersionMismatch, match="PostgreSQL 16"):
        EmbeddedPostgres(data_folder).attach()
    version.write_text(f"{MAJOR}\n")
    with embedded_postgres(data_folder, durable=False) as url:
        write(url, 1)


def test_a_folder_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "diary.txt").write_text("dear diary")
    with pytest.raises(DataFolderUnusable, match="no PG_VERSION"):
        EmbeddedPostgres(tmp_path).attach()
    assert (data / "diary.txt").read_text() == "dear diary"


def test_a_damaged_database_says_what_postgresql_said(data_folder: Path) -> None:
    (data_folder / "postgres/data/global/pg_control").unlink()
    with pytest.raises(PostgresFailed, match=r"did not start: .*could not find.*server\.log"):
        EmbeddedPostgres(data_folder).attach()


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataFolderUnusable, match="file"):
        EmbeddedPostgres(tmp_path / "file").attach()


def test_a_folder_that_cannot_be_written_is_named() -> None:
    # /proc takes no folders, from root neither.
    with pytest.raises(DataFolderUnusable, match="/proc/vivavoce"):
        EmbeddedPostgres(Path("/proc/vivavoce")).attach()


def test_a_disk_without_room_is_told_before_anything_is_changed(
    tmp_path: Path, data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)

    def nearly_full(path: Path) -> object:
        return usage._replace(free=50 << 20)

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    with pytest.raises(DiskFull, match=r"50 MB left; a new database needs 300 MB"):
        EmbeddedPostgres(tmp_path / "new").attach()
    assert not (tmp_path / "new/postgres/data").exists()
    with pytest.raises(DiskFull, match=r"50 MB left; the database needs 100 MB"):
        EmbeddedPostgres(data_folder).attach()
    monkeypatch.undo()
    with embedded_postgres(data_folder, durable=False) as url:
        write(url, 1)


def test_a_disk_that_is_full_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, data: bytes) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DiskFull, match="is full"):
        EmbeddedPostgres(tmp_path).attach()


def test_many_start_at_once_and_share_one(data_folder: Path, start_holder: StartHolder) -> None:
    command = [sys.executable, "-c", HOLDER, str(data_folder)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    try:
        assert len({attached(process) for process in processes}) == 1
        pid = server_of(data_folder)
        for process in processes:
            finish(process)
        assert gone(pid)
    finally:
        for process in processes:
            process.kill()
            process.wait()


def test_a_process_that_just_exits_leaves_nothing_running(data_folder: Path) -> None:
    code = HOLDER.replace("sys.stdin.read()", "print('pid', server.pid(), flush=True); sys.exit(0)")
    done = subprocess.run(
        [sys.executable, "-c", code, str(data_folder)], capture_output=True, text=True, timeout=60, check=True
    )
    pid = int(done.stdout.split("pid ")[1].split()[0])
    deadline = time.monotonic() + 5
    while not gone(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert gone(pid)
