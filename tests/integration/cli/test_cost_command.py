"""`vivavoce cost` as an operator types it, on a real database."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from scheduling import scheduled
from typer.testing import CliRunner, Result

from vivavoce.cli.main import app
from vivavoce.session.events import BudgetGranted, UsageMetered
from vivavoce.session.money import micro
from vivavoce.session.usage import Part
from vivavoce.storage.engine import make_engine
from vivavoce.storage.errors import StudyUnknown
from vivavoce.storage.ledger import PostgresLedger
from vivavoce.storage.sessions import PostgresSessionStore
from vivavoce.storage.studies import StudyStore

AT = datetime(2030, 1, 1, 9, 0, tzinfo=UTC)
TOKENS = {"input_tokens": 80_000, "cached_tokens": 60_000, "output_tokens": 2_000}
STUDIES = Path(__file__).parents[3] / "studies"


def used(part: Part, provider: str, model: str, usd: str, **counts: Any) -> UsageMetered:
    price = "settings" if provider == "self" else "test 1"
    return UsageMetered(
        part=part, provider=provider, model=model, price=price, amount=micro(Decimal(usd)), at_s=0, **counts
    )


def talk(minutes: float) -> list[UsageMetered]:
    """A session with a hosted model and voice, and a recogniser and a guard on machines of the team's."""
    return [
        used(
            "llm",
            "openai",
            "gpt-4o-mini",
            "0.013334",
            input_tokens=80_000,
            cached_tokens=60_000,
            output_tokens=2_000,
        ),
        used("guard", "self", "llama", "0", input_tokens=9_000, output_tokens=90),
        used("tts", "elevenlabs", "flash", "0.125", characters=2_500, seconds=170.0),
        used("stt", "self", "whisper", "0", seconds=40.0),
        used("machine", "self", "host", "0.005", seconds=minutes * 60),
    ]


async def fill(database_url: str, sessions: Sequence[tuple[str, Sequence[UsageMetered]]]) -> None:
    engine = make_engine(database_url)
    try:
        for name in ("demo", "remote-work"):
            await StudyStore(engine).publish((STUDIES / f"{name}.yaml").read_text(encoding="utf-8"))
        store, ledger = PostgresSessionStore(engine), PostgresLedger(engine)
        for session_id, uses in sessions:
            await store.create(session_id, scheduled("demo"), at=AT)
            granted = await ledger.reserve(session_id, wanted=1_000_000, cap=None)
            lease = await store.claim(session_id, holder="host", ttl_s=60)
            await store.append(lease, [BudgetGranted(amount=granted), *uses], at=AT)
    finally:
        await engine.dispose()


@pytest.fixture
def run(database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VIVAVOCE_DATABASE_URL", database_url)
    monkeypatch.setenv("VIVAVOCE_DATA_DIR", str(tmp_path / "data"))
    asyncio.run(fill(database_url, [("s-long", talk(10)), ("s-short", talk(0.5))]))

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["cost", *words])

    return run


def sums(output: str) -> dict[str, list[int]]:
    """The amounts in cents below each title."""
    found: dict[str, list[int]] = {}
    for block in output.split("\n\n")[1:]:
        title, _, *rows = block.splitlines()
        amounts = [re.search(r"\$(\d+)\.(\d\d)(?!\d)", row) for row in rows]
        found[title] = [int(each[1] + each[2]) for each in amounts if each is not None]
    return found


def test_a_bill_is_explained_to_the_cent(run: Any) -> None:
    result = run("demo")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert lines[0] == "Study demo: $0.29 for 2 sessions, 10.5 minutes of interviews"
    found = sums(result.output)
    for title in ("By session", "By provider", "By model", "By kind", "What was used"):
        assert sum(found[title]) == 29, (title, result.output)
    [model] = [line for line in lines if line.startswith("llm ") and "price:" in line]
    assert model.split(maxsplit=3)[1:] == [
        "openai/gpt-4o-mini", "$0.03",
        "160,000 tokens in, 120,000 of them cached, 4,000 tokens out (price: test 1)",
    ]  # fmt: skip
    [heard] = [line for line in lines if line.startswith("stt ") and "price:" in line]
    assert heard.endswith("1.3 minutes (price: settings)")
    assert [line.split()[0] for line in lines if "machines of yours" in line] == ["self"]


def test_it_compares_with_what_the_same_would_have_cost_elsewhere(run: Any) -> None:
    output = run("demo", "--machine-hour-usd", "2.40", "--machine-sessions", "4").output
    table = output.split("For the same interviews")[1].splitlines()
    rows = {
        line.rsplit(maxsplit=2)[0].strip(): line.split()[-2:]
        for line in table
        if "$" in line and "  " in line
    }
    assert rows["as it was"] == ["$0.0273", "$0.29"]
    # 10.5 minutes of a quarter of a machine at $2.40 an hour.
    assert rows["a machine at $2.40 an hour, 4 at once"] == ["$0.0100", "$0.11"]
    assert len(rows) == 2 + 3, "and three managed services"
    assert "no more than the cheapest of these with" in output


def test_interviews_with_a_speech_to_speech_model_are_compared_with_others(
    run: Any, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = {
        "input_tokens": 3_000_000,
        "input_audio_tokens": 2_000_000,
        "cached_tokens": 2_000_000,
        "cached_audio_tokens": 1_000_000,
        "output_tokens": 2_000_000,
        "output_audio_tokens": 1_000_000,
    }
    # At the price of gpt-realtime: $0.40 + $32 + $0.40 read, $16 + $64 written.
    talk = [
        used("realtime", "openai", "gpt-realtime", "112.80", **counts),
        used("stt", "openai", "scribe", "0.03", seconds=600.0),
        used("machine", "self", "host", "0.005", seconds=600),
    ]
    asyncio.run(fill(database_url, [("s-spoken", talk)]))
    monkeypatch.setenv("VIVAVOCE_REALTIME__PROFILES__VOICE__MODEL", "gpt-realtime-mini")
    monkeypatch.setenv("VIVAVOCE_REALTIME__PROFILES__VOICE__API_KEY", "key")
    others = {
        each["name"]: each["amount"] for each in json.loads(run("demo", "--json").output)["alternatives"]
    }
    rest = (
        micro(Decimal("0.03")) + 26_668 + 250_000
    )  # and what the other two sessions cost, but for the machine
    assert others["OpenAI Realtime"] == micro(Decimal("112.80")) + rest
    # $0.06 + $10 + $0.30 read, $2.40 + $20 written: the profile stands there once.
    assert others["profile voice"] == micro(Decimal("32.76")) + rest
    assert "OpenAI Realtime, mini" not in others and "Gemini Live" in others
    assert others["OpenAI, small models"] > micro(Decimal("112.83")), (
        "it stands in for the other interviews only"
    )
    output = run("demo").output
    assert "3,000,000 tokens in, 2,000,000 of them sound, 2,000,000 of them cached" in output
    assert "2,000,000 tokens out, 1,000,000 of those sound" in output
    assert run("demo", "--rebuild").output == output, "the logs have it all"


def test_programs_get_micro_dollars(run: Any) -> None:
    bill = json.loads(run("demo", "--json").output)
    assert (bill["currency"], bill["unit"], bill["total"]) == ("USD", "micro-dollars", 286_668)
    assert bill["providers"] == {"openai": 26_668, "self": 10_000, "elevenlabs": 250_000}
    assert sum(line["amount"] for line in bill["lines"]) == bill["total"]
    assert bill["held"] == 2_000_000 - 286_668


def test_how_a_study_stands_with_its_limit(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIVAVOCE_MONEY__STUDY_USD", "2.50")
    assert "11 % of $2.50 spent, $1.71 set aside for sessions under way, $0.50 left" in run("demo").output


def test_a_study_without_a_session_has_cost_nothing(run: Any) -> None:
    result = run("remote-work")
    assert (result.exit_code, result.output) == (0, "Study remote-work has cost nothing so far.\n")
    assert json.loads(run("remote-work", "--json").output)["total"] == 0


@pytest.mark.parametrize("more", [(), ("--rebuild",), ("--json",)])
def test_a_study_that_nobody_published_is_named(run: Any, more: tuple[str, ...]) -> None:
    result = run("demmo", *more)
    assert isinstance(result.exception, StudyUnknown)
    assert "'demmo'" in str(result.exception) or "demmo" in str(result.exception)
    assert result.output == ""


def test_a_ledger_made_anew_says_the_same(run: Any) -> None:
    assert run("demo", "--rebuild").output == run("demo").output
