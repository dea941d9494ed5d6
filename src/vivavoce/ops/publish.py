"""Publishing a study: check it, keep it, and make the sound of everything it will say."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from vivavoce.agent.till import SessionPrices
from vivavoce.errors import VivavoceError
from vivavoce.ops.children import speech_server
from vivavoce.protocol.check import load_study
from vivavoce.protocol.problems import Problem
from vivavoce.protocol.prompts.pack import require_reviewed
from vivavoce.protocol.study import Study
from vivavoce.protocol.wordings import wordings
from vivavoce.settings import GuardSettings, LlmSettings, RealtimeSettings, Settings
from vivavoce.speech.client import SpeechClient, Word
from vivavoce.storage.open import open_storage
from vivavoce.voice.cast import Cast
from vivavoce.voice.prices import PriceTable, PriceUnknown
from vivavoce.voice.wording import RECOGNISER_RATE, Voice, WordingStore, prepare

READ_TIMEOUT_S = 120.0
"""The longest wait for a piece of a sentence's sound: a long sentence takes 8 s on two idle cores, ten times that on
busy ones."""

Progress = Callable[[str, int, int], None]
"""Told (language, wordings done, wordings in all) while sound is made."""


class Shelf(Protocol):
    """Where published studies are kept."""

    async def publish(self, yaml: str) -> object:
        """Keep a study under its id; earlier versions stay for the sessions that began with them."""
        ...


@asynccontextmanager
async def patient_client(url: str) -> AsyncGenerator[SpeechClient]:
    """A client of the speech server for work that nobody waits for in a call."""
    client = SpeechClient(url, read_timeout_s=READ_TIMEOUT_S)
    try:
        yield client
    finally:
        await client.aclose()


async def publish(
    data: bytes,
    *,
    source: str,
    shelf: Shelf,
    client: SpeechClient,
    wording: WordingStore,
    settings: Settings,
    prices: PriceTable,
    on_progress: Progress = lambda language, done, total: None,
) -> Study:
    """Make a study ready to be held.

    Args:
        data: the study file.
        source: its name, for messages.
        shelf: keeps it.
        client: the speech server.
        wording: keeps the sound.
        settings: who hears, speaks, moderates and judges.
        prices: of everything in them.
        on_progress: see `Progress`.

    Raises:
        StudyError: the file has errors; nothing was kept.
        ProfileUnknown, RealtimeUnknown, GuardUnknown, PackUnreviewed: see `check_model`; nothing was kept.
        VoiceMissing: a language has no voice, or none that runs here; nothing was kept.
        PriceUnknown: see `check_prices`; nothing was kept.
        WordingFailed, SpeechUnavailable, SpeechRejected: a sound could not be made; what was made is kept, and
            publishing again goes on from there.
    """
    study = load_study(data, source=source)
    check(settings, prices, study)
    cast = Cast(settings.speech)
    await prepare_study(study, client=client, wording=wording, cast=cast, on_progress=on_progress)
    await shelf.publish(data.decode("utf-8"))
    return study


async def prepare_study(
    study: Study,
    *,
    client: SpeechClient,
    wording: WordingStore,
    cast: Cast,
    on_progress: Progress = lambda language, done, total: None,
) -> int:
    """Make the sound of every wording of a study that has none yet; returns how many were made."""

    async def synthesise(text: str, voice: Voice) -> AsyncIterator[tuple[bytes, int]]:
        async with client.speak(
            text,
            model=voice.engine,
            voice=voice.voice,
            language=voice.language,
            speed=voice.speed,
            priority="batch",
        ) as sound:
            async for chunk in sound:
                yield chunk, sound.sample_rate

    async def recognise(pcm: bytes, language: str) -> Sequence[Word]:
        heard = await client.transcribe(
            pcm,
            sample_rate=RECOGNISER_RATE,
            language=language,
            words=True,
            priority="batch",
            model=cast.hearing(language),
        )
        return heard.words

    made = 0
    for language in study.languages:
        made += await prepare(
            wording,
            wordings(study, language),
            cast.voice(study, language),
            synthesise=synthesise,
            recognise=recognise,
            on_progress=lambda done, total, language=language: on_progress(language, done, total),
        )
    return made


def check(settings: Settings, prices: PriceTable, study: Study) -> None:
    """See that a study can be held here: whatever is missing, its first participant does not find out.

    Raises:
        ProfileUnknown, RealtimeUnknown, GuardUnknown, PackUnreviewed: see `check_model`.
        VoiceMissing: a language has no voice, or none that runs here.
        PriceUnknown: see `check_prices`.
    """
    check_model(settings.llm, settings.guard, settings.realtime, study)
    Cast(settings.speech).check(study)
    check_prices(settings, prices, study)


def unready(settings: Settings, study: Study) -> Problem | None:
    """What keeps a study from being published with these settings, as a warning about its file; None: nothing."""
    try:
        check(settings, _prices(settings), study)
    except VivavoceError as error:
        message = f"It could not be published with the settings here: {error.what}"
        return Problem(1, 1, "", "warning", message, error.next_step)
    return None


def _prices(settings: Settings) -> PriceTable:
    """The prices of the settings, whether or not they say what an hour of this machine costs."""
    return PriceTable.of(settings.model_copy(update={"money": settings.money.free_unless_said()}))


def check_prices(settings: Settings, prices: PriceTable, study: Study) -> None:
    """See that everything a study's sessions may use has a price.

    Raises:
        PriceUnknown: something has none.
    """
    try:
        SessionPrices.of(prices, settings, study)
    except PriceUnknown as error:
        raise PriceUnknown(
            f"A session of the study {study.id!r} would use what has no price. {error.what}",
            next_step=f"{error.next_step} A server that runs takes prices at its start.",
        ) from error


def check_model(llm: LlmSettings, guard: GuardSettings, realtime: RealtimeSettings, study: Study) -> None:
    """See that a study's model and its guards are there, and that what it is told may meet participants.

    Raises:
        ProfileUnknown: the settings have no such model profile.
        RealtimeUnknown: the settings have no such speech-to-speech profile.
        GuardUnknown: the settings have no such guard profile.
        PackUnreviewed: a language's prompts may not meet participants yet.
    """
    if not study.moderator.thinks:
        return
    if study.moderator.realtime is not None:
        realtime.order(study.moderator.realtime)
    if study.moderator.realtime is None or study.moderator.profile is not None:
        for language in study.languages:
            llm.profile(study.moderator.profile, language)
    guard.chosen(study.guard.models)
    if not llm.unreviewed_prompts:
        require_reviewed(study.languages)


async def publish_here(
    settings: Settings,
    data: bytes,
    *,
    source: str,
    on_progress: Progress = lambda language, done, total: None,
) -> Study:
    """Publish a study into the settings' database, beside a running server or without one; see `publish`.

    Raises:
        PriceUnknown: something in the settings has no price, though this machine's hour may go unsaid.
        ProfileUnknown, RealtimeUnknown, GuardUnknown, PackUnreviewed, VoiceMissing: see `check`.
    """
    # What is wrong comes before anything is started.
    prices = _prices(settings)
    check(settings, prices, load_study(data, source=source))
    async with (
        open_storage(settings, exclusive=False) as storage,
        speech_server(settings) as speech,
        patient_client(speech.url) as client,
    ):
        return await publish(
            data,
            source=source,
            shelf=storage.studies,
            client=client,
            wording=WordingStore(settings.wording_dir),
            settings=settings,
            prices=prices,
            on_progress=on_progress,
        )
