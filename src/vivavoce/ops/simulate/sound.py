"""Sound at the participant's end: 48 kHz, s16le, mono; what of it can be heard; clips to speak.

Loudness is root mean square over 10 ms, in dB below full scale.
"""

from __future__ import annotations

import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soxr

from vivavoce.errors import VivavoceError

RATE = 48_000
"""Hz of everything a simulated participant says."""

WINDOW_S = 0.01
"""Seconds over which loudness is taken."""

AUDIBLE_DBFS = -45.0
"""What counts as sound. Speech is at -30 to -15, soft fricatives at -40; Opus turns silence into less than -80, and
comfort noise is at -60 or below (RFC 3389 suggests -65 to -75)."""

SPEECH_BELOW_DB = 20.0
"""How far below its loud parts a clip is still taken for speech where its end is sought. A breath or the room of a
recording after the last word would make response times look shorter than they are."""

SPEECH_WINDOWS = 3
"""Loud windows in a row that make speech, or keep it going: 30 ms, more than a click."""

Samples = npt.NDArray[np.int16]


class BadClip(VivavoceError):
    """A recorded answer cannot be used."""

    code = "simulate_bad_clip"


@dataclass(frozen=True)
class Clip:
    """Something a participant can say.

    Attributes:
        pcm: 48 kHz s16le mono, up to the last audible sample.
        first: offset of the first audible sample.
        last: offset just after the last sample of speech; what follows is quiet, such as a breath.
        text: what is said, where it is known.
    """

    pcm: bytes
    first: int
    last: int
    text: str = ""

    @property
    def duration_s(self) -> float:
        """From its first sample to its last."""
        return len(self.pcm) / 2 / RATE

    def then(self, other: Clip, *, pause_s: float) -> Clip:
        """This and the other, with a pause of that length between what is audible of them."""
        gap = bytes(2 * round(pause_s * RATE))
        text = f"{self.text} {other.text}".strip()
        return clip(self.pcm + gap + other.pcm[2 * other.first :], rate=RATE, text=text)


def loudness(samples: Samples, rate: int) -> npt.NDArray[np.float64]:
    """dB below full scale of each whole window; an incomplete one at the end is left out."""
    length = round(rate * WINDOW_S)
    whole = samples[: len(samples) // length * length].reshape(-1, length).astype(np.float64)
    power = np.mean(np.square(whole), axis=1)
    return 10.0 * np.log10(np.maximum(power, 1e-9) / 32768.0**2)


def clip(pcm: bytes, *, rate: int, text: str = "") -> Clip:
    """A clip from s16le mono sound at any rate.

    Raises:
        BadClip: nothing in it is audible.
    """
    samples: Samples = np.frombuffer(pcm, np.int16)
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    window = round(RATE * WINDOW_S)
    padded = np.concatenate([samples, np.zeros(-len(samples) % window, np.int16)])
    loud = loudness(padded, RATE)
    audible = np.flatnonzero(loud > AUDIBLE_DBFS)
    if len(audible) == 0:
        raise BadClip(
            f"The answer {text[:60]!r} is silent." if text else "An answer is silent.",
            next_step="Give recordings louder than -45 dB below full scale.",
        )
    first, end = int(audible[0]), int(audible[-1]) + 1
    speech = loud > max(AUDIBLE_DBFS, float(np.percentile(loud[first:end], 95)) - SPEECH_BELOW_DB)
    runs = [at for at in range(SPEECH_WINDOWS, end + 1) if speech[at - SPEECH_WINDOWS : at].all()]
    last = runs[-1] if runs else end
    return Clip(padded[: end * window].astype("<i2").tobytes(), first * window, last * window, text)


def read_wav(file: Path) -> Clip:
    """A clip from a 16-bit PCM wav file, any rate, any number of channels (they are averaged).

    Raises:
        BadClip: it is no such file, or silent.
    """
    try:
        with wave.open(str(file)) as source:
            width, channels, rate = source.getsampwidth(), source.getnchannels(), source.getframerate()
            frames = source.readframes(source.getnframes())
    except (OSError, wave.Error, EOFError) as error:
        raise BadClip(f"{file} cannot be read as a wav file: {error}.", next_step=_CONVERT) from error
    if width != 2:
        raise BadClip(f"{file} has {8 * width} bits a sample.", next_step=_CONVERT)
    samples = np.frombuffer(frames, np.int16).reshape(-1, channels)
    return clip(samples.mean(axis=1).astype(np.int16).tobytes(), rate=rate, text=file.stem)


_CONVERT = "Convert it to 16-bit PCM wav."


def room_noise(seconds: float, *, dbfs: float, seed: int) -> bytes:
    """Quiet white noise, as a microphone in a still room has; 48 kHz s16le mono."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(0.0, 32768.0 * 10 ** (dbfs / 20), round(seconds * RATE))
    return np.clip(np.rint(noise), -32768, 32767).astype("<i2").tobytes()
