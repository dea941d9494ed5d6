"""A real browser on the WebRTC line, and a real browser's player on a recording."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, Page, async_playwright
from tests.contract.transport.conftest import RATE, House, loud, quiet, tone, until

from vivavoce.transport.line import EndReason
from vivavoce.transport.messages import Leave, Mute
from vivavoce.transport.recording import Recorder

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
]
HZ_SPOKEN, HZ_HEARD = 700, 1100

CALL = """
async (apiUrl) => {
  const media = await navigator.mediaDevices.getUserMedia(
    {audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false}});
  const pc = new RTCPeerConnection();
  const channel = pc.createDataChannel('vivavoce', {ordered: true});
  window.call = {pc, channel, media, messages: [], peaks: []};
  channel.onmessage = (event) => window.call.messages.push(JSON.parse(event.data));
  for (const track of media.getTracks()) pc.addTrack(track, media);
  pc.ontrack = (event) => {
    const stream = event.streams[0] || new MediaStream([event.track]);
    const player = new Audio();
    player.srcObject = stream;
    player.play();
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 4096;
    context.createMediaStreamSource(stream).connect(analyser);
    const bins = new Float32Array(analyser.frequencyBinCount);
    setInterval(() => {
      analyser.getFloatFrequencyData(bins);
      let peak = 0;
      bins.forEach((level, i) => { if (level > bins[peak]) peak = i; });
      window.call.peaks.push([peak * context.sampleRate / analyser.fftSize, bins[peak]]);
    }, 50);
  };
  await pc.setLocalDescription(await pc.createOffer());
  const response = await fetch(apiUrl + '/sessions/s1/webrtc', {
    method: 'POST', headers: {'content-type': 'application/json'},
    body: JSON.stringify({sdp: pc.localDescription.sdp, type: 'offer', take_over: false}),
  });
  const answer = await response.json();
  await pc.setRemoteDescription({type: 'answer', sdp: answer.sdp});
  await new Promise((resolve, reject) => {
    channel.onopen = resolve;
    setTimeout(() => reject(new Error('the channel did not open')), 10000);
  });
}
"""


@pytest.fixture
def spoken(tmp_path: Path) -> Path:
    """What the browser's microphone hears, over and over."""
    assert Path(CHROMIUM).exists(), f"no Chromium at {CHROMIUM}: run `make browser`, or set CHROMIUM"
    sound = np.concatenate([tone(3, HZ_SPOKEN), quiet(1)])
    with wave.open(str(tmp_path / "spoken.wav"), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(sound.tobytes())
    return tmp_path / "spoken.wav"


@pytest.fixture
async def browser(spoken: Path) -> AsyncIterator[Browser]:
    capture = f"--use-file-for-fake-audio-capture={spoken}"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, capture])
        yield browser
        await browser.close()


async def page_of(browser: Browser, house: House) -> Page:
    context = await browser.new_context(permissions=["microphone"])
    page = await context.new_page()
    await page.goto(house.api_url.removesuffix("/api/v1") + "/docs")
    return page


@pytest.mark.browser
async def test_a_browser_talks_and_hears(browser: Browser, house: House) -> None:
    room = house.room()
    page = await page_of(browser, house)
    await page.evaluate(CALL, house.api_url)

    await room.say(tone(2, HZ_HEARD))
    await asyncio.sleep(4)
    peaks: list[tuple[float, float]] = await page.evaluate("window.call.peaks")
    heard = [hz for hz, level in peaks if level > -40]
    assert len(heard) * 0.05 == pytest.approx(2, abs=0.5)
    assert np.median(heard) == pytest.approx(HZ_HEARD, abs=20)

    steps = loud(room.input, 2000, rate=16_000)
    assert len(steps) > 150
    second = room.input[steps[20] * 160 : steps[20] * 160 + 8000].astype(float)
    assert np.abs(np.fft.rfft(second)).argmax() * 2 == pytest.approx(HZ_SPOKEN, abs=4)

    await page.evaluate("window.call.channel.send(JSON.stringify({type: 'mute', muted: true}))")
    await page.evaluate("window.call.channel.send(JSON.stringify({type: 'leave'}))")
    await until(lambda: room.messages == [Mute(muted=True), Leave()], within_s=3, what="the page's messages")
    messages = await page.evaluate("window.call.messages")
    assert messages[0]["type"] == "hello"

    await page.evaluate("window.call.pc.close()")
    await until(lambda: bool(room.ends), within_s=5, what="the end")
    assert (room.ends[0].reason, room.ends[0].error_code) == (EndReason.CLOSED, None)


@pytest.mark.browser
async def test_a_browser_that_is_muted_or_silent_stays_connected(browser: Browser, house: House) -> None:
    room = house.room()
    page = await page_of(browser, house)
    await page.evaluate(CALL, house.api_url)
    await page.evaluate("window.call.media.getTracks().forEach((track) => { track.enabled = false; })")
    await asyncio.sleep(8)
    assert not room.ends
    await page.close()
    await until(lambda: bool(room.ends), within_s=8, what="the end after the tab was closed")


@pytest.mark.browser
@pytest.mark.parametrize("start_s", [0.0, 90.0])
async def test_a_browser_plays_a_recording_and_the_part_after_a_crash(
    browser: Browser, house: House, tmp_path: Path, start_s: float
) -> None:
    recorder = Recorder(tmp_path / "s1.ogg", start_s=start_s)
    sound = tone(3)
    for i in range(150):
        piece = sound[i * 960 : (i + 1) * 960].tobytes()
        recorder.participant(piece, start_s + i * 0.02)
    info = await recorder.close()
    content = base64.b64encode(info.path.read_bytes()).decode()
    page = await page_of(browser, house)
    played = await page.evaluate(
        """async (content) => {
          const audio = new Audio('data:audio/ogg;base64,' + content);
          await new Promise((resolve, reject) => { audio.onloadedmetadata = resolve; audio.onerror = reject; });
          const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
          const decoded = await new OfflineAudioContext(2, 48000, 48000).decodeAudioData(bytes.buffer);
          const level = (channel) => Math.max(...decoded.getChannelData(channel).slice(24000, 48000));
          audio.play();
          await new Promise((resolve, reject) => {
            audio.onended = resolve;
            setTimeout(() => reject(new Error('not played to the end: ' + audio.currentTime)), 8000);
          });
          return {seconds: decoded.duration, left: level(0), right: level(1)};
        }""",
        content,
    )
    assert played["seconds"] == pytest.approx(3, abs=0.05)
    assert played["left"] > 0.2
    assert played["right"] < 0.01
