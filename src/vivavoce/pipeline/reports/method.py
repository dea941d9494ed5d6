"""How a report came to be, and what it does not know: models and versions, and the limits that follow from the data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from vivavoce.pipeline.enrichment.findings import ModelUsed
from vivavoce.pipeline.reports.english import author, count, have, were
from vivavoce.pipeline.reports.held import Frozen, Held
from vivavoce.pipeline.transcript import WhyLive
from vivavoce.protocol.languages import base_language, describe
from vivavoce.session.status import SessionStatus

WHY_LIVE: dict[WhyLive, str] = {
    "no_recording": "nothing was recorded",
    "not_in_recording": "the recording has none of it",
    "nothing_heard": "nothing is heard in the recording there",
    "unlike_live": "the second pass was less sure and quite different",
    "language_unknown": "the recogniser does not know the language",
}


UNHEARD = "there was no second pass"


class PartOfMethod(Frozen):
    """A model, a lexicon or a set of rules that had a part, and in how many interviews."""

    used: ModelUsed
    interviews: int


class Method(Frozen):
    """What is stated of a report's making.

    Attributes:
        recognisers: that made the second pass; empty: all words are those of the live interviews.
        parts: of enrichment, the most used first.
        limits: sentences for the reader, each on something this report does not know or cannot say.
    """

    recognisers: tuple[str, ...] = ()
    parts: tuple[PartOfMethod, ...] = ()
    limits: tuple[str, ...] = ()


def method(held: Sequence[Held], *, study: bool) -> Method:
    """The method behind a report on these interviews; `study`: on all of a study's."""
    used = Counter(part for one in held if one.findings for part in one.findings.models)
    return Method(
        recognisers=tuple(
            sorted({one.transcript.recogniser for one in held if one.transcript.recogniser is not None})
        ),
        parts=tuple(PartOfMethod(used=part, interviews=often) for part, often in used.most_common()),
        limits=tuple(_limits(held, study=study)),
    )


def _limits(held: Sequence[Held], *, study: bool) -> Iterator[str]:
    if not held:
        yield "No interview of this study is over, so there is nothing to report on yet."
        return
    if study:
        yield (
            f"{count(len({one.transcript.participant for one in held}), 'respondent')} took part. Figures describe "
            "these interviews; they are no estimate for anybody else."
        )
    yield from _of_words(held)
    yield from _of_redaction(held, study=study)
    yield from _of_findings(held, study=study)
    yield from _of_sentiment(held)
    yield from _of_themes(held, study=study)
    broken = [one for one in held if one.transcript.status is not SessionStatus.COMPLETED]
    if broken:
        yield (
            f"{_interviews(len(broken), study=study)} ended before the end of the guide: what is missed there may "
            "never have been asked."
        )


def _of_words(held: Sequence[Held]) -> Iterator[str]:
    answers = [segment for one in held for segment in one.answers]
    if not answers:
        yield "Nothing that a participant said was understood."
        return
    sure = [segment.confidence for segment in answers if segment.confidence is not None]
    mean = f" The recogniser gives itself {sum(sure) / len(sure):.2f} of 1 on average." if sure else ""
    live: Counter[WhyLive | None] = Counter(
        segment.why_live for segment in answers if segment.source == "live"
    )
    if live["no_recording"] == len(answers):
        yield (
            "Words were written down by a machine as they were said, and nothing was recorded: how many of them are "
            f"wrong cannot be found out.{mean}"
        )
        live.clear()
    else:
        yield (
            "Words were written down by a machine. How many of them are wrong is not known: nobody has written down "
            f"these recordings by hand to compare.{mean} Listen to a quote before you print it."
        )
    if live:
        why = "; ".join(
            f"{WHY_LIVE.get(reason, UNHEARD) if reason else UNHEARD}: {often}"
            for reason, often in live.most_common()
        )
        yield (
            f"{live.total()} of {count(len(answers), 'answer')} {have(live.total())} the text of the live interview "
            f"({why})."
        )
    unknown = sum(segment.language is None for segment in answers)
    if unknown:
        yield (
            f"The language of {count(unknown, 'answer')} is not known: {'it is' if unknown == 1 else 'they are'} "
            "left out where languages are compared."
        )


def _of_redaction(held: Sequence[Held], *, study: bool) -> Iterator[str]:
    rules = Counter(one.redaction for one in held)
    bare = rules.pop(None, 0)
    if rules:
        yield (
            f"Personal data was redacted by rules of this program ({', '.join(str(rule) for rule in rules)}); "
            "placeholders stand in brackets. Rules overlook some of it and cover some that is harmless: read before "
            "you pass this on."
        )
    if bare:
        yield (
            f"In {_interviews(bare, study=study).lower()} personal data is not known to be redacted: names and numbers "
            "may stand as they were said. Do not pass this on unread."
        )
    yield "Participants are named by the pseudonyms of their invitations."


def _of_findings(held: Sequence[Held], *, study: bool) -> Iterator[str]:
    missing = sum(one.findings is None for one in held)
    if missing:
        yield (
            f"{_interviews(missing, study=study)} {have(missing)} not been analysed yet: topics, sentiment, quotes "
            f"and quality are missing for {'it' if missing == 1 else 'them'}."
        )
    found = [one.findings for one in held if one.findings is not None]
    unjudged = sum(len(one.model_calls.unjudged) for one in found)
    if unjudged:
        yield f"The language model gave no usable answer on {count(unjudged, 'segment')}; local models judged those."
    refused = sum(one.model_calls.refused for one in found)
    if refused:
        yield (
            f"{count(refused, 'quote')} of the language model's {were(refused)} not verbatim and {were(refused)} left "
            "out."
        )
    translated = sorted(
        {
            author(words.translation.author)
            for one in found
            for words in (*one.quotes, one.summary)
            if words.translation is not None and words.translation.author.kind == "model"
        }
    )
    if translated:
        yield (
            f"Translations are by {', '.join(translated)}, and no person has checked them; the original stands beside "
            "each."
        )


def _of_sentiment(held: Sequence[Held]) -> Iterator[str]:
    judged: Counter[str] = Counter()
    blind: Counter[str] = Counter()
    grades: set[str] = set()
    for one in held:
        for sentiment in one.findings.sentiments if one.findings else ():
            language = one.transcript.segments[sentiment.segment].language or one.transcript.language
            (blind if sentiment.label == "unknown" else judged)[base_language(language)] += 1
            grades.add(sentiment.grade)
    without = sorted(set(blind) - set(judged))
    if without:
        names = ", ".join(describe(code) for code in without)
        yield f"There is no sentiment in {names}: nothing here can judge it there."
    if judged:
        yield (
            "Sentiment is judged by words"
            + (" and by a language model" if "llm" in grades else "")
            + ", not by voice: irony and politeness mislead it. It is comparable within a language rather than across."
        )


def _of_themes(held: Sequence[Held], *, study: bool) -> Iterator[str]:
    found = [one.findings for one in held if one.findings is not None]
    if study and any(topic.origin == "proposed" for one in found for topic in one.topics):
        yield (
            "Proposed topics are found within each interview; they are put together here only where they have the same "
            "words, so the same matter in two languages stands twice."
        )
    codings = [coding for one in found for coding in one.codings]
    if codings:
        yield (
            f"{count(len(codings), 'code')} {were(len(codings))} given by a model; no person has confirmed "
            f"{'it' if len(codings) == 1 else 'them'}."
        )


def _interviews(number: int, *, study: bool) -> str:
    """So many of a study's interviews; the only one of its own report."""
    return count(number, "interview") if study else "This interview"
