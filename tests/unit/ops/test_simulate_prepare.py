from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from vivavoce.cli.main import app
from vivavoce.errors import VivavoceError
from vivavoce.ops.simulate.prepare import Unreadable, answers_store, read_links, read_study, voice_for
from vivavoce.settings import Settings, SpeechSettings
from vivavoce.voice.cast import Cast

DEMO = Path(__file__).parents[3] / "studies" / "demo.yaml"
CAST = Cast(SpeechSettings())


def test_links_are_read_one_a_line(tmp_path: Path) -> None:
    file = tmp_path / "links.txt"
    file.write_text("http://h/i/a\n\n  http://h/i/b  \n")
    assert read_links(file) == ["http://h/i/a", "http://h/i/b"]


@pytest.mark.parametrize("content", [None, b"", b"\n \n", b"\xff\xfe\x00"])
def test_a_file_without_links_is_refused(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "links.txt"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(Unreadable) as error:
        read_links(file)
    assert str(file) in error.value.what


def test_a_study_that_is_not_there_or_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"nowhere\.yaml"):
        read_study(tmp_path / "nowhere.yaml")
    (tmp_path / "broken.yaml").write_text("id: [")
    with pytest.raises(VivavoceError):
        read_study(tmp_path / "broken.yaml")


def test_the_participant_is_not_heard_with_the_moderators_voice() -> None:
    study = read_study(DEMO).study
    for language in study.languages:
        assert voice_for(study, language, CAST).voice != CAST.voice(study, language).voice
    assert voice_for(study, None, CAST).language == study.languages[0].split("-")[0]


def test_participants_sound_is_kept_apart_from_the_moderators(tmp_path: Path) -> None:
    settings = Settings(wording_dir=tmp_path)
    voice = voice_for(read_study(DEMO).study, None, CAST)
    assert not answers_store(settings).has("anything", voice)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--url", "http://h/i/a", "--sessions", "2"), "there are 1"),
        (("--url", "http://h/i/a", "--json", "/nowhere/at/all/report.json"), "no folder"),
        (("--barge-in", "1.5"), "barge-in"),
        (("--transport", "pigeon"), "pigeon"),
        (("--sessions", "0"), "sessions"),
    ],
)
def test_mistakes_on_the_command_line_are_answered_before_anything_starts(
    arguments: tuple[str, ...], word: str
) -> None:
    result = CliRunner().invoke(app, ["simulate", str(DEMO), *arguments])
    assert result.exit_code == 2
    assert word in " ".join(result.output.split())
