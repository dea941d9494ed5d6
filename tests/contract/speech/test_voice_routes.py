"""`/v1/audio/voices`: clips come and go over HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from vivavoce.speech.clips import ClipStore
from vivavoce.speech.server import create_app
from vivavoce.speech.upstream.wav import wav

from .upstream_servers import tone

FORM = {"name": "Ann", "transcript": "What is said.", "language": "en-GB", "consent": "signed form 7"}
SOUND = wav(tone(16_000, 3.0), 16_000)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncGenerator[httpx.AsyncClient]:
    app = create_app({}, clips=ClipStore(tmp_path / "voices", limit=2))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://speech") as client:
        yield client


async def post(
    server: httpx.AsyncClient, sound: bytes | None = SOUND, *, field: str = "audio_sample", **form: str
) -> Any:
    files = None if sound is None else {field: ("a.wav", sound)}
    return await server.post("/v1/audio/voices", data={**FORM, **form}, files=files)


@pytest.mark.parametrize("field", ["audio_sample", "file"])
async def test_a_clip_is_added_under_either_name(server: httpx.AsyncClient, field: str) -> None:
    added = (await post(server, field=field)).json()
    assert added.pop("created_at") > 1_700_000_000
    assert added.pop("id").startswith("clip-")
    assert added == {
        "object": "audio.voice",
        "type": "audio_sample",
        "gender": "unknown",
        **FORM,
        "duration_s": 3.0,
        "sample_rate": 16_000,
        "models": [],
    }


async def test_vllm_omni_s_name_for_the_transcript_does_too(server: httpx.AsyncClient) -> None:
    added = (await post(server, transcript="", ref_text="What else.")).json()
    assert added["transcript"] == "What else."


@pytest.mark.parametrize(
    ("form", "sound", "code", "param"),
    [
        ({}, None, "sound_missing", "audio_sample"),
        ({"consent": ""}, SOUND, "clip_invalid", "consent"),
        ({"transcript": ""}, SOUND, "clip_invalid", "transcript"),
        ({"language": "English"}, SOUND, "clip_invalid", "language"),
        ({}, wav(tone(16_000, 0.2), 16_000), "clip_unfit", "audio_sample"),
        ({}, wav(bytes(64_000), 16_000), "clip_unfit", "audio_sample"),
        ({}, b"nonsense", "sound_unreadable", "file"),
    ],
)
async def test_a_form_that_does_not_do(
    server: httpx.AsyncClient, form: dict[str, str], sound: bytes | None, code: str, param: str
) -> None:
    answer = await post(server, sound, **form)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"], error["type"]) == (code, param, "invalid_request_error")


async def test_a_form_that_is_too_large(server: httpx.AsyncClient) -> None:
    answer = await post(server, bytes(26 << 20))
    assert answer.status_code == 413


async def test_something_that_is_no_form(server: httpx.AsyncClient) -> None:
    answer = await server.post(
        "/v1/audio/voices", content=b"\xff\x00", headers={"Content-Type": "multipart/form-data"}
    )
    assert answer.status_code == 400
    answer = await server.post("/v1/audio/voices", json={"name": "Ann"})
    assert answer.json()["error"]["code"] == "sound_missing"


async def test_the_store_has_an_end(server: httpx.AsyncClient) -> None:
    ids = [(await post(server, transcript=text)).json()["id"] for text in ("One.", "Two.")]
    full = await post(server, transcript="Three.")
    assert (full.status_code, full.json()["error"]["code"]) == (400, "clips_full")
    assert (await server.delete(f"/v1/audio/voices/{ids[0]}")).json() == {
        "id": ids[0],
        "object": "audio.voice.deleted",
        "deleted": True,
    }
    assert (await post(server, transcript="Three.")).status_code == 200


@pytest.mark.parametrize("id", ["clip-0123456789abcdef", "alloy", "..%2f..%2fvivavoce.toml"])
async def test_a_clip_that_is_not_there(server: httpx.AsyncClient, id: str) -> None:
    answer = await server.delete(f"/v1/audio/voices/{id}")
    assert answer.status_code == 404


async def test_clips_are_listed_for_engines_that_imitate_only(server: httpx.AsyncClient) -> None:
    await post(server)
    assert (await server.get("/v1/audio/voices")).json() == {"object": "list", "data": []}
