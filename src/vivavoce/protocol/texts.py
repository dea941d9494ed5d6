"""Reads texts that a study file gives once a language."""

from __future__ import annotations

from collections.abc import Mapping

from vivavoce.protocol.languages import describe, is_language, nearest_code
from vivavoce.protocol.place import Place
from vivavoce.protocol.study import Wording
from vivavoce.protocol.tree import Listing
from vivavoce.protocol.tree import Mapping as MapNode


class Texts:
    """Reads texts in the languages of one study.

    Args:
        languages: of the study; none while the file's own list cannot be read. Then any language will do, so
        that one
            mistake is one problem.
    """

    def __init__(self, languages: tuple[str, ...]) -> None:
        self.languages = languages

    def wording(
        self,
        place: Place | None,
        *,
        one_for_all: bool = False,
        otherwise: Mapping[str, str] | None = None,
    ) -> Wording:
        """A text in every language of the study.

        Args:
            place: where it stands; None if it is missing, which has been noted.
            one_for_all: a plain text stands for all languages (names, not sentences).
            otherwise: texts for languages the file leaves out.
        """
        otherwise = otherwise or {}
        if place is None:
            return Wording(dict(otherwise))
        if not isinstance(place.node, MapNode):
            text = place.text()
            if not one_for_all and len(self.languages) > 1 and text:
                example = "; ".join(f'`{code}: "…"`' for code in self.languages)
                place.note(
                    f"`{place.name}` is one text, but this study has {len(self.languages)} languages.",
                    f"Write a line for each under it: {example}.",
                )
            return Wording(dict.fromkeys(self.languages, text))
        texts = dict(otherwise)
        given: set[str] = set()
        for code, text in place.entries():
            if self.known(code, text):
                given.add(code)
                texts[code] = text.text()
        for code in self.languages:
            if code not in texts and code not in given:
                place.note(
                    f"`{place.name}` has no text in {describe(code)}.",
                    f'Add `{code}: "…"` under `{place.name}`.',
                )
        return Wording({code: texts.get(code, "") for code in self.languages or texts})

    def phrases(self, place: Place | None) -> dict[str, tuple[str, ...]]:
        """Lists of phrases by language; a plain list will do in a study with one language."""
        if place is None:
            return {}
        if not isinstance(place.node, MapNode):
            listed = self._phrase_list(place)
            if len(self.languages) > 1 and listed:
                example = "; ".join(f"`{code}: […]`" for code in self.languages)
                place.note(
                    f"`{place.name}` is one list, but this study has {len(self.languages)} languages.",
                    f"Write a list for each under it: {example}.",
                )
            return dict.fromkeys(self.languages, listed)
        lists = {code: self._phrase_list(item) for code, item in place.entries() if self.known(code, item)}
        for code in self.languages:
            if code not in lists:
                place.note(
                    f"`{place.name}` has no list in {describe(code)}.", f"Add `{code}: [word, another word]`."
                )
        return lists

    @staticmethod
    def _phrase_list(place: Place) -> tuple[str, ...]:
        items = place.items()
        phrases = tuple(text for text in (item.text() for item in items) if text)
        if not items and (place.is_null or isinstance(place.node, Listing)):
            place.note(f"`{place.name}` is an empty list.", "Write `[word, another word]`.")
        return phrases

    def known(self, code: str, place: Place) -> bool:
        """Whether a code is one of the study's languages; noted at `place` if not."""
        if not self.languages or code in self.languages:
            return True
        meant = nearest_code(code)
        if meant in self.languages:
            advice = f"Write `{meant}`."
        elif is_language(code):
            advice = f"Add {code} to `languages`, or remove this line."
        else:
            advice = f"Write one of the study's languages: {', '.join(self.languages)}."
        place.note(f"{code[:40]!r} is no language of this study.", advice)
        return False
