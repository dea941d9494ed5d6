"""Sound in and out: formats, rates and what is no sound."""

from __future__ import annotations

import io
import wave
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.sound import Encoder, SoundFormat, SoundTooLong, at_recogniser_rate, decode


def tone(seconds: float, rate: int, hertz: float = 440.0) -> bytes:
    at = np.arange(int(seconds * rate)) / rate
    return (np.sin(2 * np.pi * hertz * at) * 12_000).astype("<i2").tobytes()


def encoded(format: SoundFormat, rate: int, pcm: bytes, *, piece: int) -> bytes:
    encoder = Encoder(format, rate)
    parts = [encoder.encode(pcm[at : at + piece]) for at in range(0, len(pcm), piece)]
    return b"".join([*parts, encoder.finish()])


@pytest.mark.parametrize("rate", [22_050, 24_000])
@pytest.mark.parametrize("format", [f for f in get_args(SoundFormat) if f != "pcm"])
def test_what_is_encoded_in_pieces_decodes_to_the_same_sound(format: SoundFormat, rate: int) -> None:
    pcm = tone(1.5, rate)
    heard = np.frombuffer(decode(encoded(format, rate, pcm, piece=9_999 * 2)), "<i2").astype(float)
    assert len(heard) / 16_000 == pytest.approx(1.5, abs=0.12)
    middle = heard[4_000:20_000]
    spectrum = np.abs(np.fft.rfft(middle))
    assert np.argmax(spectrum) * 16_000 / len(middle) == pytest.approx(440, abs=2)
    assert np.sqrt((middle**2).mean()) == pytest.approx(12_000 / np.sqrt(2), rel=0.15)


@pytest.mark.parametrize("format", get_args(SoundFormat))
def test_a_half_second_chunk_gives_bytes_at_once(format: SoundFormat) -> None:
    assert len(Encoder(format, 24_000).encode(tone(0.5, 24_000))) > 500


@pytest.mark.parametrize("format", get_args(SoundFormat))
def test_the_rate_is_announced_as_it_will_be_heard(format: SoundFormat) -> None:
    assert Encoder(format, 24_000).sample_rate == (48_000 if format == "opus" else 24_000)


def test_pcm_is_left_as_it_is() -> None:
    pcm = tone(0.1, 24_000)
    assert encoded("pcm", 24_000, pcm, piece=100) == pcm


def test_wav_of_unknown_length_is_read_by_the_standard_library() -> None:
    data = encoded("wav", 24_000, tone(0.5, 24_000), piece=4_000)
    with wave.open(io.BytesIO(data)) as reader:
        assert (reader.getframerate(), reader.getnchannels(), reader.getsampwidth()) == (24_000, 1, 2)
    assert data[44:] == tone(0.5, 24_000)


@given(st.binary(max_size=2_000))
def test_garbage_is_refused_not_crashed_on(data: bytes) -> None:
    try:
        decode(data)
    except SpeechRejected as error:
        assert error.reason == "sound_unreadable"


@pytest.mark.parametrize("cut", [10, 44, 45, 3_000])
def test_a_file_cut_short_gives_what_is_there_or_is_refused(cut: int) -> None:
    data = encoded("flac", 24_000, tone(1, 24_000), piece=8_000)[:cut]
    try:
        assert len(decode(data)) <= 32_000
    except SpeechRejected as error:
        assert error.reason == "sound_unreadable"


@pytest.mark.parametrize(
    "playlist",
    [
        b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:1/secret.ts\n#EXT-X-ENDLIST\n",
        b"ffconcat version 1.0\nfile '/etc/hostname'\n",
        b"[playlist]\nFile1=file:///etc/passwd\n",
        b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>',
    ],
)
def test_playlists_that_name_other_files_are_no_sound(playlist: bytes) -> None:
    with pytest.raises(SpeechRejected):
        decode(playlist)


def test_a_file_longer_than_the_limit_is_stopped_early() -> None:
    data = encoded("mp3", 24_000, tone(4, 24_000), piece=48_000)
    with pytest.raises(SoundTooLong):
        decode(data, limit_s=2)


def test_raw_samples_change_their_rate() -> None:
    heard = at_recogniser_rate(tone(1, 48_000), 48_000)
    assert len(heard) // 2 == pytest.approx(16_000, abs=40)
    assert at_recogniser_rate(b"ab", 16_000) == b"ab"


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(SpeechRejected):
        at_recogniser_rate(b"abc", 16_000)
