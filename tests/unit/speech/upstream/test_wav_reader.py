"""Streams of sound as servers send them, cut anywhere."""

from __future__ import annotations

import io
import struct
import wave

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.upstream.sound import SoundStream, rate_of
from vivavoce.speech.upstream.wav import WavError, WavReader, wav

SOUND = (np.sin(np.arange(4800) * 0.06) * 9000).astype("<i2").tobytes()
UNKNOWN = 0xFFFFFFFF


def header(
    rate: int = 24_000, *, length: int = UNKNOWN, channels: int = 1, bits: int = 16, code: int = 1
) -> bytes:
    block = channels * bits // 8
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", UNKNOWN, b"WAVE", b"fmt ", 16, code, channels, rate, rate * block, block, bits,
        b"data", length,
    )  # fmt: skip


def read(data: bytes, cuts: list[int] | None = None, *, rate: int = 8000) -> tuple[bytes, int]:
    reader = WavReader(rate)
    out = bytearray()
    at = 0
    for cut in sorted(cut % (len(data) + 1) for cut in cuts or []):
        out += reader.feed(data[at:cut])
        at = cut
    out += reader.feed(data[at:]) + reader.finish()
    return bytes(out), reader.rate


Cuts = st.lists(st.integers(0, 1 << 16), max_size=8)


@given(Cuts)
def test_a_true_wav_comes_out_whole_however_it_is_cut(cuts: list[int]) -> None:
    assert read(wav(SOUND, 22_050), cuts) == (SOUND, 22_050)


@given(Cuts)
def test_bare_samples_too(cuts: list[int]) -> None:
    assert read(SOUND, cuts) == (SOUND, 8000)


@given(Cuts, st.sampled_from([0, UNKNOWN, 0x7FFFFFFF, 0x7FFFFFFF - 36, 100, 101, len(SOUND) + 5000]))
def test_a_length_that_is_not_true_takes_no_sound_away(cuts: list[int], length: int) -> None:
    assert read(header(length=length) + SOUND, cuts) == (SOUND, 24_000)


@given(Cuts)
def test_one_wav_after_the_other(cuts: list[int]) -> None:
    assert read(wav(SOUND, 16_000) * 3, cuts) == (SOUND * 3, 16_000)


@given(Cuts)
def test_metadata_before_and_behind_is_no_sound(cuts: list[int]) -> None:
    odd = b"LIST" + struct.pack("<I", 5) + b"INFO!\0"
    data = wav(SOUND, 16_000)
    with_metadata = data[:12] + odd + data[12:] + odd + b"C2PA" + struct.pack("<I", 1000) + b"x" * 1000
    assert read(with_metadata, cuts) == (SOUND, 16_000)


def test_what_python_writes() -> None:
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(44_100)
        empty = file.getvalue()  # before the length is known, as Fish Speech makes its header
        out.writeframes(SOUND)
    assert empty == b""
    assert read(file.getvalue()) == (SOUND, 44_100)


def test_stereo_is_mixed() -> None:
    left_right = np.stack([np.frombuffer(SOUND, "<i2"), np.zeros(4800, "<i2")], axis=1)
    mixed, _ = read(header(channels=2) + left_right.astype("<i2").tobytes(), [7, 51, 53])
    assert np.abs(np.frombuffer(mixed, "<i2") * 2 - np.frombuffer(SOUND, "<i2")).max() <= 2


def test_half_a_sample_at_the_end_is_dropped() -> None:
    assert read(SOUND + b"x")[0] == SOUND
    assert read(header() + SOUND + b"x")[0] == SOUND


def test_an_extensible_format_is_pcm_too() -> None:
    format = struct.pack("<HHIIHH", 0xFFFE, 1, 48_000, 96_000, 2, 16) + b"\0" * 24
    data = (
        b"RIFF\xff\xff\xff\xffWAVEfmt "
        + struct.pack("<I", len(format))
        + format
        + b"data\xff\xff\xff\xff"
        + SOUND
    )
    assert read(data, [3, 30, 70]) == (SOUND, 48_000)


def test_nothing_at_all_is_nothing() -> None:
    assert read(b"") == (b"", 8000)
    assert read(header()) == (b"", 24_000)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"OggS" + bytes(60), "Ogg"),
        (b"fLaC" + bytes(60), "FLAC"),
        (b"ID3\x04" + bytes(60), "MP3"),
        (b'{"error": {"message": "no"}}', "text"),
        (b"<!doctype html><html>", "text"),
        (b"RIFF\x10\0\0\0AVI LIST" + bytes(20), "no wav"),
        (header(bits=8) + bytes(20), "8 bits"),
        (header(bits=32, code=3) + bytes(20), "coding 3"),
        (header(channels=6) + bytes(20), "6 channels"),
        (header(rate=1) + bytes(20), "1 Hz"),
        (b"RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff" + bytes(20), "without a format"),
        (b"RIFF\xff\xff\xff\xffWAVEjunk\xff\xff\xff\x7f" + bytes(20), "without samples"),
        (header()[:30], "inside its header"),
        (b"RIFF", "inside its header"),
        (wav(SOUND, 16_000) + wav(SOUND, 24_000), "changes from 16000 to 24000"),
    ],
)
def test_what_is_no_sound_is_said_to_be_none(data: bytes, what: str) -> None:
    with pytest.raises(WavError, match=what):
        read(data)


@given(st.binary(max_size=300), Cuts)
def test_no_bytes_break_it_and_the_cuts_never_matter(data: bytes, cuts: list[int]) -> None:
    def outcome(cuts: list[int]) -> tuple[bytes, int] | str:
        try:
            return read(data, cuts)
        except WavError as error:
            return str(error)

    assert outcome(cuts) == outcome([])


@given(Cuts, st.sampled_from([(44_100, 24_000), (22_050, 24_000), (24_000, 16_000)]))
def test_another_rate_is_made_the_announced_one(cuts: list[int], rates: tuple[int, int]) -> None:
    sent, announced = rates
    seconds = 0.5
    pcm = (np.sin(2 * np.pi * 440 * np.arange(int(sent * seconds)) / sent) * 12_000).astype("<i2").tobytes()
    data = header(sent) + pcm
    stream = SoundStream(to_rate=announced, rate=announced)
    out, at = bytearray(), 0
    for cut in sorted(cut % (len(data) + 1) for cut in cuts):
        out += stream.feed(data[at:cut])
        at = cut
    out += stream.feed(data[at:]) + stream.finish()
    samples = np.frombuffer(bytes(out), "<i2").astype(float)
    assert abs(len(samples) / announced - seconds) < 0.002
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    assert abs(np.argmax(spectrum) * announced / len(samples) - 440) < 4


@pytest.mark.parametrize(
    ("content_type", "rate"),
    [
        ("audio/pcm", None),
        ("audio/pcm;rate=16000", 16_000),
        ("audio/L16; codec=pcm; rate=24000", 24_000),
        ('audio/pcm; Rate="48000"', 48_000),
        ("audio/pcm;rate=high", None),
        ("audio/pcm;rate=1", None),
        ("", None),
    ],
)
def test_the_rate_in_a_content_type(content_type: str, rate: int | None) -> None:
    assert rate_of(content_type) == rate
