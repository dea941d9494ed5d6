"""The HTTP surface against its own OpenAPI document, by schemathesis: all its checks, with engines in this process."""

from __future__ import annotations

import io
import tempfile
import wave
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from tests.unit.speech.fakes import FakeEngine

from vivavoce.speech.clips import ClipStore
from vivavoce.speech.engines import EngineSpec
from vivavoce.speech.server import create_app


def wav(pcm: bytes) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(16_000)
        writer.writeframes(pcm)
    return out.getvalue()


# What a schema cannot say: that a file is a sound and no silence, and that samples are whole.
PCM = st.binary(min_size=2, max_size=50).map(lambda data: data * 2 + b"\0\x40" * 16_000)
schemathesis.openapi.media_type("audio/wav", PCM.map(wav))
schemathesis.openapi.media_type("audio/pcm;rate=16000", PCM)

# Gone with the process that collected the tests.
CLIPS = tempfile.TemporaryDirectory(prefix="vivavoce-clips-")
APP = create_app(
    {
        "voice": FakeEngine(EngineSpec("voice", "tts", "", "weights", ("tts-1",))),
        "ears": FakeEngine(EngineSpec("ears", "stt", "", "weights", ("whisper-1",))),
    },
    clips=ClipStore(Path(CLIPS.name), limit=1000),
)
schema = schemathesis.openapi.from_asgi("/openapi.json", APP)


@schema.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
    """Nor can it say which languages are spoken and what can be said: what is meant to fit is made to."""
    if case.meta is not None and case.meta.generation.mode.is_positive and isinstance(case.body, dict):
        for name, value in case.body.items():
            if isinstance(value, str) and name in ("input", "name", "transcript", "consent"):
                case.body[name] = f"A {''.join(filter(str.isascii, filter(str.isprintable, value)))}"[:90]
            # schemathesis 4.32 fills forms with encodings of their own without a look at the patterns.
            elif isinstance(value, str) and name == "language":
                case.body[name] = "de-AT" if len(value) % 2 else "en"
    return case


@schema.parametrize()
@settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_it_does_what_it_says(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate()
