"""Where a participant comes in: an invitation is shown, consent is recorded, and a session with it.

Consent is the first thing in a session's log after its scheduling, and nothing of the participant is heard before it.
Every step can be done again: a page that lost the answer, a second tab, a server that died half-way.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from weakref import WeakValueDictionary

from vivavoce.protocol.study import Study
from vivavoce.session.clock import Clock
from vivavoce.session.errors import LeaseHeld, SessionExists, StudySpent
from vivavoce.session.events import ConsentGiven, SessionScheduled
from vivavoce.session.state import SessionState
from vivavoce.session.status import RESUMABLE, SessionStatus
from vivavoce.session.store import SessionStore, holding
from vivavoce.session.timers import Timers
from vivavoce.web import languages, tokens
from vivavoce.web.errors import (
    ConsentChanged,
    InterviewFinished,
    InvitationExpired,
    InvitationRevoked,
    InvitationUnknown,
    LanguageFixed,
    SessionBusy,
)
from vivavoce.web.keys import Keys
from vivavoce.web.models import (
    ConsentRequest,
    ConsentView,
    InvitationStatus,
    InvitationView,
    SessionRef,
    StudyView,
)
from vivavoce.web.ports import Admits, Invitation, InvitationStore, PublishedStudy, StudyStore
from vivavoce.web.tokens import SessionToken

LEASE_S = 5.0
"""How long the web room may hold a session's lease: for one append, never for longer."""

HOLDER = "web"

_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,128}")


@dataclass(frozen=True)
class Admission:
    """The right to a session. `created`: this consent began it."""

    session_id: str
    token: SessionToken
    created: bool


class Reception:
    """Turns invitations into sessions with consent.

    Args:
        invitations: by token.
        studies: as published, read without delay.
        sessions: the sessions' logs.
        clock: the wall clock.
        keys: to sign session tokens.
        admits: whether a study takes another session.
        new_session_id: makes ids that cannot be guessed.
        nonce: makes two tokens of one second differ.
    """

    def __init__(
        self,
        *,
        invitations: InvitationStore,
        studies: StudyStore,
        sessions: SessionStore,
        clock: Clock,
        keys: Keys,
        admits: Admits,
        new_session_id: Callable[[], str],
        nonce: Callable[[], str] = lambda: secrets.token_urlsafe(9),
    ) -> None:
        self._invitations = invitations
        self._studies = studies
        self._sessions = sessions
        self._clock = clock
        self._keys = keys
        self._admits = admits
        self._new_session_id = new_session_id
        self._nonce = nonce
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def find(self, token: str) -> Invitation:
        """The invitation with this token, in whatever state.

        Raises:
            InvitationUnknown: there is none.
        """
        invitation = await self._invitations.find(token) if _TOKEN.fullmatch(token) else None
        if invitation is None:
            raise InvitationUnknown
        return invitation

    async def view(self, invitation: Invitation, *, language: str | None = None) -> InvitationView:
        """The invitation as its holder sees it, in `language` if the study is held in it.

        Raises:
            UnknownLanguage: the study is not held in it.
        """
        state = await self._state(invitation)
        study = (await self._published(invitation, state)).study
        if state is not None:
            language = state.language
        later = state is not None and _resumable(study, state)
        shown = language or _preferred(invitation, study)
        return InvitationView(
            status=self._status(invitation, state, study),
            study=StudyView(
                title=study.title.text(shown),
                about=study.about.text(shown),
                organisation=study.organisation,
                contact=study.contact,
                minutes=study.minutes,
                resumable=study.limits.sittings > (state.sitting if state is not None else 1),
            ),
            languages=[languages.view(code) for code in study.languages],
            language=shown,
            disclosure={code: study.consent.disclosure.text(code) for code in study.languages},
            consent=ConsentView(
                version=study.consent.version,
                text={code: study.consent.text.text(code) for code in study.languages},
            ),
            session=None if state is None or later else SessionRef(id=state.session_id, status=state.status),
        )

    async def consent(self, token: str, request: ConsentRequest) -> Admission:
        """Record the consent, beginning the session if there is none, and give a fresh token for it.

        Raises:
            InvitationUnknown: there is no such invitation.
            InvitationRevoked, InvitationExpired, InterviewFinished: there is nothing to consent to any more.
            ConsentChanged: another version of the text was shown.
            UnknownLanguage: the study is not held in that language.
            LanguageFixed: the session was scheduled in another one.
            StudySpent: the study takes no more sessions.
            SessionBusy: somebody else writes the session's log at this moment.
        """
        # Two clicks in this process wait for each other; two processes meet at the session's lease.
        async with self._locks.setdefault(token, asyncio.Lock()):
            invitation = await self.find(token)
            state = await self._state(invitation)
            published = await self._published(invitation, state)
            match self._status(invitation, state, published.study):
                case "revoked":
                    raise InvitationRevoked
                case "expired":
                    raise InvitationExpired
                case "finished":
                    raise InterviewFinished
                case "open" | "in_progress":
                    given = _given(published.study, request)
            if state is None:
                if not await self._admits(published.study):
                    raise StudySpent(published.study.id)
                state = await self._schedule(invitation, published, request.language)
            elif state.status.terminal:
                state = await self._schedule(invitation, published, state.language, after=state)
            created = state.consent is None and await self._record(state, given)
        session_token = tokens.mint(
            self._keys.session_token,
            session_id=state.session_id,
            now=self._clock.now(),
            nonce=self._nonce(),
        )
        return Admission(state.session_id, session_token, created)

    def _status(self, invitation: Invitation, state: SessionState | None, study: Study) -> InvitationStatus:
        if invitation.revoked_at is not None:
            return "revoked"
        if state is not None and state.status.terminal:
            return "in_progress" if _resumable(study, state) else "finished"
        if state is not None and state.consent is not None:
            return "in_progress"
        if invitation.expires_at is not None and invitation.expires_at <= self._clock.now():
            return "expired"
        return "open"

    async def _state(self, invitation: Invitation) -> SessionState | None:
        return None if invitation.session_id is None else await self._sessions.state(invitation.session_id)

    async def _published(self, invitation: Invitation, state: SessionState | None) -> PublishedStudy:
        """The version of the study that holds: a session keeps the one it was scheduled with."""
        content_hash = None if state is None else state.study_hash
        return await self._studies.get(invitation.study_id, content_hash)

    async def _schedule(
        self,
        invitation: Invitation,
        published: PublishedStudy,
        language: str,
        *,
        after: SessionState | None = None,
    ) -> SessionState:
        """A new session; the next sitting of an interview if it comes `after` one that broke off."""
        study = published.study
        scheduled = SessionScheduled(
            study_id=invitation.study_id,
            study_hash=published.content_hash,
            study_title=study.title.text(language),
            language=language,
            participant_id=invitation.participant_id,
            invitation_id=invitation.id,
            sitting=1 if after is None else after.sitting + 1,
            continues=None if after is None else after.session_id,
            progress=None if after is None else after.progress.taken_up_later(),
            timers=Timers.resolve(
                hard_limit_s=study.limits.hard_limit_s,
                wrap_up_s=study.limits.wrap_up_at_s,
                join_s=study.limits.join_s,
                idle_prompt_s=study.limits.idle_prompt_s,
                idle_s=study.limits.idle_s,
                rejoin_s=study.limits.rejoin_s,
            ),
        )
        session_id = self._new_session_id()
        try:
            await self._sessions.create(session_id, scheduled, at=self._clock.now())
        except SessionExists as error:
            raise SessionBusy from error
        # Created before it is bound, so that an invitation never leads nowhere; where another process was
        # first, ours stays behind, scheduled and without consent, and its participant is in the other.
        winner = await self._invitations.bind_session(
            invitation.id, session_id, instead_of=None if after is None else after.session_id
        )
        return await self._sessions.state(winner)

    async def _record(self, state: SessionState, given: ConsentGiven) -> bool:
        """Append the consent; False if another process did so first."""
        if state.language != given.language:
            raise LanguageFixed
        session_id = state.session_id
        try:
            async with holding(self._sessions, session_id, holder=HOLDER, ttl_s=LEASE_S) as lease:
                if (await self._sessions.state(session_id)).consent is not None:
                    return False
                await self._sessions.append(lease, [given], at=self._clock.now())
        except LeaseHeld as error:
            if (await self._sessions.state(session_id)).consent is not None:
                return False
            raise SessionBusy from error
        return True


def _resumable(study: Study, state: SessionState) -> bool:
    """Whether a session that is over may be followed by another sitting of the same interview."""
    return (
        state.status in (SessionStatus.INTERRUPTED, SessionStatus.ABANDONED, SessionStatus.FAILED)
        and state.reason in RESUMABLE
        and state.sitting < study.limits.sittings
    )


def _preferred(invitation: Invitation, study: Study) -> str:
    return invitation.language if invitation.language in study.languages else study.languages[0]


def _given(study: Study, request: ConsentRequest) -> ConsentGiven:
    """What is recorded: the version, and the hashes of the very words that were shown.

    Raises:
        ConsentChanged: another version was shown.
        UnknownLanguage: there are no such words in that language.
    """
    text = study.consent.text.text(request.language)
    disclosure = study.consent.disclosure.text(request.language)
    if request.consent_version != study.consent.version:
        raise ConsentChanged
    return ConsentGiven(
        version=study.consent.version,
        text_sha256=_sha256(text),
        language=request.language,
        disclosure_sha256=_sha256(disclosure),
    )


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
