"""OpenAPI, the committed copy of it, and the reference page say the same as the code."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from vivavoce.telemetry.metrics import Metrics
from vivavoce.web.audio import CLOSE_CODES
from vivavoce.web.openapi import document, dump

ROOT = Path(__file__).parents[3]
REFERENCE = (ROOT / "docs" / "reference" / "http-api.md").read_text(encoding="utf-8")
EVERY = {"origin_refused", "too_many_requests", "internal", "timed_out", "unavailable"}
POST = {"body_too_slow", "body_too_large", "content_type_unknown"}
TOKEN = {"token_missing", "token_invalid", "token_expired", "session_unknown", "request_invalid"}

DOCUMENT = document()
OPERATIONS = [
    (method.upper(), path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
NAMES = [f"{method} {path}" for method, path, _ in OPERATIONS]


def _codes(operation: dict[str, Any]) -> set[tuple[str, str]]:
    return {
        (status, code)
        for status, response in operation["responses"].items()
        if int(status) >= 400
        for code in re.findall(r"`(\w+)`", response["description"])
    }


def _section(heading: str) -> str:
    _, found, rest = REFERENCE.partition(f"### `{heading}`\n")
    assert found, f"docs/reference/http-api.md has no section {heading}"
    return re.split(r"\n##", rest)[0]


def test_the_committed_copy_is_current() -> None:
    committed = ROOT / "web" / "openapi.json"
    assert committed.read_text(encoding="utf-8") == dump(), (
        "run: .venv/bin/python -m vivavoce.web.openapi > web/openapi.json"
    )


def test_every_call_is_there() -> None:
    assert sorted(NAMES) == [
        "GET /api/v1/invitations/{invitation}",
        "GET /api/v1/sessions/{session_id}",
        "GET /healthz",
        "GET /metrics",
        "GET /readyz",
        "POST /api/v1/invitations/{invitation}/consent",
        "POST /api/v1/sessions/{session_id}/leave",
        "POST /api/v1/sessions/{session_id}/livekit",
        "POST /api/v1/sessions/{session_id}/webrtc",
    ]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_every_call_is_described_with_its_refusals(method: str, path: str, operation: dict[str, Any]) -> None:
    assert operation["summary"] and operation["description"] and operation["operationId"]
    for status, response in operation["responses"].items():
        assert response["description"]
        if status != "204" and path.startswith("/api"):
            schema = response["content"]["application/json"]["schema"]["$ref"]
            assert schema.endswith("/ErrorBody") is (int(status) >= 400)
    if path.startswith("/api/v1/sessions"):
        assert operation["security"] == [{"session_token": []}]


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=NAMES)
def test_the_reference_lists_every_call_with_its_codes(
    method: str, path: str, operation: dict[str, Any]
) -> None:
    section = _section(f"{method} {path}")
    common = EVERY | (POST if method == "POST" else set()) | (TOKEN if "sessions" in path else set())
    expected = {(status, code) for status, code in _codes(operation) if code not in common}
    listed = section.partition("Codes:")[2]
    assert set(re.findall(r"(\d{3})\s+`(\w+)`", listed)) == expected


def test_the_reference_lists_what_every_call_may_answer() -> None:
    start = REFERENCE.partition("## Invitations")[0]
    listed = set(re.findall(r"(\d{3})\s+`(\w+)`", start))
    found = {pair for _, _, operation in OPERATIONS for pair in _codes(operation)}
    assert listed == {(status, code) for status, code in found if code in EVERY | POST | TOKEN}


def test_the_reference_lists_every_close_code() -> None:
    listed = {int(code) for code in re.findall(r"^\| (\d{4}) \|", REFERENCE, re.MULTILINE)}
    assert listed == set(CLOSE_CODES.values()) | {1000, 1009, 1011}


def test_the_reference_lists_every_metric() -> None:
    listed = set(re.findall(r"`((?:vivavoce|voice)_\w+)[`{]", REFERENCE))
    families = [family.name for family in Metrics(CollectorRegistry()).registry.collect()]
    names = {name for family in families for name in (family, f"{family}_total")}
    assert listed <= names
    assert {name.removesuffix("_total") for name in listed} == {name.removesuffix("_total") for name in names}


def test_no_schema_is_a_nameless_object() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert schema.get("properties") or schema.get("enum"), name
        assert schema.get("description"), name
    assert "HTTPValidationError" not in json.dumps(DOCUMENT)
