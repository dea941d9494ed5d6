"""What OpenAI's API is sent, and what is made of its answers."""

from __future__ import annotations

import pytest

from vivavoce.speech.errors import SpeechBusy, SpeechRejected, SpeechUnavailable
from vivavoce.speech.transcript import Segment, Word
from vivavoce.speech.upstream.openai import VOICES, OpenAIUpstream

from .conftest import CLIP, KINDS, at, pair
from .openai_server import OpenAIServer
from .upstream_servers import Fault, running, tone

OPENAI = KINDS["openai"]
SPEECH = tone(16_000, 2.0)

HEARD = {
    "task": "transcribe",
    "language": "german",
    "duration": 2.0,
    "text": " Guten Tag. Untertitel der Amara.org-Community",
    "segments": [
        {
            "id": 0,
            "start": 0.1,
            "end": 1.1,
            "text": " Guten Tag.",
            "avg_logprob": -0.2,
            "no_speech_prob": 0.01,
        },
        {
            "id": 1,
            "start": 1.1,
            "end": 2.0,
            "text": " Untertitel der Amara.org-Community",
            "avg_logprob": -1.4,
            "no_speech_prob": 0.9,
        },
    ],
    "words": [
        {"word": "Guten", "start": 0.0, "end": 0.5},
        {"word": "Tag", "start": 0.5, "end": 1.0},
        {"word": "Untertitel", "start": 1.4, "end": 1.9},
    ],
}


async def test_what_is_sent() -> None:
    async with pair(OPENAI, key="sk-1") as far:
        await far.speak("Guten Tag.", voice="nova", language="de")
        await far.speak("Guten Tag.", voice="voice_1234", speed=1.25)
    first, second = far.server.spoken
    assert first == {"model": "tts-1", "input": "Guten Tag.", "voice": "nova", "response_format": "wav"}
    assert second["voice"] == {"id": "voice_1234"}
    assert second["speed"] == 1.25
    assert far.server.headers[0]["authorization"] == "Bearer sk-1"


async def test_bare_samples_where_the_settings_ask_for_them() -> None:
    server = OpenAIServer()
    async with running(server):
        # With or without /v1 at the end of the URL.
        upstream = OpenAIUpstream(at(server.url + "/v1/"), model="m", response_format="pcm")
        pcm = [p async for p in upstream.speak("Hi.", voice="nova", language=None, speed=1.0, reference=None)]
        assert b"".join(pcm) == tone(24_000)
        assert server.spoken[0]["response_format"] == "pcm"
        await upstream.aclose()


async def test_an_unknown_voice_is_the_caller_s_fault() -> None:
    async with pair(OPENAI) as far:
        with pytest.raises(SpeechRejected, match="'bert' is not supported") as raised:
            await far.speak(voice="bert")
        assert raised.value.param == "voice"


async def test_it_cannot_imitate_and_says_so() -> None:
    async with pair(OPENAI) as far:
        assert not far.upstream.imitates
        with pytest.raises(SpeechRejected, match="cannot imitate") as raised:
            await far.speak(reference=CLIP)
        assert raised.value.reason == "voice_not_imitated"
        assert far.server.spoken == []


@pytest.mark.parametrize(
    ("answer", "voices"),
    [
        (None, set(VOICES)),
        ({"voices": []}, set(VOICES)),
        ({"voices": ["ann", {"id": "bob", "language": "fr-FR"}, {"name": "eve"}, 7]}, {"ann", "bob", "eve"}),
        (
            {"object": "list", "data": [{"id": "af_heart", "language": "en-US", "gender": "female"}]},
            {"af_heart"},
        ),
    ],
)
async def test_its_voices(answer: object, voices: set[str]) -> None:
    async with pair(OPENAI, server=OpenAIServer(voices=answer)) as far:
        listed = await far.upstream.voices()
        assert {voice.id for voice in listed} == voices
        by_id = {voice.id: voice for voice in listed}
        if "bob" in by_id:
            assert by_id["bob"].language == "fr-FR"
            assert by_id["ann"].language == "mul"


async def test_a_transcription_with_its_words() -> None:
    async with pair(OPENAI, server=OpenAIServer(heard=HEARD)) as far:
        assert isinstance(far.upstream, OpenAIUpstream)
        heard = await far.upstream.transcribe(SPEECH, language=None, prompt="Frau Ölmez", words=True)
        assert isinstance(far.server, OpenAIServer)
        sent = far.server.transcriptions[0]
    assert sent["model"] == "tts-1"
    assert sent["prompt"] == "Frau Ölmez"
    assert sent["response_format"] == "verbose_json"
    assert sent["granularities"] == ["segment", "word"]
    assert sent["filename"] == "speech.wav"
    assert sent["pcm"] == SPEECH
    assert "language" not in sent
    # What was made up in the silence is left out, and its words with it.
    assert heard.text == "Guten Tag."
    assert heard.language == "de"
    assert heard.duration_s == 2.0
    assert heard.confidence == pytest.approx(0.8187, abs=0.001)
    assert heard.words == (Word("Guten", 0.0, 0.5, 1.0), Word("Tag", 0.5, 1.0, 1.0))
    assert heard.segments == (Segment("Guten Tag.", 0.1, 1.1, heard.confidence),)


async def test_nobody_spoke() -> None:
    silent = {**HEARD, "segments": HEARD["segments"][1:], "text": " Untertitel der Amara.org-Community"}  # pyright: ignore
    async with pair(OPENAI, server=OpenAIServer(heard=silent)) as far:
        assert isinstance(far.upstream, OpenAIUpstream)
        heard = await far.upstream.transcribe(SPEECH, language=None, prompt=None, words=True)
    assert (heard.text, heard.language, heard.confidence, heard.words) == ("", None, 0.0, ())


async def test_a_model_that_knows_only_json_is_remembered() -> None:
    server = OpenAIServer(heard={"text": "Guten Tag."}, verbose=False)
    async with pair(OPENAI, server=server) as far:
        assert isinstance(far.upstream, OpenAIUpstream)
        for _ in range(2):
            heard = await far.upstream.transcribe(SPEECH, language="de", prompt=None, words=False)
            assert (heard.text, heard.language, heard.confidence) == ("Guten Tag.", "de", 1.0)
        assert [sent["response_format"] for sent in server.transcriptions] == ["verbose_json", "json", "json"]
        with pytest.raises(SpeechRejected, match="does not time its words"):
            await far.upstream.transcribe(SPEECH, language=None, prompt=None, words=True)


async def test_faults_of_a_transcription() -> None:
    server = OpenAIServer(heard=HEARD)
    async with pair(OPENAI, server=server) as far:
        assert isinstance(far.upstream, OpenAIUpstream)
        server.faults.append(Fault(status=503))
        assert (await far.upstream.transcribe(SPEECH, language=None, prompt=None, words=False)).text
        assert len(server.transcriptions) == 2
        server.faults.append(Fault(status=429, headers={"Retry-After": "9"}))
        with pytest.raises(SpeechBusy):
            await far.upstream.transcribe(SPEECH, language=None, prompt=None, words=False)
        for nonsense in ({}, {"text": "a", "segments": [{}]}, [1], "x", {"text": "a", "segments": 3}):
            server.heard = nonsense  # pyright: ignore[reportAttributeAccessIssue]
            with pytest.raises(SpeechUnavailable, match="no transcript"):
                await far.upstream.transcribe(SPEECH, language=None, prompt=None, words=False)


async def test_its_probe_tells_a_wrong_key_from_a_server_that_starts() -> None:
    async with pair(OPENAI, key="sk-1") as far:
        await far.upstream.probe()
        far.server.healthy = False
        with pytest.raises(SpeechUnavailable, match="Starting up"):
            await far.upstream.probe()
        far.server.healthy, far.server.key = True, "sk-2"
        with pytest.raises(SpeechRejected, match="does not accept the key"):
            await far.upstream.probe()
