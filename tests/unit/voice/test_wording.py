"""Prepared wording: kept whole, found again, and timed to the word."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vivavoce.voice.wording import (
    SAMPLE_RATE,
    Prepared,
    TimedWord,
    Voice,
    WordingFailed,
    WordingStore,
    align,
    heard_until,
    prepare,
    spread,
)

VOICE = Voice("kokoro", "af_heart", "en")


@dataclass(frozen=True)
class Heard:
    text: str
    start_s: float
    end_s: float


def test_a_text_is_kept_and_found_again(tmp_path: Path) -> None:
    store = WordingStore(tmp_path)
    prepared = Prepared(pcm=b"\1\0" * 480, words=(TimedWord("Hello.", 0.0, 0.01),))
    assert store.get("Hello.", VOICE) is None
    store.put("Hello.", VOICE, prepared)
    assert store.get("Hello.", VOICE) == prepared
    assert prepared.duration_s == 0.01


@pytest.mark.parametrize(
    "other",
    [
        Voice("piper", "af_heart", "en"),
        Voice("kokoro", "am_michael", "en"),
        Voice("kokoro", "af_heart", "en", speed=1.1),
    ],
)
def test_another_voice_has_its_own_sound(tmp_path: Path, other: Voice) -> None:
    store = WordingStore(tmp_path)
    store.put("Hello.", VOICE, Prepared(pcm=b"\1\0", words=()))
    assert not store.has("Hello.", other)


def test_a_sound_without_its_words_is_not_there(tmp_path: Path) -> None:
    """A process killed between the two files leaves a text to be made again, not half of it."""
    store = WordingStore(tmp_path)
    store.put("Hello.", VOICE, Prepared(pcm=b"\1\0", words=()))
    next(tmp_path.rglob("*.json")).unlink()
    assert not store.has("Hello.", VOICE)
    assert store.get("Hello.", VOICE) is None


def _tone(seconds: float, rate: int) -> bytes:
    return (3000 * np.sin(np.arange(int(seconds * rate)))).astype(np.int16).tobytes()


async def test_preparing_makes_only_what_is_missing(tmp_path: Path) -> None:
    store = WordingStore(tmp_path)
    asked: list[str] = []
    progress: list[tuple[int, int]] = []

    async def synthesise(text: str, voice: Voice) -> AsyncIterator[tuple[bytes, int]]:
        asked.append(text)
        yield _tone(0.5, 24_000), 24_000
        yield _tone(0.5, 24_000), 24_000

    async def recognise(pcm: bytes, language: str) -> Sequence[Heard]:
        assert len(pcm) == pytest.approx(2 * 16_000, abs=4)
        assert language == "en"
        return [Heard("one", 0.1, 0.4), Heard("two", 0.5, 0.9)]

    async def run(texts: list[str]) -> int:
        return await prepare(
            store,
            texts,
            VOICE,
            synthesise=synthesise,
            recognise=recognise,
            on_progress=lambda done, total: progress.append((done, total)),
        )

    assert await run(["One two.", "One two."]) == 1
    assert await run(["One two.", "Two one."]) == 1
    assert asked == ["One two.", "Two one."]
    assert progress == [(1, 1), (1, 2), (2, 2)]
    prepared = store.get("One two.", VOICE)
    assert prepared is not None
    assert prepared.duration_s == pytest.approx(1.0, abs=0.01)
    assert prepared.words == (TimedWord("One", 0.1, 0.4), TimedWord("two.", 0.5, 0.9))


async def test_an_engine_that_gives_no_sound_is_named(tmp_path: Path) -> None:
    async def synthesise(text: str, voice: Voice) -> AsyncIterator[tuple[bytes, int]]:
        for chunk in ():
            yield chunk

    async def recognise(pcm: bytes, language: str) -> Sequence[Heard]:
        return []

    with pytest.raises(WordingFailed, match=r"kokoro/af_heart gave no sound for 'Hello\.'"):
        await prepare(WordingStore(tmp_path), ["Hello."], VOICE, synthesise=synthesise, recognise=recognise)


def test_misheard_words_are_spread_between_their_neighbours() -> None:
    words = align(
        "Which public service did you use?",
        [Heard("Which", 0.0, 0.3), Heard("publik", 0.4, 0.6), Heard("use?", 1.5, 1.9)],
        2.0,
    )
    assert [word.text for word in words] == ["Which", "public", "service", "did", "you", "use?"]
    assert words[0].end_s == 0.3
    assert all(0.3 <= word.start_s <= word.end_s <= 1.5 for word in words[1:5])
    assert words[5].start_s == 1.5


@given(
    text=st.lists(st.text("abc,.?", min_size=1, max_size=6), max_size=12).map(" ".join),
    heard=st.lists(
        st.builds(Heard, st.text("abc", min_size=1, max_size=4), st.floats(0, 9), st.floats(0, 9)),
        max_size=12,
    ),
)
def test_alignment_always_gives_the_whole_text_in_order(text: str, heard: list[Heard]) -> None:
    words = align(text, heard, 5.0)
    assert [word.text for word in words] == text.split()
    edges = [edge for word in words for edge in (word.start_s, word.end_s)]
    assert edges == sorted(edges)
    assert all(0.0 <= edge <= 5.0 + 1e-9 for edge in edges)


def test_what_was_heard_ends_with_the_last_word_more_than_half_said() -> None:
    words = spread("one two three four", 4.0)
    assert heard_until(words, 0.0) == ""
    assert heard_until(words, 4.0) == "one two three four"
    middle = words[1]
    assert heard_until(words, middle.start_s + 0.01) == "one"
    assert heard_until(words, middle.end_s) == "one two"


def test_every_prefix_of_the_sound_is_a_prefix_of_the_text() -> None:
    text = "Tell me about the last time, please. What happened?"
    words = spread(text, SAMPLE_RATE / SAMPLE_RATE * 5.0)
    for step in range(51):
        assert text.startswith(heard_until(words, step / 10))
