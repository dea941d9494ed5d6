"""Logging: one stream, one shape, whoever speaks. Our own code and every library end up here, redacted.

Take a logger with `structlog.stdlib.get_logger(__name__)` (or plain `logging`); say what happened as a short
event and give the particulars as keywords. Inside `session_scope` every line carries the session's id.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Generator, MutableMapping
from contextlib import contextmanager
from typing import Any, Literal, TextIO

import structlog
from structlog.typing import EventDict, Processor

from vivavoce.telemetry.redaction import redact, redact_entry

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["text", "json"]

QUIET: dict[str, int] = {
    # Says each request with its address and path; the web room's own access log says it without.
    "uvicorn.access": logging.CRITICAL,
    "uvicorn": logging.WARNING,
    "websockets": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "aiortc": logging.WARNING,
    "aioice": logging.WARNING,
    "asyncio": logging.WARNING,
    "sqlalchemy": logging.WARNING,
    "alembic": logging.WARNING,
    "procrastinate": logging.WARNING,
    # At debug it prints what participants say.
    "livekit": logging.WARNING,
}
"""The least a library is heard at, however low our own level is."""


def configure(*, level: Level = "info", format: Format = "text", stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to `stream` (default: standard error) in one shape.

    Called once by whoever composes a process; calling it again replaces what was there.
    """
    out = stream or sys.stderr
    before: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        _redacted,
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if format == "json"
        else structlog.dev.ConsoleRenderer(colors=out.isatty(), sort_keys=False)
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=before,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(True)
    for name, floor in QUIET.items():
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
        library.setLevel(max(floor, logging.getLevelNamesMapping()[level.upper()]))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


@contextmanager
def session_scope(session_id: str, **more: str) -> Generator[None]:
    """Every line logged inside, and in tasks started inside, carries `session_id` (and `more`)."""
    with structlog.contextvars.bound_contextvars(session_id=session_id, **more):
        yield


def _redacted(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> EventDict:
    return {
        # structlog's own entries hold objects its formatter still needs.
        key: value if key.startswith("_") else redact_entry(key, value) if key != "event" else redact(value)
        for key, value in event.items()
    }
