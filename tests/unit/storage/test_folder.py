"""The data folder's locks and its room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vivavoce.storage.errors import DataFolderInUse, DataFolderUnusable, DiskFull
from vivavoce.storage.folder import locked, owned, prepare, require_space


def test_a_folder_is_made_for_us_alone(tmp_path: Path) -> None:
    prepare(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o777 == 0o700
    assert list((tmp_path / "a" / "b").iterdir()) == []
    prepare(tmp_path / "a" / "b")


def test_a_folder_has_one_owner_whose_process_is_named(tmp_path: Path) -> None:
    with (
        owned(tmp_path),
        pytest.raises(DataFolderInUse, match=rf"in use by process {os.getpid()}\.") as error,
        owned(tmp_path),
    ):
        raise AssertionError("two owners")
    assert error.value.pid == os.getpid()
    with owned(tmp_path):
        pass


def test_an_owner_that_failed_leaves_the_folder_free(tmp_path: Path) -> None:
    with pytest.raises(KeyError), owned(tmp_path):
        raise KeyError
    with owned(tmp_path):
        pass


def test_what_a_dead_owner_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "owner.lock").write_text("4194304\nrubbish \xff")
    with owned(tmp_path):
        assert (tmp_path / "owner.lock").read_text() == f"{os.getpid()}\n"


def test_a_short_lock_is_waited_for_but_not_for_ever(tmp_path: Path) -> None:
    with (
        locked(tmp_path, "short.lock", timeout_s=0),
        pytest.raises(DataFolderInUse),
        locked(tmp_path, "short.lock", timeout_s=0.01),
    ):
        raise AssertionError("two holders")


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for broken in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(DataFolderUnusable, match="cannot be used"):
            prepare(broken)


def test_room_is_asked_for(tmp_path: Path) -> None:
    require_space(tmp_path, 1, purpose="a test")
    with pytest.raises(DiskFull, match=r"a test needs 1099511627776 MB"):
        require_space(tmp_path, 1 << 40, purpose="a test")
