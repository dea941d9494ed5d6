"""What a host shares among its sessions."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from livekit.agents import vad

from vivavoce.moderator.turns import SoundJudge
from vivavoce.session.clock import Clock
from vivavoce.speech.client import SpeechClient
from vivavoce.voice.wording import WordingStore

Keep = Callable[[str, Path], Awaitable[object]]
"""Takes a finished recording file under a key, and the file away."""


@dataclass(frozen=True)
class Equipment:
    """Shared by all sessions of a host.

    Attributes:
        client: the speech server.
        wording: prepared sound.
        detector: hears whether somebody speaks.
        sound_judge: makes a session's judge of whether a turn sounds complete; None where there is none.
        stt_model: name of the speech server's model that transcribes.
        keep: see `Keep`.
        spool: folder for recordings while they are written.
        clock: the wall clock.
    """

    client: SpeechClient
    wording: WordingStore
    detector: vad.VAD
    sound_judge: Callable[[], SoundJudge | None]
    stt_model: str
    keep: Keep
    spool: Path
    clock: Clock
