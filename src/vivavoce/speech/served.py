"""Models that servers elsewhere run, on GPUs: nothing of them is pulled here, but it is known what they permit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model.

    Attributes:
        id: its name in lists.
        role: what it does: `stt` hears, `tts` speaks.
        kind: the API of the server that runs it.
        languages: ISO 639-1 codes it works in.
        licence: SPDX expression of the weights.
        non_commercial: the licence forbids commercial use.
        about: one line for people.
        repository: its name on model hubs, which is what servers call it.
    """

    id: str
    role: Literal["stt", "tts"]
    kind: Literal["voxtral", "fish"]
    languages: tuple[str, ...]
    licence: str
    non_commercial: bool
    about: str
    repository: str


SERVED: Mapping[str, ServedModel] = {
    model.id: model
    for model in (
        # huggingface.co/fishaudio/openaudio-s1-mini (also fishaudio/s1-mini), model card.
        ServedModel(
            id="openaudio-s1-mini",
            role="tts",
            kind="fish",
            languages=("ar", "de", "en", "es", "fr", "it", "ja", "ko", "nl", "pl", "pt", "ru", "zh"),
            licence="CC-BY-NC-SA-4.0",
            non_commercial=True,
            about="OpenAudio S1-mini, 0.5 B parameters, imitates clips, 44.1 kHz; by a Fish Speech server",
            repository="fishaudio/openaudio-s1-mini",
        ),
        # huggingface.co/mistralai/Voxtral-4B-TTS-2603, model card; its reference voices have the same licence.
        ServedModel(
            id="voxtral-4b-tts",
            role="tts",
            kind="voxtral",
            languages=("ar", "de", "en", "es", "fr", "hi", "it", "nl", "pt"),
            licence="CC-BY-NC-4.0",
            non_commercial=True,
            about="Voxtral 4B TTS 2603, 20 voices, 24 kHz; by a vLLM-Omni server",
            repository="mistralai/Voxtral-4B-TTS-2603",
        ),
    )
}


def find_served(name: str) -> ServedModel | None:
    """A model by its id or by what servers call it, capitals aside; None for one that is not known."""
    wanted = name.lower()
    for model in SERVED.values():
        repository = model.repository.lower()
        if wanted in (model.id, repository, repository.rpartition("/")[2]):
            return model
    return None
