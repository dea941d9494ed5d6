from __future__ import annotations

import re

import pytest

from vivavoce.speech.catalogue import CATALOGUE, KOKORO_VOICE_BYTES, Model, UnknownModel, defaults, find
from vivavoce.speech.kokoro_voices import VOICES

MODELS = list(CATALOGUE.values())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_file_and_archive_is_pinned(model: Model) -> None:
    for pinned in (*model.files, *model.archives):
        assert re.fullmatch("[0-9a-f]{64}", pinned.sha256)
        assert pinned.size > 0


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_no_path_leaves_the_models_folder(model: Model) -> None:
    paths = [file.path for file in model.files]
    assert len(set(paths)) == len(paths)
    for path in paths:
        assert not path.startswith("/")
        assert ".." not in path.split("/")
        assert path != "manifest.json"
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", model.id)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.id)
def test_every_file_an_engine_needs_can_be_had(model: Model) -> None:
    for file in model.files:
        assert file.notice or file.parts or (model.hub and file.hub_path), file.path
        if file.hub_path:
            assert model.hub, file.path


def test_archives_that_share_a_name_across_models_are_the_same() -> None:
    by_name = {archive.file: archive for model in MODELS for archive in model.archives}
    for model in MODELS:
        for archive in model.archives:
            assert by_name[archive.file] == archive


def test_kokoro_has_every_voice_and_its_table() -> None:
    model = find("kokoro-82m-int8")
    voices = {file.path: file.size for file in model.files if file.path.startswith("voices/")}
    assert set(voices) == {f"voices/{name}.bin" for name in VOICES}
    assert set(voices.values()) == {KOKORO_VOICE_BYTES}
    assert {"model.onnx", "vocab.json"} <= {file.path for file in model.files}


def test_a_misspelt_id_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownModel, match="whisper-base") as error:
        find("wisper-base")
    assert "models list" in error.value.next_step


def test_defaults_follow_the_engines_and_leave_out_what_registries_lack() -> None:
    assert [model.id for model in defaults(("whisper", "kokoro"))] == ["whisper-base", "kokoro-82m-int8"]
    assert [model.id for model in defaults(("piper",))] == ["piper-en_US-joe-medium"]
    assert all(model.in_registries for model in defaults(("whisper", "kokoro", "piper")))
    assert not find("piper-de_DE-thorsten-medium").in_registries
