"""Speech that was made before."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.cache import ABANDONED_S, LARGEST, Kept, Recipe, SpeechCache
from vivavoce.speech.messages import WordTime

WORDS = (WordTime(text="Hello", start=0, end=5, start_s=0.0, end_s=0.4),)


def recipe(text: str = "Hello.", **change: object) -> Recipe:
    fields: dict[str, object] = {
        "engine": "kokoro",
        "weights": "kokoro-82m-int8",
        "address": "",
        "voice": "af_heart",
        "language": "en",
        "speed": 1.0,
        "text": text,
        "rules": "1",
    }
    return Recipe.model_validate({**fields, **change})


def files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path, limit=1 << 20)


def test_what_is_kept_is_found(cache: SpeechCache) -> None:
    kept = Kept(b"\1\2" * 100, 24_000, WORDS)
    assert cache.get(recipe()) is None
    cache.put(recipe(), kept)
    assert cache.get(recipe()) == kept


@pytest.mark.parametrize(
    "change",
    [
        {"engine": "piper"},
        {"weights": "other"},
        {"address": "http://gpu.example:8091"},
        {"voice": "am_adam"},
        {"language": None},
        {"speed": 1.1},
        {"text": "Hello!"},
        {"rules": "2"},
    ],
)
def test_anything_else_is_something_else(cache: SpeechCache, change: dict[str, Any]) -> None:
    cache.put(recipe(), Kept(b"\0\0", 24_000))
    assert cache.get(recipe(**change)) is None


@given(data=st.data())
def test_damage_is_never_played(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = SpeechCache(tmp_path_factory.mktemp("cache"), limit=1 << 20)
    kept = Kept(b"\1\2\3\4" * 30, 24_000, WORDS)
    cache.put(recipe(), kept)
    [file] = files(cache.root)
    whole = file.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    file.write_bytes(
        data.draw(st.sampled_from([whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]]))
    )
    assert cache.get(recipe()) is None
    assert files(cache.root) == []
    assert cache.tally.damaged == 1
    cache.put(recipe(), kept)
    assert cache.get(recipe()) == kept


def test_what_was_of_no_use_for_longest_goes(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path, limit=100_000)
    sound = Kept(bytes(5_000), 24_000)
    now = time.time() - 1000
    for number in range(15):
        cache.put(recipe(str(number)), sound)
        [new] = [file for file in files(tmp_path) if file.stat().st_mtime > now + 500]
        os.utime(new, (now + number, now + number))
    assert cache.get(recipe("0")) is not None  # of use just now
    for number in range(15, 25):
        cache.put(recipe(str(number)), sound)
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 100_000
    assert cache.get(recipe("0")) is not None
    assert cache.get(recipe("24")) is not None
    assert cache.get(recipe("1")) is None
    assert cache.tally.evicted > 0
    assert cache.tally.bytes == sum(file.stat().st_size for file in files(tmp_path))


def test_one_piece_does_not_take_the_room_of_all(cache: SpeechCache) -> None:
    cache.put(recipe(), Kept(bytes((1 << 20) // LARGEST + 1), 24_000))
    assert cache.get(recipe()) is None


def test_two_servers_share_a_folder_and_its_limit(tmp_path: Path) -> None:
    caches = [SpeechCache(tmp_path, limit=200_000) for _ in range(2)]
    for number in range(60):
        caches[number % 2].put(recipe(str(number)), Kept(bytes(5_000), 24_000))
    assert caches[0].get(recipe("59")) is not None
    # Either may write an eighth of the limit before it looks.
    assert sum(file.stat().st_size for file in files(tmp_path)) <= 200_000 * 1.25


def test_unfinished_files_of_the_dead_are_swept(tmp_path: Path) -> None:
    for name, age in (("old", 2 * ABANDONED_S), ("new", 0.0)):
        (tmp_path / "ab").mkdir(exist_ok=True)
        left = tmp_path / "ab" / f".{name}.tmp"
        left.write_bytes(b"x")
        os.utime(left, (time.time() - age, time.time() - age))
    SpeechCache(tmp_path, limit=1 << 20).put(recipe(), Kept(b"\0\0", 24_000))
    assert [file.name for file in files(tmp_path) if file.suffix == ".tmp"] == [".new.tmp"]


def test_a_folder_that_cannot_be_written_costs_nothing_but_the_cache(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = SpeechCache(tmp_path / "file", limit=1 << 20)
    cache.put(recipe(), Kept(b"\0\0", 24_000))
    assert cache.get(recipe()) is None


def test_threads_may_write_at_once(cache: SpeechCache) -> None:
    def write(first: int) -> None:
        for number in range(first, first + 40):
            cache.put(recipe(str(number % 50)), Kept(bytes(1_000), 24_000))
            kept = cache.get(recipe(str(number % 50)))
            assert kept is None or len(kept.pcm) == 1_000

    threads = [threading.Thread(target=write, args=(first,)) for first in range(0, 80, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.tally.damaged == 0
    assert len(files(cache.root)) == 50
