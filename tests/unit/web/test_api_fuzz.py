"""Whatever is sent, the answer is one the description promises."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vivavoce.web.app import Rates
from vivavoce.web.limits import Rate
from vivavoce.web.models import ErrorBody
from vivavoce.web.openapi import document

if TYPE_CHECKING:
    from unit.web.conftest import House, MakeHouse

INVITATION = "inv_0123456789abcdefghij"
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "language": st.sampled_from(["en", "de", "xx"]) | ANY,
        "consent_version": st.sampled_from(["2026-01"]) | ANY,
        "accepted": st.just(True) | ANY,
        "sdp": st.text(min_size=1) | ANY,
        "type": st.just("offer") | ANY,
        "take_over": st.booleans() | ANY,
    },
)
SEGMENT = st.sampled_from([INVITATION, "s-1"]) | st.text(min_size=1, max_size=60)
TYPES = st.sampled_from(
    ["application/json", "application/json", "application/json; charset=latin-1", "text/html", "x"]
)
CALLS = [
    (method, path, operation)
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
    if path.startswith("/api")
]


NAMES = [operation["operationId"] for _, _, operation in CALLS]


@pytest.fixture
def crowded(make_house: MakeHouse) -> House:
    """One application for all examples, with a session, that never says "too often"."""
    plenty = Rate(per_s=1e6, burst=1e6)
    house = make_house(rates=Rates(calls=plenty, guesses=plenty))
    asyncio.run(house.session())
    return house


@pytest.mark.parametrize(("method", "path", "operation"), CALLS, ids=NAMES)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_every_answer_is_promised(
    crowded: House, method: str, path: str, operation: dict[str, dict[str, object]], data: st.DataObject
) -> None:
    segment = data.draw(SEGMENT)
    where = (
        path.replace("{invitation}", "{x}").replace("{session_id}", "{x}").format(x=quote(segment, safe=""))
    )
    query = data.draw(st.sampled_from(["", "?language=de", "?language=", "?language=%ff", "?" + "a=b&" * 50]))
    headers = {"Content-Type": data.draw(TYPES)}
    headers |= data.draw(st.sampled_from([{}, crowded.bearer("s-1"), {"Authorization": "Bearer x"}]))
    body = json.dumps(data.draw(FIELDS | ANY)).encode() if method == "post" else None

    response = asyncio.run(
        crowded.client.request(method.upper(), where + query, headers=headers, content=body)
    )

    routed = "/" not in segment and segment not in (".", "..")
    promised = set(operation["responses"]) | (set() if routed else {"404", "405"})
    assert str(response.status_code) in promised
    assert response.status_code != 500
    if response.status_code >= 400:
        code = ErrorBody.model_validate_json(response.content).error.code
        described = str(operation["responses"].get(str(response.status_code)))
        assert not routed or f"`{code}`" in described
