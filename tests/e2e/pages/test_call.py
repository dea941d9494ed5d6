"""The interview on the page: sound both ways, what is shown, and every way a line can go."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Dialog, expect

from .fake_lines import Session
from .fake_server import FakeHost, Invitation
from .stages import BLOCK_SOUND, NO_WEBRTC, Open, caption, progress, refusing_microphone, state
from .visit import Visit, until

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]

# The loudest sound each level meter of the page has seen, in the order the meters were made.
LISTEN = """
window.meters = [];
{
  const read = AnalyserNode.prototype.getFloatTimeDomainData;
  AnalyserNode.prototype.getFloatTimeDomainData = function (samples) {
    read.call(this, samples);
    let meter = window.meters.find((m) => m.node === this);
    if (!meter) window.meters.push((meter = { node: this, now: 0 }));
    meter.now = Math.max(...samples.map(Math.abs));
  };
}
"""
NO_MEDIA = """
RTCPeerConnection.prototype.setRemoteDescription = () => Promise.reject(new DOMException("no", "OperationError"));
"""
MODERATOR_NOW = "window.meters.at(-1).now"


async def in_call(host: FakeHost, visit: Open, **options: Any) -> tuple[Visit, Session, Invitation]:
    invitation = host.invite()
    seen = await visit(invitation, **options)
    session = await seen.into_call(invitation)
    await until(lambda: session.frames > 5, session)
    return seen, session, invitation


@pytest.mark.parametrize(
    ("transport", "init"), [("webrtc", ""), ("websocket", NO_WEBRTC), ("websocket", NO_MEDIA)]
)
async def test_sound_goes_both_ways(transport: str, init: str, host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit, init=LISTEN + init, moving=True)
    assert session.transport == transport
    await until(lambda: session.loudness > 0.01, session)
    assert await seen.page.evaluate(MODERATOR_NOW) < 0.01
    session.speaking = True
    session.send(state("speaking"))
    await seen.becomes(f"{MODERATOR_NOW} > 0.1")
    await expect(seen.page.get_by_text("The moderator is speaking")).to_be_visible()
    session.speaking = False
    await seen.becomes(f"{MODERATOR_NOW} < 0.01")
    if transport == "webrtc":
        assert await seen.page.evaluate(
            "(() => { const a = document.querySelector('audio'); return !a.paused; })()"
        )
    else:
        own_ghost = int(init == NO_MEDIA)
        assert host.requests[-1].endswith(f"/audio?rate=16000&take_over={own_ghost}")
        assert session.frame_sizes == {320}


async def test_speech_that_was_cut_off_is_not_played_out(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit, init=LISTEN + NO_WEBRTC, moving=True)
    session.say_at_once(seconds=0.35)
    await seen.becomes(f"{MODERATOR_NOW} > 0.1")
    session.send({"type": "flush"})
    # Without it a third of a second would still be heard; a pass of the meter looks 20 ms back.
    await seen.becomes(f"{MODERATOR_NOW} < 0.01", within_s=2)


async def test_mute_silences_the_microphone_and_tells_the_host(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    await until(lambda: session.loudness > 0.01, session)
    await seen.press("Mute")
    await expect(seen.page.get_by_text("You are muted")).to_be_visible()
    await until(lambda: session.told("mute") == [{"type": "mute", "muted": True}], session)
    await until(lambda: session.loudness < 0.0005, session)
    assert await seen.page.evaluate("window.tracks.at(-1).enabled") is False
    await seen.page.keyboard.press("m")
    await until(lambda: len(session.told("mute")) == 2, session)
    assert session.told("mute")[1] == {"type": "mute", "muted": False}
    await until(lambda: session.loudness > 0.01, session)


async def test_the_shortcut_can_be_turned_off_and_stays_off(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    await seen.press("Settings")
    await seen.page.get_by_text("Press M to mute").click()
    await seen.page.keyboard.press("m")
    await seen.press("Done")
    await expect(seen.page.get_by_role("dialog")).to_have_count(0)
    await seen.page.keyboard.press("m")
    await seen.press("Mute")
    await until(lambda: session.told("mute") != [], session)
    assert session.told("mute") == [{"type": "mute", "muted": True}]
    assert '"shortcut":false' in await seen.page.evaluate("localStorage.getItem('vivavoce.preferences')")


async def test_captions_progress_and_notices(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    page = seen.page
    session.send(progress(1, "Your day", 0.4, 125), caption("moderator", 1, "How does it", final=False))
    await expect(page.get_by_text("Part 2 of 3 · Your day")).to_be_visible()
    await expect(page.get_by_role("progressbar")).to_have_attribute("aria-valuetext", "Part 2 of 3, 40 %")
    await expect(page.locator(".call-time")).to_contain_text("2:0")
    await expect(page.locator(".caption-now")).to_have_text("How does it")
    spoken = page.get_by_role("log")
    await expect(spoken).to_have_attribute("aria-live", "polite")
    await expect(spoken).to_be_empty()
    session.send(caption("moderator", 1, "How does it begin?"), caption("participant", 2, "With coffee."))
    await expect(spoken).to_have_text("How does it begin?")
    await expect(page.locator(".caption-now")).to_have_text("How does it begin?")
    await expect(page.get_by_label("The conversation so far").first).to_contain_text("With coffee.")
    session.send({"type": "notice", "code": "idle_prompt", "text": "Are you still with me?"})
    await expect(page.get_by_text("Are you still with me?")).to_be_visible()
    session.send(state("listening", "speaking"))
    await expect(page.get_by_text("Are you still with me?")).to_have_count(0)
    await expect(page.get_by_text("You are speaking")).to_be_visible()
    session.send({"type": "unheard_of"}, {"type": "notice", "code": "fault", "text": ""})
    await expect(page.get_by_text("goes on in a moment")).to_be_visible()
    await seen.press("Dismiss")
    await expect(page.get_by_text("goes on in a moment")).to_have_count(0)
    await seen.press("Captions")
    await expect(page.get_by_role("log")).to_have_count(0)


async def test_after_the_farewell_nobody_is_said_to_listen(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    session.send(state("listening"))
    await expect(seen.page.get_by_text("Listening to you")).to_be_visible()
    session.send(state("ending", "speaking"))
    await expect(seen.page.get_by_text("The interview is ending")).to_be_visible()
    await expect(seen.page.get_by_text("Listening to you")).to_have_count(0)


OFFERED = "أنت تتحدث العربية. هل نواصل بالعربية؟"
GOING_ON = "حسنًا، نواصل بالعربية. كيف يبدأ يومك؟"


async def test_an_offer_in_another_script_runs_its_own_way_and_the_page_follows_a_yes(
    host: FakeHost, visit: Open
) -> None:
    seen, session, invitation = await in_call(host, visit)
    page = seen.page
    now, talk = page.locator(".caption-now p"), page.locator(".conversation-list")
    session.send(caption("moderator", 1, "How does your day begin?"))
    await expect(now).to_have_attribute("dir", "ltr")
    session.send(
        caption("participant", 2, "أبدأ يومي بالقهوة.", language="ar"),
        caption("moderator", 3, OFFERED, language="ar"),
    )
    await expect(now).to_have_attribute("dir", "rtl")
    await expect(now).to_have_attribute("lang", "ar")
    assert await now.evaluate("(p) => getComputedStyle(p).direction") == "rtl"
    await expect(page.get_by_role("log").locator("p").last).to_have_attribute("lang", "ar")
    assert [await p.get_attribute("dir") for p in await talk.locator(".said p").all()] == [
        "ltr",
        "rtl",
        "rtl",
    ]
    await expect(page.locator("html")).to_have_attribute("dir", "ltr")
    session.language = "ar"
    session.send(
        {"type": "language", "language": "ar", "title": "كيف نعمل من المنزل"},
        caption("moderator", 4, GOING_ON, language="ar"),
    )
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    await expect(page.locator("html")).to_have_attribute("lang", "ar")
    await expect(now).to_have_text(GOING_ON)
    first = talk.locator(".said p").first
    assert await first.evaluate("(p) => [p.lang, getComputedStyle(p).direction]") == ["en", "ltr"]
    # A regional code, as a recogniser that knows none would not say it, still finds its way.
    session.send(caption("participant", 5, "بالقهوة.", language="ar-EG"))
    await expect(talk.locator(".said p").last).to_have_attribute("dir", "rtl")

    async def accept(dialog: Dialog) -> None:
        await dialog.accept()

    page.on("dialog", accept)
    invitation.language = "ar"
    await page.reload()
    await seen.sees("check")
    await expect(page.locator("html")).to_have_attribute("dir", "rtl")
    assert len(invitation.consents) == 1


async def test_captions_are_text_and_never_markup(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    session.send(caption("moderator", 1, "<img src=x onerror='window.hacked=1'><b>Hi</b>"))
    await expect(seen.page.locator(".caption-now")).to_contain_text("<b>Hi</b>")
    assert await seen.page.evaluate("window.hacked") is None


async def test_leaving_asks_first_and_then_lets_go_of_everything(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    await seen.press("Leave")
    await seen.press("Stay")
    await expect(seen.page.get_by_role("alertdialog")).to_have_count(0)
    assert session.told("leave") == []
    await seen.press("Leave")
    await seen.press("End the interview")
    await seen.sees("goodbye")
    assert session.told("leave") == [{"type": "leave"}]
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text("You ended the interview")
    assert await seen.page.evaluate("window.tracks.every((t) => t.readyState === 'ended')")
    assert await seen.page.evaluate("sessionStorage.length") == 0


async def test_the_end_of_the_interview(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    session.end("COMPLETED", "finished")
    await seen.sees("goodbye")
    await expect(seen.page).to_have_title("Thank you · How we work from home")
    await expect(seen.page.get_by_role("link", name="mara.lind@example.org")).to_be_visible()
    assert await seen.page.evaluate("window.tracks.every((t) => t.readyState === 'ended')")


@pytest.mark.parametrize("init", ["", NO_WEBRTC])
async def test_a_broken_line_is_taken_up_again(init: str, host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit, init=init)
    session.send(caption("moderator", 1, "Before the break."))
    await expect(seen.page.locator(".caption-now")).to_have_text("Before the break.")
    host.down = True
    await session.drop()
    await expect(seen.page.get_by_text("Your answers so far are safe")).to_be_visible()
    frames = session.frames
    host.down = False
    await until(lambda: session.frames > frames + 10, session, within_s=12)
    await expect(seen.page.get_by_text("You go on where you stopped")).to_be_visible()
    await expect(seen.page.locator(".caption-now")).to_have_text("Before the break.")
    assert session.take_overs[-1] is True


async def test_a_lost_line_has_its_own_screen_and_a_way_back(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    await seen.page.clock.install()
    session = await seen.into_call(invitation)
    await until(lambda: session.frames > 0, session)
    host.down = True
    await session.drop()
    await expect(seen.page.get_by_text("Your answers so far are safe")).to_be_visible()
    await seen.page.clock.fast_forward(125_000)
    await seen.sees("lost")
    assert await seen.page.evaluate("window.tracks.every((t) => t.readyState === 'ended')")
    await seen.page.clock.resume()
    host.down = False
    await seen.press("Continue the interview")
    await seen.sees("call")
    assert session.take_overs[-1] is False


async def test_a_host_that_falls_silent_is_noticed(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    await seen.page.clock.install()
    session = await seen.into_call(invitation)
    session.answers_pings = False
    await seen.page.clock.run_for(7_500)
    await expect(seen.page.get_by_text("Your answers so far are safe")).to_be_visible()


async def test_a_session_that_ended_while_away_says_goodbye(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    session.status, session.reason = "ABANDONED", "left"
    await session.drop()
    await seen.sees("goodbye")
    await expect(seen.page.get_by_text("You were away for longer")).to_be_visible()


async def test_a_second_page_asks_to_take_over_and_the_first_can_take_back(
    host: FakeHost, visit: Open
) -> None:
    first, session, invitation = await in_call(host, visit)
    second = await visit(invitation)
    await second.sees("consent")
    await expect(second.page.get_by_text("Your interview is under way")).to_be_visible()
    await second.into_check()
    await second.press("Continue the interview")
    await second.sees("elsewhere")
    await expect(first.page.locator("[data-screen=call]")).to_be_visible()
    await second.press("Continue here")
    await second.sees("call")
    await first.sees("replaced")
    assert await first.page.evaluate("window.tracks.every((t) => t.readyState === 'ended')")
    await first.press("Continue here instead")
    await first.sees("call")
    await second.sees("replaced")
    assert session.take_overs == [False, False, True, True]


async def test_a_copied_tab_does_not_push_out_the_first(host: FakeHost, visit: Open) -> None:
    first, session, invitation = await in_call(host, visit)
    kept = await first.page.evaluate("JSON.stringify(sessionStorage)")
    copy = await visit(
        invitation,
        same_browser_as=first,
        init=f"for (const [k, v] of Object.entries(JSON.parse({kept!r}))) sessionStorage.setItem(k, v);",
    )
    await copy.sees("check")
    await copy.turn_on()
    await copy.press("Continue the interview")
    await copy.sees("elsewhere")
    assert session.take_overs == [False, False]


async def test_a_reload_goes_on_without_asking_for_consent_again(host: FakeHost, visit: Open) -> None:
    seen, session, invitation = await in_call(host, visit)
    warned: list[str] = []

    async def accept(dialog: Dialog) -> None:
        warned.append(dialog.type)
        await dialog.accept()

    seen.page.on("dialog", accept)
    await seen.page.reload()
    assert warned == ["beforeunload"]
    await seen.sees("check")
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text("Welcome back")
    await seen.turn_on()
    await seen.press("Continue the interview")
    await seen.sees("call")
    assert len(invitation.consents) == 1
    assert session.take_overs == [False, True], "its own ghost is pushed out unasked"


async def test_a_microphone_pulled_out_is_replaced_or_asked_for(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(
        host, visit, init="window.mended = true;" + refusing_microphone("NotFoundError")
    )
    await seen.unplug()
    await expect(seen.page.get_by_text("Now using: Fake Default Audio Input")).to_be_visible()
    await until(lambda: session.loudness > 0.01, session)
    await seen.page.evaluate("window.mended = false")
    await seen.unplug()
    await expect(seen.page.get_by_text("Your microphone is gone")).to_be_visible()
    await seen.plug_in()
    await expect(seen.page.get_by_text("Your microphone is gone")).to_have_count(0)
    await until(lambda: session.loudness > 0.01, session)


async def test_another_microphone_can_be_chosen_in_the_call(host: FakeHost, visit: Open) -> None:
    seen, session, _ = await in_call(host, visit)
    await seen.press("Settings")
    select = seen.page.get_by_label("Microphone")
    options = await select.locator("option").all_text_contents()
    assert len(options) > 1
    await select.select_option(index=1)
    await seen.press("Done")
    await expect(seen.page.get_by_text(f"Now using: {options[1]}")).to_be_visible()
    frames = session.frames
    await until(lambda: session.frames > frames + 10, session)
    assert len(session.take_overs) == 1, "the line stayed"


async def test_sound_the_browser_holds_back_is_let_out_by_a_press(host: FakeHost, visit: Open) -> None:
    seen, _, _ = await in_call(host, visit, init=BLOCK_SOUND)
    await expect(seen.page.get_by_text("Your browser holds back the sound")).to_be_visible()
    await seen.page.evaluate("window.allowed = true")
    await seen.press("Turn on the sound")
    await expect(seen.page.get_by_text("Your browser holds back the sound")).to_have_count(0)


async def test_the_screen_stays_on_while_the_interview_runs(host: FakeHost, visit: Open) -> None:
    wake_lock = """
    window.locks = [];
    Object.defineProperty(navigator, "wakeLock", {value: {request: async (kind) => {
      const lock = {kind, held: true, release: async () => { lock.held = false; }};
      window.locks.push(lock);
      return lock;
    }}});
    """
    seen, session, _ = await in_call(host, visit, init=wake_lock)
    assert await seen.page.evaluate("window.locks.map((l) => [l.kind, l.held])") == [["screen", True]]
    session.end("COMPLETED", "finished")
    await seen.sees("goodbye")
    assert await seen.page.evaluate("window.locks.every((l) => !l.held)")


async def test_no_secret_and_no_other_host_in_what_the_page_asks_for(host: FakeHost, visit: Open) -> None:
    asked: list[str] = []
    invitation = host.invite()
    seen = await visit("/")
    seen.page.on("request", lambda request: asked.append(request.url))
    await seen.page.goto(host.link(invitation))
    session = await seen.into_call(invitation)
    await until(lambda: session.frames > 5, session)
    assert asked
    assert [url for url in asked if not url.startswith((host.url, "blob:"))] == []
    assert [url for url in asked if session.token in url] == [], "tokens do not stand in addresses"
