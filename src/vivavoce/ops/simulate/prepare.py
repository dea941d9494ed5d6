"""What a simulation needs before it begins: the study, the participants' sound, the links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vivavoce.errors import VivavoceError
from vivavoce.ops.children import speech_server
from vivavoce.ops.simulate.participant import Repertoire
from vivavoce.ops.simulate.repertoire import choose_voice, kept, recorded, spoken
from vivavoce.protocol.check import load_study
from vivavoce.protocol.study import Study
from vivavoce.settings import Settings
from vivavoce.speech.client import SpeechClient
from vivavoce.voice.cast import Cast
from vivavoce.voice.wording import Voice, WordingStore

Progress = Callable[[int, int], None]
"""Told (answers done, answers in all) while sound is made."""


class Unreadable(VivavoceError):
    """A file that was named cannot be read."""

    code = "simulate_unreadable"


@dataclass(frozen=True)
class StudyFile:
    """A study file, read and checked."""

    data: bytes
    source: str
    study: Study


def read_study(path: Path) -> StudyFile:
    """Read and check a study file.

    Raises:
        Unreadable: there is no such file.
        StudyError: it has errors.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unreadable(
            f"{path}: {error.strerror}.", next_step="Name a study file, such as studies/demo.yaml."
        ) from error
    return StudyFile(data, str(path), load_study(data, source=str(path)))


def read_links(path: Path) -> list[str]:
    """Invitation links from a file, one a line; empty lines are passed over.

    Raises:
        Unreadable: there is no such file, or nothing in it.
    """
    try:
        links = [line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(
            f"{path} cannot be read: {error}.", next_step="Give a file with one link a line."
        ) from error
    if not links:
        raise Unreadable(f"{path} has no links.", next_step="`vivavoce invite STUDY --count N` makes them.")
    return links


def voice_for(study: Study, language: str | None, cast: Cast) -> Voice:
    """A participant's voice for an interview in this language; None: the study's first.

    Raises:
        NoAnswers: there are no built-in answers in it.
        VoiceMissing: the moderator has no voice in it.
    """
    spoken_in = language or study.languages[0]
    return choose_voice(spoken_in, moderator=cast.voice(study, spoken_in).voice)


def answers_store(settings: Settings) -> WordingStore:
    """Where the sound of built-in answers is kept, apart from what moderators say."""
    return WordingStore(settings.wording_dir / "participants")


async def repertoire(
    settings: Settings,
    study: Study,
    *,
    language: str | None,
    answers: Path | None,
    on_progress: Progress = lambda done, total: None,
) -> Repertoire:
    """What participants will say. Sound that was made before is used again; else a speech server makes it now and is
    stopped again, so that it takes nothing from the calls.

    Raises:
        NoAnswers, BadClip: there is nothing to say.
        SpeechServerFailed, SpeechUnavailable, SpeechRejected, WordingFailed: the sound could not be made.
    """
    if answers is not None:
        return recorded(answers)
    voice, store = voice_for(study, language, Cast(settings.speech)), answers_store(settings)
    ready = kept(voice, store=store)
    if ready is not None:
        return ready
    speaking = settings.speech.model_copy(update={"engines": (voice.engine,)})
    async with (
        speech_server(settings.model_copy(update={"speech": speaking})) as address,
        SpeechClient(address.url) as client,
    ):
        return await spoken(voice, client=client, store=store, on_progress=on_progress)
