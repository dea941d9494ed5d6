"""Sessions: where one stands, connecting to it by WebRTC, and ending it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from vivavoce.session.errors import SessionOver
from vivavoce.session.state import SessionState
from vivavoce.web.context import AuthorisedSession, Context
from vivavoce.web.models import OfferAnswer, OfferRequest, PhaseView, ProgressView, SessionView
from vivavoce.web.refusals import refusals

router = APIRouter(prefix="/sessions", tags=["sessions"])

UserAgent = Annotated[str | None, Header(include_in_schema=False)]


@router.get(
    "/{session_id}",
    operation_id="read_session",
    summary="Where a session stands",
    responses=refusals(token=True),
)
async def read(session_id: AuthorisedSession, web: Context) -> SessionView:
    """The session's status and how far the interview has come."""
    state = await web.sessions.state(session_id)
    ended_or_now = state.ended_at or web.clock.now()
    return SessionView(
        id=session_id,
        status=state.status,
        reason=state.reason,
        language=state.language,
        progress=_progress(state, elapsed_s=state.at_s(ended_or_now)),
    )


@router.post(
    "/{session_id}/webrtc",
    operation_id="offer_webrtc",
    summary="Connect by WebRTC",
    responses=refusals(
        "consent_missing",
        "already_connected",
        "session_over",
        "host_full",
        "study_full",
        "bad_frame",
        "transport_absent",
        post=True,
        token=True,
    ),
)
async def offer(
    session_id: AuthorisedSession, body: OfferRequest, web: Context, user_agent: UserAgent = None
) -> OfferAnswer:
    """Offer a connection with one audio track each way and the data channel `vivavoce`."""
    await web.audible(session_id)
    answer = await web.gateway.offer(
        session_id, sdp=body.sdp, take_over=body.take_over, user_agent=user_agent
    )
    return OfferAnswer(sdp=answer.sdp, connection_id=answer.connection_id)


@router.post(
    "/{session_id}/leave",
    operation_id="leave_session",
    summary="End the interview",
    status_code=204,
    responses=refusals(post=True, token=True),
)
async def leave(session_id: AuthorisedSession, web: Context) -> None:
    """The participant ends the interview. A session that has ended stays as it is."""
    state = await web.sessions.state(session_id)
    if state.status.terminal:
        return
    try:
        await web.gateway.leave(session_id)
    except SessionOver:
        return  # it ended in the meantime


def _progress(state: SessionState, *, elapsed_s: float) -> ProgressView:
    progress = state.progress
    phase = None
    if progress.phase_id is not None:
        phase = PhaseView(id=progress.phase_id, index=progress.phase_index, count=progress.phase_count)
    return ProgressView(phase=phase, questions_asked=len(progress.questions), elapsed_s=elapsed_s)
