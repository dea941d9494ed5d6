"""`vivavoce session` and `vivavoce export` as a person runs them, with and without a server beside them."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from zipfile import ZipFile

import psycopg
import pytest
import webvtt
from docx import Document

from vivavoce.cli import main
from vivavoce.session.events import (
    ConsentGiven,
    ParticipantJoined,
    Payload,
    Reason,
    RecordingClosed,
    RecordingStarted,
    SessionEnded,
    SessionScheduled,
    SessionStatus,
    SessionWaiting,
    SpeechEnded,
    SpeechStarted,
    TurnTimed,
    Utterance,
)
from vivavoce.storage.embedded import EmbeddedPostgres, embedded_postgres
from vivavoce.storage.engine import make_engine
from vivavoce.storage.migrate import migrate
from vivavoce.storage.sessions import PostgresSessionStore

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
SHA = "ab" * 32


def interview() -> list[Payload]:
    return [
        ConsentGiven(version="1", text_sha256=SHA, language="en", disclosure_sha256=SHA),
        SessionWaiting(transport="webrtc"),
        ParticipantJoined(transport="webrtc", connection_id="c1"),
        SpeechStarted(speech_id="sp1", at_s=0.4),
        SpeechEnded(
            speech_id="sp1",
            start_s=0.4,
            end_s=2,
            planned_text="How are you?",
            heard_text="How are you?",
            interrupted=False,
        ),
        Utterance(
            utterance_id="u1",
            text="Très bien, “merci” 🙂",
            start_s=3,
            end_s=4.5,
            language="en",
            confidence=0.9,
            model="whisper",
        ),
        TurnTimed(
            utterance_id="u1",
            silence_s=0.3,
            transcript_s=0.45,
            end_of_turn_s=0.5,
            decided_s=0.51,
            first_audio_s=0.55,
            response_s=0.6,
            wait_reason="silence",
        ),
        RecordingStarted(key="session-0/part1.ogg", sample_rate=48_000, channels=2, codec="opus"),
        SessionEnded(status=SessionStatus.COMPLETED, reason=Reason.FINISHED, at_s=90),
        RecordingClosed(key="session-0/part1.ogg", duration_s=90, bytes=9, sha256=SHA),
    ]


async def hold(url: str) -> None:
    engine = make_engine(url)
    store = PostgresSessionStore(engine)
    for number, study in enumerate(["demo", "other"]):
        scheduled = SessionScheduled(
            study_id=study, study_hash="f", study_title="A demo", language="en", participant_id=f"p-{number}"
        )
        await store.create(f"session-{number}", scheduled, at=AT + timedelta(minutes=number))
    lease = await store.claim("session-0", holder="host", ttl_s=60)
    for number, payload in enumerate(interview()):
        await store.append(lease, [payload], at=AT + timedelta(seconds=number * 10))
    await engine.dispose()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with a finished session and one that was only scheduled; its PostgreSQL runs as beside a server."""
    folder = tmp_path_factory.mktemp("cli") / "vv"
    with embedded_postgres(folder, durable=False) as url:
        migrate(url)
        asyncio.run(hold(url))
        yield folder


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command here; its exit code, standard output and standard error."""
    monkeypatch.setenv("VIVAVOCE_DATA_DIR", str(folder))
    # It would send the logging of all tests after this one to a stream that is gone by then.
    monkeypatch.setattr("vivavoce.telemetry.logging.configure", lambda **_: None)

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["vivavoce", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        code = ended.value.code
        assert isinstance(code, int | None)
        output = capsys.readouterr()
        return code or 0, output.out, output.err

    return run


def ok(run: Run, *arguments: str) -> str:
    code, out, err = run(*arguments)
    assert code == 0, err
    return out


def test_sessions_are_listed(run: Run) -> None:
    lines = ok(run, "session", "list").splitlines()
    assert lines[0].split()[:3] == ["SESSION", "STUDY", "STATUS"]
    assert [line.split()[0] for line in lines[1:]] == ["session-1", "session-0"]
    assert "completed (finished)" in lines[2]
    found = json.loads(ok(run, "session", "list", "--json", "--study", "demo"))
    assert [(item["session_id"], item["status"], item["leased"]) for item in found] == [
        ("session-0", "COMPLETED", True)
    ]
    assert json.loads(ok(run, "session", "list", "--json", "--status", "scheduled"))[0]["study_id"] == "other"
    assert ok(run, "session", "list", "--study", "none") == "No sessions.\n"


def test_the_latest_session_is_shown(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = ok(run, "session", "show", "latest")
    assert "A demo (demo)" in shown
    assert "completed (finished)" in shown
    assert "participant joined on webrtc" in shown
    assert f"Recording {folder / 'recordings' / 'session-0' / 'part1.ogg'}: 90.0 s" in shown
    assert "[00:03] Participant  Très bien, “merci” 🙂" in shown
    assert next(line for line in shown.splitlines() if line.startswith("response")).split()[1:] == [
        "1",
        "0.60",
        "0.60",
        "0.60",
    ]
    assert "Personal data redacted by" in shown
    code, out, err = run("session", "show", "session-0", "--original")
    assert (code, out) == (1, "") and "VIVAVOCE_EXPORT__ORIGINAL" in err
    monkeypatch.setenv("VIVAVOCE_EXPORT__ORIGINAL", "true")
    assert "personal data is not redacted" in ok(run, "session", "show", "latest", "--original")
    data = json.loads(ok(run, "session", "show", "session-0", "--json", "--original"))
    assert data["state"]["status"] == "COMPLETED"
    assert [event["seq"] for event in data["events"]] == list(range(1, 12))


def test_a_session_that_never_began_is_shown_too(run: Run) -> None:
    shown = ok(run, "session", "show", "session-1")
    assert "Nothing.\n" in shown
    assert "No turn was timed." in shown


def test_a_transcript_is_exported_in_every_format(run: Run, tmp_path: Path) -> None:
    data = json.loads(ok(run, "export", "latest", "--format", "json"))
    assert [turn["speaker"] for turn in data["turns"]] == ["moderator", "participant"]
    captions = webvtt.from_buffer(StringIO(ok(run, "export", "session-0", "--format", "vtt"))).captions
    assert [(caption.voice, caption.start) for caption in captions] == [
        ("Moderator", "00:00:00.400"),
        ("Participant", "00:00:03.000"),
    ]
    target = tmp_path / "out.txt"
    assert ok(run, "export", "latest", "--format", "txt", "--output", str(target)) == ""
    assert "Très bien, “merci” 🙂" in target.read_text(encoding="utf-8")


def test_all_of_a_study_is_exported(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "out"

    def exported(format: str, name: str = "demo") -> bytes:
        assert ok(run, "export", name, "--format", format, "--output", str(target)) == ""
        return target.read_bytes()

    [interview] = json.loads(ok(run, "export", "demo", "--format", "json"))["sessions"]
    assert [segment["source"] for segment in interview["segments"]] == ["live", "live"]
    rows = list(csv.DictReader(StringIO(exported("csv").decode("utf-8-sig"))))
    assert [row["text"] for row in rows] == ["How are you?", "Très bien, “merci” 🙂"]
    assert len(list(csv.reader(StringIO(exported("grid").decode("utf-8-sig"))))) == 2
    assert "Très bien" in exported("txt").decode()
    assert "00:00:03,000 -->" in exported("srt", "session-0").decode()
    assert b"Participant" in exported("vtt")
    assert any("merci" in paragraph.text for paragraph in Document(BytesIO(exported("docx"))).paragraphs)
    assert exported("pdf", "latest").startswith(b"%PDF")
    with ZipFile(BytesIO(exported("qdpx"))) as project:
        assert "project.qde" in project.namelist()
    assert exported("parquet").startswith(b"PAR1")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("session", "show", "s9"), "There is no session 's9'."),
        (("export", "s9", "--format", "txt"), "`vivavoce session list` shows them all"),
        (("export", "latest", "--format", "odt"), "odt"),
        (("export", "latest", "--format", "docx"), "Give a file: --output interviews.docx"),
        (("export", "s9", "--format", "csv"), "There is no session 's9'."),
        (("export", "other", "--format", "csv"), "No interview of the study 'other' is over yet."),
        (
            ("export", "latest", "--format", "txt", "--output", "/none/out.txt"),
            "cannot be written to /none/out.txt",
        ),
        (("session", "list", "--status", "sleeping"), "sleeping"),
        (("session", "show", "session-0", "--json"), "Invalid value for --json"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, arguments: tuple[str, ...], says: str) -> None:
    code, out, err = run(*arguments)
    assert code != 0
    assert says in err
    assert out == ""


def vivavoce(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The real thing: a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("VIVAVOCE_")}
    return subprocess.run(
        [sys.executable, "-m", "vivavoce.cli", *arguments],
        env={**environment, "VIVAVOCE_DATA_DIR": str(folder), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=90,
        check=False,
    )


def test_a_process_beside_the_server_stops_nothing(folder: Path) -> None:
    pid = EmbeddedPostgres(folder).pid()
    done = vivavoce(folder, "session", "list", "--json")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 2
    assert EmbeddedPostgres(folder).pid() == pid


def test_without_a_server_it_starts_the_database_and_stops_it_again(tmp_path: Path) -> None:
    alone = tmp_path / "vv"
    with embedded_postgres(alone, durable=False) as url:
        migrate(url)
        asyncio.run(hold(url))
    done = vivavoce(alone, "export", "latest", "--format", "txt")
    assert done.returncode == 0, done.stderr
    assert "Très bien" in done.stdout
    assert EmbeddedPostgres(alone).pid() is None


def test_a_folder_without_data_is_named_and_not_made(tmp_path: Path) -> None:
    done = vivavoce(tmp_path / "none", "session", "list")
    assert done.returncode == 1
    assert f"There is no Viva Voce data in {tmp_path / 'none'}." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_jobs_are_listed_and_dead_ones_tried_again(run: Run, folder: Path) -> None:
    (job,) = json.loads(ok(run, "jobs", "list", "--json"))
    assert (job["stage"], job["session_id"], job["state"]) == ("transcription", "session-0", "waiting")
    assert "No jobs." in ok(run, "jobs", "list", "--state", "dead")
    assert "No dead jobs." in ok(run, "jobs", "retry", "all")
    with embedded_postgres(folder) as url, psycopg.connect(url) as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    assert "dead" in ok(run, "jobs", "list")
    assert ok(run, "jobs", "retry", str(job["id"])) == "1 to be tried again.\n"
    code, _, said = run("jobs", "retry", "999999")
    assert code == 1
    assert "There is no dead job 999999." in said


@pytest.mark.parametrize("arguments", [("worker", "--stages", "cooking"), ("jobs", "retry", "some")])
def test_what_is_no_stage_or_job_is_refused(run: Run, arguments: tuple[str, ...]) -> None:
    code, _, said = run(*arguments)
    assert code == 2
    assert "Invalid value" in said
