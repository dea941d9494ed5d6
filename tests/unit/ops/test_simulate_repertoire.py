from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from vivavoce.ops.simulate.answers import BANKS, PAUSE, PAUSE_S
from vivavoce.ops.simulate.participant import LENGTHS
from vivavoce.ops.simulate.repertoire import NoAnswers, choose_voice, kept, recorded
from vivavoce.ops.simulate.sound import RATE, BadClip, clip
from vivavoce.protocol.intent import read
from vivavoce.speech.kokoro_voices import VOICES as KOKORO_VOICES
from vivavoce.voice.wording import Prepared, Voice, WordingStore


def _tone(seconds: float, rate: int) -> np.ndarray:
    time = np.arange(round(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * 300 * time)).astype(np.int16)


def _write(file: Path, seconds: float, *, rate: int = 16_000, channels: int = 1, width: int = 2) -> None:
    samples = np.repeat(_tone(seconds, rate), channels)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(width)
        out.setframerate(rate)
        out.writeframes(samples.astype("<i2").tobytes() if width == 2 else bytes(len(samples)))


@pytest.mark.parametrize("language", sorted(BANKS))
def test_built_in_answers_are_answers_and_steer_nothing(language: str) -> None:
    bank = BANKS[language]
    for text in (*bank.short, *bank.medium, *bank.long):
        said = text.replace(PAUSE, "")
        assert read(said, language).intent == "answer", text
        for interruption in bank.interruptions:
            assert read(f"{interruption} {said}", language).intent == "answer", interruption
    for half in (part for text in bank.long for part in text.split(PAUSE)):
        assert read(half, language).intent == "answer", half


@pytest.mark.parametrize("language", sorted(BANKS))
def test_lengths_are_what_they_say(language: str) -> None:
    bank = BANKS[language]
    assert max(len(text.split()) for text in bank.short) < min(len(text.split()) for text in bank.medium)
    assert max(len(text.split()) for text in bank.medium) < min(len(text.split()) for text in bank.long)
    assert all(PAUSE in text for text in bank.long)


def test_participants_speak_with_another_voice_than_the_moderator() -> None:
    assert choose_voice("en-GB", moderator="af_heart") == Voice("kokoro", "am_michael", "en")
    assert choose_voice("en", moderator="am_michael").voice != "am_michael"
    for language in BANKS:
        assert choose_voice(language, moderator="").voice in KOKORO_VOICES
    with pytest.raises(NoAnswers, match="de"):
        choose_voice("de", moderator="")


def test_kept_sound_is_used_when_all_of_it_is_there(tmp_path: Path) -> None:
    store, voice = WordingStore(tmp_path), choose_voice("en", moderator="")
    texts = BANKS["en"].texts()
    for text in texts[:-1]:
        store.put(text, voice, Prepared(_tone(1.0, RATE).tobytes(), ()))
    assert kept(voice, store=store) is None
    store.put(texts[-1], voice, Prepared(_tone(1.0, RATE).tobytes(), ()))
    repertoire = kept(voice, store=store)
    assert repertoire is not None
    assert {length: len(clips) for length, clips in repertoire.answers.items()} == {
        "short": 3,
        "medium": 4,
        "long": 3,
    }
    for answer in repertoire.answers["long"]:
        assert answer.duration_s == pytest.approx(2.0 + PAUSE_S, abs=0.03)
    assert len(repertoire.interruptions) == 2


def test_recordings_are_sorted_by_length_whatever_their_format(tmp_path: Path) -> None:
    _write(tmp_path / "a.wav", 1.0, rate=8_000)
    _write(tmp_path / "b.wav", 4.0, rate=44_100, channels=2)
    _write(tmp_path / "c.wav", 9.0, rate=48_000)
    _write(tmp_path / "interrupt-1.wav", 0.7)
    repertoire = recorded(tmp_path)
    assert [len(repertoire.answers[length]) for length in LENGTHS] == [1, 1, 1]
    assert repertoire.answers["medium"][0].duration_s == pytest.approx(4.0, abs=0.02)
    assert [sound.text for sound in repertoire.interruptions] == ["interrupt-1"]


def test_without_an_interruption_the_shortest_answer_serves(tmp_path: Path) -> None:
    _write(tmp_path / "long.wav", 7.0)
    _write(tmp_path / "short.wav", 1.0)
    assert [sound.text for sound in recorded(tmp_path).interruptions] == ["short"]


@pytest.mark.parametrize("harm", ["empty folder", "no folder", "text", "8 bit", "silent", "empty file"])
def test_recordings_that_cannot_be_used_are_named(tmp_path: Path, harm: str) -> None:
    file = tmp_path / "answer.wav"
    match harm:
        case "text":
            file.write_text("not a wav file")
        case "8 bit":
            _write(file, 1.0, width=1)
        case "silent":
            with wave.open(str(file), "wb") as out:
                out.setnchannels(1)
                out.setsampwidth(2)
                out.setframerate(16_000)
                out.writeframes(bytes(32_000))
        case "empty file":
            file.touch()
        case _:
            pass
    folder = tmp_path / "nowhere" if harm == "no folder" else tmp_path
    with pytest.raises(NoAnswers if "folder" in harm else BadClip) as error:
        recorded(folder)
    assert error.value.next_step
    if "folder" not in harm:
        assert "answer" in error.value.what


def test_clips_are_joined_by_the_pause_that_is_heard() -> None:
    quiet = np.zeros(round(0.2 * RATE), np.int16)
    sound = clip(np.concatenate([quiet, _tone(1.0, RATE), quiet]).tobytes(), rate=RATE, text="a")
    joined = sound.then(sound, pause_s=0.5)
    assert joined.duration_s == pytest.approx(0.2 + 1.0 + 0.5 + 1.0, abs=0.03)
    assert joined.text == "a a"


def test_a_breath_after_the_last_word_is_played_but_is_not_speech() -> None:
    breath = (_tone(0.4, RATE) * 0.05).astype(np.int16)  # 26 dB below the words
    sound = clip(np.concatenate([_tone(1.0, RATE), breath]).tobytes(), rate=RATE)
    assert sound.last / RATE == pytest.approx(1.0, abs=0.011)
    assert sound.duration_s == pytest.approx(1.4, abs=0.02)
