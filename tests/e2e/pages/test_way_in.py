"""From the link to the interview: consent first, then the microphone, and a way on from whatever goes wrong."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.async_api import expect

from .fake_server import FakeHost, Refusal
from .stages import INSECURE, NO_SOUND, NO_WEBRTC, Open, refusing_microphone
from .visit import until

Role = Literal["button", "checkbox", "combobox"]

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.browser]


def lines_asked_for(host: FakeHost) -> list[str]:
    return [r for r in host.requests if r.endswith("/webrtc") or r.startswith("WS ")]


async def test_nothing_is_heard_before_consent_and_nothing_sent_before_the_start(
    host: FakeHost, visit: Open
) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    await seen.sees("consent")
    await seen.press("Agree and continue")
    await expect(seen.page.get_by_text("tick the box")).to_be_visible()
    await expect(seen.page.get_by_role("checkbox")).to_be_focused()
    assert await seen.asked() == []
    assert invitation.consents == []

    await seen.agree()
    assert await seen.asked() == [], "the browser's question comes when the participant asks for it"
    assert invitation.consents == [{"language": "en", "consent_version": "v1", "accepted": True}]

    await seen.turn_on()
    await expect(seen.page.get_by_text("We can hear you well")).to_be_visible()
    await seen.press("Play a sound")
    assert lines_asked_for(host) == []
    wanted = (await seen.asked())[0]
    assert wanted["video"] is False
    assert {k: wanted["audio"][k] for k in ("echoCancellation", "noiseSuppression", "autoGainControl")} == {
        "echoCancellation": True,
        "noiseSuppression": True,
        "autoGainControl": True,
    }

    await seen.press("Start the interview")
    await seen.sees("call")
    assert len(lines_asked_for(host)) == 1


async def test_declining_uses_nothing_and_can_be_taken_back(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    await seen.sees("consent")
    await seen.press("I would rather not")
    await seen.sees("declined")
    assert await seen.asked() == []
    assert [r for r in host.requests if r.startswith("POST")] == []
    await seen.press("I changed my mind")
    await seen.agree()


async def test_consent_is_given_in_the_language_that_was_read(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    await seen.sees("consent")
    await seen.page.get_by_text("I have read this").click()
    await seen.page.get_by_label("Language of the interview").select_option("de")
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text("Wie wir zu Hause arbeiten")
    await expect(seen.page.locator("html")).to_have_attribute("lang", "de")
    await expect(seen.page).to_have_title("Wie wir zu Hause arbeiten · Viva Voce")
    await expect(seen.page.get_by_role("checkbox")).not_to_be_checked()
    await seen.page.get_by_text("Ich habe das gelesen").click()
    await seen.press("Einwilligen und weiter")
    await seen.sees("check")
    assert invitation.consents[0]["language"] == "de"


async def test_texts_that_changed_are_read_again(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    await seen.sees("consent")
    invitation.consent_version = "v2"
    await seen.page.get_by_text("I have read this").click()
    await seen.press("Agree and continue")
    await expect(seen.page.get_by_text("The text has changed")).to_be_visible()
    await seen.agree()
    assert [c["consent_version"] for c in invitation.consents] == ["v2"]


async def test_consent_that_does_not_get_through_is_not_lost(host: FakeHost, visit: Open) -> None:
    invitation = host.invite(refuse_consent=[Refusal(503, "session_busy", "The session is busy.")])
    seen = await visit(invitation)
    await seen.sees("consent")
    host.down = True
    await seen.page.get_by_text("I have read this").click()
    await seen.press("Agree and continue")
    await expect(seen.page.get_by_text("could not be sent")).to_be_visible()
    host.down = False
    await seen.press("Agree and continue")
    await expect(seen.page.get_by_text("The session is busy.")).to_be_visible()
    await seen.press("Agree and continue")
    await seen.sees("check")


@pytest.mark.parametrize(
    ("status", "heading"),
    [
        ("expired", "This invitation has expired"),
        ("revoked", "This invitation was withdrawn"),
        ("finished", "This interview is finished"),
    ],
)
async def test_an_invitation_that_is_no_more_says_so(
    status: str, heading: str, host: FakeHost, visit: Open
) -> None:
    seen = await visit(host.invite(status=status))
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text(heading)
    await expect(seen.page.get_by_role("link", name="mara.lind@example.org")).to_have_attribute(
        "href", "mailto:mara.lind@example.org"
    )
    assert await seen.asked() == []


@pytest.mark.parametrize("path", ["/i/no-such-invitation", "/i/%E0%A4%A", "/i/" + "x" * 2000])
async def test_a_dead_link_says_so(path: str, visit: Open) -> None:
    seen = await visit(path)
    await seen.sees("deadLink")
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text("This link does not work")


@pytest.mark.parametrize(
    ("init", "words"), [(INSECURE, "https://"), (NO_SOUND, "Open your invitation in a current")]
)
async def test_a_browser_that_cannot_is_told_before_consent(
    init: str, words: str, host: FakeHost, visit: Open
) -> None:
    seen = await visit(host.invite(), init=init)
    await seen.sees("unsupported")
    await expect(seen.page.get_by_text(words)).to_be_visible()


async def test_a_host_out_of_reach_is_tried_again(host: FakeHost, visit: Open) -> None:
    host.down = True
    seen = await visit(host.invite())
    await seen.sees("unreachable")
    await seen.press("Try again")
    await seen.sees("unreachable")
    host.down = False
    await seen.press("Try again")
    await seen.sees("consent")


async def test_being_offline_ends_by_itself(host: FakeHost, visit: Open) -> None:
    host.down = True
    seen = await visit(host.invite())
    await seen.sees("unreachable")
    host.down = False
    await seen.page.context.set_offline(True)
    await seen.page.context.set_offline(False)
    await seen.sees("consent")


async def test_a_microphone_the_browser_refuses_can_be_allowed(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation, microphone=False)
    await seen.agree()
    await seen.press("Turn on my microphone")
    await seen.sees("microphone")
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text("Your microphone is blocked")
    await seen.press("Try again")
    await expect(seen.page.get_by_role("button", name="Try again")).to_be_enabled()
    await seen.page.context.grant_permissions(["microphone"])
    await seen.press("Try again")
    await seen.sees("check")
    await seen.press("Start the interview")
    await seen.sees("call")


async def test_a_missing_microphone_is_noticed_when_it_is_plugged_in(host: FakeHost, visit: Open) -> None:
    seen = await visit(host.invite(), init=refusing_microphone("NotFoundError"))
    await seen.agree()
    await seen.press("Turn on my microphone")
    await seen.sees("microphone")
    await expect(seen.page.get_by_role("heading", level=1)).to_have_text("No microphone found")
    await seen.plug_in()
    await seen.sees("check")
    await expect(seen.page.get_by_role("button", name="Start the interview")).to_be_enabled()


async def test_a_full_host_lets_in_by_itself_or_when_asked(host: FakeHost, visit: Open) -> None:
    full, full_for_long = (
        Refusal(503, "host_full", retry_after_s=1),
        Refusal(503, "host_full", retry_after_s=60),
    )
    invitation = host.invite(refuse_line=[full, full_for_long])
    seen = await visit(invitation)
    await seen.into_check()
    await seen.press("Start the interview")
    await seen.sees("full")
    await expect(seen.page.get_by_text("Next try in 60 seconds")).to_be_visible()
    assert invitation.session is not None
    assert len(invitation.session.take_overs) == 2, "it tried by itself"
    await seen.press("Try now")
    await seen.sees("call")


@pytest.mark.parametrize("init", ["", NO_WEBRTC], ids=["webrtc", "websocket"])
async def test_the_queue_moves_on_before_the_participants_eyes(
    init: str, host: FakeHost, visit: Open
) -> None:
    """A screen reader is told of it, too; the heading has the focus and the button is the next thing Tab comes to."""
    places = [Refusal(503, "host_full", retry_after_s=1, place=place) for place in (3, 2)]
    next_one = Refusal(503, "host_full", retry_after_s=60, place=1)
    seen = await visit(host.invite(refuse_line=[*places, next_one]), init=init)
    await seen.into_check()
    await seen.press("Start the interview")
    await seen.sees("full")
    told = seen.page.get_by_role("status")
    for text in ("You are number 3", "You are number 2", "You are next"):
        await expect(told).to_contain_text(text)
    await expect(seen.page.get_by_role("heading", level=1)).to_be_focused()
    await seen.page.keyboard.press("Tab")
    await expect(seen.page.get_by_role("button", name="Try now")).to_be_focused()
    await seen.page.keyboard.press("Enter")
    await seen.sees("call")


async def test_a_refusal_is_shown_in_the_hosts_words_and_tried_again(host: FakeHost, visit: Open) -> None:
    refusal = Refusal(500, "internal", "The host met a fault.", "Its log says more.")
    seen = await visit(host.invite(refuse_line=[refusal]))
    await seen.into_check()
    await seen.press("Start the interview")
    await seen.sees("failed")
    await expect(seen.page.get_by_text("The host met a fault. Its log says more.")).to_be_visible()
    await seen.press("Try again")
    await seen.sees("call")


async def test_a_token_that_ran_out_is_renewed_unseen(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    await seen.into_check()
    assert invitation.session is not None
    invitation.session.token = "another-token"
    await seen.press("Start the interview")
    await seen.sees("call")
    assert len(invitation.consents) == 2


async def test_an_interview_that_ended_meanwhile_says_so(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    await seen.into_check()
    assert invitation.session is not None
    invitation.session.end("ABANDONED", "no_show")
    await seen.press("Start the interview")
    await seen.sees("over")


async def test_the_whole_way_by_keyboard(host: FakeHost, visit: Open) -> None:
    invitation = host.invite()
    seen = await visit(invitation)
    keys = seen.page.keyboard
    await seen.sees("consent")

    async def tab_to(role: Role, name: str) -> None:
        for _ in range(20):
            await keys.press("Tab")
            target = seen.page.locator(":focus")
            if await target.and_(seen.page.get_by_role(role, name=name)).count():
                return
        pytest.fail(f"Tab does not lead to the {role} “{name}”")

    await tab_to("combobox", "Language of the interview")
    await tab_to("checkbox", "I have read this")
    await keys.press("Space")
    await tab_to("button", "Agree and continue")
    await keys.press("Enter")
    await seen.sees("check")
    await tab_to("button", "Turn on my microphone")
    await keys.press("Enter")
    await expect(seen.page.get_by_role("meter")).to_be_visible()
    await tab_to("button", "Play a sound")
    await keys.press("Space")
    await tab_to("button", "Start the interview")
    await keys.press("Enter")
    await seen.sees("call")
    session = invitation.session
    assert session is not None
    await tab_to("button", "Mute")
    await keys.press("Space")
    await until(lambda: session.told("mute") == [{"type": "mute", "muted": True}], session)
    await tab_to("button", "Settings")
    await keys.press("Enter")
    await expect(seen.page.get_by_role("dialog", name="Settings")).to_be_visible()
    await keys.press("Escape")
    await expect(seen.page.get_by_role("button", name="Settings")).to_be_focused()
    await tab_to("button", "Leave")
    await keys.press("Enter")
    await expect(seen.page.get_by_role("button", name="Stay")).to_be_focused()
    await tab_to("button", "End the interview")
    await keys.press("Enter")
    await seen.sees("goodbye")
