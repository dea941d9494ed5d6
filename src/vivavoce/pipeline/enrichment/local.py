"""The local grade: everything that is found without a language model, from a transcript and its texts' vectors. Pure.

The same material gives the same findings, to the letter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version

import numpy as np

from vivavoce.pipeline.codes import Author, Code
from vivavoce.pipeline.enrichment import mood as moods
from vivavoce.pipeline.enrichment.findings import (
    Assignment,
    Coverage,
    Findings,
    Grade,
    ModelUsed,
    Quote,
    Sentiment,
    Summary,
    Topic,
)
from vivavoce.pipeline.enrichment.material import Material
from vivavoce.pipeline.enrichment.quality import measures
from vivavoce.pipeline.enrichment.space import (
    E5,
    WORDS,
    Nearness,
    Vectors,
    by_words,
    central,
    clusters,
    telling,
)
from vivavoce.pipeline.enrichment.stopwords import stopwords
from vivavoce.pipeline.enrichment.verbatim import Stretch, sentences, when, words
from vivavoce.pipeline.transcript import Segment

RULES_VERSION = "2"
"""Of everything in this grade that is ours; raised when the same input gives other findings."""

ENOUGH_WORDS = 12
"""Words on a topic from which it is covered; the same number below which a study's probes hold an answer for short."""

SUBSTANCE_WORDS = 5
"""A segment of fewer words is neither clustered nor judged off topic: there is too little in it."""

MOST_CLUSTERED = 300
"""Segments that are clustered, the longest: time grows with their cube."""

LEAST_JUDGED = 4
"""Segments of some length that an interview has before any is judged off topic: each is held against the others."""

LEAST_CLUSTER = 3
MOST_CLUSTER = 2 / 3
"""Of the segments that are clustered: what nearly all of them are on tells nothing apart."""

CLOSER = 0.02
"""By so much nearer segments have to be where a group is too large, until it falls into parts."""

MOST_PROPOSED = 8
KEYWORDS = 5

QUOTE_WORDS = (6, 45)
"""A quote has at least and at most so many words."""

MOST_QUOTES = 8
MOST_SUMMARY = 5

STRONG = 0.5
"""A sentiment from which a quote is worth reading for it alone."""

SAME = 0.95
"""Cosine from which two sentences say the same: one of them is enough."""

Embed = Callable[[Sequence[str]], Vectors]
"""Vectors of texts, a row each; see `space.Vectors`."""


@dataclass(frozen=True)
class Space:
    """Where texts are compared: a model with its vectors, and what is near there."""

    model: ModelUsed
    nearness: Nearness
    embed: Embed


def of_model(embed: Embed, *, name: str, model_version: str) -> Space:
    """The space of the embedding model, multilingual-e5-small."""
    return Space(ModelUsed(role="embedding", name=name, version=model_version), E5, embed)


def of_words(language: str) -> Space:
    """The space of words in common, where there is no model."""
    ignored = stopwords(language)
    return Space(
        ModelUsed(role="embedding", name="words-in-common", version=RULES_VERSION),
        WORDS,
        lambda texts: by_words(texts, ignored),
    )


def local_findings(material: Material, space: Space, *, at: datetime) -> Findings:
    """Everything the local grade finds.

    Args:
        material: the transcript with its study and codes.
        space: where texts are compared. It embeds once, all texts together.
        at: UTC; when codes are said to be given.
    """
    return _Reading(material, space, at).findings()


@dataclass(frozen=True, slots=True)
class _Said:
    """A sentence of the participant's."""

    segment: Segment
    stretch: Stretch

    @property
    def text(self) -> str:
        return self.stretch.of(self.segment.text)


class _Reading:
    def __init__(self, material: Material, space: Space, at: datetime) -> None:
        self._material = material
        self._space = space
        self._at = at
        self._said = material.answers
        self._ignored = stopwords(material.transcript.language)
        self._sentences = [
            _Said(segment, stretch) for segment in self._said for stretch in sentences(segment.text)
        ]
        self._codes = material.codebook.active
        self._vector: dict[str, int] = {}
        self._vectors = self._embedded()
        self._sentiments = moods.sentiments(self._said)
        self._by_segment = {one.segment: one for one in self._sentiments}

    def _embedded(self) -> Vectors:
        texts = [segment.text for segment in self._said] + [sentence.text for sentence in self._sentences]
        texts += [text for aim in self._material.aims for text in (aim.title, *aim.questions)]
        texts += [wording for _, wording in self._material.asked]
        texts += [text for code in self._codes for text in (*_means(code), *_excludes(code))]
        for text in texts:
            self._vector.setdefault(text, len(self._vector))
        if not self._vector:
            return np.zeros((0, 1), np.float32)
        return self._space.embed(list(self._vector))

    def _rows(self, texts: Sequence[str]) -> Vectors:
        return self._vectors[[self._vector[text] for text in texts]]

    def _nearest(self, text: str, others: Sequence[str]) -> float:
        """The greatest cosine between a text and others; −1 where there are none."""
        return float((self._rows(others) @ self._rows([text])[0]).max()) if others else -1.0

    def findings(self) -> Findings:
        material = self._material
        topics = (*self._study_topics(), *self._proposed())
        off = self._off_topic
        spoken = {segment.language for segment in self._said if segment.language}
        scored = any(one.score is not None for one in self._sentiments)
        lexicon = ModelUsed(
            role="sentiment",
            name="vaderSentiment",
            version=version("vaderSentiment"),
            languages=moods.LANGUAGES,
        )
        summary = self._summary(spoken)
        return Findings(
            session_id=material.transcript.session_id,
            study=material.transcript.study,
            participant=material.transcript.participant,
            language=material.transcript.language,
            redaction=material.redaction,
            grade="local",
            models=(
                self._space.model,
                *((lexicon,) if scored else ()),
                *(ModelUsed(role=role, name="rules", version=RULES_VERSION) for role in ("topics", "quotes")),
                summary.by,
            ),
            sentiments=self._sentiments,
            topics=topics,
            codings=self._codings(),
            quotes=self._quotes(topics),
            summary=summary,
            quality=measures(
                material.transcript,
                off_topic=off,
                judged=len(self._substance),
            ),
            codebook_version=material.codebook.version,
        )

    @cached_property
    def _substance(self) -> list[Segment]:
        """The segments with enough in them to be judged by meaning."""
        return [segment for segment in self._said if len(words(segment.text)) >= SUBSTANCE_WORDS]

    @cached_property
    def _off_topic(self) -> frozenset[int] | None:
        """Segments that are near nothing that the study asks, nor what else was said; None: nobody can tell."""
        asked = [wording for _, wording in self._material.asked]
        asked += [aim.title for aim in self._material.aims]
        least = self._space.nearness.off
        if least is None or not asked or len(self._substance) < LEAST_JUDGED:
            return None
        others = central(self._rows([segment.text for segment in self._substance]))
        return frozenset(
            segment.index
            for segment, other in zip(self._substance, others, strict=True)
            if (self._nearest(segment.text, asked) + float(other)) / 2 < least
        )

    # Topics

    def _study_topics(self) -> list[Topic]:
        off = self._off_topic or frozenset()
        found: list[Topic] = []
        for aim in self._material.aims:
            anchors = (aim.title, *aim.questions)
            serving = [
                segment
                for segment in self._said
                if segment.index not in off
                and (
                    aim.id in segment.topics
                    or (
                        len(words(segment.text)) >= SUBSTANCE_WORDS
                        and self._nearest(segment.text, anchors) >= self._serves
                    )
                )
            ]
            found.append(self._topic(aim.id, aim.title, serving, "study"))
        return found

    @cached_property
    def _serves(self) -> float:
        """The nearness from which a segment serves a topic.

        It is above what all of them have in common in this interview, which differs from language to language.
        """
        near = self._space.nearness
        anchors = [text for aim in self._material.aims for text in (aim.title, *aim.questions)]
        if not anchors or not self._substance:
            return near.serves
        said = self._rows([segment.text for segment in self._substance])
        return max(near.serves, float((said @ self._rows(anchors).T).mean()) + near.above)

    def _proposed(self) -> list[Topic]:
        """What was said several times over, whatever the study asked."""
        longest = sorted(self._substance, key=lambda segment: (-len(segment.text), segment.index))
        chosen = sorted(longest[:MOST_CLUSTERED], key=lambda segment: segment.index)
        if len(chosen) < LEAST_CLUSTER:
            return []
        vectors = self._rows([segment.text for segment in chosen])
        near = self._space.nearness.together
        groups = clusters(vectors, nearness=near, least=LEAST_CLUSTER)
        while groups and len(groups[0]) > MOST_CLUSTER * len(chosen) and near < 1:
            near += CLOSER
            groups = clusters(vectors, nearness=near, least=LEAST_CLUSTER)
        proposed: list[Topic] = []
        for group in groups[:MOST_PROPOSED]:
            serving = [chosen[row] for row in group]
            topic = self._topic(f"proposed-{len(proposed) + 1}", "", serving, "proposed")
            if topic.keywords:
                proposed.append(topic)
        return proposed

    def _topic(self, id: str, title: str, serving: Sequence[Segment], origin: str) -> Topic:
        inside = {segment.index for segment in serving}
        rest = [segment.text for segment in self._said if segment.index not in inside]
        keywords = telling([segment.text for segment in serving], rest, self._ignored, KEYWORDS)
        return Topic(
            id=id,
            name=title or ", ".join(keywords[:3]) or id,
            origin="study" if origin == "study" else "proposed",
            keywords=keywords,
            segments=tuple(segment.index for segment in serving),
            coverage=coverage(serving),
            share=share(serving, self._said),
            mood=moods.mood((self._by_segment[index] for index in inside), self._said),
        )

    # Codes

    def _codings(self) -> tuple[Assignment, ...]:
        author = Author(kind="model", name=self._space.model.name, version=self._space.model.version)
        given: list[Assignment] = []
        by_segment: dict[int, list[_Said]] = defaultdict(list)
        for sentence in self._sentences:
            by_segment[sentence.segment.index].append(sentence)
        for segment in self._substance:
            for code in self._codes:
                means, excludes = _means(code), _excludes(code)
                scored = [
                    (self._nearest(sentence.text, means), sentence) for sentence in by_segment[segment.index]
                ]
                near = [pair for pair in scored if self._nearest(pair[1].text, excludes) < pair[0]]
                best = max(near, key=lambda pair: pair[0], default=None)
                if best is None or best[0] < self._space.nearness.coded:
                    continue
                given.append(
                    Assignment(
                        code=code.id,
                        code_version=code.version,
                        segment=segment.index,
                        start=best[1].stretch.start,
                        end=best[1].stretch.end,
                        evidence=best[1].text,
                        author=author,
                        at=self._at,
                        score=round(min(1.0, max(0.0, best[0])), 4),
                    )
                )
        return tuple(given)

    # Quotes and summary

    @cached_property
    def _telling(self) -> list[tuple[float, _Said]]:
        """Sentences fit to be read on their own, with how much each says of the whole, the most telling first."""
        off = self._off_topic or frozenset()
        fit: dict[str, _Said] = {}
        for sentence in self._sentences:
            if (
                QUOTE_WORDS[0] <= len(words(sentence.text)) <= QUOTE_WORDS[1]
                and sentence.segment.index not in off
                and not sentence.text.rstrip().endswith(("?", "？"))
            ):
                fit.setdefault(sentence.text, sentence)
        kept = list(fit.values())
        scores = central(self._rows(list(fit)))
        # A few words are central by saying nothing in particular: length is worth something.
        weighed = [
            (float(score) * (1 - 1 / (1 + len(words(sentence.text)))), sentence)
            for score, sentence in zip(scores, kept, strict=True)
        ]
        return sorted(weighed, key=lambda pair: (-round(pair[0], 6), pair[1].segment.index))

    def _quotes(self, topics: Sequence[Topic]) -> tuple[Quote, ...]:
        chosen: list[tuple[_Said, str, str | None]] = []
        for topic in topics:
            inside = set(topic.segments)
            best = next((said for _, said in self._telling if said.segment.index in inside), None)
            if best is not None:
                chosen.append((best, f"It comes nearest to all that was said on “{topic.name}”.", topic.id))
        strong = sorted(
            (one for one in self._sentiments if one.score is not None and abs(one.score) >= STRONG),
            key=lambda one: (-abs(one.score or 0.0), one.segment),
        )
        for one in strong:
            best = next((said for _, said in self._telling if said.segment.index == one.segment), None)
            if best is not None:
                chosen.append((best, f"It is among the most {one.label} things said.", None))
        if not chosen:
            chosen += [
                (said, "It comes nearest to the whole interview.", None)
                for _, said in self._telling[:LEAST_CLUSTER]
            ]
        quotes: list[Quote] = []
        taken: list[str] = []
        for said, why, topic in chosen:
            if len(quotes) == MOST_QUOTES:
                break
            if self._nearest(said.text, taken) >= SAME:
                continue
            taken.append(said.text)
            quotes.append(quote(said.segment, said.stretch, why, topic, self._by_segment[said.segment.index]))
        return tuple(quotes)

    def _summary(self, spoken: set[str]) -> Summary:
        chosen: list[_Said] = []
        for _, said in self._telling:
            if len(chosen) == MOST_SUMMARY:
                break
            if self._nearest(said.text, [other.text for other in chosen]) < SAME:
                chosen.append(said)
        chosen.sort(key=lambda said: (said.segment.index, said.stretch.start))
        return Summary(
            text=" ".join(said.text for said in chosen),
            method="extractive",
            language=self._material.transcript.language if len(spoken) < 2 else None,
            by=ModelUsed(role="summary", name="rules", version=RULES_VERSION),
            segments=tuple(dict.fromkeys(said.segment.index for said in chosen)),
        )


def coverage(serving: Sequence[Segment]) -> Coverage:
    """How far a topic is covered by the segments that serve it."""
    if not serving:
        return "missed"
    return "covered" if sum(len(words(segment.text)) for segment in serving) >= ENOUGH_WORDS else "touched"


def share(serving: Sequence[Segment], said: Sequence[Segment]) -> float:
    """The share of all words that some segments have."""
    every = sum(len(words(segment.text)) for segment in said)
    return round(sum(len(words(segment.text)) for segment in serving) / every, 4) if every else 0.0


def quote(
    segment: Segment,
    stretch: Stretch,
    why: str,
    topic: str | None,
    sentiment: Sentiment,
    *,
    grade: Grade = "local",
) -> Quote:
    """A stretch of a segment as a quote."""
    start_s, end_s = when(segment, stretch)
    return Quote(
        text=stretch.of(segment.text),
        segment=segment.index,
        start=stretch.start,
        end=stretch.end,
        start_s=start_s,
        end_s=end_s,
        why=why,
        topic=topic,
        language=segment.language,
        sentiment=sentiment.label,
        grade=grade,
    )


def _means(code: Code) -> tuple[str, ...]:
    """The texts that something coded so is near to."""
    about = f"{code.name}. {code.definition}" if code.definition else code.name
    return tuple(filter(None, (about, code.inclusion, *code.examples)))


def _excludes(code: Code) -> tuple[str, ...]:
    return tuple(filter(None, (code.exclusion,)))
