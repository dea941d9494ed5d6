"""`/v1/audio/voices`: the engines' voices, and reference clips to imitate.

Adding and deleting are OpenAI's (openai-python 3.54, `types/audio/voice*.py`), with the clip's transcript beside it:
models that imitate want it. `consent` is OpenAI's name too; here it is a note of how the speaker's consent is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request
from starlette.datastructures import UploadFile

from vivavoce.speech.clip_sound import clip_sound
from vivavoce.speech.clips import Clip, ClipStore, ClipUnknown
from vivavoce.speech.errors import SpeechRejected
from vivavoce.speech.openapi import ADD_VOICE_ANSWERS, ADD_VOICE_REQUEST, DELETE_VOICE_ANSWERS
from vivavoce.speech.roster import Engine
from vivavoce.speech.shapes import AddedVoice, DeletedVoice


class VoiceRoutes:
    """The voices of a server's engines and clips.

    Args:
        engines: by name.
        clips: the store.
    """

    def __init__(self, engines: Mapping[str, Engine], clips: ClipStore) -> None:
        self._engines = engines
        self._clips = clips

    def add_to(self, app: FastAPI) -> None:
        """Add the routes that change something."""
        app.post(
            "/v1/audio/voices",
            response_model=AddedVoice,
            responses=ADD_VOICE_ANSWERS,
            openapi_extra=ADD_VOICE_REQUEST,
        )(self.add)
        app.delete("/v1/audio/voices/{id}", response_model=DeletedVoice, responses=DELETE_VOICE_ANSWERS)(
            self.delete
        )

    async def listed(self, engines: Iterable[Engine]) -> dict[str, Any]:
        """The voices of some engines, and the clips for each of them that imitates."""
        data: list[dict[str, Any]] = []
        clips = await asyncio.to_thread(self._clips.list)
        for engine in engines:
            name = engine.spec.name
            for voice in engine.loaded.voices if engine.loaded else ():
                data.append(
                    {"id": voice.id, "object": "voice", "model": name, **voice.model_dump(exclude={"id"})}
                )
            if engine.spec.imitates:
                data.extend({**_row(clip), "model": name} for clip in clips)
        return {"object": "list", "data": data}

    def is_clip(self, engine: Engine, voice: str) -> bool:
        """Whether a voice is a clip.

        Raises:
            SpeechRejected: it is one, and the engine cannot imitate it.
        """
        if self._clips.get(voice) is None:
            return False
        if not engine.spec.imitates:
            able = [name for name, one in self._engines.items() if one.spec.imitates]
            other = f"the engine {' or '.join(able)}" if able else "an upstream of kind fish or voxtral"
            raise SpeechRejected(
                f"The engine {engine.spec.name} cannot imitate a clip; it has voices of its own.",
                next_step=f"Use one of these, or {other}.",
                reason="voice_not_imitated",
                param="voice",
            )
        return True

    async def add(self, request: Request) -> dict[str, Any]:
        """Add a clip: a form with `audio_sample` (or `file`), `name`, `transcript`, `language` and `consent`."""
        async with request.form(max_files=1, max_fields=16) as form:
            file = form.get("audio_sample") or form.get("file")
            if not isinstance(file, UploadFile):
                raise SpeechRejected(
                    "There is no clip in the request.",
                    next_step="Send a form with the sound as `audio_sample`.",
                    reason="sound_missing",
                    param="audio_sample",
                )
            words = {name: value for name, value in form.items() if isinstance(value, str)}
            clip = await asyncio.to_thread(
                self._clips.add,
                await asyncio.to_thread(clip_sound, await file.read()),
                name=words.get("name", ""),
                # vLLM-Omni's name for it is taken too.
                transcript=words.get("transcript") or words.get("ref_text", ""),
                language=words.get("language", ""),
                consent=words.get("consent", ""),
                now=datetime.now(UTC),
            )
        return {**_row(clip), "models": [n for n, engine in self._engines.items() if engine.spec.imitates]}

    async def delete(self, id: str) -> dict[str, Any]:
        """Delete a clip, here and, as far as they can, with the upstreams that were given it."""
        if not await asyncio.to_thread(self._clips.delete, id):
            raise ClipUnknown(f"There is no clip {id!r}.", next_step="GET /v1/audio/voices lists them.")
        for engine in self._engines.values():
            if engine.spec.imitates:
                engine.forget(id)
        return {"id": id, "object": "audio.voice.deleted", "deleted": True}


def _row(clip: Clip) -> dict[str, Any]:
    return {
        "id": clip.id,
        "object": "audio.voice",
        "type": "audio_sample",
        "created_at": int(clip.created_at.timestamp()),
        "gender": "unknown",
        **clip.model_dump(include={"name", "language", "transcript", "consent", "duration_s", "sample_rate"}),
    }
