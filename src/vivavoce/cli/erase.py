"""`vivavoce erase` and `vivavoce retention`: taking out what participants said, at once or when its time is up."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from vivavoce.cli.session import with_storage
from vivavoce.cli.table import print_table

if TYPE_CHECKING:
    from vivavoce.ops.erase import Gone, Holdings, Interview
    from vivavoce.ops.retention import Done, Due
    from vivavoce.storage.open import Storage

NOT_OURS = (
    "Not erased, because it is not in our hands: exported files wherever you put them, backups of the database and of "
    "the recordings, and what providers outside keep. See docs/how-to/erase.md."
)

ACTIONS = {"erase": "erase", "cool": "move to cold", "decide": "withdrawn: decide"}


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command("erase")(erase)
    app.command("retention")(retention)


def erase(
    session: Annotated[
        str | None, typer.Argument(metavar="[SESSION]", help="A session's id: its whole interview goes.")
    ] = None,
    participant: Annotated[
        str | None, typer.Option(metavar="PSEUDONYM", help="A participant of --study, instead of a session.")
    ] = None,
    study: Annotated[str | None, typer.Option(metavar="STUDY", help="With --participant: the study.")] = None,
    reason: Annotated[
        Literal["requested", "withdrawn"], typer.Option(help="What the session's log says of it.")
    ] = "requested",
    close: Annotated[bool, typer.Option("--close", help="End it first if it is under way.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go, and erase nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    rewrite: Annotated[
        bool | None,
        typer.Option(
            "--rewrite/--no-rewrite",
            help="Write the database's tables anew, so that its files hold nothing of it; locks them meanwhile. "
            "Default: only in our own PostgreSQL.",
        ),
    ] = None,
) -> None:
    """Erase what a participant said, for good, wherever we keep it. A tombstone without content stays."""
    from vivavoce.settings import load

    if (session is None) == (participant is None):
        raise typer.BadParameter("give a session, or --participant and --study", param_hint="SESSION")
    if participant is not None and study is None:
        raise typer.BadParameter("a pseudonym belongs to a study", param_hint="--study")
    settings = load()

    async def find(storage: Storage) -> tuple[Interview, Holdings]:
        from vivavoce.ops import erase as ops

        if session is not None:
            interview = await ops.interview_of(storage, session)
        else:
            interview = await ops.interview_by(storage, study or "", participant or "")
        return interview, await ops.holdings(storage, settings, interview)

    interview, held = with_storage(find)
    _print_holdings(interview, held)
    if dry_run:
        typer.echo("Nothing was erased.")
        return
    if not yes:
        typer.confirm("Erase it for good?", abort=True)

    async def do(storage: Storage) -> Gone:
        from vivavoce.ops import erase as ops
        from vivavoce.session.clock import SystemClock

        gone = await ops.erase(storage, settings, interview, reason=reason, clock=SystemClock(), close=close)
        await ops.let_go(storage, whole=settings.database_url is None if rewrite is None else rewrite)
        return gone

    gone = with_storage(do)
    typer.echo(f"Erased: {len(gone.sessions)} sessions, {len(gone.recordings)} recordings.")
    for key in gone.unclosed:
        typer.echo(
            f"The recording {key} was never handed over. If it is on another host's disk, that host removes it when it "
            "starts again."
        )
    typer.echo(NOT_OURS)


def retention(
    apply: Annotated[
        bool, typer.Option("--apply/--dry-run", help="Do what is due; default: only show it.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="JSON for programs.")] = False,
) -> None:
    """Show what is due by the studies' `retention`, or do it: recordings to the cold store, erasure."""
    from vivavoce.settings import load

    settings = load()

    async def look(storage: Storage) -> tuple[list[Due], Done | None]:
        from vivavoce.ops import retention as ops
        from vivavoce.session.clock import SystemClock

        clock = SystemClock()
        found = await ops.due(storage, clock)
        return found, await ops.apply(storage, settings, found, clock) if apply else None

    found, done = with_storage(look)
    if as_json:
        typer.echo(json.dumps([_plain(one) for one in found], indent=2))
        return
    if not found:
        typer.echo("Nothing is due.")
        return
    rows = [("ACTION", "STUDY", "PARTICIPANT", "ENDED (UTC)", "SESSIONS")]
    rows += [
        (
            ACTIONS[one.action],
            one.over.study_id,
            one.over.participant_id,
            f"{one.over.ended_at:%Y-%m-%d %H:%M}",
            ", ".join(one.over.session_ids),
        )
        for one in found
    ]
    print_table(rows)
    if done is None:
        typer.echo("Nothing was changed; `vivavoce retention --apply` does it.")
    else:
        typer.echo(
            f"Erased: {done.erased}. Moved to cold: {done.cooled}. Not done, and due again: {done.left}."
        )


def _plain(one: Due) -> dict[str, object]:
    return {
        "action": one.action,
        "study": one.over.study_id,
        "participant": one.over.participant_id,
        "sessions": list(one.over.session_ids),
        "ended_at": one.over.ended_at.isoformat(),
    }


def _print_holdings(interview: Interview, held: Holdings) -> None:
    typer.echo(f"Participant {interview.participant_id} of the study {interview.study_id}:")
    for one in interview.sittings:
        status = one.status.value.lower() + (f" ({one.reason.value})" if one.reason else "")
        before = "" if one.erased_at is None else f", erased {one.erased_at:%Y-%m-%d}"
        typer.echo(f"  session {one.session_id}, {one.created_at:%Y-%m-%d %H:%M} UTC, {status}{before}")
    if not interview.sittings:
        typer.echo("  no session")
    typer.echo(
        f"  {held.events} events, {len(held.recordings)} recordings, {len(held.spooled)} of them in the spool, and all "
        "that was made of them"
    )
