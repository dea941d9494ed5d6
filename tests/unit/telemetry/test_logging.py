"""One stream and one shape for our own lines and every library's."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from vivavoce.telemetry.logging import Format, Level, configure, session_scope


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Put the process's logging back as it was."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def _logging(level: Level = "info", format: Format = "json") -> io.StringIO:
    stream = io.StringIO()
    configure(level=level, format=format, stream=stream)
    return stream


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_library_lines_have_one_shape() -> None:
    stream = _logging()
    structlog.stdlib.get_logger("vivavoce.web").info("listening", port=8080)
    logging.getLogger("some.library").warning("slow: %d ms", 12, extra={"attempt": 2})
    ours, theirs = _lines(stream)
    assert (ours["event"], ours["port"], ours["level"], ours["logger"]) == (
        "listening",
        8080,
        "info",
        "vivavoce.web",
    )
    assert (theirs["event"], theirs["attempt"], theirs["level"]) == ("slow: 12 ms", 2, "warning")
    assert ours["timestamp"].endswith("Z")


@pytest.mark.parametrize("format", ["json", "text"])
def test_secrets_reach_no_line_by_any_road(format: Format) -> None:
    stream = _logging(format=format)
    log = structlog.stdlib.get_logger("vivavoce.web")
    log.info("GET /i/hunter2hunter2", authorization="Bearer hunter2")
    log.info("a %s", "bearer.hunter2")
    log.warning("nested", request={"headers": {"authorization": "hunter2"}})
    logging.getLogger("library").warning("url %s", "/api/v1/invitations/hunter2", extra={"token": "hunter2"})
    try:
        raise ValueError("Authorization: Bearer hunter2")
    except ValueError:
        log.exception("failed")
        logging.getLogger("library").exception("failed")
    written = stream.getvalue()
    assert "hunter2" not in written
    assert written.count("ValueError: Authorization: Bearer [redacted]") == 2


def test_lines_carry_the_session_they_belong_to_also_from_tasks_started_inside() -> None:
    stream = _logging()
    log = structlog.stdlib.get_logger("vivavoce.agent")

    async def speak() -> None:
        logging.getLogger("livekit.agents").warning("late")

    async def main() -> None:
        with session_scope("s-1"):
            inside = asyncio.create_task(speak())
        log.info("outside")
        await inside

    asyncio.run(main())
    assert {line["event"]: line.get("session_id") for line in _lines(stream)} == {
        "outside": None,
        "late": "s-1",
    }


def test_chatty_libraries_are_quiet_even_at_debug() -> None:
    stream = _logging("debug")
    for name in (
        "livekit.agents",
        "aiortc.rtp",
        "httpx",
        "websockets.server",
        "uvicorn.access",
        "uvicorn.error",
    ):
        logging.getLogger(name).debug("hunter2")
        logging.getLogger(name).info("hunter2")
    logging.getLogger("uvicorn.access").error("127.0.0.1 GET /i/x")
    logging.getLogger("uvicorn.error").error("broke")
    structlog.stdlib.get_logger("vivavoce").debug("ours")
    assert [line["event"] for line in _lines(stream)] == ["broke", "ours"]


def test_the_level_holds_for_everyone() -> None:
    stream = _logging("error")
    structlog.stdlib.get_logger("vivavoce").warning("ours")
    logging.getLogger("aiortc").warning("theirs")
    logging.getLogger("aiortc").error("theirs, badly")
    assert [line["event"] for line in _lines(stream)] == ["theirs, badly"]


def test_text_is_for_people() -> None:
    stream = _logging(format="text")
    structlog.stdlib.get_logger("vivavoce.web").info("listening", port=8080)
    line = stream.getvalue()
    assert "listening" in line and "port=8080" in line and "\x1b[" not in line


def test_configuring_again_replaces_and_warnings_are_logged() -> None:
    first = _logging()
    second = _logging()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old way", DeprecationWarning, stacklevel=1)
    assert first.getvalue() == ""
    assert "old way" in second.getvalue()
