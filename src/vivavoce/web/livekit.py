"""Where sound goes through a LiveKit SFU: joining a session's room, and what the SFU tells us of rooms."""

from __future__ import annotations

from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Request

from vivavoce.transport.sfu.tokens import SignatureInvalid, verify_webhook
from vivavoce.web.context import AuthorisedSession, Context
from vivavoce.web.errors import TokenInvalid
from vivavoce.web.models import RoomAnswer, RoomRequest
from vivavoce.web.refusals import refusals

router = APIRouter()
log = structlog.stdlib.get_logger(__name__)


@router.post(
    "/sessions/{session_id}/livekit",
    tags=["sessions"],
    operation_id="join_room",
    summary="Join by a LiveKit SFU",
    responses=refusals(
        "consent_missing",
        "already_connected",
        "session_over",
        "transport_absent",
        post=True,
        token=True,
    ),
)
async def join(session_id: AuthorisedSession, body: RoomRequest, web: Context) -> RoomAnswer:
    """Where the session's room is, and a short-lived token for it. The page publishes its microphone there, and says a
    `ping` on the data topic `vivavoce` until the agent answers."""
    state = await web.audible(session_id)
    access = await web.rooms_or_refuse().admit(state, take_over=body.take_over, unanswered=body.unanswered)
    return RoomAnswer(url=access.url, token=access.token)


@router.post("/livekit/webhook", include_in_schema=False, status_code=204)
async def webhook(
    request: Request, web: Context, authorization: Annotated[str | None, Header()] = None
) -> None:
    """The SFU says that something happened in a room. It is a hint to look; the log of a session remains the truth."""
    rooms = web.rooms_or_refuse()
    body = await request.body()
    try:
        verify_webhook(rooms.sfu.key, body, authorization, now=web.clock.now())
    except SignatureInvalid as error:
        log.warning("webhook refused", error=str(error))
        raise TokenInvalid from error
    rooms.hinted()
