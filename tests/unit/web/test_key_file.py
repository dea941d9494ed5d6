"""The secret in the data folder: made once, for its owner's eyes."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from vivavoce.web.keys import FILE_NAME, KeyFileError, Keys, load_or_create


def test_it_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    first = load_or_create(data)
    assert stat.S_IMODE((data / FILE_NAME).stat().st_mode) == 0o600
    assert load_or_create(data) == first
    assert list(data.iterdir()) == [data / FILE_NAME]
    assert load_or_create(tmp_path / "other") != first


def test_many_starting_at_once_end_up_with_one_secret(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(load_or_create, [tmp_path] * 8))
    assert len({keys.session_token for keys in found}) == 1
    assert list(tmp_path.iterdir()) == [tmp_path / FILE_NAME]


@pytest.mark.parametrize("content", [b"", b"short", b"zz" * 32, b"\xff" * 32, b"00" * 31])
def test_what_is_no_secret_of_ours_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="hexadecimal"):
        load_or_create(tmp_path)
    assert path.read_bytes() == content


def test_a_secret_others_may_read_is_refused(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load_or_create(tmp_path)


def test_a_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(KeyFileError, match="file"):
        load_or_create(tmp_path / "file" / "data")


def test_keys_are_not_the_secret_and_do_not_show_themselves() -> None:
    secret = bytes(range(32))
    keys = Keys.derive(secret)
    assert keys.session_token not in (secret, Keys.derive(bytes(32)).session_token)
    assert keys.session_token.hex() not in repr(keys) and str(keys.session_token) not in repr(keys)
    with pytest.raises(ValueError, match="31"):
        Keys.derive(secret[1:])
