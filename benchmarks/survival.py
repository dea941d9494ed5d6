"""What an interview loses when something dies, and when it goes on: `make survival` writes `survival.md`.

    PYTHONPATH=tests/lib .venv/bin/python benchmarks/survival.py [MISHAP …] [--shape embedded|livekit] [--rows FILE]

Each row is one interview, held by a simulated participant who speaks, with one thing done to it. What is done is what
`tests/faults` does, by the same code (`tests/lib`). All timers are those of a study and a host that set none, but for
the drain, which is told to be short. `--rows` keeps the measured rows, so that a long table can be made in pieces.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from caller import Caller
from distant import Distant
from pydantic import TypeAdapter
from server_process import Books
from two_questions import WELCOME, finish
from unheld import watched

from made import made
from mishaps import DRAIN_S, MISHAPS, Mishap, Scene
from said import lost
from shapes import SHAPES, STUDY, Shape, shaped
from vivavoce.session.errors import StorageUnavailable
from vivavoce.session.events import (
    Fault,
    LeaseClaimed,
    ParticipantJoined,
    ParticipantLeft,
    SessionEnded,
    SessionEvent,
)
from vivavoce.session.state import SessionState, fold

TABLE = Path(__file__).with_suffix(".md")
COMMAND = "PYTHONPATH=tests/lib python benchmarks/survival.py"
LOOK_S = 0.5
ECHO_S = 1.0
"""What is heard so soon after a death was on its way before."""
PATIENCE_S = 8.0
"""Who is back on a line goes on talking after so long without a word of the moderator."""
UNAWARE_S = 15.0
"""What nobody has noticed by then, the participant has not noticed either."""
LONGEST_S = 240.0
AFTERWARDS_S = 90.0
"""How long a recording that was left open may take to be closed."""


@dataclass(frozen=True)
class Row:
    """One interview. Seconds after it was struck, unless said otherwise; None where there is nothing to measure.

    Attributes:
        hears: what the participant does.
        noticed_s: until somebody knew.
        undone_s: until what was taken away was there again.
        again_s: until the interview went on for the participant: the moderator's voice, or a line that is up again.
        first_audio_s: seconds from the claim of the lease to the moderator's voice.
        lost_s, lost_words: what no log has of what the participant said.
        recording_lost_s: seconds that are in no recording.
        exit_code: of the process that was told to end.
        folds: whether the log folds to the state that is kept.
        unheld_s: the longest time that it was ACTIVE though nobody held it.
        agents: the most who held it at once.
        first_voice_s: seconds from joining to the moderator's first word.
        registered_s: seconds that the slowest worker needed until the SFU knew it.
    """

    key: str
    name: str
    shape: str
    hears: str
    noticed_s: float | None
    undone_s: float | None
    again_s: float | None
    first_audio_s: float | None
    lost_s: float
    lost_words: int
    recording_lost_s: float
    status: str
    reason: str
    exit_code: int | None
    folds: bool
    unheld_s: float
    agents: int
    first_voice_s: float | None
    registered_s: float | None
    at: str


@dataclass
class Holders:
    """How many held a session at once: one, where it is held by one at a time and by nobody else."""

    most: int = 0

    async def run(self, shape: Shape, session_id: str) -> None:
        """Look again and again, until cancelled."""
        while True:
            # A process that is being killed does not answer, or has no more to say.
            with contextlib.suppress(httpx.HTTPError, KeyError, ValueError):
                self.most = max(self.most, await shape.agents(session_id))
            await asyncio.sleep(LOOK_S)


@dataclass
class Strike:
    """When it happened, by both clocks."""

    at: float = field(default_factory=time.monotonic)
    wall: datetime = field(default_factory=lambda: datetime.now(UTC))

    def after(self, wall: datetime) -> float:
        """Seconds from it until a moment of the wall clock."""
        return (wall - self.wall).total_seconds()


# -- one interview


async def held(shape: Shape, mishap: Mishap) -> Row:
    """Hold one interview to its end, and do that to it."""
    async with shape.web.books() as books:
        invitation = await books.invitation(STUDY)
    async with AsyncExitStack() as stack:
        scene = Scene(shape, invitation, stack)
        await scene.enter(shape.distant(invitation) if mishap.far else shape.caller(invitation))
        first = scene.caller
        books = await stack.enter_async_context(shape.web.books())
        unheld = await stack.enter_async_context(watched(books))
        holders = Holders()
        watching = asyncio.create_task(holders.run(shape, first.session_id))
        stack.callback(watching.cancel)
        await mishap.moment(first)
        _tell(mishap, "struck")
        said, strike = len(first.captions), Strike()
        await mishap.strike(scene)
        _tell(mishap, "goes on")
        if mishap.stops:
            await _wait(scene, strike)
        waited = time.monotonic()
        await finish(scene.caller, within_s=LONGEST_S)
        _tell(mishap, "over")
        code = await scene.ending() if scene.ending is not None else None
        await shape.whole()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
    async with shape.web.books() as books:
        state = await _closed(books, first.session_id)
        events = await books.sessions.read(first.session_id)
    _tell(mishap, "written")
    log = [event.payload for event in events]
    caller = scene.caller
    talked = min((at for one in scene.callers for at, _ in one.spoke if at >= waited), default=None)
    voice = caller.ear.onset_after(strike.at + ECHO_S)
    again = voice if voice is not None and (talked is None or voice < talked) else None
    claimed = next((one.at for one in events if isinstance(one.payload, LeaseClaimed)), None)
    rejoined = next((at for one in scene.callers for at in one.joins if at > strike.at), None)
    went_on = again or rejoined
    joined = next(one.at for one in events if isinstance(one.payload, ParticipantJoined))
    zero = strike.at + strike.after(joined)
    gone = [lost(one, log, zero=zero) for one in scene.callers]
    begun = first.ear.onset_after(0)
    return Row(
        key=mishap.key,
        name=mishap.name,
        shape=shape.name,
        hears=_hears(scene, said, strike, again),
        noticed_s=_noticed(scene, events, strike),
        undone_s=None if scene.undone is None else scene.undone - strike.at,
        again_s=went_on - strike.at if mishap.stops and went_on is not None else None,
        first_audio_s=None if claimed is None or again is None else again - strike.at - strike.after(claimed),
        lost_s=sum(one.seconds for one in gone),
        lost_words=sum(one.words for one in gone),
        recording_lost_s=_recording_lost(state, events, strike.at - zero),
        status=state.status.value,
        reason=state.reason.value if state.reason else "",
        exit_code=code,
        folds=state == fold(events[: state.seq]),
        unheld_s=unheld.of.get(first.session_id, 0.0),
        agents=holders.most,
        first_voice_s=begun - first.joins[0] if begun is not None else None,
        registered_s=shape.registered_s,
        at=f"{strike.wall:%H:%M}",
    )


def _tell(mishap: Mishap, what: str) -> None:
    print(f"{datetime.now(UTC):%H:%M:%S} {mishap.key}: {what}", file=sys.stderr, flush=True)


async def _wait(scene: Scene, strike: Strike) -> None:
    """What a participant does who sees that something is wrong: wait until the interview goes on, or seems to."""

    def goes_on() -> bool:
        caller, now = scene.caller, time.monotonic()
        if caller.gone or caller.ear.onset_after(strike.at + ECHO_S) is not None:
            return True
        rejoined = [at for at in caller.joins if at > strike.at]
        called = [at for at in caller.calls if at > strike.at]
        if rejoined:
            return now - rejoined[-1] > PATIENCE_S
        return not called and now - (scene.undone or strike.at) > UNAWARE_S

    with contextlib.suppress(AssertionError):
        await scene.caller.until(goes_on, within_s=LONGEST_S)


async def _closed(books: Books, session_id: str) -> SessionState:
    """The state at the end, when all recordings are closed, or when that has been waited for long enough."""
    began = time.monotonic()
    while True:
        # One that comes after a restart is waited for.
        with contextlib.suppress(StorageUnavailable):
            state = await books.sessions.state(session_id)
            late = time.monotonic() - began > AFTERWARDS_S
            if (state.status.terminal and not state.unclosed) or late:
                return state
        await asyncio.sleep(LOOK_S)


def _noticed(scene: Scene, events: Sequence[SessionEvent], strike: Strike) -> float | None:
    """Seconds until somebody knew: the participant's page, the log, or who sent for another agent."""
    signs = [
        strike.after(event.at)
        for event in events
        if isinstance(event.payload, LeaseClaimed | ParticipantLeft | Fault)
    ]
    signs += [strike.after(at) for at in scene.shape.sent(strike.wall)]
    signs += [at - strike.at for one in scene.callers for at in one.calls]
    # What a clock that was set has written is no measure.
    return min((one for one in signs if 0 < one < LONGEST_S), default=None)


def _recording_lost(state: SessionState, events: Sequence[SessionEvent], struck_s: float) -> float:
    """Seconds of the interview that are in no part of the recording."""
    kept = [recording.duration_s or 0.0 for recording in state.recordings]
    if len(kept) > 1:
        return max(0.0, struck_s - kept[0])
    ended = next(
        (one.payload.at_s for one in reversed(events) if isinstance(one.payload, SessionEnded)), struck_s
    )
    return max(0.0, ended - sum(kept))


def _hears(scene: Scene, said: int, strike: Strike, again: float | None) -> str:
    after = scene.caller.captions[said if len(scene.callers) == 1 else 0 :]
    welcome = next((text for text in after if WELCOME in text), None)
    if again is not None and welcome is not None:
        return f"{again - strike.at:.0f} s of silence, then “{welcome}”"
    if welcome is not None:
        return f"“{welcome}”"
    told = scene.caller.ended
    if told is None:
        return "that the interview is over" if _over(scene.caller) else "nothing more"
    return f"“{after[0]}”" if after else "nothing unusual"


def _over(caller: Caller) -> bool:
    codes = caller.codes if isinstance(caller, Distant) else [e.api_code for e in caller.refusals]
    return "session_over" in codes or any(error.status == 4410 for error in caller.refusals)


# -- the table

AGAIN_S, AFTER_S, LOST_S, RECORDING_S, UNHELD_S, REGISTERED_S = 20.0, 5.0, 15.0, 5.0, 15.0, 30.0
DEATHS = ("kill-asking", "kill-answering", "kill-between")


HOW = f"""\
Seconds count from the mishap. *Noticed*: by the page, by the log, or by who sends for another agent. *Undone*: when the
server, the SFU or the network was there again. *Goes on*: the moderator is heard, or the line is up and the participant
may speak. *After*: from when it was noticed and undone. *Claim to voice*: from the new holder's claim of the lease to
the first sound that the participant hears, who may still be on the way. *Unheld*: ACTIVE in the database though no
lease ran; one runs for 15 s after a death, so 15 s of it are the 30 s after which a session is stuck. *Holders*: the
most agents at once.

Where the only server died nobody can go on before it is back: that is its start, which takes twice to three times as
long on a machine that is busy with other things. A page asks again every 3 s by then.

*Of the recording* is what lies between its end and the interview's, so the two minutes count in which a participant was
away who did not come back, and all that came after a disk was full: those two miss that goal and cannot but miss it.

Goals: after a death it goes on within {AGAIN_S:g} s, and within {AFTER_S:g} s after that was noticed; ≤ {LOST_S:g} s of
conversation and ≤ {RECORDING_S:g} s of recording lost; no session stuck ACTIVE; never two agents; every log folds to
the state that is kept.
"""


def after(row: Row) -> float | None:
    """Seconds until it went on, from when that was possible and somebody knew."""
    if row.again_s is None or row.noticed_s is None:
        return None
    return max(0.0, row.again_s - max(row.noticed_s, row.undone_s or 0.0))


def missed(row: Row) -> list[str]:
    """Which goals were not reached."""
    since = after(row)
    found = [
        (row.key in DEATHS and (row.again_s is None or row.again_s > AGAIN_S), f"resumed ≤ {AGAIN_S:g} s"),
        (since is not None and since > AFTER_S, f"≤ {AFTER_S:g} s after it was noticed"),
        (row.lost_s > LOST_S, f"≤ {LOST_S:g} s of conversation lost"),
        (row.recording_lost_s > RECORDING_S, f"≤ {RECORDING_S:g} s of recording lost"),
        (row.unheld_s > UNHELD_S, "never stuck ACTIVE"),
        (row.agents > 1, "one agent"),
        (not row.folds, "the log folds"),
    ]
    return [goal for wrong, goal in found if wrong]


def seconds(value: float | None) -> str:
    """For a cell."""
    return "–" if value is None else f"{value:.1f}"


def render(rows: Sequence[Row], head: str) -> str:
    """The page."""
    stuck = sum(row.unheld_s > UNHELD_S for row in rows)
    doubled = sum(row.agents > 1 for row in rows)
    voices = [row.first_voice_s for row in rows if row.first_voice_s is not None]
    registered = [row.registered_s for row in rows if row.registered_s is not None]
    lines = [
        "# What interviews survive",
        "",
        head,
        "",
        HOW,
        "",
        "| what happens | shape | the participant hears | noticed | undone | goes on | after | claim to voice |"
        " lost of what was said | of the recording | the end | unheld | holders | log folds | goals missed |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.name} | {row.shape} | {row.hears} | {seconds(row.noticed_s)} | {seconds(row.undone_s)} | "
            f"{seconds(row.again_s)} | {seconds(after(row))} | {seconds(row.first_audio_s)} | "
            f"{row.lost_words} words, {row.lost_s:.1f} s | {row.recording_lost_s:.1f} s | "
            f"{row.status} ({row.reason}){'' if row.exit_code is None else f', exit code {row.exit_code}'} | "
            f"{row.unheld_s:.1f} | {row.agents} | {'yes' if row.folds else '**no**'} | "
            f"{', '.join(missed(row))} |"
        )
    lines += [
        "",
        f"Of {len(rows)} interviews {stuck} were stuck ACTIVE for more than 30 s; {doubled} had two agents at once.",
    ]
    if voices:
        lines += [f"The moderator's first word came {max(voices):.1f} s after joining, at most."]
    if registered:
        lines += [
            f"The SFU knew a worker {max(registered):.1f} s after its start at most (goal: {REGISTERED_S:g} s)."
        ]
    return "\n".join(lines) + "\n"


# -- running it


async def measured(shape_name: str, mishaps: Sequence[Mishap], done: Callable[[Row], None]) -> None:
    """Do each of these to an interview of its own; those that touch no other at the same time."""
    settings = {"VIVAVOCE_HOST__DRAIN_S": str(DRAIN_S)}
    # A machine whose clock is set is one interview's: the next one begins with a clock that is right.
    groups = [[one for one in mishaps if not one.clock], *([one] for one in mishaps if one.clock)]
    for wanted in filter(None, groups):
        clock = wanted[0].clock
        with tempfile.TemporaryDirectory(prefix="vivavoce-survival-") as name:
            async with shaped(shape_name, Path(name), settings, clock=clock) as shape:
                for mishap in (one for one in wanted if one.alone):
                    done(await held(shape, mishap))

                async def beside(mishap: Mishap, shape: Shape = shape) -> None:
                    done(await held(shape, mishap))

                await asyncio.gather(*(beside(one) for one in wanted if not one.alone))


def main() -> None:
    """Measure what was asked for, keep it, and write the table of everything kept."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    keys = [mishap.key for mishap in MISHAPS]
    parser.add_argument("mishaps", nargs="*", metavar="MISHAP", help=f"of {', '.join(keys)}; default: all")
    parser.add_argument("--shape", choices=SHAPES)
    parser.add_argument("--rows", type=Path, help="a file of rows, read, added to and kept")
    parser.add_argument(
        "--render", action="store_true", help="measure nothing, and write the table of the rows"
    )
    options = parser.parse_args()
    if unknown := set(options.mishaps) - set(keys):
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    head = made(COMMAND, "livekit-agents", "livekit", "websockets")
    kept = TypeAdapter(list[Row])
    file: Path | None = options.rows
    found = kept.validate_json(file.read_bytes()) if file is not None and file.exists() else []
    rows = {(row.key, row.shape): row for row in found}

    def done(row: Row) -> None:
        rows[row.key, row.shape] = row
        print(kept.dump_json([row]).decode(), flush=True)
        if file is not None:
            file.write_bytes(kept.dump_json(list(rows.values()), indent=1))

    def write() -> None:
        ordered = sorted(rows.values(), key=lambda one: (keys.index(one.key), one.shape))
        TABLE.write_text(render(ordered, head), encoding="utf-8")

    for shape in [options.shape] if options.shape else SHAPES:
        wanted = [
            mishap
            for mishap in MISHAPS
            if shape in mishap.shapes and (not options.mishaps or mishap.key in options.mishaps)
        ]
        if wanted and not options.render:
            asyncio.run(measured(shape, wanted, done))
    write()
    print(TABLE)


if __name__ == "__main__":
    main()
