"""What servers answer when they are asked for their voices. No I/O.

`{"voices": ["name", …], "uploaded_voices": […]}`: vLLM-Omni (docs/serving/speech_api.md, "Voices Endpoint").
`{"data": [{"id", "language", "gender"}, …]}`: ours, and OpenAI's lists in general.
`{"voices": [{"id" or "name", …}, …]}`: several servers of Kokoro.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal, cast

from vivavoce.speech.messages import Voice

ANY_LANGUAGE = "mul"
"""The tag of a voice that speaks several languages (BCP 47, from ISO 639-2)."""

Gender = Literal["female", "male", "unknown"]


def listed_voices(body: bytes) -> list[Voice]:
    """The voices in an answer; none where it is no list of voices."""
    content = _json(body)
    if isinstance(content, dict):
        fields = cast("dict[str, Any]", content)
        content = fields.get("data") or fields.get("voices")
    if not isinstance(content, list):
        return []
    voices = [_voice(item) for item in cast("list[Any]", content)]
    return [voice for voice in voices if voice is not None]


def uploaded_names(body: bytes) -> set[str]:
    """Names of the clips that were uploaded to a vLLM-Omni server, in lower case."""
    content = _json(body)
    uploaded: Any = (
        cast("dict[str, Any]", content).get("uploaded_voices") if isinstance(content, dict) else None
    )
    if not isinstance(uploaded, list):
        return set()
    items = [cast("dict[str, Any]", item) for item in cast("list[Any]", uploaded) if isinstance(item, dict)]
    return {str(item["name"]).lower() for item in items if "name" in item}


def listed_references(body: bytes) -> list[str]:
    """Ids in a Fish Speech server's `{"success", "reference_ids", "message"}` (ListReferencesResponse)."""
    content = _json(body)
    ids: Any = cast("dict[str, Any]", content).get("reference_ids") if isinstance(content, dict) else None
    return [str(id) for id in cast("list[Any]", ids)] if isinstance(ids, list) else []


def settings_voices(entries: Sequence[str]) -> tuple[Voice, ...]:
    """Voices as the settings name them: `nova`, or `nova=de-DE` where it speaks only that."""
    pairs = [entry.partition("=") for entry in entries]
    return tuple(
        Voice(id=name.strip(), language=tag.strip() or guessed_language(name)) for name, _, tag in pairs
    )


def guessed_language(name: str) -> str:
    """What a voice speaks by its name: Voxtral's say it (`de_female`), or else are English (`casual_male`)."""
    head, _, tail = name.partition("_")
    if tail in ("female", "male"):
        return head if len(head) == 2 else "en"
    return ANY_LANGUAGE


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _voice(item: Any) -> Voice | None:
    if isinstance(item, str):
        return Voice(id=item, language=guessed_language(item), gender=_gender(item))
    if not isinstance(item, dict):
        return None
    fields = cast("dict[str, Any]", item)
    name = fields.get("id") or fields.get("voice_id") or fields.get("name")
    if not isinstance(name, str):
        return None
    language, gender = fields.get("language"), fields.get("gender")
    return Voice(
        id=name,
        language=language if isinstance(language, str) and language else guessed_language(name),
        gender=gender if gender in ("female", "male") else _gender(name),
    )


def _gender(name: str) -> Gender:
    tail = name.rpartition("_")[2]
    if tail == "female":
        return "female"
    return "male" if tail == "male" else "unknown"
