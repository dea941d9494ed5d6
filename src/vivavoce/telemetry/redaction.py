"""What must never reach a log: credentials, invitation links, and what participants say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

REDACTED = "[redacted]"
_DEPTH = 6
"""Levels of nesting that are looked into; what lies deeper is cut off."""

_SECRET_KEY = re.compile(
    r"token|secret|passw|authori[sz]ation|cookie|api_?key|credential|database_url|invitation(?!_id)"
    # What people say belongs in the session's log, under its retention rules, and nowhere else.
    r"|transcript|utterance(?!_id)|(planned|heard)_text",
    re.IGNORECASE,
)
_SECRET_TEXT = (
    (re.compile(r"(?i)\b(bearer[ .])[\w.~+/=-]+"), rf"\1{REDACTED}"),
    # Our own session tokens, wherever they stray.
    (re.compile(r"\bvv1\.[\w-]+\.[\w-]+"), REDACTED),
    # Invitation links are credentials: whoever has one may hold the interview.
    (re.compile(r"(/(?:i|invitations)/)[^/?#\s\"'<>]+"), rf"\1{REDACTED}"),
    (re.compile(r"(?<=://)[^/@\s]+@"), f"{REDACTED}@"),
)


def redact_text(text: str) -> str:
    """`text` without bearer tokens, invitation links and passwords in URLs."""
    for pattern, replacement in _SECRET_TEXT:
        text = pattern.sub(replacement, text)
    return text


def redact(value: Any, *, depth: int = _DEPTH) -> Any:
    """`value` fit for a log: mappings and sequences are walked, strings cleaned, other objects made strings.

    Numbers and times pass as they are, also under a name such as `prompt_tokens`.
    """
    if value is None or isinstance(value, (bool, int, float, datetime, date)):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if depth == 0:
        return "…"
    if isinstance(value, Mapping):
        return {str(key): redact_entry(str(key), entry, depth=depth - 1) for key, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(part, depth=depth - 1) for part in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"<{len(value)} bytes>"
    return redact_text(str(value))


def redact_entry(key: str, value: Any, *, depth: int = _DEPTH) -> Any:
    """The value of a named field: gone when the name says it is secret."""
    secret = _SECRET_KEY.search(key) and not isinstance(value, (bool, int, float)) and value is not None
    return REDACTED if secret else redact(value, depth=depth)
