"""What the moderator says and how much of it was heard.

livekit-agents plays one segment a reply through the desk's playout clock. This module knows the words of that segment
with their times, so that captions follow the voice and an interruption leaves exactly the words that were heard.
"""

from __future__ import annotations

from livekit.agents.types import TimedString
from livekit.agents.voice import io

from vivavoce.voice.wording import TimedWord, heard_until

SENTENCE_ENDS = (".", "!", "?", "…", "。", "!", "?")


class SpokenText(io.TextOutput):
    """livekit's text output: the words of the segment that is being played."""

    def __init__(self) -> None:
        super().__init__(label="spoken", next_in_chain=None)
        self._words: list[TimedWord] = []
        self._ended = True

    async def capture_text(self, text: str) -> None:
        """Take the next word; the first one after a segment's end begins the next segment."""
        if self._ended:
            self._words = []
            self._ended = False
        word = text.strip()
        if (
            isinstance(text, TimedString)
            and isinstance(text.start_time, float)
            and isinstance(text.end_time, float)
        ):
            if word:
                self._words.append(TimedWord(word, text.start_time, text.end_time))
            else:
                self._say_again(text.start_time, text.end_time)
        elif word:
            # Without a time a word counts as heard with the one before it.
            at = self._words[-1].end_s if self._words else 0.0
            self._words.append(TimedWord(word, at, at))

    def _say_again(self, from_s: float, begins_s: float) -> None:
        """A voice broke off, and another says the words from `from_s` on anew: see `tts.again`.

        What was heard of them the first time was heard; the others come when the other voice says them.
        """
        heard = len(heard_until(self._words, begins_s).split())
        self._words = [
            TimedWord(word.text, word.start_s - from_s + begins_s, word.end_s - from_s + begins_s)
            if at >= heard and word.start_s >= from_s
            else word
            for at, word in enumerate(self._words)
        ]

    def flush(self) -> None:
        """The segment's text is complete."""
        self._ended = True

    def heard(self, position_s: float) -> str:
        """The words heard when the segment's sound has been heard up to `position_s` seconds."""
        return heard_until(self._words, position_s)

    def caption(self, position_s: float) -> str:
        """The text to show at `position_s`: whole sentences, up to the one being said."""
        shown: list[str] = []
        for word in self._words:
            if word.start_s > position_s and (not shown or shown[-1].endswith(SENTENCE_ENDS)):
                break
            shown.append(word.text)
        return " ".join(shown)

    def whole(self) -> str:
        """All words of the segment so far."""
        return " ".join(word.text for word in self._words)
