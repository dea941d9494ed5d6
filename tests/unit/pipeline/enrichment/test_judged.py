"""The LLM grade: whatever the model says is held against the transcript, and what it does not give stays local."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from enriching import AT, CODES, LIBRARY, MIND, PlannedThinker, judgement, material, sensible, utterances

from vivavoce.pipeline.enrichment.findings import Findings
from vivavoce.pipeline.enrichment.judged import Pace, judged
from vivavoce.pipeline.enrichment.local import local_findings, of_words
from vivavoce.pipeline.enrichment.thinking import Message

PACE = Pace(batch=10, at_once=2)


async def run(
    answer: Callable[[tuple[Message, ...]], str],
    said: tuple[tuple[str, str, str], ...] = LIBRARY,
    *,
    home: str = "en",
    pace: Pace = PACE,
) -> tuple[Findings, PlannedThinker]:
    given = material(said, mind=MIND, home=home)
    thinker = PlannedThinker(answer)
    local = local_findings(given, of_words("en"), at=AT)
    found, _ = await judged(given, local, thinker, pace=pace, at=datetime(2026, 3, 2, tzinfo=UTC))
    found.check_against(given.transcript)
    assert Findings.model_validate_json(found.model_dump_json()) == found
    return found, thinker


async def test_what_a_model_finds_has_its_name_and_stands_in_the_transcript() -> None:
    found, thinker = await run(sensible)
    assert len(thinker.asked) == 2  # one for all utterances, one for the whole
    assert found.grade == "llm"
    assert [one.label for one in found.sentiments] == ["positive", "positive", "negative", "positive"]
    (coding,) = found.codings
    assert (coding.code, coding.code_version, coding.segment) == ("cost", 2, 5)
    assert coding.evidence == "far too expensive"
    assert (coding.author.kind, coding.author.name, coding.grade) == ("model", "test-model", "llm")
    assert coding.at == datetime(2026, 3, 2, tzinfo=UTC)
    topics = {topic.name: topic for topic in found.topics}
    assert topics["Prices"].segments == (5,)
    assert topics["Prices"].mood.label == "negative"
    assert topics["Librarians"].coverage == "missed"
    assert topics["Quiet"].segments == (1, 3, 7)
    assert found.quotes[0].text.startswith("I go there every week")
    assert found.quotes[0].why == "It says it all"
    assert (found.summary.method, found.summary.by.name) == ("model", "test-model")
    assert found.summary.text == "They study in the library."
    assert {model.role for model in found.models if model.name == "test-model"} == {
        "sentiment",
        "topics",
        "coding",
        "quotes",
        "summary",
    }
    assert [model.role for model in found.models if model.name != "test-model"] == ["embedding"]
    assert found.codebook_version == CODES.version
    assert (found.model_calls.calls, found.model_calls.refused) == (2, 0)


async def test_what_was_not_said_is_refused() -> None:
    def liar(messages: tuple[Message, ...]) -> str:
        told = utterances(messages)
        if not told:
            return json.dumps({"summary": "S", "quotes": [{"n": 9}]})
        return json.dumps(
            {
                "utterances": [
                    judgement(n, text)
                    | {
                        "codes": [
                            {"code": "cost", "evidence": "I never said that"},
                            {"code": "old", "evidence": text.split()[0]},
                            {"code": "unheard-of", "evidence": text.split()[0]},
                        ],
                        "topics": ["no-such-topic"],
                    }
                    for n, text in told
                ],
                "quotes": [{"n": 1, "text": "It is cold and loud there"}, {"n": 77, "text": "quiet"}],
            }
        )

    found, _ = await run(liar)
    assert found.codings == ()
    assert found.model_calls.refused == 4 * 3 + 2 + 1
    assert all(topic.coverage == "missed" for topic in found.topics if topic.origin == "study")
    assert all(quote.grade == "local" for quote in found.quotes)


async def test_a_model_that_writes_prose_leaves_the_local_findings_and_a_word_on_it() -> None:
    found, thinker = await run(lambda messages: "What a lovely interview that was!")
    local = local_findings(material(mind=MIND), of_words("en"), at=AT)
    assert found.grade == "local"
    assert found.model_calls.unjudged == (1, 3, 5, 7)
    assert (found.sentiments, found.quotes, found.summary) == (local.sentiments, local.quotes, local.summary)
    assert len(thinker.asked) <= 10


async def test_one_utterance_that_breaks_the_model_costs_the_others_nothing() -> None:
    def fragile(messages: tuple[Message, ...]) -> str:
        return (
            "I cannot."
            if any("expensive" in text for _, text in utterances(messages))
            else sensible(messages)
        )

    found, _ = await run(fragile)
    assert found.model_calls.unjudged == (5,)
    assert [one.grade for one in found.sentiments] == ["llm", "llm", "local", "llm"]
    assert found.grade == "llm"
    # What the local grade knew of that utterance stays: it answers the question on prices.
    assert next(topic for topic in found.topics if topic.id == "price").segments == (5,)


async def test_without_an_overview_the_batches_findings_stand() -> None:
    def no_overview(messages: tuple[Message, ...]) -> str:
        return sensible(messages) if utterances(messages) else "No."

    found, _ = await run(no_overview)
    assert (found.grade, found.summary.method) == ("llm", "extractive")
    assert [quote.grade for quote in found.quotes] == ["llm"]


async def test_an_interview_in_another_language_is_translated_for_the_team() -> None:
    def translating(messages: tuple[Message, ...]) -> str:
        if utterances(messages):
            return sensible(messages)
        assert '"de"' in messages[1].text
        return json.dumps(
            {
                "summary": "S",
                "translation": "Z",
                "quotes": [{"n": 1, "translation": "Ich gehe jede Woche hin"}],
            }
        )

    found, _ = await run(translating, home="de")
    assert found.summary.translation is not None
    assert found.summary.translation.text == "Z"
    (quote,) = found.quotes
    assert quote.translation is not None
    assert (quote.translation.language, quote.translation.author.name) == ("de", "test-model")
    assert "translation" in {model.role for model in found.models}


async def test_nobody_said_anything() -> None:
    found, thinker = await run(sensible, (("m", "Hello?", ""),))
    assert thinker.asked == []
    assert (found.grade, found.sentiments, found.quotes, found.summary.text) == ("local", (), (), "")


@pytest.mark.parametrize("length", [150, 1])
async def test_few_calls_for_many_utterances(length: int) -> None:
    said = tuple(("p", f"I said thing number {number}, and it was good.", "") for number in range(length))
    found, thinker = await run(sensible, said, pace=Pace(batch=25, at_once=4))
    assert len(thinker.asked) == -(-length // 25) + 1
    assert len(found.sentiments) == length
