"""The local grade finds the plain things, gives the same findings twice, and takes any transcript."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from enriching import AT, CODES, LIBRARY, material
from hypothesis import given, settings
from hypothesis import strategies as st

from vivavoce.pipeline.codes import Code, Codebook
from vivavoce.pipeline.enrichment.local import local_findings, of_model, of_words
from vivavoce.pipeline.enrichment.material import Aim
from vivavoce.pipeline.enrichment.mood import mood, sentiments
from vivavoce.pipeline.enrichment.space import Vectors, by_words, clusters, telling, unit

SAID = st.lists(
    st.tuples(
        st.sampled_from("mp"),
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=80),
        st.sampled_from(["", "use", "price"]),
    ),
    max_size=12,
)


def test_plain_things_are_found() -> None:
    given = material(codes=Codebook(codes=(Code(id="cost", name="far too expensive"),), version=1))
    found = local_findings(given, of_words("en"), at=AT)
    found.check_against(given.transcript)
    assert [one.label for one in found.sentiments] == ["positive", "positive", "negative", "neutral"]
    topics = {topic.id: topic for topic in found.topics}
    assert topics["use"].segments == (1, 3)
    assert topics["use"].coverage == "covered"
    assert topics["price"].mood.label == "negative"
    assert topics["staff"].coverage == "missed"
    (coding,) = found.codings
    assert coding.evidence == "The coffee is far too expensive."
    assert coding.author.kind == "model"
    assert coding.at == AT
    assert any("coffee" in quote.text for quote in found.quotes)
    assert found.summary.method == "extractive"
    assert all(found.summary.text.count(sentence) for sentence in ("The coffee is far too expensive.",))
    assert {model.role for model in found.models} >= {"embedding", "sentiment", "topics", "summary"}
    assert {measure.kind: measure.value for measure in found.quality}["short_answers"] == 0.25


def test_what_is_said_over_and_over_becomes_a_topic() -> None:
    said = tuple(
        (("m", "And then?", ""), ("p", text, ""))[place]
        for text in (
            "The bus is always late in winter mornings.",
            "My cat sleeps on the warm kitchen radiator.",
            "That bus came late again this winter.",
            "We planted tomatoes behind the old garage.",
            "A late bus makes winter mornings miserable.",
        )
        for place in (0, 1)
    )
    found = local_findings(material(said), of_words("en"), at=AT)
    (topic,) = [topic for topic in found.topics if topic.origin == "proposed"]
    assert topic.segments == (1, 5, 9)
    assert {"bus", "late", "winter"} == set(topic.keywords[:3])


def test_a_language_without_a_lexicon_is_unknown_and_not_neutral() -> None:
    found = local_findings(
        material((("p", "Das ist wunderbar, ich liebe es sehr.", ""),), language="de"), of_words("de"), at=AT
    )
    assert [(one.label, one.score) for one in found.sentiments] == [("unknown", None)]
    assert "sentiment" not in {model.role for model in found.models}


@settings(deadline=None, max_examples=40)
@given(SAID)
def test_any_transcript_gives_the_same_findings_twice(said: Sequence[tuple[str, str, str]]) -> None:
    given = material(said)
    found = local_findings(given, of_words("en"), at=AT)
    found.check_against(given.transcript)
    assert found.model_dump_json() == local_findings(given, of_words("en"), at=AT).model_dump_json()
    assert [one.segment for one in found.sentiments] == [segment.index for segment in given.answers]


def test_by_meaning_what_is_near_nothing_asked_is_off_topic() -> None:
    def embed(texts: Sequence[str]) -> Vectors:
        """Everything lies in one direction, and the weather in another."""
        return np.array([[0, 1] if "rain" in text else [1, 0] for text in texts], np.float32)

    said = (*LIBRARY, ("p", "It will rain again on the whole coast tomorrow.", ""))
    found = local_findings(
        material(said, codes=CODES), of_model(embed, name="plane", model_version="1"), at=AT
    )
    (off,) = [measure for measure in found.quality if measure.kind == "off_topic"]
    assert off.segments == (8,)
    assert (off.count, off.of) == (1, 4)
    assert found.models[0].name == "plane"


def test_by_meaning_a_segment_is_on_topics_that_are_nearer_than_all_are_to_all() -> None:
    def embed(texts: Sequence[str]) -> Vectors:
        """Everything is near enough to everything (0.88), and what is on one thing nearer still."""
        things = ("coffee", "shelves", "librarian")
        rows = [[2.7, *(thing in text.lower() for thing in things)] for text in texts]
        return unit(np.array(rows, np.float32))

    given = material((("p", "I sat among the shelves all the afternoon.", ""),))
    aims = (
        Aim(id="use", title="What the shelves hold"),
        Aim(id="price", title="What the coffee costs"),
        Aim(id="staff", title="How the librarian helps"),
    )
    found = local_findings(
        given.model_copy(update={"aims": aims}), of_model(embed, name="plane", model_version="1"), at=AT
    )
    assert {topic.id: topic.segments for topic in found.topics} == {"use": (0,), "price": (), "staff": ()}


def test_what_nearly_everything_is_on_is_parted_into_topics() -> None:
    def embed(texts: Sequence[str]) -> Vectors:
        return unit(np.array([[3, "cat" in text, "dog" in text] for text in texts], np.float32))

    said = tuple(
        ("p", f"{what} number {number} was at our house again.", "")
        for number in range(3)
        for what in ("The cat", "The dog")
    )
    found = local_findings(
        material(said).model_copy(update={"aims": ()}),
        of_model(embed, name="plane", model_version="1"),
        at=AT,
    )
    assert [topic.segments for topic in found.topics] == [(0, 2, 4), (1, 3, 5)]


def test_a_letter_with_an_accent_tells_nothing_and_a_sign_does() -> None:
    assert telling(["à la gare", "à midi"], [], frozenset({"la"}), 5) == ("gare", "midi")
    assert telling(["猫"], [], frozenset(), 5) == ("猫",)


def test_groups_are_of_what_is_near() -> None:
    vectors = unit(np.array([[1, 0], [0, 1], [1, 0.1], [0.1, 1], [1, -0.1]], np.float32))
    assert clusters(vectors, nearness=0.9, least=2) == [[0, 2, 4], [1, 3]]
    assert clusters(vectors, nearness=0.9, least=3) == [[0, 2, 4]]
    assert clusters(vectors[:1], nearness=0.9, least=1) == []


@given(st.lists(st.text(max_size=40), max_size=8))
def test_vectors_of_words_have_length_one_or_none(texts: list[str]) -> None:
    lengths = np.linalg.norm(by_words(texts, frozenset()), axis=1)
    assert all(length == pytest.approx(1, abs=1e-5) or length == 0 for length in lengths)


def test_the_mood_of_several_is_weighed_by_words() -> None:
    answers = material().answers
    found = sentiments(answers)
    assert mood(found, answers).known == 4
    assert mood((), answers).label == "unknown"
    assert mood(found[1:3], answers).label in ("mixed", "positive", "negative")
