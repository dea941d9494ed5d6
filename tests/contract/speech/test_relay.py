"""A real `vivavoce speech` with relays in processes of their own, in front of small servers."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from vivavoce.speech.client import SpeechBusy, SpeechRejected, SpeechUnavailable
from vivavoce.speech.upstream.wav import wav

from .conftest import frequency, until
from .fish_server import FishServer
from .openai_server import OpenAIServer
from .relays import Command, proc, resident_kb, speech_command
from .test_upstream_openai import HEARD
from .upstream_servers import Fault, Server, running, tone, wav_header
from .voxtral_server import VoxtralServer

KEY = "sk-very-secret-0123456789"

SHARED = pytest.mark.asyncio(loop_scope="module")
"""For tests that use `house`: it is started once for all of them."""


def at(server: Server, kind: str, **more: object) -> dict[str, object]:
    model = {"model": "tts-1"} if kind == "openai" else {}
    return {"kind": kind, "url": server.url, **model, **more}


@dataclass(frozen=True)
class House:
    """One speech server with upstreams of every kind."""

    command: Command
    far: OpenAIServer
    gpu: VoxtralServer
    fish: FishServer

    def calm(self) -> House:
        """Forget what the test before asked for."""
        for server in (self.far, self.gpu, self.fish):
            server.always, server.most_open = Fault(), 0
            server.spoken.clear()
            server.left_at.clear()
        return self


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    async with (
        running(OpenAIServer(heard=HEARD)) as far,
        running(VoxtralServer()) as gpu,
        running(FishServer()) as fish,
    ):
        engines = {
            "far": at(far, "openai"),
            "ears": at(far, "openai", role="stt", languages=["de"]),
            "gpu": at(gpu, "voxtral", whole_s=3.0),
            "one": at(gpu, "voxtral", concurrency=1),
            "two": at(gpu, "voxtral", concurrency=2),
            "my-fish": at(fish, "fish"),
            "german": at(fish, "fish", languages=["de"]),
            "unused": at(fish, "fish"),
        }
        run = "far,ears,gpu,one,two,my-fish,german"
        async with speech_command(tmp_path_factory.mktemp("house"), engines, "--engines", run) as command:
            await command.until_ready(within_s=60)
            yield House(command, far, gpu, fish)


@pytest.fixture
def house(shared: House) -> House:
    return shared.calm()


@SHARED
async def test_all_kinds_side_by_side(house: House) -> None:
    command = house.command
    sounds = await asyncio.gather(
        command.speak(model="far", voice="alloy"),
        command.speak(model="gpu", voice="de_female", language="de"),
        command.speak(model="my-fish", voice="default"),
    )
    assert sounds == [tone(24_000), tone(24_000), tone(44_100)]
    voices = {(voice.model, voice.id): voice.language for voice in await command.client.voices()}
    assert voices[("gpu", "de_female")] == "de"
    assert voices[("my-fish", "default")] == "mul"
    assert ("far", "nova") in voices
    gpu = await command.model("gpu")
    assert (gpu["ready"], gpu["breaker"], gpu["sample_rate"]) == (True, "closed", 24_000)
    assert (gpu["languages"], gpu["imitates"]) == (["en", "de"], True)
    assert await command.metric('vivavoce_speech_upstream_breaker{engine="gpu",state="closed"}') == 1.0
    models = (await command.http.get("/v1/models")).json()["data"]
    assert [model["id"] for model in models] == ["far", "ears", "gpu", "one", "two", "my-fish", "german"]


@SHARED
async def test_a_voice_that_does_not_speak_the_language(house: House) -> None:
    for model, voice in (("gpu", "de_female"), ("german", "default")):
        with pytest.raises(SpeechRejected) as raised:
            await house.command.speak(model=model, voice=voice, language="fr")
        assert raised.value.reason == "voice_language"
    assert house.gpu.spoken == house.fish.spoken == []
    assert await house.command.speak(model="german", voice="default", language="de-AT") == tone(44_100)


@SHARED
async def test_the_first_sound_leaves_before_the_last_is_made(house: House) -> None:
    house.gpu.always = Fault(every_s=0.1)
    start = time.monotonic()
    async with house.command.client.speak("Hello.", model="gpu", voice="de_male") as sound:
        first = time.monotonic() - start
        got = b"".join([piece async for piece in sound])
    assert first < 0.5 * (time.monotonic() - start)
    assert got == tone(24_000)


@SHARED
async def test_a_caller_who_leaves_stops_the_upstream(house: House) -> None:
    house.gpu.always = Fault(every_s=0.05)
    async with house.command.client.speak("Hello.", model="gpu", voice="de_male") as sound:
        async for _ in sound:
            break
        assert house.gpu.open == 1
    left = time.monotonic()
    await until(lambda: house.gpu.open == 0)
    # The server writes every 0.05 s, and notices then; the rest is for a machine that others use too.
    assert house.gpu.left_at[0] - left < 0.2 + 0.5
    async with asyncio.timeout(10):
        while await house.command.metric('vivavoce_speech_requests_in_hand{engine="gpu"}'):
            await asyncio.sleep(0.01)


@SHARED
async def test_no_more_than_the_agreed_number_are_upstream_at_once(house: House) -> None:
    house.gpu.always = Fault(every_s=0.02)
    sounds = await asyncio.gather(*(house.command.speak(model="two", voice="de_male") for _ in range(7)))
    assert set(sounds) == {tone(24_000)}
    assert house.gpu.most_open == 2


@SHARED
async def test_live_goes_before_batch(house: House) -> None:
    # The first one lasts until all the others wait, also on a machine that others use too.
    house.gpu.always = Fault(every_s=0.3)
    tasks: list[asyncio.Task[bytes]] = []
    for number, priority in enumerate(["batch", "batch", "batch", "live"]):
        work = house.command.speak(f"{priority} {number}", model="one", voice="de_male", priority=priority)
        tasks.append(asyncio.create_task(work))
        async with asyncio.timeout(10):
            while await house.command.metric('vivavoce_speech_requests_in_hand{engine="one"}') <= number:
                await asyncio.sleep(0.01)
    await until(lambda: house.gpu.open == 1)
    house.gpu.always = Fault(every_s=0.01)
    await asyncio.gather(*tasks)
    assert [body["input"] for body in house.gpu.spoken] == ["batch 0", "live 3", "batch 1", "batch 2"]


@SHARED
async def test_what_waits_can_be_cancelled(house: House) -> None:
    house.gpu.always = Fault(every_s=0.05)
    first = asyncio.create_task(house.command.speak("one", model="one", voice="de_male"))
    await until(lambda: house.gpu.open == 1)
    second = asyncio.create_task(house.command.speak("two", model="one", voice="de_male"))
    await asyncio.sleep(0.2)
    second.cancel()
    await asyncio.wait([second])
    assert await first == tone(24_000)
    assert await house.command.speak("three", model="one", voice="de_male") == tone(24_000)
    assert [body["input"] for body in house.gpu.spoken] == ["one", "three"]


@SHARED
async def test_a_slow_reader_holds_the_upstream_back(house: House) -> None:
    """What it does not read is not read from the upstream either, beyond what is on the way."""
    minutes = tone(24_000, 30.0) * 20
    house.gpu.always = Fault(pieces=[minutes[n : n + 96_000] for n in range(0, len(minutes), 96_000)])
    body = {"model": "gpu", "voice": "de_male", "input": "Long.", "response_format": "pcm"}
    async with house.command.http.stream("POST", "/v1/audio/speech", json=body) as answer:
        pieces = answer.aiter_raw()
        got = await anext(pieces)
        # Longer than the whole may take: the time is the caller's.
        await asyncio.sleep(4.0)
        assert house.gpu.open == 1
        # Another caller is served meanwhile.
        house.gpu.always = Fault()
        assert await house.command.speak(model="gpu", voice="de_male") == tone(24_000)
        assert resident_kb(house.command.relay_pid("gpu")) < 120_000
        assert got + b"".join([piece async for piece in pieces]) == minutes


@SHARED
async def test_the_errors_of_an_upstream_are_those_of_the_server(house: House) -> None:
    command, server = house.command, house.far
    server.always = Fault(status=400, body={"error": {"message": "The input is odd.", "param": "input"}})
    with pytest.raises(SpeechRejected, match=r"The input is odd\.") as odd:
        await command.speak(model="far", voice="alloy")
    assert (odd.value.reason, odd.value.param) == ("upstream_refused", "input")
    server.always = Fault(status=429, headers={"Retry-After": "7"})
    with pytest.raises(SpeechBusy) as busy:
        await command.speak(model="far", voice="alloy")
    assert busy.value.retry_after_s == 7.0
    server.always = Fault(breaks_after=3, every_s=0.05)
    with pytest.raises(SpeechUnavailable):
        await command.speak(model="far", voice="alloy")
    server.always = Fault(after_s=3.0)
    start = time.monotonic()
    with pytest.raises(SpeechUnavailable):
        await command.speak(model="far", voice="alloy")
    assert time.monotonic() - start < 3.0
    counted = 'vivavoce_speech_requests_total{engine="far",outcome='
    assert await command.metric(counted + '"speech_busy"') == 1.0
    assert await command.metric(counted + '"speech_unavailable"') == 2.0


@SHARED
async def test_another_rate_reaches_the_caller_as_announced(house: House) -> None:
    house.far.always = Fault(pieces=[wav_header(8000) + tone(8000)])
    async with house.command.client.speak("Hi.", model="far", voice="alloy") as sound:
        assert sound.sample_rate == 24_000
        pcm = b"".join([piece async for piece in sound])
    assert abs(frequency(pcm, 24_000) - 440) < 3


@SHARED
async def test_an_upstream_that_is_let_choose_among_languages(house: House) -> None:
    """It hears German: that is taken where it may be spoken, and asked against where it may not."""
    house.far.transcriptions.clear()
    sound = tone(16_000, 2.0)
    heard = await house.command.client.transcribe(sound, model="ears", language=("en-GB", "de"))
    assert (heard.text, heard.language) == ("Guten Tag.", "de")
    heard = await house.command.client.transcribe(sound, model="ears", language=("en", "fr"))
    assert [sent.get("language") for sent in house.far.transcriptions] == [None, None, "en"]


@SHARED
async def test_an_upstream_that_transcribes(house: House) -> None:
    heard = await house.command.client.transcribe(tone(16_000, 2.0), model="ears", language="de", words=True)
    assert (heard.text, heard.language) == ("Guten Tag.", "de")
    assert [word.text for word in heard.words] == ["Guten", "Tag"]
    assert (await house.command.model("ears"))["role"] == "stt"


@SHARED
async def test_a_clip_from_the_form_to_the_voice(house: House) -> None:
    command = house.command
    form = {"name": "Ann", "transcript": "What is said.", "language": "en-GB", "consent": "signed form 7"}
    files = {"audio_sample": ("a.wav", wav(tone(16_000, 3.0), 16_000))}
    added = (await command.http.post("/v1/audio/voices", data=form, files=files)).json()
    assert added["models"] == ["gpu", "one", "two", "my-fish", "german"]
    clip = added["id"]
    assert await command.speak(model="gpu", voice=clip) == tone(24_000)
    assert await command.speak(model="my-fish", voice=clip) == tone(44_100)
    assert house.gpu.clips[f"vivavoce-{clip}"]["ref_text"] == "What is said."
    assert house.fish.spoken[0]["references"][0]["text"] == "What is said."
    with pytest.raises(SpeechRejected, match="cannot imitate a clip") as raised:
        await command.speak(model="far", voice=clip)
    assert raised.value.reason == "voice_not_imitated"
    gone = await command.http.delete(f"/v1/audio/voices/{clip}")
    assert gone.json() == {"id": clip, "object": "audio.voice.deleted", "deleted": True}
    await until(lambda: not house.gpu.clips)
    with pytest.raises(SpeechRejected) as unknown:
        await command.speak(model="my-fish", voice=clip)
    assert unknown.value.reason == "voice_unknown"


async def test_the_key_is_in_no_command_line_environment_or_log(tmp_path: Path) -> None:
    async with (
        running(OpenAIServer(key="another")) as server,
        speech_command(tmp_path, {"far": at(server, "openai", api_key=KEY)}) as command,
    ):
        await until(lambda: server.probes > 0, within_s=60)
        pid = command.relay_pid("far")
        for name in ("cmdline", "environ"):
            assert KEY.encode() not in proc(pid, name)
        # Where the settings come from the environment, the key is there: engines are started without it.
        assert b"VIVAVOCE_LOG__LEVEL" in proc(command.pid, "environ")
        assert b"VIVAVOCE_LOG__LEVEL" not in proc(pid, "environ")
        detail = (await command.http.get("/readyz")).text
        assert "does not accept the key" in detail
        with pytest.raises(SpeechUnavailable, match="not ready"):
            await command.speak(model="far", voice="alloy")
        server.key = KEY
        await command.until_ready()
        assert await command.speak(model="far", voice="alloy") == tone(24_000)
        assert KEY not in command.log.read_text() + detail + str(await command.model("far"))


async def test_a_relay_killed_in_the_middle_takes_only_its_own(tmp_path: Path) -> None:
    async with (
        running(VoxtralServer(always=Fault(every_s=0.1))) as a,
        running(FishServer(always=Fault(every_s=0.1))) as b,
        speech_command(tmp_path, {"gpu": at(a, "voxtral"), "my-fish": at(b, "fish")}) as command,
    ):
        await command.until_ready()
        other = asyncio.create_task(command.speak(model="my-fish", voice="default"))
        await until(lambda: b.open == 1)
        with pytest.raises(SpeechUnavailable):
            async with command.client.speak("Hello.", model="gpu", voice="de_male") as sound:
                async for _ in sound:
                    os.kill(command.relay_pid("gpu"), signal.SIGKILL)
        assert await other == tone(44_100)
        await until(lambda: a.open == 0)
        await command.until_ready()
        assert await command.speak(model="gpu", voice="de_male") == tone(24_000)
        assert await command.metric('vivavoce_speech_engine_restarts{engine="gpu"}') == 1.0
        assert await command.metric('vivavoce_speech_engine_restarts{engine="my-fish"}') == 0.0
        relays = [command.relay_pid("gpu"), command.relay_pid("my-fish")]
        os.kill(command.pid, signal.SIGKILL)
        await until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in relays))


async def test_readiness_and_the_breaker_follow_the_upstream(tmp_path: Path) -> None:
    async with (
        running(VoxtralServer(healthy=False)) as server,
        speech_command(tmp_path, {"gpu": at(server, "voxtral")}) as command,
    ):
        await until(lambda: server.probes > 1, within_s=60)
        assert not await command.ready()
        assert (await command.model("gpu"))["ready"] is False
        with pytest.raises(SpeechUnavailable, match="not ready"):
            await command.speak(model="gpu", voice="de_male")
        server.healthy = True
        await command.until_ready()
        assert await command.speak(model="gpu", voice="de_male")

        # It answers its probe, and fails at its work.
        server.always = Fault(status=500)
        while (await command.model("gpu"))["breaker"] == "closed":
            with pytest.raises(SpeechUnavailable):
                await command.speak(model="gpu", voice="de_male")
        assert await command.metric('vivavoce_speech_upstream_breaker{engine="gpu",state="open"}') == 1.0
        assert not await command.ready()
        assert "left alone" in (await command.http.get("/readyz")).text
        server.always = Fault()
        # Half open counts as ready: somebody has to try.
        await command.until_ready()
        assert (await command.model("gpu"))["breaker"] == "half_open"
        assert await command.speak(model="gpu", voice="de_male") == tone(24_000)
        assert (await command.model("gpu"))["breaker"] == "closed"


async def test_what_one_upstream_said_is_not_played_for_another(tmp_path: Path) -> None:
    """Both speak as the engine `gpu` with the same model; the two servers share the folder of kept speech."""
    folders = [tmp_path / "before", tmp_path / "after"]
    async with running(VoxtralServer()) as before, running(VoxtralServer()) as after:
        for server, folder in zip((before, after), folders, strict=True):
            folder.mkdir()
            async with speech_command(folder, {"gpu": at(server, "voxtral")}) as command:
                await command.until_ready()
                for _ in range(2):
                    sound = await command.speak(
                        "Kept for whom?", model="gpu", voice="de_male", priority="batch"
                    )
                    assert sound == tone(24_000)
        assert (len(before.spoken), len(after.spoken)) == (1, 1)
