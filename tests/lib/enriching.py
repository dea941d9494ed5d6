"""Transcripts, studies' aims and models for tests of enrichment."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from vivavoce.pipeline.codes import Code, Codebook
from vivavoce.pipeline.enrichment.material import Aim, Material, Mind
from vivavoce.pipeline.enrichment.thinking import Message, Thought
from vivavoce.pipeline.transcript import Segment, StudyOf, Transcript
from vivavoce.session.status import SessionStatus

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MIND = Mind(profile="big", provider="openai", model="test-model")

LIBRARY = (
    ("m", "How do you use the library?", "use"),
    ("p", "I go there every week to study, because the reading room is quiet and warm.", "use"),
    ("m", "What do you like about it?", "use"),
    ("p", "I love the quiet reading room. It is wonderful to study there.", "use"),
    ("m", "What about the prices of the cafe?", "price"),
    ("p", "The coffee is far too expensive. I hate paying four euros for a bad coffee.", "price"),
    ("m", "Anything else on that?", "price"),
    ("p", "No.", "price"),
)
"""Who speaks, what, and the topic it is on."""

CODES = Codebook(
    codes=(
        Code(id="cost", name="Cost", definition="Complaints that something is too expensive", version=2),
        Code(id="old", name="Old", status="retired"),
    ),
    version=3,
)


def transcript(said: Sequence[tuple[str, str, str]] = LIBRARY, *, language: str = "en") -> Transcript:
    """An interview in which everybody speaks for 4 s, with a second between."""
    return Transcript(
        session_id="s1",
        study=StudyOf(id="library", title="The library", content_hash="hash"),
        participant="p-1",
        language=language,
        status=SessionStatus.COMPLETED,
        segments=tuple(
            Segment(
                index=index,
                id=f"{speaker}{index}",
                speaker="moderator" if speaker == "m" else "participant",
                text=text,
                source="live",
                start_s=index * 5.0,
                end_s=index * 5.0 + 4,
                topics=(topic,) if topic else (),
                question=f"q-{topic}" if topic else None,
                language=language,
            )
            for index, (speaker, text, topic) in enumerate(said)
        ),
    )


def material(
    said: Sequence[tuple[str, str, str]] = LIBRARY,
    *,
    language: str = "en",
    home: str = "en",
    codes: Codebook = CODES,
    mind: Mind | None = None,
) -> Material:
    """A transcript with a study of two topics."""
    return Material(
        transcript=transcript(said, language=language),
        aims=(
            Aim(id="use", title="Using the library", questions=("How do you use the library?",)),
            Aim(id="price", title="Prices", questions=("What about the prices?",)),
            Aim(id="staff", title="Librarians", questions=("Who helps you?",)),
        ),
        asked=(("q-use", "How do you use the library?"), ("q-price", "What about the prices?")),
        home=home,
        codebook=codes,
        mind=mind,
    )


@dataclass
class PlannedThinker:
    """A model whose answers a function makes; keeps what it was asked."""

    answer: Callable[[tuple[Message, ...]], str]
    asked: list[tuple[Message, ...]] = field(default_factory=list[tuple[Message, ...]])

    async def think(self, messages: tuple[Message, ...]) -> Thought:
        self.asked.append(messages)
        return Thought(self.answer(messages), input_tokens=100, output_tokens=10)


def utterances(messages: tuple[Message, ...]) -> list[tuple[int, str]]:
    """The utterances that a question is on, by number; none: it is the last question."""
    found = [json.loads(line) for line in messages[1].text.splitlines() if line.startswith('{"n": ')]
    return [(one["n"], one["utterance"]) for one in found if "utterance" in one]


def judgement(n: int, text: str) -> dict[str, Any]:
    """A plain judgement of an utterance: by a word or two, but verbatim."""
    expensive = re.search(r"far too \w+", text)
    return {
        "n": n,
        "sentiment": "negative" if expensive else "positive",
        "score": -0.7 if expensive else 0.4,
        "topics": ["price"] if expensive else ["use"],
        "codes": [{"code": "cost", "evidence": expensive.group().upper()}] if expensive else [],
        "theme": "" if expensive else "Quiet rooms",
    }


def sensible(messages: tuple[Message, ...]) -> str:
    """What a model answers that does as it is told."""
    told = utterances(messages)
    if told:
        return json.dumps(
            {
                "utterances": [judgement(n, text) for n, text in told],
                "quotes": [{"n": n, "text": text.split(".")[0], "why": "Telling"} for n, text in told[:1]],
                "gist": "They study there.",
            }
        )
    return json.dumps(
        {
            "summary": "They study in the library.",
            "themes": [{"name": "Quiet", "themes": ["quiet rooms"]}],
            "quotes": [{"n": 1, "why": "It says it all"}],
        }
    )
