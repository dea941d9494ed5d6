"""What a running server asks of its parts, for `/readyz`."""

from __future__ import annotations

from vivavoce.session.store import SessionStore
from vivavoce.speech.client import SpeechClient
from vivavoce.web.health import Check, CheckResult


def database_check(sessions: SessionStore) -> Check:
    """The database is well while it answers a query."""

    async def check() -> CheckResult:
        await sessions.list(limit=1)
        return CheckResult(True, "answers")

    return check


def speech_check(client: SpeechClient) -> Check:
    """The speech server is well while all its engines are warm."""

    async def check() -> CheckResult:
        readiness = await client.ready()
        return CheckResult(
            readiness.ready,
            ", ".join(f"{name}: {state}" for name, state in sorted(readiness.details.items())),
        )

    return check
