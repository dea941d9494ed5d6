"""Where in a sound somebody speaks: so that silence and noise are never transcribed, and long sound is cut in pauses.

Whisper invents words for silence and noise ("Thank you.", "I'm going to go to the next one."), with any window.
Silero's detector tells them from speech far better than Whisper's own no-speech probability: on our set speech reaches
at least 0.97, noise at most 0.52 in a single frame (`benchmarks/stt.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from vivavoce.speech.engines.base import RECOGNISER_RATE
from vivavoce.speech.errors import EngineFailed

FRAME = 512
"""Samples at 16 kHz (32 ms): what Silero judges at a time."""

CONTEXT, STATE = 64, 128
"""Samples before a frame that it sees too, and the numbers it remembers: those of Silero v6."""

AT_ONCE = 10_000
"""Frames, five minutes, for which memory is taken at once."""

BEGIN = 0.5
STAY = 0.2
"""Speech begins at the first probability (Silero's own threshold) and lasts while the second is reached: soft endings
of words are lower than their vowels."""

LEAST_FRAMES = 2
"""Frames at `BEGIN` that make speech, in a row. A short "yes" has ten, a noise at most one."""

JOIN_S = 0.3
"""A shorter pause does not end a region: it is the closure of a consonant or a breath."""

Probabilities: TypeAlias = NDArray[np.float32]
Detect: TypeAlias = Callable[[NDArray[np.float32]], Probabilities]
"""Mono float samples at 16 kHz → a probability of speech for each `FRAME` of them."""


@dataclass(frozen=True, slots=True)
class Region:
    """Samples [start, end) in which somebody speaks."""

    start: int
    end: int


class Silero:
    """Silero's detector as faster-whisper brings it (v6, MIT). One thread, about 2 ms for a second of sound.

    Its graph takes all frames at once, each with the last samples of the one before, and a state it begins with.
    """

    def __init__(self) -> None:
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = settings.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            str(_silero()), settings, providers=["CPUExecutionProvider"]
        )
        self._state = np.zeros((1, 1, STATE), np.float32)

    def __call__(self, samples: NDArray[np.float32]) -> Probabilities:
        """The probability of speech in each frame; the last one is filled with silence."""
        count = -(-len(samples) // FRAME)
        if not count:
            return np.zeros(0, np.float32)
        padded = np.zeros(CONTEXT + count * FRAME, np.float32)
        padded[CONTEXT : CONTEXT + len(samples)] = samples
        frames = np.lib.stride_tricks.sliding_window_view(padded, CONTEXT + FRAME)[::FRAME]
        found: list[Probabilities] = []
        hidden: Any = self._state
        cell: Any = self._state
        for at in range(0, count, AT_ONCE):
            some = np.ascontiguousarray(frames[at : at + AT_ONCE])
            likely, hidden, cell = self._session.run(None, {"input": some, "h": hidden, "c": cell})
            found.append(np.asarray(likely, np.float32).reshape(-1))
        return np.concatenate(found)


def _silero() -> Path:
    # Found without importing its package, which would bring an engine of its own with it.
    spec = find_spec("faster_whisper")
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / "assets" / "silero_vad_v6.onnx"
        if path.exists():
            return path
    raise EngineFailed(
        "The voice activity detector's file silero_vad_v6.onnx is not where faster-whisper 1.2 has it.",
        next_step="Install Viva Voce again, with the versions of its requirements.",
    )


def regions(probabilities: Probabilities, samples: int) -> list[Region]:
    """The stretches of speech in a sound of so many samples, in order, apart by `JOIN_S` or more."""
    found: list[Region] = []
    start: int | None = None
    row = longest = 0
    for index, probability in enumerate([*probabilities.tolist(), 0.0]):
        row = row + 1 if probability >= BEGIN else 0
        if start is None:
            if row:
                start, longest = index, row
        elif probability >= STAY:
            longest = max(longest, row)
        else:
            if longest >= LEAST_FRAMES:
                _append(found, Region(start * FRAME, min(index * FRAME, samples)))
            start = None
    return found


def _append(found: list[Region], region: Region) -> None:
    if found and region.start - found[-1].end < JOIN_S * RECOGNISER_RATE:
        found[-1] = Region(found[-1].start, region.end)
    else:
        found.append(region)


def windows(
    speech: Sequence[Region],
    probabilities: Probabilities,
    samples: int,
    *,
    longest_s: float,
    pause_s: float,
    margin_s: float,
) -> list[Region]:
    """Cut a sound into pieces to decode: each holds speech, none is longer than `longest_s`.

    Args:
        speech: from `regions`.
        probabilities: of the whole sound.
        samples: its length.
        longest_s: of a piece, margins included.
        pause_s: a pause at least so long always ends a piece.
        margin_s: what of the silence around the speech a piece keeps.
    """
    margin = int(margin_s * RECOGNISER_RATE)
    longest = int(longest_s * RECOGNISER_RATE) - 2 * margin
    pieces: list[Region] = []
    for region in [part for whole in speech for part in _halve(whole, probabilities, longest)]:
        last = pieces[-1] if pieces else None
        if (
            last is not None
            and region.start - last.end < pause_s * RECOGNISER_RATE
            and region.end - last.start <= longest
        ):
            pieces[-1] = Region(last.start, region.end)
        else:
            pieces.append(region)
    return _with_margins(pieces, margin, samples)


def _halve(region: Region, probabilities: Probabilities, longest: int) -> list[Region]:
    """Speech without a pause that is too long for one piece, cut where it is least like speech."""
    if region.end - region.start <= longest:
        return [region]
    latest = region.start + longest
    first_frame, last_frame = (region.start + longest // 2) // FRAME, latest // FRAME
    cut = (first_frame + int(np.argmin(probabilities[first_frame:last_frame]))) * FRAME
    return [Region(region.start, cut), *_halve(Region(cut, region.end), probabilities, longest)]


def _with_margins(pieces: Sequence[Region], margin: int, samples: int) -> list[Region]:
    grown: list[Region] = []
    for index, piece in enumerate(pieces):
        before = pieces[index - 1].end if index else 0
        after = pieces[index + 1].start if index + 1 < len(pieces) else samples
        # Neighbours share the pause between them, so that no sound is decoded twice.
        start = max(piece.start - margin, (before + piece.start) // 2 if index else 0)
        end = min(piece.end + margin, (piece.end + after) // 2 if index + 1 < len(pieces) else samples)
        grown.append(Region(start, end))
    return grown
