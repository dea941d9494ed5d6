"""Reading a study is work, done once a version and never on the event loop."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vivavoce.web.studies import StudyReader

if TYPE_CHECKING:
    from unit.web.conftest import House
    from vivavoce.protocol.study import Study


@dataclass
class Record:
    content_hash: str
    content: Study
    read_in: list[int]

    @property
    def study(self) -> Study:
        self.read_in.append(threading.get_ident())
        return self.content


@dataclass
class Store:
    content: Study
    present: str = "v1"
    asked: int = 0
    read_in: list[int] = field(default_factory=list[int])

    async def get(self, _study_id: str, content_hash: str | None = None, /) -> Record:
        self.asked += 1
        return Record(content_hash or self.present, self.content, self.read_in)


async def test_each_version_is_read_once_in_a_thread(house: House) -> None:
    store = Store(house.studies.study)
    reader = StudyReader(store)
    for _ in range(3):
        assert (await reader.get("tea")).content_hash == "v1"
        assert (await reader.get("tea", "v1")).study is store.content
    assert len(store.read_in) == 1
    assert threading.get_ident() not in store.read_in
    assert store.asked == 3  # which version is the present one is asked each time


async def test_a_new_version_is_seen_at_once_and_the_old_one_stays(house: House) -> None:
    store = Store(house.studies.study)
    reader = StudyReader(store)
    await reader.get("tea")
    store.present = "v2"
    assert (await reader.get("tea")).content_hash == "v2"
    assert (await reader.get("tea", "v1")).content_hash == "v1"
    assert len(store.read_in) == 2


async def test_memory_is_bounded(house: House) -> None:
    store = Store(house.studies.study)
    reader = StudyReader(store, kept=2)
    for version in ("a", "b", "a", "c", "a"):
        await reader.get("tea", version)
    assert len(store.read_in) == 3
    await reader.get("tea", "b")
    assert len(store.read_in) == 4
