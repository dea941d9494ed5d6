"""What is sent as a clip, checked and made what is kept: s16 mono, at the recording's own rate up to 48 kHz."""

from __future__ import annotations

import numpy as np

from vivavoce.speech.clips import ClipSound
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.sound import SoundTooLong, decode_at_own_rate
from vivavoce.speech.upstream.wav import wav

SHORTEST_S, LONGEST_S = 1.0, 60.0
"""Seconds of a clip. Models want 3 to 30 (vLLM-Omni refuses more than 30); a minute is plenty for any."""

_QUIET = 10 ** (-45 / 20) * 32768
"""Peak below which a clip is silence: -45 dB below full scale."""


def clip_sound(data: bytes) -> ClipSound:
    """The sound of a clip.

    Args:
        data: a sound file that FFmpeg reads.

    Raises:
        SpeechRejected: it is none, too short, too long, or silent.
    """
    try:
        samples, rate = decode_at_own_rate(data, limit_s=LONGEST_S)
    except SoundTooLong:
        raise _unfit(f"The clip is longer than {LONGEST_S:.0f} s.") from None
    seconds = len(samples) / rate
    if seconds < SHORTEST_S:
        raise _unfit(f"The clip has {seconds:.1f} s.")
    if np.abs(samples.astype(np.int32)).max() < _QUIET:
        raise _unfit("There is silence in the clip.")
    return ClipSound(wav(samples.astype("<i2").tobytes(), rate), rate, round(seconds, 3))


def _unfit(what: str) -> SpeechRejected:
    return SpeechRejected(
        what,
        next_step="Send 5 to 30 s of one person speaking.",
        reason="clip_unfit",
        param="audio_sample",
    )
