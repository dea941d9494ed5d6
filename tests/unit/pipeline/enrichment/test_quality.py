"""Each measure of quality: its figure, the segments it counts, and when it is flagged."""

from __future__ import annotations

from enriching import transcript

from vivavoce.pipeline.enrichment.findings import Measure, QualityKind
from vivavoce.pipeline.enrichment.quality import answers, measures
from vivavoce.pipeline.transcript import Segment, Transcript


def measured(kind: QualityKind, *said: tuple[str, str], language: str = "en") -> Measure:
    return of(kind, transcript([(speaker, text, "") for speaker, text in said], language=language))


def of(kind: QualityKind, made: Transcript) -> Measure:
    return next(one for one in measures(made, off_topic=None, judged=0) if one.kind == kind)


def test_every_kind_is_there_also_of_nothing() -> None:
    found = measures(transcript(()), off_topic=None, judged=0)
    assert [one.kind for one in found] == [
        "silence",
        "short_answers",
        "straight_lining",
        "off_topic",
        "leading_questions",
        "echo",
    ]
    assert all(one.value is None and not one.flagged and one.note for one in found)


def test_silence_counts_where_nobody_speaks_once() -> None:
    made = transcript((("m", "A?", ""), ("p", "B.", ""), ("p", "C.", "")))
    quiet = of("silence", made)
    assert (quiet.count, quiet.of, quiet.flagged) == (2, 14, False)
    longer = made.segments[2].model_copy(update={"start_s": 100.0, "end_s": 101.0})
    over = made.segments[1].model_copy(update={"start_s": 1.0, "end_s": 3.0})
    quiet = of("silence", made.model_copy(update={"segments": (made.segments[0], over, longer)}))
    assert (quiet.count, quiet.of, quiet.flagged) == (96, 101, True)


def test_an_answer_is_what_is_said_between_two_moves() -> None:
    made = transcript((("p", "One.", ""), ("p", "Two.", ""), ("m", "Q?", ""), ("p", "Three.", "")))
    assert [answer.text for answer in answers(made.segments)] == ["One. Two.", "Three."]


def test_short_and_repeated_answers() -> None:
    said = [("m", "Q?"), ("p", "I don't know."), ("m", "Q?"), ("p", "i don't know")] * 2
    short = measured("short_answers", *said)
    assert (short.count, short.of, short.flagged) == (4, 4, True)
    straight = measured("straight_lining", *said)
    assert (straight.value, straight.segments) == (1.0, (1, 3, 5, 7))
    assert not measured(
        "straight_lining", ("m", "Q?"), ("p", "This is one thing"), ("m", "Q?"), ("p", "Another")
    ).count


def test_few_answers_are_not_flagged() -> None:
    short = measured("short_answers", ("m", "Q?"), ("p", "No."))
    assert (short.value, short.flagged) == (1.0, False)


def test_notes_have_the_verb_to_their_number() -> None:
    said = [
        ("m", "Q?"),
        ("p", "No."),
        ("m", "Q?"),
        ("p", "That is a long story."),
        ("m", "Q?"),
        ("p", "Yes."),
    ]
    assert measured("short_answers", *said).note == "2 of 3 answers have fewer than 4 words."
    assert measured("short_answers", *said[:4]).note == "1 of 2 answers has fewer than 4 words."


def test_leading_questions_by_language() -> None:
    said = (
        ("m", "Don’t you think it is too expensive?"),
        ("m", "What do you think of the price?"),
        ("m", "You liked it, right?"),
        ("m", "How was it?"),
        ("m", "Thank you, surely."),
    )
    leading = measured("leading_questions", *said)
    assert (leading.segments, leading.of, leading.flagged) == ((0, 2), 4, True)
    german = (("m", "Das war gut, nicht wahr?"), ("m", "Wie war es?"))
    assert measured("leading_questions", *german, language="de-AT").segments == (0,)
    assert measured("leading_questions", *german, language="fi").value is None


def test_an_echo_repeats_what_is_just_being_said() -> None:
    asked = "What do you like about the reading room?"
    echo = measured(
        "echo", ("m", asked), ("p", "do you like about the reading room"), ("p", "It is quiet there.")
    )
    assert (echo.segments, echo.count, echo.of) == ((1,), 1, 2)
    made = transcript((("m", asked, ""), ("p", asked, "")))
    later: Segment = made.segments[1].model_copy(update={"start_s": 30.0, "end_s": 32.0})
    assert not of("echo", made.model_copy(update={"segments": (made.segments[0], later)})).count
    assert not measured("echo", ("m", asked), ("p", "the reading room")).count
