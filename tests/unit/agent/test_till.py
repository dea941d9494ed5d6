"""Everything a session uses is priced by whoever did the work, and written down once."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from scheduling import scheduled

from vivavoce.agent.till import MACHINES_EVERY_S, SessionPrices, Till
from vivavoce.protocol.check import load_study
from vivavoce.protocol.study import Study
from vivavoce.session.events import SessionEvent, UsageMetered
from vivavoce.session.state import fold
from vivavoce.session.usage import Use
from vivavoce.settings import (
    GuardProfile,
    GuardSettings,
    LlmProfile,
    LlmSettings,
    MoneySettings,
    PriceSettings,
    Settings,
    SpeakingProfile,
    SttSettings,
    TtsSettings,
    VoiceProfile,
)
from vivavoce.voice.prices import PriceTable

URL = "http://gpu.example:8000"
TOKENS = PriceSettings(input_usd=Decimal(1), output_usd=Decimal(10))
SETTINGS = Settings(
    llm=LlmSettings(
        default="first",
        profiles={
            "first": LlmProfile(base_url=URL, model="m", fallbacks=("second",)),
            "second": LlmProfile(base_url=URL, model="m"),
            "third": LlmProfile(base_url=URL, model="m"),
        },
    ),
    guard=GuardSettings(default=("first",), profiles={"first": GuardProfile(base_url=URL)}),
    stt=SttSettings(order=("ears", "speech"), profiles={"ears": VoiceProfile(url=URL)}),
    tts=TtsSettings(fallbacks=("mouth",), profiles={"mouth": SpeakingProfile(url=URL)}),
    money=MoneySettings(
        machine_hour_usd=Decimal("3.6"),
        prices={
            "first": TOKENS,
            "second": PriceSettings(input_usd=Decimal(2), output_usd=Decimal(20)),
            "third": PriceSettings(machine_hour_usd=Decimal(99)),
            "ears": PriceSettings(minute_usd=Decimal("0.06")),
            "mouth": PriceSettings(characters_usd=Decimal(15)),
        },
    ),
)
STUDY = load_study(
    b"""
schema: vivavoce/study/1
id: small
title: Small
about: Small.
organisation: Testers
contact: test@example.org
languages: [en]
moderator: {mode: semi_structured}
consent: {version: 1, text: I agree., disclosure: I am a computer program.}
opening: Hello.
closing: Goodbye.
phases:
  - {id: one, title: One, objective: X., min_minutes: 0, max_minutes: 5, questions: [{id: a, wording: How?}]}
""",
    source="small.yaml",
)


class Book:
    """A till on a clock that is set by hand."""

    def __init__(self, study: Study = STUDY) -> None:
        state = fold(
            [SessionEvent(session_id="s", seq=1, at=datetime(2030, 1, 1, tzinfo=UTC), payload=scheduled())]
        )
        self.at_s = 0.0
        self.written: list[UsageMetered] = []
        prices = SessionPrices.of(PriceTable.of(SETTINGS), SETTINGS, study)
        self.till = Till(prices, post=self.written.append, state=lambda: state, now_s=lambda: self.at_s)

    def amount(self, use: Use) -> int:
        self.till.take(use)
        return self.written[-1].amount


@pytest.mark.parametrize(
    ("use", "provider", "amount"),
    [
        (Use("llm", "first", input_tokens=100, output_tokens=10), "first", 200),
        (Use("llm", "second", input_tokens=100, output_tokens=10), "second", 400),
        (Use("guard", "first", input_tokens=300, output_tokens=3), "first", 330),
        (Use("stt", "ears", seconds=10), "ears", 10_000),
        (Use("stt", "whisper", seconds=10), "self", 0),
        (Use("tts", "mouth", characters=100, seconds=6), "mouth", 1_500),
        (Use("tts", "kokoro", characters=100, seconds=6), "self", 0),
    ],
)
def test_each_profile_is_paid_its_own_price(use: Use, provider: str, amount: int) -> None:
    book = Book()
    assert book.amount(use) == amount
    assert (book.written[0].provider, book.written[0].part) == (provider, use.part)


def test_a_failover_and_back_is_paid_as_it_went() -> None:
    book = Book()
    said = [Use("tts", name, characters=100) for name in ("kokoro", "mouth", "kokoro", "mouth")]
    assert [book.amount(use) for use in said] == [0, 1_500, 0, 1_500]
    heard = [Use("stt", name, seconds=60) for name in ("ears", "whisper", "ears")]
    assert [book.amount(use) for use in heard] == [60_000, 0, 60_000]
    asked = [Use("llm", name, input_tokens=10) for name in ("first", "second", "first")]
    assert [book.amount(use) for use in asked] == [10, 20, 10]


def test_what_a_session_has_no_price_for_is_no_gift() -> None:
    book = Book()
    with pytest.raises(AssertionError, match="'third'"):
        book.till.take(Use("llm", "third", input_tokens=1))
    structured = STUDY.model_copy(
        update={"moderator": STUDY.moderator.model_copy(update={"mode": "structured"})}
    )
    with pytest.raises(AssertionError, match="'first'"):
        Book(structured).till.take(Use("guard", "first", input_tokens=1))


def test_machines_that_a_session_does_not_occupy_are_not_paid_and_time_is_paid_once() -> None:
    book = Book()
    book.at_s = MACHINES_EVERY_S - 1
    book.till.tick()
    assert book.written == []
    book.at_s = MACHINES_EVERY_S
    book.till.tick()
    book.till.tick()
    book.at_s += 6
    book.till.close()
    book.till.close()
    assert [(use.model, use.seconds) for use in book.written] == [("host", MACHINES_EVERY_S), ("host", 6)]
    # A slot's share of $3.60 an hour: a tenth of a cent a second, over the slots.
    shares = SETTINGS.host.slots
    assert sum(use.amount for use in book.written) == pytest.approx(36_000 / shares, abs=1)
