"""What FastAPI cannot see of the HTTP surface, for the OpenAPI document: sound, forms, headers and errors."""

from __future__ import annotations

from typing import Any, TypeAlias

from fastapi import FastAPI

from vivavoce.speech.clips import LANGUAGE_PATTERN, TRANSCRIPT_LIMIT
from vivavoce.speech.messages import Priority
from vivavoce.speech.requests import PRIORITY_HEADER, TranscriptionRequest
from vivavoce.speech.shapes import ErrorBody, TranscriptionBody, VerboseBody
from vivavoce.speech.sound import MEDIA_TYPES

Answers: TypeAlias = dict[int | str, dict[str, Any]]

_RETRY_AFTER = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}}}

_ERRORS: dict[int, str] = {
    400: "The request cannot succeed as it is; `code` and `param` say why.",
    404: "No model, or no voice, of that name is here.",
    409: "A partial transcription that came too late and was not made.",
    413: "The request or its sound is over the limit.",
    429: "The engine has its hands full.",
    500: "The engine failed on this request.",
    503: "The engine is loading, or died and is being restarted.",
}


def _errors(*statuses: int) -> Answers:
    return {
        status: {
            "model": ErrorBody,
            "description": _ERRORS[status],
            **({"headers": _RETRY_AFTER} if status in (429, 503) else {}),
        }
        for status in statuses
    }


_BINARY = {"schema": {"type": "string", "format": "binary"}}
_TEXT = {"schema": {"type": "string"}}
_EVENTS = {
    "schema": {
        "type": "object",
        "description": "One of the server-sent events. `data` is JSON: OpenAI's event, or an error's body.",
        "required": ["data"],
        "properties": {"data": {"type": "string", "contentMediaType": "application/json"}},
    }
}

_SOUNDS = tuple(MEDIA_TYPES.values())

SPEECH_ANSWERS: Answers = {
    200: {
        "description": "The sound, as it is made.",
        "headers": {
            "X-Sample-Rate": {"description": "Hz, of the sound.", "schema": {"type": "integer"}},
        },
        "content": {
            **dict.fromkeys(_SOUNDS, _BINARY),
            "text/event-stream": _EVENTS,
        },
    },
    **_errors(400, 404, 413, 429, 500, 503),
}

TRANSCRIPTION_ANSWERS: Answers = {
    200: {
        "description": "The transcript, in the format that was asked for.",
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        {"$ref": "#/components/schemas/VerboseBody"},
                        {"$ref": "#/components/schemas/TranscriptionBody"},
                    ]
                }
            },
            "text/plain": _TEXT,
            "text/vtt": _TEXT,
            "text/event-stream": _EVENTS,
        },
    },
    **_errors(400, 404, 409, 413, 429, 500, 503),
}

VOICES_ANSWERS: Answers = _errors(400, 404)
ADD_VOICE_ANSWERS: Answers = _errors(400, 413, 500)
DELETE_VOICE_ANSWERS: Answers = _errors(404, 500)
MODEL_ANSWERS: Answers = _errors(404)

_PRIORITY = {
    "name": PRIORITY_HEADER,
    "in": "header",
    "required": False,
    "description": "Whose turn it is first.",
    "schema": {"type": "string", "enum": [one.value for one in Priority], "default": Priority.LIVE.value},
}

SPEECH_PARAMETERS = [_PRIORITY]


def _fields() -> dict[str, Any]:
    return TranscriptionRequest.model_json_schema()["properties"]


TRANSCRIPTION_REQUEST: dict[str, Any] = {
    "parameters": [_PRIORITY],
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "wav, flac, ogg, mp3, m4a, webm or aac; 25 MiB, an hour.",
                        },
                        **_fields(),
                    },
                },
                "encoding": {"file": {"contentType": "audio/wav, audio/flac, audio/ogg, audio/mpeg"}},
            },
            "audio/pcm;rate=16000": {
                "schema": {
                    "type": "string",
                    "format": "binary",
                    "description": "s16le mono at that rate, 4000 to 192000 Hz. The fields are in the query.",
                }
            },
        },
    },
}


_CLIP_LIMITS = {"name": 100, "transcript": TRANSCRIPT_LIMIT, "consent": 1000}

ADD_VOICE_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["audio_sample", "language", *_CLIP_LIMITS],
                    "properties": {
                        "audio_sample": {
                            "type": "string",
                            "format": "binary",
                            "description": "1 to 60 s of one person speaking; wav, flac, ogg, mp3, m4a, webm or aac.",
                        },
                        "language": {"type": "string", "pattern": LANGUAGE_PATTERN},
                        **{
                            # Not only white space, which is taken off.
                            name: {"type": "string", "minLength": 1, "maxLength": limit, "pattern": r"\S"}
                            for name, limit in _CLIP_LIMITS.items()
                        },
                    },
                },
                "encoding": {"audio_sample": {"contentType": "audio/wav, audio/flac, audio/ogg, audio/mpeg"}},
            }
        },
    }
}


def described(app: FastAPI) -> None:
    """Have the application describe itself as it is."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = original()
            for path in document["paths"].values():
                for operation in path.values():
                    # FastAPI's own: a request that does not fit is answered with 400 here, as OpenAI does.
                    operation["responses"].pop("422", None)
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            for name in ("HTTPValidationError", "ValidationError"):
                schemas.pop(name, None)
            for model in (TranscriptionBody, VerboseBody):
                found = model.model_json_schema(ref_template="#/components/schemas/{model}")
                schemas.update(found.pop("$defs", {}))
                schemas[model.__name__] = found
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi
