"""Invitations: what the holder of a link sees, and consent, which begins the session."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from vivavoce.web.context import Context, GuessGuard
from vivavoce.web.models import ConsentAnswer, ConsentRequest, InvitationView
from vivavoce.web.refusals import refusals

router = APIRouter(prefix="/invitations", tags=["invitations"])

Token = Annotated[str, Path(description="the last part of the participant's link")]


@router.get(
    "/{invitation}",
    operation_id="read_invitation",
    summary="What an invitation invites to",
    responses=refusals("invitation_unknown", "language_unknown", "request_invalid"),
)
async def read(
    invitation: Token,
    web: Context,
    guesses: GuessGuard,
    language: Annotated[
        str | None,
        Query(max_length=35, description="for the study's title and text; default the participant's"),
    ] = None,
) -> InvitationView:
    """The study, its languages, the disclosure and the consent text. `status` says whether it can still be used."""
    with guesses:
        found = await web.reception.find(invitation)
    return await web.reception.view(found, language=language)


@router.post(
    "/{invitation}/consent",
    operation_id="give_consent",
    summary="Consent, and get a session token",
    status_code=201,
    responses={
        200: {"model": ConsentAnswer, "description": "Consent was there already; the token is fresh"},
        **refusals(
            "invitation_unknown",
            "invitation_expired",
            "invitation_revoked",
            "interview_finished",
            "consent_changed",
            "language_fixed",
            "study_full",
            "language_unknown",
            "session_busy",
            "request_invalid",
            post=True,
        ),
    },
)
async def consent(
    invitation: Token, body: ConsentRequest, web: Context, guesses: GuessGuard, response: Response
) -> ConsentAnswer:
    """Record the consent and begin the session, or go on with the one there is. Nothing is heard before this."""
    with guesses:
        admission = await web.reception.consent(invitation, body)
    response.status_code = 201 if admission.created else 200
    return ConsentAnswer(
        session_id=admission.session_id,
        token=admission.token.text,
        expires_at=admission.token.expires_at,
        transports=web.transports,
        ice_servers=list(web.ice_servers),
    )
