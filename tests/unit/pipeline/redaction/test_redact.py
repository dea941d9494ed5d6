"""A redacted transcript is of the shape of the original, and holds nothing of what was found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from vivavoce.pipeline.patience import NotYet
from vivavoce.pipeline.redaction.reading import redact
from vivavoce.pipeline.redaction.redacted import Redacted
from vivavoce.pipeline.redaction.redaction import Redaction
from vivavoce.pipeline.transcript import Segment, Speaker, StudyOf, Transcript, Word
from vivavoce.session.status import SessionStatus
from vivavoce.storage.derived import Derived

WORD_S = 0.5


def said(
    *lines: tuple[Speaker, str] | tuple[Speaker, str, str], language: str = "en", timed: bool = True
) -> Transcript:
    """An interview of lines; a line's third part is what was written down live."""
    segments: list[Segment] = []
    at_s = 0.0
    for index, (speaker, text, *live) in enumerate(lines):
        words = tuple(
            Word(text=word, start_s=at_s + place * WORD_S, end_s=at_s + (place + 1) * WORD_S)
            for place, word in enumerate(text.split())
        )
        end_s = at_s + len(words) * WORD_S
        segments.append(
            Segment(
                index=index,
                id=f"u{index}",
                speaker=speaker,
                start_s=at_s,
                end_s=end_s,
                words=words if timed else (),
                text=text,
                live_text=live[0] if live else text,
                source="final",
                language=language,
            )
        )
        at_s = end_s + 1
    return Transcript(
        session_id="s1",
        study=StudyOf(id="demo", title="Demo", content_hash="f"),
        participant="p-1",
        language=language,
        status=SessionStatus.COMPLETED,
        segments=tuple(segments),
    )


def texts(redacted: Redacted) -> list[str]:
    return [segment.text for segment in redacted.transcript.segments]


def test_what_is_found_is_replaced_in_both_texts_and_in_the_words() -> None:
    redacted = redact(
        said(
            (
                "participant",
                "Hi, my name is Anna Schmidt, and I like it.",
                "hi my name is anna schmidt and i like it",
            )
        )
    )
    segment = redacted.transcript.segments[0]
    assert segment.text == "Hi, my name is [name], and I like it."
    assert segment.live_text == "hi my name is [name] and i like it"
    assert " ".join(word.text for word in segment.words) == segment.text
    assert next(word for word in segment.words if "[" in word.text) == Word(
        text="[name],", start_s=2.0, end_s=3.0
    )
    in_text, in_live = redacted.findings
    assert (in_text.of, in_text.first_word, in_text.last_word) == ("text", 4, 5)
    assert (in_text.start_s, in_text.end_s) == (2.0, 3.0)
    assert (in_live.of, in_live.start_s, in_live.end_s) == ("live_text", 2.0, 3.0)
    assert "nna" not in redacted.model_dump_json()
    assert "chmidt" not in redacted.model_dump_json()


def test_without_times_a_finding_has_those_of_its_segment() -> None:
    redacted = redact(said(("participant", "Write to anna@example.org please."), timed=False))
    finding = redacted.findings[0]
    assert (finding.kind, finding.start_s, finding.end_s) == ("e-mail", 0.0, 2.0)
    assert redacted.transcript.segments[0].words == ()


def test_a_name_that_was_said_once_is_taken_out_everywhere_also_where_the_moderator_says_it() -> None:
    redacted = redact(
        said(
            ("participant", "my name is xaver quistorp"),
            ("moderator", "Thank you, Xaver. What do you do?"),
            ("participant", "people at work say quistorp to me"),
        )
    )
    assert texts(redacted) == [
        "my name is [name]",
        "Thank you, [name]. What do you do?",
        "people at work say [name] to me",
    ]


def test_a_name_that_is_a_word_too_is_a_name_only_as_names_are_written() -> None:
    redacted = redact(
        said(
            ("participant", "Hello, my name is Will."),
            ("moderator", "What will you do, Will?"),
            ("participant", "I will wait."),
        )
    )
    assert texts(redacted) == ["Hello, my name is [name].", "What will you do, [name]?", "I will wait."]


def test_a_number_that_pauses_cut_into_segments_is_found_in_each() -> None:
    redacted = redact(
        said(
            ("participant", "My phone number is zero one seven six"),
            ("participant", "two three four five six seven eight, that's it."),
        )
    )
    assert texts(redacted) == ["My phone number is [phone]", "[phone], that's it."]


def test_an_answer_to_a_question_for_a_name_is_one() -> None:
    redacted = redact(said(("moderator", "What is your name?"), ("participant", "Sure, it's Quillon.")))
    assert texts(redacted)[1] == "Sure, it's [name]."
    assert texts(redact(said(("moderator", "How was it?"), ("participant", "Sure, it's Quillon.")))) == [
        "How was it?",
        "Sure, it's Quillon.",
    ]


def test_names_known_beforehand_are_found_in_any_spelling() -> None:
    redacted = redact(
        said(("participant", "they always write quillon's name wrong")), names=("Quillon Abara",)
    )
    assert texts(redacted) == ["they always write [name]'s name wrong"]


def test_nothing_personal_leaves_a_transcript_as_it_is() -> None:
    transcript = said(("moderator", "How was your week?"), ("participant", "It was fine, thanks."))
    redacted = redact(transcript)
    assert redacted.transcript == transcript
    assert redacted.findings == ()


def test_an_empty_interview_is_one_without_findings() -> None:
    assert redact(said()).findings == ()


def test_words_of_another_text_are_dropped() -> None:
    transcript = said(("participant", "My name is Anna Schmidt."))
    wrong = transcript.segments[0].model_copy(update={"text": "my name is anna schmidt"})
    redacted = redact(transcript.model_copy(update={"segments": (wrong,)}))
    assert redacted.transcript.segments[0].words == ()
    assert texts(redacted) == ["my name is [name]"]


def test_a_finding_points_at_a_placeholder() -> None:
    redacted = redact(said(("participant", "My name is Anna Schmidt.")))
    with pytest.raises(ValidationError, match="no placeholder"):
        Redacted(transcript=said(("participant", "My name is Anna Schmidt.")), findings=redacted.findings)


class Kept:
    """What the first stage kept, if it did."""

    def __init__(self, transcript: Transcript | None) -> None:
        self._transcript = transcript

    async def get(self, session_id: str, stage: str) -> Derived | None:
        if self._transcript is None or stage != "transcription":
            return None
        return Derived("h", self._transcript.model_dump_json(), datetime(2030, 1, 1, tzinfo=UTC))

    async def keep(
        self,
        session_id: str,
        stage: str,
        *,
        input_hash: str,
        output: str,
        instead_of: str | None = None,
        then: object = (),
    ) -> bool:
        raise AssertionError


async def test_the_stage_redacts_what_the_transcription_made() -> None:
    stage = Redaction(results=Kept(said(("participant", "My name is Anna."))))
    assert texts(await stage.output(await stage.inputs("s1"))) == ["My name is [name]."]


async def test_the_stage_waits_for_the_transcription() -> None:
    with pytest.raises(NotYet):
        await Redaction(results=Kept(None)).inputs("s1")
