from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from vivavoce.speech.catalogue import UnknownModel
from vivavoce.speech.pull import Folder, pull
from vivavoce.speech.store import ModelDamaged, ModelMissing, ModelStore, StoreNotWritable

if TYPE_CHECKING:
    from .conftest import SmallWorld, Told


@pytest.fixture
def empty(tmp_path: Path, small: SmallWorld) -> ModelStore:
    return ModelStore(tmp_path / "models", catalogue=small.catalogue)


@pytest.fixture
def filled(empty: ModelStore, small: SmallWorld, told: Told, tmp_path: Path) -> ModelStore:
    source = tmp_path / "source"
    source.mkdir()
    pull(empty, small.model, Folder(small.write_archives(source)), progress=told)
    return empty


def test_a_model_that_was_never_pulled_says_how(empty: ModelStore) -> None:
    with pytest.raises(ModelMissing) as error:
        empty.path("small")
    assert error.value.code == "model_missing"
    assert "vivavoce models pull small" in error.value.next_step
    assert empty.installed() == []


def test_looking_creates_nothing(empty: ModelStore) -> None:
    assert not empty.has("small")
    with pytest.raises(ModelMissing):
        empty.verify("small")
    assert not empty.root.exists()


def test_an_undeclared_id_is_refused_everywhere(empty: ModelStore) -> None:
    for ask in (empty.path, empty.verify, empty.remove):
        with pytest.raises(UnknownModel):
            ask("../../etc")


def test_a_pulled_model_is_its_declared_files(filled: ModelStore, small: SmallWorld) -> None:
    folder = filled.path("small")
    for path, content in small.files.items():
        assert (folder / path).read_bytes() == content
    manifest = filled.verify("small")
    assert {record.path for record in manifest.files} == set(small.files)
    assert (manifest.licence, manifest.source) == ("MIT", "folder")
    assert filled.installed() == ["small"]


def test_a_read_only_mount_can_be_read(filled: ModelStore) -> None:
    before = sorted(filled.root.rglob("*"))
    filled.path("small")
    filled.verify("small")
    assert sorted(filled.root.rglob("*")) == before


def test_a_changed_byte_is_found_by_verify_and_only_there(filled: ModelStore) -> None:
    file = filled.root / "small" / "voices" / "ann.bin"
    file.write_bytes(b"\xff" + file.read_bytes()[1:])
    assert filled.path("small")
    with pytest.raises(ModelDamaged, match=r"voices/ann\.bin") as error:
        filled.verify("small")
    assert "vivavoce models pull small" in error.value.next_step


@pytest.mark.parametrize("harm", ["cut short", "gone"])
def test_a_file_cut_short_or_gone_is_found_at_once(filled: ModelStore, harm: str) -> None:
    file = filled.root / "small" / "vocab.json"
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ModelDamaged, match=r"vocab\.json"):
        filled.path("small")
    assert filled.installed() == []


@pytest.mark.parametrize("content", ["", "{", '{"id": "small"}', '{"id": "small", "files": 3}'])
def test_a_broken_manifest_is_damage_not_a_crash(filled: ModelStore, content: str) -> None:
    (filled.root / "small" / "manifest.json").write_text(content)
    with pytest.raises(ModelDamaged, match=r"manifest\.json"):
        filled.path("small")


def test_a_folder_of_another_model_is_not_taken_for_this_one(filled: ModelStore) -> None:
    manifest = filled.root / "small" / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "id": "other"}))
    with pytest.raises(ModelDamaged, match="other"):
        filled.path("small")


def test_a_model_of_an_older_release_is_not_used(filled: ModelStore, small: SmallWorld) -> None:
    newer = replace(
        small.model, files=(replace(small.model.files[0], sha256="0" * 64), *small.model.files[1:])
    )
    store = ModelStore(filled.root, catalogue={"small": newer})
    with pytest.raises(ModelDamaged, match="release"):
        store.path("small")


def test_remove_takes_a_model_away_damaged_or_not(filled: ModelStore) -> None:
    (filled.root / "small" / "manifest.json").unlink()
    assert filled.remove("small")
    assert not (filled.root / "small").exists()
    assert not filled.remove("small")


def test_one_lock_a_model_and_it_ends_with_its_holder(empty: ModelStore) -> None:
    with empty.lock("small"):
        with pytest.raises(BlockingIOError), empty.lock("small", wait=False):
            pass
        with empty.lock("far", wait=False):
            pass
    with empty.lock("small", wait=False):
        pass


def test_a_root_that_cannot_be_made_is_explained(tmp_path: Path, small: SmallWorld) -> None:
    (tmp_path / "file").write_text("not a folder")
    store = ModelStore(tmp_path / "file" / "models", catalogue=small.catalogue)
    with pytest.raises(StoreNotWritable) as error, store.lock("small"):
        pass
    assert "VIVAVOCE_MODELS_DIR" in error.value.next_step
