"""The recording without personal data: measured at the times of the words that were taken out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from archived import session
from numpy.typing import NDArray
from pydantic import SecretStr
from tests.integration.pipeline.conftest import Hold
from tests.lib.recorded import RATE, Sound, record, tone

from vivavoce.ops.gathering import exported
from vivavoce.pipeline.exports.bundle import ExportImpossible
from vivavoce.pipeline.exports.formats import ExportFormat
from vivavoce.pipeline.transcript import RecordingPart, Transcript
from vivavoce.settings import Settings
from vivavoce.storage.open import Storage, open_storage
from vivavoce.transport.covered import TONE_HZ
from vivavoce.transport.recorded import read_recording

VOICE_HZ = 300
"""What `tone` sounds like."""

SAID = (
    ("participant", "My name is Ludmilla and I like it", 2.0, 10.0),  # a second a word
    ("moderator", "Thank you Ludmilla that helps", 12.0, 17.0),
)


@pytest.fixture
async def storage(database_url: str, tmp_path: Path) -> AsyncIterator[Storage]:
    settings = Settings(data_dir=tmp_path / "vv", database_url=SecretStr(database_url))
    async with open_storage(settings, exclusive=True) as storage:
        yield storage


async def keep(
    storage: Storage,
    hold: Hold,
    folder: Path,
    parts: Sequence[tuple[float, Sequence[tuple[str, float, Sound]]]],
    said: Sequence[tuple[str, str, float, float]] = SAID,
) -> None:
    """An interview with such a second pass, and a recording in such parts: where each begins, what is in it."""
    await hold("s1")
    recording: list[RecordingPart] = []
    for number, (start_s, pieces) in enumerate(parts):
        key, path = f"s1/part{number}.ogg", folder / f"part{number}.ogg"
        length_s = await record(path, pieces, start_s=start_s)
        await storage.recordings.keep(key, path)
        recording.append(RecordingPart(key=key, start_s=start_s, duration_s=length_s, outcome="used"))
    made: Transcript = session("s1", tuple(said)).model_copy(update={"recording": tuple(recording)})
    await storage.derived.keep("s1", "transcription", input_hash="t", output=made.model_dump_json())


def heard(folder: Path, content: bytes) -> tuple[Sound, Sound]:
    path = folder / "heard.ogg"
    path.write_bytes(content)
    return read_recording(path)


def level(sound: Sound, start_s: float, end_s: float, hz: float) -> float:
    """How loud a frequency is between two seconds: amplitude of full scale."""
    piece: NDArray[np.float64] = sound[int(start_s * RATE) : int(end_s * RATE)].astype(np.float64) / 32768
    turns = np.exp(-2j * np.pi * hz * np.arange(len(piece)) / RATE)
    return float(2 * np.abs(np.mean(piece * turns)))


async def test_a_tone_stands_for_a_name_in_both_voices(storage: Storage, hold: Hold, tmp_path: Path) -> None:
    sounds = [(voice, float(at), tone(1)) for at in range(20) for voice in ("participant", "moderator")]
    await keep(storage, hold, tmp_path, [(0.0, sounds)])
    participant, moderator = heard(tmp_path, await exported(storage, "s1", ExportFormat.OGG))
    assert abs(len(participant) - 20 * RATE) < RATE / 2
    for start_s, end_s in ((5.0, 6.0), (14.0, 15.0)):  # "Ludmilla", said and said again
        for voice in (participant, moderator):
            assert level(voice, start_s, end_s, VOICE_HZ) < 0.0005, (start_s, voice is moderator)
            assert level(voice, start_s, end_s, TONE_HZ) > 0.05
    for start_s, end_s in ((2.0, 4.8), (6.2, 10.0)):
        assert level(participant, start_s, end_s, VOICE_HZ) > 0.2
        assert level(participant, start_s, end_s, TONE_HZ) < 0.001
    assert level(moderator, 12.0, 13.8, VOICE_HZ) > 0.2
    # Where no transcript has the participant, no rule has looked.
    assert level(participant, 0.0, 1.6, VOICE_HZ) < 0.0005
    assert level(participant, 10.4, 13.8, VOICE_HZ) < 0.0005
    original, _ = heard(tmp_path, await exported(storage, "s1", ExportFormat.OGG, original=True))
    assert level(original, 0.0, 20.0, VOICE_HZ) > 0.2


async def test_parts_are_one_file_on_the_session_clock_and_covered_apart_in_a_project(
    storage: Storage, hold: Hold, tmp_path: Path
) -> None:
    first = [("participant", 1.0, tone(6))]
    second = [("participant", 30.0, tone(6))]
    said = (
        ("participant", "I am here for the first time", 1.0, 7.0),
        ("participant", "My name is Ludmilla of course", 30.0, 36.0),
    )
    await keep(storage, hold, tmp_path, [(0.0, first), (30.0, second)], said)
    whole, _ = heard(tmp_path, await exported(storage, "s1", ExportFormat.OGG))
    assert abs(len(whole) - 36 * RATE) < RATE / 2
    assert level(whole, 1.0, 6.9, VOICE_HZ) > 0.2
    assert np.max(np.abs(whole[8 * RATE : 29 * RATE])) < 50
    assert level(whole, 33.0, 34.0, VOICE_HZ) < 0.0005 < level(whole, 31.0, 32.0, VOICE_HZ)
    project = await exported(storage, "s1", ExportFormat.QDPX)
    with zipfile.ZipFile(io.BytesIO(project)) as archive:
        sounds = [archive.read(name) for name in sorted(archive.namelist()) if name.endswith(".ogg")]
    assert len(sounds) == 2
    by_length = [heard(tmp_path, sound)[0] for sound in sounds]
    (covered,) = (sound for sound in by_length if len(sound) > 30 * RATE)
    assert level(covered, 33.0, 34.0, VOICE_HZ) < 0.0005 < level(covered, 31.0, 32.0, VOICE_HZ)


async def test_a_finding_without_times_covers_all_that_was_said(
    storage: Storage, hold: Hold, tmp_path: Path
) -> None:
    await keep(storage, hold, tmp_path, [(0.0, [("participant", 0.0, tone(12))])], SAID[:1])
    kept = await storage.derived.get("s1", "transcription")
    assert kept is not None
    made = Transcript.model_validate_json(kept.output)
    timeless = made.segments[0].model_copy(update={"words": ()})
    output = made.model_copy(update={"segments": (timeless,)}).model_dump_json()
    await storage.derived.keep("s1", "transcription", input_hash="u", output=output, instead_of="t")
    participant, _ = heard(tmp_path, await exported(storage, "s1", ExportFormat.OGG))
    assert level(participant, 2.0, 10.0, VOICE_HZ) < 0.0005


async def test_a_truncated_recording_is_covered_as_far_as_it_goes(
    storage: Storage, hold: Hold, tmp_path: Path
) -> None:
    await keep(storage, hold, tmp_path, [(0.0, [("participant", 0.0, tone(20))])], SAID[:1])
    cut = tmp_path / "cut.ogg"
    async with storage.recordings.borrow("s1/part0.ogg") as path:
        assert path is not None
        whole = path.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    await storage.recordings.keep("s1/part0.ogg", cut)
    participant, _ = heard(tmp_path, await exported(storage, "s1", ExportFormat.OGG))
    assert 7 * RATE < len(participant) < 13 * RATE
    assert level(participant, 5.0, 6.0, VOICE_HZ) < 0.0005 < level(participant, 2.0, 4.5, VOICE_HZ)


async def test_there_must_be_one_recording(storage: Storage, hold: Hold, tmp_path: Path) -> None:
    await hold("s1")
    with pytest.raises(ExportImpossible, match="no recording of session s1"):
        await exported(storage, "s1", ExportFormat.OGG)
    await hold("s2")
    with pytest.raises(ExportImpossible, match="2 interviews"):
        await exported(storage, "demo", ExportFormat.OGG)
