"""Every screen of the pages, and how to get there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import expect

from .fake_lines import Message
from .fake_server import ALREADY_CONNECTED, SESSION_OVER, FakeHost, Refusal
from .visit import Visit, until

Open = Callable[..., Awaitable[Visit]]
Stage = Callable[[FakeHost, Open, dict[str, Any]], Awaitable[Visit]]

STAGES: dict[str, Stage] = {}

NO_WEBRTC = "delete window.RTCPeerConnection;"
NO_SOUND = NO_WEBRTC + "delete window.AudioWorkletNode;"
INSECURE = 'Object.defineProperty(window, "isSecureContext", {value: false});'
BLOCK_SOUND = """
HTMLMediaElement.prototype.play = function () {
  return window.allowed ? Promise.resolve() : Promise.reject(new DOMException("blocked", "NotAllowedError"));
};
"""
FULL_FOR_LONG = Refusal(503, "host_full", "All slots are in use.", retry_after_s=24, place=3)


def refusing_microphone(name: str) -> str:
    """The microphone fails with this DOMException, as long as `window.mended` is not set."""
    return f"""
    {{
      const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
      navigator.mediaDevices.getUserMedia = (wanted) =>
        window.mended ? open(wanted) : Promise.reject(new DOMException("scripted", "{name}"));
    }}
    """


def state(agent: str, participant: str = "silent") -> Message:
    return {"type": "state", "status": "ACTIVE", "agent": agent, "participant": participant}


def progress(index: int, title: str, fraction: float, elapsed_s: int) -> Message:
    phase = {"id": f"p{index}", "title": title, "index": index, "count": 3}
    return {
        "type": "progress",
        "phase": phase,
        "fraction": fraction,
        "elapsed_s": elapsed_s,
        "remaining_s": 500,
    }


def caption(speaker: str, number: int, text: str, *, final: bool = True, language: str = "en") -> Message:
    told = {"speaker": speaker, "id": f"c{number}", "text": text, "language": language, "final": final}
    return {"type": "caption", **told}


TALK = (
    caption("moderator", 1, "Hello, and thank you for taking the time today. Shall we begin?"),
    caption("participant", 2, "Yes, let’s begin."),
    caption("moderator", 3, "Tell me about a normal working day at home. How does it begin?"),
    caption(
        "participant", 4, "I get up at seven and make coffee. Then I read my mail, mostly in the kitchen."
    ),
    caption("moderator", 5, "What makes the kitchen a good place for that?", final=False),
)


def stage(function: Stage) -> Stage:
    STAGES[function.__name__] = function
    return function


# -- before the interview


@stage
async def landing(_host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit("/", **look)
    await seen.sees("landing")
    return seen


@stage
async def loading(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(), init="window.fetch = () => new Promise(() => {});", **look)
    await seen.sees("loading")
    return seen


@stage
async def dead_link(_host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit("/i/no-such-invitation", **look)
    await seen.sees("deadLink")
    return seen


@stage
async def expired(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(status="expired"), **look)
    await seen.sees("deadLink")
    return seen


@stage
async def finished(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(status="finished"), **look)
    await seen.sees("over")
    return seen


@stage
async def unreachable(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    host.down = True
    seen = await visit(host.invite(), **look)
    await seen.sees("unreachable")
    return seen


@stage
async def insecure(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(), init=INSECURE, **look)
    await seen.sees("unsupported")
    return seen


@stage
async def old_browser(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(), init=NO_SOUND, **look)
    await seen.sees("unsupported")
    return seen


@stage
async def consent(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(), **look)
    await seen.sees("consent")
    return seen


@stage
async def consent_unticked(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await consent(host, visit, look)
    await seen.press("Agree and continue")
    await expect(seen.page.get_by_text("tick the box")).to_be_visible()
    return seen


@stage
async def consent_returning(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    invitation = host.invite()
    host.begin(invitation, "DISCONNECTED")
    seen = await visit(invitation, **look)
    await seen.sees("consent")
    return seen


@stage
async def consent_arabic(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await consent(host, visit, look)
    await seen.page.get_by_label("Language of the interview").select_option("ar")
    await expect(seen.page.locator("html")).to_have_attribute("dir", "rtl")
    return seen


@stage
async def declined(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await consent(host, visit, look)
    await seen.press("I would rather not")
    await seen.sees("declined")
    return seen


@stage
async def check(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(), **look)
    await seen.agree()
    return seen


@stage
async def check_ready(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(), **look)
    await seen.into_check()
    await expect(seen.page.get_by_text("We can hear you well")).to_be_visible()
    return seen


async def _microphone(name: str, host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(), init=refusing_microphone(name), **look)
    await seen.agree()
    await seen.press("Turn on my microphone")
    await seen.sees("microphone")
    return seen


@stage
async def microphone_denied(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    return await _microphone("NotAllowedError", host, visit, look)


@stage
async def microphone_missing(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    return await _microphone("NotFoundError", host, visit, look)


@stage
async def microphone_busy(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    return await _microphone("NotReadableError", host, visit, look)


@stage
async def microphone_failed(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    return await _microphone("TypeError", host, visit, look)


# -- coming in


async def _start(host: FakeHost, visit: Open, look: dict[str, Any], *refusals: Refusal, sees: str) -> Visit:
    seen = await visit(host.invite(refuse_line=list(refusals)), **look)
    await seen.into_check()
    await seen.press("Start the interview")
    await seen.sees(sees)
    return seen


@stage
async def connecting(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await visit(host.invite(), **look)
    await seen.into_check()
    await seen.page.evaluate("() => { window.fetch = () => new Promise(() => {}); }")
    await seen.press("Start the interview")
    await seen.sees("connecting")
    return seen


@stage
async def elsewhere(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    return await _start(host, visit, look, ALREADY_CONNECTED, sees="elsewhere")


@stage
async def full(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    return await _start(host, visit, look, FULL_FOR_LONG, sees="full")


@stage
async def failed(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    refusal = Refusal(500, "internal", "The host met a fault of its own.", "Try again; its log says more.")
    return await _start(host, visit, look, refusal, sees="failed")


@stage
async def over(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    return await _start(host, visit, look, SESSION_OVER, sees="over")


# -- the interview


async def _call(host: FakeHost, visit: Open, look: dict[str, Any], init: str = "") -> Visit:
    invitation = host.invite()
    seen = await visit(invitation, init=init, **look)
    session = await seen.into_call(invitation)
    await until(lambda: session.frames > 5, session)
    session.send(progress(1, "Your working day", 0.42, 187), *TALK)
    await expect(seen.page.locator(".caption-now")).to_contain_text("kitchen a good place")
    seen.session = session
    return seen


@stage
async def call_speaking(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    assert seen.session is not None
    seen.session.speaking = True
    seen.session.send(state("speaking"))
    await expect(seen.page.get_by_text("The moderator is speaking")).to_be_visible()
    return seen


@stage
async def call_listening(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    assert seen.session is not None
    seen.session.send(state("listening"), {"type": "notice", "code": "wrap_up", "text": ""})
    await expect(seen.page.get_by_text("coming to its end")).to_be_visible()
    return seen


@stage
async def call_muted(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    await seen.press("Mute")
    await expect(seen.page.get_by_text("You are muted")).to_be_visible()
    return seen


@stage
async def call_without_captions(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    assert seen.session is not None
    seen.session.send(state("thinking"))
    await seen.press("Captions")
    await expect(seen.page.locator(".caption-now")).to_have_count(0)
    return seen


@stage
async def call_large_text(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    await seen.press("Settings")
    await seen.page.get_by_text("Very large").click()
    await seen.press("Done")
    return seen


@stage
async def call_settings(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    await seen.press("Settings")
    await expect(seen.page.get_by_role("dialog")).to_be_visible()
    return seen


@stage
async def call_leaving(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    await seen.press("Leave")
    await expect(seen.page.get_by_role("alertdialog")).to_be_visible()
    return seen


@stage
async def call_reconnecting(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    assert seen.session is not None
    host.down = True
    await seen.session.drop()
    await expect(seen.page.get_by_text("Your answers so far are safe")).to_be_visible()
    return seen


@stage
async def call_sound_blocked(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look, BLOCK_SOUND)
    await expect(seen.page.get_by_role("button", name="Turn on the sound")).to_be_visible()
    return seen


@stage
async def call_microphone_gone(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look, "window.mended = true;" + refusing_microphone("NotFoundError"))
    await seen.page.evaluate("window.mended = false")
    await seen.unplug()
    await expect(seen.page.get_by_text("Your microphone is gone")).to_be_visible()
    return seen


@stage
async def call_arabic(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    invitation = host.invite(language="ar")
    seen = await visit(invitation, **look)
    await seen.sees("consent")
    await seen.page.get_by_text("قرأت هذا النص").click()
    await seen.press("أوافق، متابعة")
    await seen.press("تشغيل الميكروفون")
    await expect(seen.page.get_by_role("meter")).to_be_visible()
    await seen.press("بدء المقابلة")
    await seen.sees("call")
    session = invitation.session
    assert session is not None
    session.send(
        state("speaking"),
        progress(0, "التعارف", 0.2, 64),
        caption("moderator", 1, "مرحبًا، وشكرًا لوقتك. كيف يبدأ يوم عملك في المنزل؟"),
        caption("participant", 2, "أستيقظ في السابعة وأُعدّ القهوة."),
    )
    await expect(seen.page.locator(".caption-now")).to_contain_text("مرحبًا")
    return seen


# -- after it


@stage
async def lost(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    invitation = host.invite()
    seen = await visit(invitation, **look)
    await seen.page.clock.install()
    session = await seen.into_call(invitation)
    await until(lambda: session.frames > 0, session)
    host.down = True
    await session.drop()
    await expect(seen.page.get_by_text("Your answers so far are safe")).to_be_visible()
    await seen.page.clock.fast_forward(125_000)
    await seen.sees("lost")
    await seen.page.clock.resume()
    return seen


@stage
async def replaced(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    assert seen.session is not None
    seen.session.send({"type": "notice", "code": "replaced", "text": ""})
    await seen.sees("replaced")
    return seen


@stage
async def goodbye(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    assert seen.session is not None
    seen.session.end("COMPLETED", "finished")
    await seen.sees("goodbye")
    return seen


@stage
async def goodbye_interrupted(host: FakeHost, visit: Open, look: dict[str, Any]) -> Visit:
    seen = await _call(host, visit, look)
    assert seen.session is not None
    seen.session.end("FAILED", "crash")
    await seen.sees("goodbye")
    return seen
