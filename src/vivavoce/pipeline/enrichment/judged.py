"""The LLM grade: what a language model says, held against the transcript, over what the local grade found."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vivavoce.pipeline.codes import Author
from vivavoce.pipeline.enrichment import mood as moods
from vivavoce.pipeline.enrichment import telling
from vivavoce.pipeline.enrichment.asking import Account, Asker
from vivavoce.pipeline.enrichment.findings import (
    Assignment,
    Findings,
    Measure,
    ModelCalls,
    ModelUsed,
    Quote,
    Role,
    Sentiment,
    Summary,
    Topic,
    Translation,
)
from vivavoce.pipeline.enrichment.local import (
    LEAST_CLUSTER,
    MOST_PROPOSED,
    MOST_QUOTES,
    coverage,
    quote,
    share,
)
from vivavoce.pipeline.enrichment.material import Material
from vivavoce.pipeline.enrichment.quality import measures
from vivavoce.pipeline.enrichment.thinking import (
    AnswerAmiss,
    BatchAnswer,
    Judged,
    Offered,
    Overview,
    Theme,
    Thinker,
    check_batch,
)
from vivavoce.pipeline.enrichment.verbatim import find, normal
from vivavoce.pipeline.transcript import Segment
from vivavoce.protocol.languages import LANGUAGES, base_language

_ROLES: tuple[Role, ...] = ("sentiment", "topics", "coding", "quotes")
MOST_THEMES = 100
MOST_OFFERED = 40
"""Themes and quotes that the last question has in it at most, however long the interview was."""


@dataclass(frozen=True)
class Pace:
    """How a session's questions are asked: utterances a call, and calls at once."""

    batch: int
    at_once: int


async def judged(
    material: Material, local: Findings, thinker: Thinker, *, pace: Pace, at: datetime
) -> tuple[Findings, Account]:
    """Findings by a language model, and what it was asked.

    Args:
        material: the transcript with its study and codes; names the model.
        local: what the local grade found in it. It stays where the model gives nothing that can be used.
        thinker: the model.
        pace: of the questions.
        at: UTC; when codes are said to be given.

    Raises:
        ThinkerAway: the model does not answer.
    """
    assert material.mind is not None, "the LLM grade has a model"
    asker = Asker(thinker, asyncio.Semaphore(pace.at_once))
    said = material.answers
    if not said:
        return local, asker.account
    parts = await asker.batches(
        said,
        pace.batch,
        told=lambda some: telling.on_batch(material, some),
        shape=BatchAnswer,
        check=lambda answer, some: check_batch(answer, frozenset(segment.index for segment in some)),
    )
    weaving = _Weaving(material, local, parts, at)
    overview: Overview | None = None
    if weaving.answered:
        try:
            overview = await asker.ask(weaving.question(), Overview, lambda answer: None)
        except AnswerAmiss:
            overview = None  # the batches' findings stand without it; the summary stays extractive
    return weaving.findings(overview, asker.account), asker.account


class _Weaving:
    """A model's answers, and the local findings where there is none."""

    def __init__(
        self,
        material: Material,
        local: Findings,
        parts: Sequence[tuple[Sequence[Segment], BatchAnswer | None]],
        at: datetime,
    ) -> None:
        assert material.mind is not None
        self._material = material
        self._local = local
        self._at = at
        self._said = material.answers
        self._author = Author(
            kind="model",
            name=material.mind.model,
            version=f"{material.mind.provider}, prompts {telling.VERSION}",
        )
        self._refused = 0
        self._segments = {segment.index: segment for segment in self._said}
        self.answered = [answer for _, answer in parts if answer is not None]
        self._judged: Mapping[int, Judged] = {
            one.n: one for answer in self.answered for one in answer.utterances
        }
        self._unjudged = tuple(segment.index for some, answer in parts if answer is None for segment in some)
        self._sentiments = tuple(self._sentiment(one) for one in local.sentiments)
        self._by_segment = {one.segment: one for one in self._sentiments}
        offers = [self._offer(offered) for answer in self.answered for offered in answer.quotes]
        self._offers = [offer for offer in offers if offer is not None][:MOST_OFFERED]

    def question(self) -> tuple[telling.Message, ...]:
        """The last question, on the whole interview."""
        language = self._material.transcript.language
        return telling.on_whole(
            self._material,
            language=LANGUAGES.get(base_language(language), language),
            gists=[answer.gist for answer in self.answered if answer.gist.strip()],
            themes=list(self._themes)[:MOST_THEMES],
            quotes=[offer.text for offer in self._offers],
        )

    def findings(self, overview: Overview | None, account: Account) -> Findings:
        material, local = self._material, self._local
        quotes = self._quotes(overview)
        codings = self._codings()
        topics = (*self._study_topics(), *self._proposed(overview))
        summary = self._summary(overview)
        mind = material.mind
        assert mind is not None
        roles: list[Role] = [*_ROLES] if self.answered else []
        if overview is not None:
            roles.append("summary")
        if any(one.translation for one in (*quotes, summary)):
            roles.append("translation")
        return local.model_copy(
            update={
                "grade": "llm" if self.answered else "local",
                "models": (
                    *self._still_local(quotes, overview),
                    *(
                        ModelUsed(
                            role=role,
                            name=mind.model,
                            version=self._author.version,
                            provider=mind.provider,
                        )
                        for role in roles
                    ),
                ),
                "sentiments": self._sentiments,
                "topics": topics,
                "codings": codings,
                "quotes": quotes,
                "summary": summary,
                "quality": self._quality(),
                "model_calls": ModelCalls(
                    calls=account.calls,
                    repaired=account.repaired,
                    split=account.split,
                    refused=self._refused,
                    input_tokens=account.input_tokens,
                    output_tokens=account.output_tokens,
                    unjudged=self._unjudged,
                ),
            }
        )

    def _still_local(self, quotes: Sequence[Quote], overview: Overview | None) -> Iterator[ModelUsed]:
        """The local models and rules whose findings the language model's have not all replaced."""
        part = not self.answered or bool(self._unjudged)
        left: dict[Role, bool] = {
            "sentiment": part,
            "topics": part,
            "quotes": not self.answered or any(quote.grade == "local" for quote in quotes),
            "summary": overview is None,
        }
        return (used for used in self._local.models if left.get(used.role, True))

    def _sentiment(self, local: Sentiment) -> Sentiment:
        judged = self._judged.get(local.segment)
        if judged is None:
            return local
        return Sentiment(
            segment=local.segment, label=judged.sentiment, score=round(judged.score, 4), grade="llm"
        )

    def _codings(self) -> tuple[Assignment, ...]:
        order = {code.id: place for place, code in enumerate(self._material.codebook.codes)}
        versions = {code.id: code.version for code in self._material.codebook.active}
        given: dict[tuple[int, int, int, int], Assignment] = {}
        for judged in self._judged.values():
            text = self._segments[judged.n].text
            for one in judged.codes:
                stretch = find(one.evidence, text)
                if one.code not in versions or stretch is None:
                    self._refused += 1
                    continue
                # Said twice is given once.
                given[judged.n, order[one.code], stretch.start, stretch.end] = Assignment(
                    code=one.code,
                    code_version=versions[one.code],
                    segment=judged.n,
                    start=stretch.start,
                    end=stretch.end,
                    evidence=stretch.of(text),
                    author=self._author,
                    at=self._at,
                    grade="llm",
                )
        kept = [one for one in self._local.codings if one.segment in self._unjudged]
        for one in kept:
            given[one.segment, order[one.code], one.start, one.end] = one
        return tuple(given[key] for key in sorted(given))

    def _study_topics(self) -> list[Topic]:
        found: list[Topic] = []
        for before in (topic for topic in self._local.topics if topic.origin == "study"):
            inside = {judged.n for judged in self._judged.values() if before.id in judged.topics}
            inside |= set(before.segments) & set(self._unjudged)
            found.append(self._topic(before.id, before.name, inside, before))
        return found

    @property
    def _themes(self) -> dict[str, list[int]]:
        """The themes noted, as first written, with the segments on them."""
        noted: dict[str, tuple[str, list[int]]] = {}
        for judged in sorted(self._judged.values(), key=lambda one: one.n):
            if theme := judged.theme.strip():
                noted.setdefault(normal(theme), (theme, []))[1].append(judged.n)
        return dict(noted.values())

    def _proposed(self, overview: Overview | None) -> list[Topic]:
        noted = {normal(theme): inside for theme, inside in self._themes.items()}
        merged = overview.themes if overview is not None else ()
        names: dict[str, set[int]] = defaultdict(set)
        taken: set[str] = set()
        for theme in (*merged, *(Theme(name=name, themes=(name,)) for name in self._themes)):
            for one in map(normal, theme.themes):
                if one in noted and one not in taken:
                    taken.add(one)
                    names[theme.name] |= set(noted[one])
        ranked = sorted(names.items(), key=lambda pair: (-len(pair[1]), min(pair[1])))
        # A theme of one utterance is a topic only where the model itself put it among the interview's.
        chosen = {theme.name for theme in merged}
        kept = [(name, inside) for name, inside in ranked if name in chosen or len(inside) >= LEAST_CLUSTER]
        return [
            self._topic(f"proposed-{place}", name, inside, None)
            for place, (name, inside) in enumerate(kept[:MOST_PROPOSED], start=1)
        ]

    def _topic(self, id: str, name: str, inside: set[int], before: Topic | None) -> Topic:
        serving = [segment for segment in self._said if segment.index in inside]
        return Topic(
            id=id,
            name=name,
            origin="proposed" if before is None else "study",
            keywords=() if before is None else before.keywords,
            segments=tuple(segment.index for segment in serving),
            coverage=coverage(serving),
            share=share(serving, self._said),
            mood=moods.mood((self._by_segment[segment.index] for segment in serving), self._said),
            grade="llm",
        )

    def _offer(self, offered: Offered) -> Quote | None:
        segment = self._segments.get(offered.n)
        stretch = None if segment is None else find(offered.text, segment.text)
        if segment is None or stretch is None:
            self._refused += 1
            return None
        why = offered.why.strip() or "The model offers it."
        return quote(
            segment, stretch, why, self._topic_of(offered.n), self._by_segment[offered.n], grade="llm"
        )

    def _topic_of(self, segment: int) -> str | None:
        known = {aim.id for aim in self._material.aims}
        judged = self._judged.get(segment)
        return None if judged is None else next((one for one in judged.topics if one in known), None)

    def _quotes(self, overview: Overview | None) -> tuple[Quote, ...]:
        if overview is None or not overview.quotes:
            return tuple(self._offers[:MOST_QUOTES]) or self._local.quotes
        chosen: dict[int, Quote] = {}
        for one in overview.quotes:
            if not 1 <= one.n <= len(self._offers):
                self._refused += 1
                continue
            offer = self._offers[one.n - 1]
            update: dict[str, object] = {"why": one.why.strip() or offer.why}
            if translation := self._translated(one.translation, offer.language):
                update["translation"] = translation
            chosen.setdefault(one.n, offer.model_copy(update=update))
        return tuple(chosen.values())[:MOST_QUOTES] or self._local.quotes

    def _summary(self, overview: Overview | None) -> Summary:
        if overview is None:
            return self._local.summary
        language = self._material.transcript.language
        assert self._material.mind is not None
        return Summary(
            text=overview.summary.strip(),
            method="model",
            language=language,
            by=ModelUsed(
                role="summary",
                name=self._author.name,
                version=self._author.version,
                provider=self._material.mind.provider,
            ),
            segments=tuple(sorted(self._judged)),
            translation=self._translated(overview.translation, language),
        )

    def _translated(self, text: str, language: str | None) -> Translation | None:
        home = self._material.home
        if home is None or not text.strip() or language == home:
            return None
        return Translation(language=home, text=text.strip(), author=self._author)

    def _quality(self) -> tuple[Measure, ...]:
        if not self._judged:
            return self._local.quality
        off = {judged.n for judged in self._judged.values() if judged.off_topic}
        by_kind = {
            one.kind: one
            for one in measures(self._material.transcript, off_topic=off, judged=len(self._judged))
        }
        return tuple(by_kind["off_topic"] if one.kind == "off_topic" else one for one in self._local.quality)
