"""Whisper's tokens: words and parts of words, and the marks that say what is asked of the model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tokenizers import Tokenizer

PROMPT_TOKENS = 223
"""Half of the decoder's 448 positions, less one: what Whisper's own code gives to the prompt."""

UNSPACED = frozenset({"zh", "ja", "th", "lo", "my", "yue"})
"""Languages written without spaces between words, as in Whisper's own code."""


class Tokens:
    """The tokens of a model. The marks are numbers too, all of them from `end` on."""

    def __init__(self, folder: Path) -> None:
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.end = self._mark("<|endoftext|>")
        self.begin = self._mark("<|startoftranscript|>")
        self.no_speech = self._mark("<|nospeech|>", "<|nocaptions|>")
        self._transcribe = self._mark("<|transcribe|>")
        self._timeless = self._mark("<|notimestamps|>")
        self._prompted = self._mark("<|startofprev|>")
        # Between the two marks stands one for each language.
        numbers = range(self.begin + 1, self._mark("<|translate|>"))
        self.languages = {
            (self._tokenizer.id_to_token(number) or "").strip("<|>"): number for number in numbers
        }

    def _mark(self, *names: str) -> int:
        """The number of a mark, which not all versions of the file call the same."""
        return next(number for name in names if (number := self._tokenizer.token_to_id(name)) is not None)

    def start(self, language: str, prompt: str | None) -> tuple[int, ...]:
        """What a text begins with: a prompt of earlier words, and marks that ask for text of this language."""
        marks = (self.begin, self.languages[language], self._transcribe, self._timeless)
        if not prompt:
            return marks
        words = self._tokenizer.encode(f" {prompt.strip()}", add_special_tokens=False).ids
        return (self._prompted, *words[-PROMPT_TOKENS:], *marks)

    def text(self, tokens: Sequence[int]) -> str:
        """The text of tokens; marks are left out."""
        return self._tokenizer.decode([token for token in tokens if token < self.end])

    def pieces(self, tokens: Sequence[int]) -> list[tuple[str, int]]:
        """The text of each token, and of how many: a character can take several."""
        found: list[tuple[str, int]] = []
        held: list[int] = []
        for token in tokens:
            held.append(token)
            text = self.text(held)
            if "\N{REPLACEMENT CHARACTER}" not in text:
                found.append((text, len(held)))
                held = []
        return found
