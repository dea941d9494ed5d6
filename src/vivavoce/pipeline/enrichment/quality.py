"""What an interview's transcript says about its own quality, in figures. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from vivavoce.pipeline.enrichment.findings import Measure, QualityKind
from vivavoce.pipeline.enrichment.verbatim import words
from vivavoce.pipeline.transcript import Segment, Transcript
from vivavoce.protocol.languages import base_language

THRESHOLDS: dict[QualityKind, float] = {
    "silence": 0.5,
    "short_answers": 0.5,
    "straight_lining": 0.5,
    "off_topic": 0.3,
    "leading_questions": 0.1,
    "echo": 0.05,
}
"""Shares from which a measure is flagged. Ours: they are for drawing a person's eye, not for leaving interviews out."""

LEAST = 4
"""Answers, questions or segments that there have to be before a share of them is flagged."""

SHORT_WORDS = 4
"""An answer of fewer words is short."""

ALIKE = 0.9
"""Share of words in common from which two answers are nearly the same."""

ECHO_WORDS = 4
"""Words that an echo has at least: fewer may well be an answer in the moderator's words."""

ECHO_SHARE = 0.8
"""Share of a segment's words, in their order, that the moderator was just saying."""

ECHO_S = 2.0
"""Seconds after the moderator's last word in which an echo can still come."""

_LEADING: dict[str, re.Pattern[str]] = {
    language: re.compile("|".join(patterns), re.IGNORECASE)
    for language, patterns in {
        "en": (
            r"\b(?:don't|do not|wouldn't|isn't|aren't|didn't|doesn't|haven't|won't|can't|shouldn't)\s+"
            r"(?:you|it|that|this|they|we)\b",
            r"\bwould(?:n't)? you agree\b",
            r"\bsurely\b",
            r"\bobviously\b",
            r",\s*(?:right|correct|no)\?",
            r"\bhow (?:much|great|bad|terrible|wonderful|awful) (?:do|did|was|is) (?:you (?:love|like|hate)|it)\b",
        ),
        "de": (
            r"\bnicht wahr\b",
            r",\s*(?:oder|gell|richtig|stimmt's)\?",
            r"\b(?:finden|glauben|denken|meinen) sie nicht(?: auch)?\b",
            r"\bsicherlich\b",
            r"\bsie (?:mögen|hassen|lieben) (?:doch|sicher)\b",
        ),
        "fr": (
            r"\bn'est-ce pas\b",
            r"\bne (?:pensez|trouvez|croyez)-vous pas\b",
            r",\s*non\s?\?",
            r"\bsûrement\b",
            r"\bévidemment\b",
        ),
        "es": (
            r"\b¿?no (?:cree|piensa|le parece)\b",
            r"¿(?:verdad|no)\?",
            r"\bseguramente\b",
            r"\bobviamente\b",
        ),
    }.items()
}
"""Wordings that suggest an answer, by language: negated tags, appeals to what is obvious, an evaluation that is taken
for granted (S. L. Payne, The Art of Asking Questions, 1951, on loaded questions)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the participant said between two moves of the moderator; never empty."""

    segments: tuple[Segment, ...]

    @property
    def text(self) -> str:
        """All of it."""
        return " ".join(segment.text for segment in self.segments)

    @property
    def question(self) -> str | None:
        """Id of the question it answers."""
        return self.segments[0].question

    @property
    def indices(self) -> tuple[int, ...]:
        """Of its segments."""
        return tuple(segment.index for segment in self.segments)


def answers(segments: Sequence[Segment]) -> list[Answer]:
    """What the participant said, with what belongs together in one: the moderator parts them."""
    found: list[list[Segment]] = []
    between = True
    for segment in segments:
        if segment.speaker == "moderator":
            between = True
        elif between:
            found.append([segment])
            between = False
        else:
            found[-1].append(segment)
    return [Answer(tuple(group)) for group in found]


def measures(
    transcript: Transcript, *, off_topic: Collection[int] | None, judged: int
) -> tuple[Measure, ...]:
    """All measures of an interview, in the order of `QualityKind`.

    Args:
        transcript: of the interview.
        off_topic: indices of the segments that have nothing to do with what was asked; None: nobody could tell.
        judged: how many segments were judged for that.
    """
    said = [segment for segment in transcript.segments if segment.speaker == "participant"]
    given = answers(transcript.segments)
    return (
        _silence(transcript.segments),
        _short(given),
        _straight(given),
        _off_topic(off_topic, judged),
        _leading(transcript),
        _echo(transcript.segments, said),
    )


def _silence(segments: Sequence[Segment]) -> Measure:
    if not segments:
        return _unknown("silence", "Nobody spoke.")
    begin = min(segment.start_s for segment in segments)
    end = max(segment.end_s for segment in segments)
    spoken = reached = 0.0
    for segment in sorted(segments, key=lambda segment: segment.start_s):
        start = max(segment.start_s, reached)
        spoken += max(0.0, segment.end_s - start)
        reached = max(reached, segment.end_s)
    if end <= begin:
        return _unknown("silence", "The interview has no length.")
    value = min(1.0, max(0.0, 1 - spoken / (end - begin)))
    threshold = THRESHOLDS["silence"]
    return Measure(
        kind="silence",
        value=value,
        threshold=threshold,
        flagged=value >= threshold,
        count=round(end - begin - spoken),
        of=round(end - begin),
        note=f"Nobody speaks in {end - begin - spoken:.0f} of {end - begin:.0f} seconds.",
    )


def _short(given: Sequence[Answer]) -> Measure:
    short = [answer for answer in given if len(words(answer.text)) < SHORT_WORDS]
    return _share(
        "short_answers",
        short,
        len(given),
        lambda count, of: f"{_part(count, of, 'answers', 'has', 'have')} fewer than {SHORT_WORDS} words.",
    )


def _straight(given: Sequence[Answer]) -> Measure:
    bags = [frozenset(words(answer.text)) for answer in given]
    same = [
        answer
        for place, answer in enumerate(given)
        if any(_alike(bags[place], other) for elsewhere, other in enumerate(bags) if elsewhere != place)
    ]
    return _share(
        "straight_lining",
        same,
        len(given),
        lambda count, of: f"{_part(count, of, 'answers', 'is', 'are')} nearly the same as another one.",
    )


def _off_topic(found: Collection[int] | None, judged: int) -> Measure:
    if found is None:
        return _unknown(
            "off_topic", "Nobody could tell: there is no model for it here, or no study to compare with."
        )
    return _counted(
        "off_topic",
        tuple(sorted(found)),
        len(found),
        judged,
        f"{_part(len(found), judged, 'segments of some length', 'has', 'have')} nothing to do with what was asked.",
    )


def _leading(transcript: Transcript) -> Measure:
    pattern = _LEADING.get(base_language(transcript.language))
    if pattern is None:
        return _unknown("leading_questions", f"There are no rules for the language {transcript.language}.")
    asked = [
        segment
        for segment in transcript.segments
        if segment.speaker == "moderator" and re.search(r"[?？؟]", segment.text)
    ]
    leading = tuple(segment.index for segment in asked if pattern.search(segment.text.replace("’", "'")))
    return _counted(
        "leading_questions",
        leading,
        len(leading),
        len(asked),
        f"{_part(len(leading), len(asked), 'questions of the moderator', 'suggests', 'suggest')} an answer.",
    )


def _echo(segments: Sequence[Segment], said: Sequence[Segment]) -> Measure:
    moderator = [segment for segment in segments if segment.speaker == "moderator"]
    echoes = tuple(
        segment.index
        for segment in said
        if any(
            other.start_s <= segment.start_s <= other.end_s + ECHO_S and _repeats(segment.text, other.text)
            for other in moderator
        )
    )
    return _counted(
        "echo",
        echoes,
        len(echoes),
        len(said),
        f"{_part(len(echoes), len(said), 'segments', 'repeats', 'repeat')} what the moderator was just saying.",
    )


def _repeats(heard: str, told: str) -> bool:
    """Whether the words of one are those of the other, in their order: the longest common subsequence is nearly all."""
    echo, source = words(heard), words(told)
    if len(echo) < ECHO_WORDS:
        return False
    row = [0] * (len(source) + 1)
    for word in echo:
        before = 0
        for place, other in enumerate(source, start=1):
            before, row[place] = row[place], before + 1 if word == other else max(row[place], row[place - 1])
    return row[-1] >= ECHO_SHARE * len(echo)


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    union = one | other
    return bool(union) and len(one & other) >= ALIKE * len(union)


def _share(kind: QualityKind, found: Sequence[Answer], of: int, note: Callable[[int, int], str]) -> Measure:
    indices = tuple(index for answer in found for index in answer.indices)
    return _counted(kind, indices, len(found), of, note(len(found), of))


def _counted(kind: QualityKind, segments: tuple[int, ...], count: int, of: int, note: str) -> Measure:
    if not of:
        return _unknown(kind, "There is nothing to judge by.")
    value = count / of
    return Measure(
        kind=kind,
        value=value,
        threshold=THRESHOLDS[kind],
        flagged=value >= THRESHOLDS[kind] and of >= LEAST,
        count=count,
        of=of,
        segments=segments,
        note=note,
    )


def _unknown(kind: QualityKind, why: str) -> Measure:
    return Measure(kind=kind, value=None, threshold=THRESHOLDS[kind], flagged=False, note=why)


def _part(count: int, of: int, things: str, one: str, several: str) -> str:
    """`1 of 12 answers has`, `2 of 12 answers have`."""
    return f"{count} of {of} {things} {one if count == 1 else several}"
