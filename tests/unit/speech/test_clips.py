"""The store of reference clips."""

from __future__ import annotations

import io
import os
import wave
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from vivavoce.speech.clip_sound import clip_sound
from vivavoce.speech.clips import Clip, ClipStore, ClipStoreBroken, ClipUnknown
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.sound import Encoder, SoundFormat
from vivavoce.speech.upstream.wav import wav

NOW = datetime(2026, 9, 30, 12, 0, tzinfo=UTC)
WORDS = {"name": "Ann", "transcript": "What is said.", "language": "en-GB", "consent": "signed form 7"}


def voice(seconds: float = 3.0, *, rate: int = 24_000, loudness: float = 0.3) -> bytes:
    t = np.arange(int(rate * seconds)) / rate
    return (np.sin(2 * np.pi * 200 * t) * loudness * 32767).astype("<i2").tobytes()


def clip_of(store: ClipStore, sound: bytes | None = None, *, now: datetime = NOW, **words: str) -> Clip:
    return store.add(clip_sound(sound or wav(voice(), 24_000)), now=now, **{**WORDS, **words})


@pytest.fixture
def store(tmp_path: Path) -> ClipStore:
    return ClipStore(tmp_path / "voices")


def test_a_store_that_nobody_used_is_empty(store: ClipStore) -> None:
    assert store.list() == []
    assert store.get("clip-0123456789abcdef") is None
    assert not store.delete("clip-0123456789abcdef")
    assert not store.root.exists()


def test_a_clip_is_kept_with_its_words(store: ClipStore) -> None:
    clip = clip_of(store, transcript="  What\n is   said. ")
    assert (clip.transcript, clip.language, clip.consent) == ("What is said.", "en-GB", "signed form 7")
    assert (clip.sample_rate, clip.duration_s, clip.created_at) == (24_000, 3.0, NOW)
    other = ClipStore(store.root)
    assert other.list() == [clip]
    assert other.get(clip.id) == clip
    with wave.open(io.BytesIO(other.wav(clip))) as sound:
        assert (sound.getnchannels(), sound.getsampwidth(), sound.getframerate()) == (1, 2, 24_000)
        assert sound.readframes(10**6) == voice()


def test_only_its_owner_may_read_it(store: ClipStore) -> None:
    clip = clip_of(store)
    for path in (store.root, store.root / f"{clip.id}.wav", store.root / f"{clip.id}.json"):
        assert path.stat().st_mode & 0o077 == 0


def test_the_same_clip_again_is_no_second_one(store: ClipStore) -> None:
    first, again = clip_of(store), clip_of(store, name="Ann B.", now=NOW + timedelta(1))
    assert first.id == again.id
    assert store.list() == [again]


def test_another_transcript_or_sound_is_another_clip(store: ClipStore) -> None:
    ids = {
        clip_of(store).id,
        clip_of(store, transcript="Something else.").id,
        clip_of(store, wav(voice(4.0), 24_000)).id,
    }
    assert len(ids) == 3
    assert [clip.id for clip in store.list()] == sorted(ids)


@pytest.mark.parametrize("format", ["mp3", "flac", "opus", "aac"])
def test_any_sound_file_becomes_a_wav(store: ClipStore, format: SoundFormat) -> None:
    encoder = Encoder(format, 44_100)
    clip = clip_of(store, encoder.encode(voice(rate=44_100)) + encoder.finish())
    assert clip.sample_rate == (48_000 if format == "opus" else 44_100)
    assert abs(clip.duration_s - 3.0) < 0.15


def test_stereo_and_high_rates_are_brought_down(store: ClipStore) -> None:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(96_000)
        mono = np.frombuffer(voice(rate=96_000), "<i2")
        out.writeframes(np.repeat(mono, 2).tobytes())
    clip = clip_of(store, buffer.getvalue())
    assert (clip.sample_rate, clip.duration_s) == (48_000, 3.0)


@pytest.mark.parametrize(
    ("sound", "what"),
    [
        (wav(voice(0.9), 24_000), r"has 0\.9 s"),
        (wav(voice(61.0, rate=8000), 8000), "longer than 60 s"),
        (wav(bytes(24_000 * 4), 24_000), "silence"),
        (wav(voice(loudness=0.003), 24_000), "silence"),
        (wav(b"", 24_000), r"has 0\.0 s"),
        (b"no sound at all", "no sound"),
        (b"", "no sound"),
        (wav(voice(), 24_000)[:30], "no sound"),
    ],
)
def test_what_is_no_use_is_refused(sound: bytes, what: str) -> None:
    with pytest.raises(SpeechRejected, match=what):
        clip_sound(sound)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("transcript", "\n"),
        ("transcript", "long " * 500),
        ("language", "english"),
        ("language", ""),
        ("consent", ""),
    ],
)
def test_what_is_said_of_it_has_to_fit(store: ClipStore, field: str, value: str) -> None:
    with pytest.raises(SpeechRejected, match=f"The clip's {field} does not fit") as raised:
        store.add(clip_sound(wav(voice(), 24_000)), now=NOW, **{**WORDS, field: value})
    assert raised.value.param == field


def test_a_full_store_takes_no_more_but_a_known_one(tmp_path: Path) -> None:
    store = ClipStore(tmp_path, limit=2)
    first = clip_of(store)
    clip_of(store, transcript="Two.")
    with pytest.raises(SpeechRejected, match="which is the most") as raised:
        clip_of(store, transcript="Three.")
    assert raised.value.reason == "clips_full"
    clip_of(store)
    assert store.delete(first.id)
    clip_of(store, transcript="Three.")


def test_a_deleted_clip_is_gone_from_the_disk(store: ClipStore) -> None:
    clip = clip_of(store)
    assert store.delete(clip.id)
    assert not store.delete(clip.id)
    assert [path.name for path in store.root.iterdir()] == [".lock"]
    with pytest.raises(ClipUnknown):
        store.wav(clip)


def test_a_damaged_clip_is_noticed(store: ClipStore, caplog: pytest.LogCaptureFixture) -> None:
    clip = clip_of(store)
    path = store.root / f"{clip.id}.wav"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(ClipUnknown, match="gone or damaged"):
        store.wav(clip)
    (store.root / f"{clip.id}.json").write_text("{")
    assert store.list() == []
    assert "cannot be read" in caplog.text


@pytest.mark.parametrize(
    "id", ["../../etc/passwd", "clip-", "clip-0123456789abcde/", "clip-0123456789ABCDEF", ""]
)
def test_an_id_is_no_path(store: ClipStore, id: str) -> None:
    clip_of(store)
    assert store.get(id) is None
    assert not store.delete(id)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ClipStoreBroken, match="cannot be written"):
        clip_of(ClipStore(tmp_path / "file" / "voices"))


def test_a_full_disk_leaves_no_half_clip(store: ClipStore, monkeypatch: pytest.MonkeyPatch) -> None:
    clip_of(store)

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ClipStoreBroken, match="No space left"):
        clip_of(store, transcript="Two.")
    assert len(list(store.root.iterdir())) == 3  # the lock and the first clip's two files
