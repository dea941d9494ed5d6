"""Invitations and published studies in PostgreSQL."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from vivavoce.protocol.problems import StudyError
from vivavoce.session.events import SessionScheduled
from vivavoce.storage.errors import InvitationMissing, StudyUnknown
from vivavoce.storage.invitations import InvitationStore
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.storage.studies import StudyStore

EXPIRES = datetime(2030, 2, 1, tzinfo=UTC)


@pytest.fixture
async def study_id(engine: AsyncEngine, demo_yaml: str) -> str:
    return (await StudyStore(engine).publish(demo_yaml)).id


@pytest.fixture
def invitations(engine: AsyncEngine) -> InvitationStore:
    return InvitationStore(engine)


async def test_a_token_finds_its_invitation(invitations: InvitationStore, study_id: str) -> None:
    (token,) = await invitations.create(study_id, expires_at=EXPIRES, language="de")
    found = await invitations.find(token)
    assert found is not None
    assert (found.study_id, found.language, found.expires_at) == (study_id, "de", EXPIRES)
    assert (found.revoked_at, found.session_id) == (None, None)
    assert abs(found.created_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert await invitations.find(token[:-1]) is None
    assert await invitations.find("") is None


async def test_tokens_cannot_be_guessed_or_read_back(
    invitations: InvitationStore, engine: AsyncEngine, study_id: str
) -> None:
    tokens = await invitations.create(study_id, 50)
    assert len(set(tokens)) == 50
    assert all(
        len(token) * 6 >= 128 and token.replace("-", "").replace("_", "").isalnum() for token in tokens
    )
    async with engine.connect() as connection:
        dump = str((await connection.execute(text("SELECT * FROM invitations"))).all())
    assert not any(token in dump for token in tokens)


async def test_participants_are_pseudonyms_of_their_own(invitations: InvitationStore, study_id: str) -> None:
    tokens = await invitations.create(study_id, 20)
    found = [await invitations.find(token) for token in tokens]
    participants = {invitation.participant_id for invitation in found if invitation is not None}
    assert len(participants) == 20
    assert all(
        invitation is not None and token not in (invitation.participant_id, invitation.id)
        for token, invitation in zip(tokens, found, strict=True)
    )


async def test_there_are_no_invitations_to_an_unpublished_study(invitations: InvitationStore) -> None:
    with pytest.raises(StudyUnknown, match="nothing-here"):
        await invitations.create("nothing-here", 2)


async def test_the_first_session_bound_stays(
    invitations: InvitationStore, engine: AsyncEngine, study_id: str
) -> None:
    (token,) = await invitations.create(study_id)
    invitation = await invitations.find(token)
    assert invitation is not None
    sessions = PostgresSessionStore(engine)
    names = [f"s{number}" for number in range(5)]
    for name in names:
        scheduled = SessionScheduled(
            study_id=study_id,
            study_hash="f",
            study_title="Demo",
            language="en",
            participant_id=invitation.participant_id,
            invitation_id=invitation.id,
        )
        await sessions.create(name, scheduled, at=EXPIRES)
    winners = await asyncio.gather(*(invitations.bind_session(invitation.id, name) for name in names))
    assert len(set(winners)) == 1
    again = await invitations.find(token)
    assert again is not None
    assert again.session_id == winners[0]
    # A later sitting takes the place of the session before it, and of no other.
    loser = next(name for name in names if name != winners[0])
    assert await invitations.bind_session(invitation.id, loser, instead_of="s-unknown") == winners[0]
    assert await invitations.bind_session(invitation.id, loser, instead_of=winners[0]) == loser
    assert await invitations.bind_session(invitation.id, winners[0], instead_of=winners[0]) == loser


async def test_an_invitation_is_taken_back_once(invitations: InvitationStore, study_id: str) -> None:
    (token,) = await invitations.create(study_id)
    invitation = await invitations.find(token)
    assert invitation is not None
    await invitations.revoke(invitation.id)
    first = await invitations.find(token)
    await invitations.revoke(invitation.id)
    second = await invitations.find(token)
    assert first == second
    assert first is not None
    assert first.revoked_at is not None


async def test_an_unknown_invitation_is_named(invitations: InvitationStore) -> None:
    with pytest.raises(InvitationMissing, match="i9"):
        await invitations.revoke("i9")
    with pytest.raises(InvitationMissing, match="i9"):
        await invitations.bind_session("i9", "s1")


async def test_a_study_is_published_in_versions(engine: AsyncEngine, demo_yaml: str) -> None:
    studies = StudyStore(engine)
    first = await studies.publish(demo_yaml)
    assert await studies.get(first.id) == first
    assert first.study.id == first.id
    assert (await studies.get(first.id)).study is first.study, "a file is read once"
    assert first.study.content_hash == first.content_hash
    changed = demo_yaml.replace("hard_limit_minutes:", "hard_limit_minutes: 9 #")
    assert changed != demo_yaml
    second = await studies.publish(changed)
    assert second.content_hash != first.content_hash
    assert (await studies.get(first.id)).content_hash == second.content_hash
    assert (await studies.get(first.id, content_hash=first.content_hash)).yaml == demo_yaml
    assert [record.content_hash for record in await studies.list()] == [second.content_hash]
    back = await studies.publish(demo_yaml)
    assert back.published_at > second.published_at
    assert [record.content_hash for record in await studies.list()] == [first.content_hash]


async def test_a_study_with_errors_is_not_kept(engine: AsyncEngine) -> None:
    studies = StudyStore(engine)
    with pytest.raises(StudyError):
        await studies.publish("format: vivavoce/study/1\n")
    assert await studies.list() == []


async def test_an_unknown_study_is_named(engine: AsyncEngine, study_id: str) -> None:
    studies = StudyStore(engine)
    with pytest.raises(StudyUnknown, match="nothing-here"):
        await studies.get("nothing-here")
    with pytest.raises(StudyUnknown, match="with the content 0000"):
        await studies.get(study_id, content_hash="0" * 64)
