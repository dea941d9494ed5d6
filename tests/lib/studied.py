"""A made-up study of twelve respondents in three languages, one of them written from the right, and all found in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from random import Random

from archived import segment

from vivavoce.pipeline.codes import Author, Code, Codebook
from vivavoce.pipeline.enrichment.findings import (
    Assignment,
    Findings,
    Measure,
    ModelUsed,
    Mood,
    Quote,
    Sentiment,
    SentimentLabel,
    Summary,
    Topic,
    Translation,
)
from vivavoce.pipeline.reports.held import Held
from vivavoce.pipeline.reports.study import Subject
from vivavoce.pipeline.transcript import RecordingPart, StudyOf, Transcript
from vivavoce.session.status import Reason, SessionStatus

AT = datetime(2030, 3, 4, 9, 0, tzinfo=UTC)

TOPICS = {
    "way": "Getting to the market",
    "stalls": "The stalls and what they sell",
    "prices": "Prices, and what is thought fair",
    "waiting": "Waiting, queues and opening hours on working days and at weekends",
    "people": "Meeting people",
    "wishes": "What should change",
}

SAID = {
    "en": (
        ("I come by bike, it takes ten minutes.", 0.1),
        ("The cheese stall is wonderful, I go there every week and they know my name.", 0.8),
        ("It is dearer than the supermarket, but it is fair for what you get.", 0.2),
        ("The queue was terrible last Saturday, I waited for an hour and then they had sold out.", -0.7),
        ("You meet the whole neighbourhood, that is the best of it.", 0.7),
        ("Open it in the evening, please, for those of us who work.", -0.1),
    ),
    "de": (
        ("Ich komme mit der Straßenbahn, das dauert eine halbe Stunde.", 0.0),
        ("Das Gemüse ist frisch und die Leute sind freundlich.", 0.7),
        ("Die Preise sind in diesem Jahr stark gestiegen, das ärgert mich.", -0.6),
        ("Am Samstag steht man ewig in der Schlange, das ist wirklich furchtbar.", -0.8),
        ("Man trifft immer jemanden, den man kennt.", 0.4),
        ("Es müsste mehr Bänke geben, vor allem für die Älteren.", -0.1),
    ),
    "ar": (
        ("أصل إلى السوق سيرا على الأقدام مع أولادي.", None),
        ("الخضار طازجة والبائعون لطفاء جدا.", None),
        ("الأسعار مرتفعة هذا العام مقارنة بالعام الماضي.", None),
        ("انتظرت ساعة كاملة في الطابور يوم السبت.", None),
        ("ألتقي بجيراني هناك كل أسبوع.", None),
        ("أتمنى أن يفتح السوق في المساء أيضا.", None),
    ),
}

ENGLISH = {
    "Am Samstag steht man ewig in der Schlange, das ist wirklich furchtbar.": "On Saturdays you stand in the queue for "
    "ever, it is really awful.",
    "Die Preise sind in diesem Jahr stark gestiegen, das ärgert mich.": "Prices have risen a lot this year, that "
    "annoys me.",
    "انتظرت ساعة كاملة في الطابور يوم السبت.": "I waited a whole hour in the queue on Saturday.",
    "الأسعار مرتفعة هذا العام مقارنة بالعام الماضي.": "Prices are high this year compared with last year.",
}

RESPONDENTS = (
    ("p-01", "en"), ("p-02", "en"), ("bartholomew-featherstonehaugh-cholmondeley-2030", "en"), ("p-04", "en"),
    ("p-05", "en"), ("p-06", "de"), ("p-07", "de"), ("Hubertus von Wolffenstein-Ortenburg zu Hohenlohe", "de"),
    ("p-09", "de"), ("p-10", "ar"), ("مشارك-١١", "ar"), ("p-12", "ar"),
)  # fmt: skip

CODEBOOK = Codebook(
    codes=(
        Code(id="lost-time", name="Time lost", definition="Waiting that the participant minds."),
        Code(id="evening", name="Wants evenings", definition="Asks for other opening hours."),
    ),
    version=2,
)

SUBJECT = Subject(
    id="market",
    title="The market and you: how people in three towns use their weekly market",
    codebook=CODEBOOK,
)

CODER = Author(kind="model", name="all-minilm-l6-v2", version="2.7.0")
TRANSLATOR = Author(kind="model", name="gpt-4.1-mini", version="2025-04-14")

MODELS = (
    ModelUsed(role="embedding", name="all-minilm-l6-v2", version="2.7.0", languages=("en",)),
    ModelUsed(role="sentiment", name="vaderSentiment", version="3.3.2", languages=("en",)),
    ModelUsed(role="quotes", name="rules", version="1"),
    ModelUsed(
        role="translation",
        name="gpt-4.1-mini",
        version="2025-04-14",
        provider="openai",
        languages=("de", "ar"),
    ),
)


def twelve() -> list[Held]:
    """The interviews: one that ended early, one of few words, one that is not analysed, two versions of the study."""
    return [one(number, name, language) for number, (name, language) in enumerate(RESPONDENTS)]


def one(number: int, participant: str, language: str) -> Held:
    """The interview of that number."""
    rng = Random(number)
    said = SAID[language][: 3 if number == 4 else 6]
    told = transcript(
        number, participant, language, [text if number != 8 else "Ja." for text, _ in said], rng
    )
    return Held(transcript=told, findings=None if number == 11 else findings(told, said, rng))


def transcript(number: int, participant: str, language: str, said: Sequence[str], rng: Random) -> Transcript:
    """An interview in which these things are said, one to each topic."""
    segments = []
    at = 1.0
    for place, (text, topic) in enumerate(zip(said, TOPICS, strict=False)):
        where = {
            "topics": (topic,),
            "question": f"q-{topic}",
            "phase": "main" if place else "warm-up",
            "language": language,
        }
        segments.append(segment(2 * place, "moderator", f"Question on {topic}?", at, at + 3, **where))
        long = 2.0 + 0.4 * len(text.split()) + rng.random()
        more = {
            "confidence": round(0.7 + 0.25 * rng.random(), 2),
            "source": "live" if number == 3 else "final",
        }
        if number == 3:
            more["why_live"] = "not_in_recording"
        segments.append(segment(2 * place + 1, "participant", text, at + 4, at + 4 + long, **where, **more))
        at += 8 + long + 20 * rng.random()
    early = len(said) < len(TOPICS)
    return Transcript(
        session_id=f"s{number:02}",
        study=StudyOf(id="market", title=SUBJECT.title, content_hash=("a1" if number < 7 else "b2") * 32),
        participant=participant,
        language=language,
        status=SessionStatus.INTERRUPTED if early else SessionStatus.COMPLETED,
        reason=Reason.LEFT if early else Reason.FINISHED,
        joined_at=AT + timedelta(days=number),
        ended_at=AT + timedelta(days=number, minutes=8),
        recogniser="whisper-base",
        recording=(
            RecordingPart(key=f"market/s{number:02}.ogg", start_s=0.0, duration_s=at, outcome="used"),
        ),
        segments=tuple(segments),
    )


def findings(told: Transcript, said: Sequence[tuple[str, float | None]], rng: Random) -> Findings:
    """What might be found in it."""
    answers = [part for part in told.segments if part.speaker == "participant"]
    scores = [score for _, score in said]
    words = sum(len(part.text.split()) for part in answers)
    topics: list[Topic] = []
    for place, (id, name) in enumerate(TOPICS.items()):
        part = answers[place] if place < len(answers) and rng.random() > 0.12 else None
        few = part is not None and len(part.text.split()) < 4
        topics.append(
            Topic(
                id=id,
                name=name,
                origin="study",
                segments=() if part is None else (part.index,),
                coverage="missed" if part is None else "touched" if few or rng.random() < 0.2 else "covered",
                share=0.0 if part is None else len(part.text.split()) / words,
                mood=Mood(label="unknown") if part is None else mood(scores[place]),
            )
        )
    if told.language == "en" and len(answers) > 3:
        topics.append(
            Topic(
                id="proposed-1",
                name="cheese stall",
                origin="proposed",
                keywords=("cheese", "stall", "weekly"),
                segments=(answers[1].index,),
                coverage="covered",
                mood=mood(scores[1]),
            )
        )
    full = len(answers) > 3 and len(answers[3].text) > 10
    picked = [place for place in (1, 2, 3) if place < len(answers) and len(answers[place].text) > 10]
    return Findings(
        session_id=told.session_id,
        study=told.study,
        participant=told.participant,
        language=told.language,
        redaction="rules/1",
        grade="llm" if told.language != "en" else "local",
        models=tuple(used for used in MODELS if not used.languages or told.language in used.languages),
        sentiments=tuple(
            Sentiment(segment=part.index, label=mood(score).label, score=score)
            for part, score in zip(answers, scores, strict=True)
        ),
        topics=tuple(topics),
        codings=tuple(
            Assignment(
                code="lost-time",
                segment=answers[3].index,
                start=0,
                end=len(answers[3].text),
                evidence=answers[3].text,
                author=CODER,
                at=AT,
                score=0.8,
            )
            for _ in range(full)
        ),
        quotes=tuple(
            Quote(
                text=answers[place].text,
                segment=answers[place].index,
                start=0,
                end=len(answers[place].text),
                start_s=answers[place].start_s,
                end_s=answers[place].end_s,
                why="the strongest words on its topic",
                topic=list(TOPICS)[place],
                language=told.language,
                sentiment=mood(scores[place]).label,
                translation=translation(answers[place].text),
            )
            for place in picked
        ),
        summary=Summary(
            text=" ".join(answers[place].text for place in picked),
            method="extractive",
            language=told.language,
            by=ModelUsed(role="summary", name="rules", version="1"),
            segments=tuple(answers[place].index for place in picked),
        ),
        quality=measures(few=not picked, rng=rng),
        codebook_version=2,
    )


def mood(score: float | None) -> Mood:
    """A mood with that score."""
    if score is None:
        return Mood(label="unknown")
    label: SentimentLabel = "positive" if score >= 0.05 else "negative" if score <= -0.05 else "neutral"
    return Mood(label=label, score=score, known=1)


def translation(text: str) -> Translation | None:
    """Into English, where there is one."""
    return Translation(language="en", text=ENGLISH[text], author=TRANSLATOR) if text in ENGLISH else None


def measures(*, few: bool, rng: Random) -> tuple[Measure, ...]:
    """One of each kind."""
    limits = {
        "silence": 0.5,
        "short_answers": 0.5,
        "straight_lining": 0.4,
        "off_topic": 0.3,
        "leading_questions": 0.2,
        "echo": 0.1,
    }
    made: list[Measure] = []
    for kind, limit in limits.items():
        value = (
            1.0
            if few and kind in ("short_answers", "straight_lining")
            else round(rng.random() * limit * 0.8, 2)
        )
        of = 6
        note = (
            f"{round(value * of)} of {of} answers have fewer than five words."
            if kind == "short_answers"
            else f"{value:.0%}."
        )
        missing = kind == "off_topic" and few
        made.append(
            Measure.model_validate(
                {
                    "kind": kind,
                    "value": None if missing else value,
                    "threshold": limit,
                    "flagged": not missing and value >= limit,
                    "count": round(value * of),
                    "of": of,
                    "note": "Too little was said to judge." if missing else note,
                }
            )
        )
    return tuple(made)


def many_topics(count: int) -> list[str]:
    """Names for a long topic guide."""
    return list(islice((f"{name} {n}" for n, name in enumerate(cycle(TOPICS.values()))), count))
