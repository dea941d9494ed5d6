"""What tests of several rooms share: a real PostgreSQL, and random histories of sessions."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import psycopg
import pytest
from psycopg import sql

from vivavoce.protocol.facts import AnswerNoted, Move, MoveDecided, PhaseEntered, TopicCovered, Verdict
from vivavoce.session.errors import IllegalTransition
from vivavoce.session.events import (
    AnswerSetAside,
    BudgetGranted,
    BudgetMark,
    BudgetReached,
    ConsentGiven,
    EventErased,
    Fault,
    InsightFlagged,
    LanguageSettled,
    LeaseClaimed,
    MoveWorded,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantMuted,
    Payload,
    ProviderSwitched,
    Reason,
    RecordingClosed,
    RecordingMoved,
    RecordingStarted,
    SentenceJudged,
    SessionEnded,
    SessionErased,
    SessionEvent,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
    SpeechEnded,
    SpeechStarted,
    TimerFired,
    TimerName,
    ToolCalled,
    TurnTimed,
    UsageMetered,
    Utterance,
)
from vivavoce.session.state import apply, fold
from vivavoce.session.timers import Timers

History = Callable[[Random, int], list[SessionEvent]]

LONGEST = (
    "tests/e2e/test_spoken_with_a_model.py",
    "tests/e2e/test_interview.py",
    "tests/e2e/test_interview_livekit.py",
    "tests/integration/moderator/test_rehearse_with_a_model.py",
    "tests/integration/agent/",
    "tests/faults/",
    "tests/contract/transport/test_conformance_livekit.py",
    "tests/contract/transport/test_conformance.py",
    "tests/integration/ops/test_simulate_command.py",
    "tests/integration/speech/test_speech_models.py",
    "tests/e2e/pages/",
    "tests/integration/storage/test_embedded.py",
)
"""Files that take long, in the order to begin them in: not after all the others, and those that talk in real time while
few others need the processors."""

TEMPORARY = pytest.StashKey[Path]()

_numbers = itertools.count(1)
_SHA = "0123456789abcdef" * 4
_START = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give each run a folder of its own for temporary files.

    pytest closes the one that runs share to other accounts whenever one begins. Where the tests run as root, the
    PostgreSQL of a run beside it, which root lends another account, would lose its files.
    """
    if hasattr(config, "workerinput"):
        return
    if config.option.basetemp is None:
        folder = Path(tempfile.mkdtemp(prefix="vivavoce-tests-"))
        config.option.basetemp = str(folder)
        config.stash[TEMPORARY] = folder
    # What an earlier run's speech servers kept of what they said proves nothing of this one's. Those of one run
    # share it, in whichever process: a study's wording is synthesised once.
    kept = tempfile.TemporaryDirectory(prefix="vivavoce-speech-")
    config.add_cleanup(kept.cleanup)
    os.environ["VIVAVOCE_SPEECH__CACHE_DIR"] = kept.name


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; `make test` hands out files in this order (`--no-loadscope-reorder`)."""
    items.sort(
        key=lambda item: next((n for n, name in enumerate(LONGEST) if item.nodeid.startswith(name)), 99)
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the files of a run that failed, for whoever looks into it."""
    folder = session.config.stash.get(TEMPORARY, None)
    if folder is not None and exitstatus == pytest.ExitCode.OK:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a running PostgreSQL whose database `vivavoce` is migrated and empty: the template of the others."""
    # Imported here: unit tests need none of it.
    from vivavoce.storage.embedded import embedded_postgres
    from vivavoce.storage.migrate import migrate

    folder: Path = tmp_path_factory.mktemp("pg")
    with embedded_postgres(folder, durable=False) as url:
        migrate(url)
        yield url


@pytest.fixture
def database_url(postgres_url: str) -> Iterator[str]:
    """The URL of this test's own database, migrated and empty."""
    with _own_database(postgres_url) as url:
        yield url


@pytest.fixture(scope="module")
def shared_database_url(postgres_url: str) -> Iterator[str]:
    """The URL of this file's own database, migrated and at first empty."""
    with _own_database(postgres_url) as url:
        yield url


@contextmanager
def _own_database(postgres_url: str) -> Generator[str]:
    name = f"test_{next(_numbers)}"
    admin = postgres_url.replace("/vivavoce?", "/postgres?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE vivavoce STRATEGY file_copy").format(sql.Identifier(name))
        )
    yield postgres_url.replace("/vivavoce?", f"/{name}?")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture(scope="session")
def any_payload() -> Callable[[Random, float], Payload]:
    """Makes a payload of any kind at a moment of the session clock, whether it fits a session's state or not."""
    return _payload


@pytest.fixture(scope="session")
def legal_history() -> History:
    """Makes a random legal log of up to so many events: a walk through everything that can happen."""

    def history(rng: Random, length: int) -> list[SessionEvent]:
        first = SessionScheduled(
            study_id="demo",
            study_hash=_SHA,
            study_title="A demo",
            language="en",
            participant_id="p-1",
            timers=Timers.resolve(hard_limit_s=rng.choice([180, 1500, 2700])),
        )
        events = [SessionEvent(session_id="s-1", seq=1, at=_START, payload=first)]
        state = fold(events)
        at_s = 0.0
        for _ in range(length * 4):
            if len(events) >= length:
                break
            at_s += rng.random()
            event = SessionEvent(
                session_id="s-1",
                seq=state.seq + 1,
                at=_START + timedelta(seconds=at_s),
                payload=_payload(rng, at_s),
            )
            try:
                state = apply(state, event)
            except IllegalTransition:
                continue
            events.append(event)
        return events

    return history


def _payload(rng: Random, at_s: float) -> Payload:
    few = str(rng.randrange(3))
    many = str(rng.randrange(10_000))
    moves: list[Move] = ["opening", "question", "probe", "repeat", "nudge", "closing"]
    makers: list[tuple[int, Callable[[], Payload]]] = [
        (3, lambda: ConsentGiven(version="1", text_sha256=_SHA, language="en", disclosure_sha256=_SHA)),
        (3, lambda: SessionWaiting(transport=rng.choice(["webrtc", "websocket"]))),
        (4, lambda: ParticipantJoined(transport="webrtc", connection_id=few, rejoined=rng.random() < 0.5)),
        (
            2,
            lambda: ParticipantLeft(
                connection_id=few, reason=rng.choice(["closed", "lost", "replaced", "left"]), at_s=at_s
            ),
        ),
        (1, lambda: ParticipantMuted(muted=rng.random() < 0.5, at_s=at_s)),
        (1, lambda: LeaseClaimed(holder=f"host-{few}", resumed=rng.random() < 0.5)),
        (2, lambda: PhaseEntered(phase_id=f"ph{few}", index=int(few), count=3, at_s=at_s, reason="next")),
        (
            5,
            lambda: MoveDecided(
                move_id=f"m{many}",
                move=rng.choice(moves),
                phase_id=f"ph{few}",
                question_id=f"q{few}",
                text="What did you do then?",
                parts=("What did you do then?",),
                at_s=at_s,
                expects_answer=True,
            ),
        ),
        (3, lambda: AnswerNoted(question_id=f"q{few}", intent="answer", words=rng.randrange(40), at_s=at_s)),
        (1, lambda: TopicCovered(topic_id=f"t{few}", question_id=f"q{few}", at_s=at_s)),
        (
            2,
            lambda: MoveWorded(
                move_id=f"m{many}",
                move=rng.choice(moves),
                phase_id=f"ph{few}",
                question_id=f"q{few}",
                text="And then?",
                parts=("And then?",),
                worded_by="model",
                at_s=at_s,
                expects_answer=True,
            ),
        ),
        (1, lambda: AnswerSetAside(question_id=f"q{few}", reason="off_topic", words=3, at_s=at_s)),
        (1, lambda: LanguageSettled(language=rng.choice(["en", "es"]), reason="accepted", at_s=at_s)),
        (1, lambda: InsightFlagged(note="Waits are worse than fees.", question_id=f"q{few}", at_s=at_s)),
        (
            1,
            lambda: ToolCalled(
                call_id=f"c{many}",
                tool="probe",
                arguments="{}",
                accepted=rng.random() < 0.5,
                answer="Ask it now.",
                at_s=at_s,
            ),
        ),
        (
            1,
            lambda: SentenceJudged(
                move_id=f"m{many}",
                text="You should see a doctor.",
                withheld=rng.random() < 0.5,
                verdicts=(Verdict(judge="llama-guard", outcome="unsafe", reasons=("S6",), took_s=0.2),),
                at_s=at_s,
            ),
        ),
        (6, lambda: SpeechStarted(speech_id=few, move_id=f"m{many}", at_s=at_s)),
        (
            6,
            lambda: SpeechEnded(
                speech_id=few,
                start_s=at_s,
                end_s=at_s + rng.random() * 5,
                planned_text="What did you do then?",
                heard_text=rng.choice(["", "What did", "What did you do then?"]),
                interrupted=rng.random() < 0.2,
            ),
        ),
        (
            8,
            lambda: Utterance(
                utterance_id=f"u{many}",
                text=rng.choice(["Nothing.", "I went home – “für immer” 🙂", ""]),
                start_s=at_s,
                end_s=at_s + rng.random() * 9,
                language="en",
                confidence=rng.choice([None, 0.25, rng.random()]),
                model="whisper",
                barge_in=rng.random() < 0.1,
            ),
        ),
        (
            2,
            lambda: TurnTimed(
                utterance_id=f"u{many}",
                silence_s=0.3,
                transcript_s=0.5,
                end_of_turn_s=0.5,
                decided_s=0.51,
                first_audio_s=0.6,
                response_s=0.62,
                wait_reason="silence",
            ),
        ),
        (2, lambda: TimerFired(timer=rng.choice(list(TimerName)), at_s=at_s)),
        (1, lambda: BudgetGranted(amount=rng.randrange(10**7))),
        (1, lambda: BudgetReached(mark=rng.choice(list(BudgetMark)), spent=rng.randrange(10**7), at_s=at_s)),
        (
            3,
            lambda: UsageMetered(
                part=rng.choice(["llm", "stt", "tts", "machine"]),
                provider="openai",
                model="gpt-4o-mini",
                subject=rng.choice([None, f"m{many}"]),
                input_tokens=rng.randrange(9000),
                output_tokens=rng.randrange(400),
                seconds=rng.random() * 9,
                price="genai-prices 0.2.3",
                amount=rng.randrange(10**4),
                at_s=at_s,
            ),
        ),
        (1, lambda: RecordingStarted(key=f"s-1/{few}.ogg", sample_rate=48000, channels=2, codec="opus")),
        (1, lambda: RecordingClosed(key=f"s-1/{few}.ogg", duration_s=at_s, bytes=7, sha256=_SHA)),
        (1, lambda: RecordingMoved(key=f"s-1/{few}.ogg")),
        (1, lambda: EventErased(was="utterance")),
        (
            1,
            lambda: ProviderSwitched(
                stage=rng.choice(["stt", "tts", "llm"]),
                before="main",
                after="spare",
                code="llm_slow",
                message="slow",
                at_s=at_s,
            ),
        ),
        (1, lambda: Fault(stage="stt", code="stt_slow", message="slow", recovered=True)),
    ]
    if rng.random() < 0.005:
        return SessionEnded(
            status=rng.choice([SessionStatus.COMPLETED, SessionStatus.ABANDONED, SessionStatus.FAILED]),
            reason=rng.choice(list(Reason)),
            at_s=at_s,
        )
    if rng.random() < 0.002:
        return SessionErased(reason=rng.choice(["requested", "withdrawn", "retention"]))
    weights = [weight for weight, _ in makers]
    return rng.choices([make for _, make in makers], weights)[0]()
