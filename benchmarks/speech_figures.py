"""The figures of speech_server.md: from what every client heard to the tables, and how they stand to the goals."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ear import Heard


@dataclass(frozen=True, slots=True)
class Run:
    """So many clients of one contender, once.

    Attributes:
        heard: each text of each client.
        wall_s: from the common start to the last sample of all.
        peak: the most memory meanwhile, bytes.
    """

    heard: Sequence[Heard]
    wall_s: float
    peak: int

    def firsts(self) -> list[float]:
        """Seconds to first audio of all texts that had any."""
        return [one.first_s for one in self.heard if one.first_s is not None]

    def fairness(self) -> float:
        """The longest wait for first audio by the shortest, of the texts that were asked for together."""
        firsts = [one.first_s for one in self.heard if one.turn == 0 and one.first_s is not None]
        return max(firsts) / min(firsts) if firsts else float("nan")

    def evenness(self) -> float:
        """The longest of the clients' mean waits, over all their texts, by the shortest."""
        waits: dict[int, list[float]] = {}
        for one in self.heard:
            if one.first_s is not None:
                waits.setdefault(one.client, []).append(one.first_s)
        means = [statistics.mean(firsts) for firsts in waits.values()]
        return max(means) / min(means) if means else float("nan")

    def failures(self) -> int:
        """Texts that failed."""
        return sum(one.error is not None for one in self.heard)

    def texts_per_s(self) -> float:
        """Texts said to their end a second."""
        return (len(self.heard) - self.failures()) / self.wall_s


@dataclass(slots=True)
class Record:
    """What was seen of one contender.

    Attributes:
        runs: by the number of clients, one a round.
        before, after: memory when it was warm, and when all was over, bytes, one a round.
    """

    runs: dict[int, list[Run]] = field(default_factory=dict[int, list[Run]])
    before: list[int] = field(default_factory=list[int])
    after: list[int] = field(default_factory=list[int])

    def median(self, clients: int, figure: Callable[[Run], float]) -> float:
        """The median of the rounds."""
        return statistics.median(figure(run) for run in self.runs[clients])


Records = Mapping[str, Record]
"""By contender, the raw engine and ours first."""


def table(records: Records) -> Iterable[str]:
    """The figures, a line a contender and number of clients; medians of the rounds."""
    reference, *_ = records.values()
    speech_s = statistics.median(
        one.audio_s for runs in reference.runs.values() for run in runs for one in run.heard
    )
    yield (
        "| clients | | first audio p50 (rounds) | p95 | fairness | audio-s/s | of raw | real-time factor "
        "| stalled p95 | failed | memory, most |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for clients in reference.runs:
        raw_rate = reference.median(clients, Run.texts_per_s)
        for name, record in records.items():
            runs = record.runs[clients]
            p50s = [percentile(run.firsts(), 50) for run in runs]
            heard = [one for run in runs for one in run.heard if one.error is None]
            rate = record.median(clients, Run.texts_per_s)
            yield (
                f"| {clients} | {name} | {ms(statistics.median(p50s))} ({ms(min(p50s))}-{ms(max(p50s))}) "
                f"| {ms(record.median(clients, lambda run: percentile(run.firsts(), 95)))} "
                f"| {record.median(clients, Run.fairness):.1f}, {record.median(clients, Run.evenness):.1f} "
                f"| {rate * speech_s:.1f} | {100 * rate / raw_rate:.0f} % "
                f"| {percentile([one.last_s / one.audio_s for one in heard], 50):.2f} "
                f"| {percentile([one.stalled_s for one in heard], 95):.1f} s "
                f"| {sum(map(Run.failures, runs))} of {sum(len(run.heard) for run in runs)} "
                f"| {max(run.peak for run in runs) >> 20} MB |"
            )
    yield ""
    yield f"A text is {speech_s:.1f} s of speech as the raw engine says it; every contender's audio-s/s counts it so."
    yield ""
    yield "| memory | warm, before | most | after |\n|---|---|---|---|"
    for name, record in records.items():
        most = max(run.peak for runs in record.runs.values() for run in runs)
        yield (
            f"| {name} | {statistics.median(record.before) / 2**20:.0f} MB | {most >> 20} MB "
            f"| {statistics.median(record.after) / 2**20:.0f} MB |"
        )


def reading(records: Records, memory_mb: int | None) -> Iterable[str]:
    """The goals, and whether they were met; None: there is none for the memory."""
    base, own, *_ = records.values()

    def of_raw(clients: int, figure: Callable[[Run], float]) -> float:
        return own.median(clients, figure) / base.median(clients, figure)

    def first(percent: float) -> Callable[[Run], float]:
        return lambda run: percentile(run.firsts(), percent)

    def goal(what: str, met: Callable[[float], bool], seen: Mapping[int, float], unit: str) -> str:
        figures = ", ".join(f"{clients}: {value:.2f}" for clients, value in seen.items())
        return f"- {what}: **{'met' if all(map(met, seen.values())) else 'missed'}** ({figures} {unit})"

    numbers = list(own.runs)
    yield goal(
        "Throughput at least 0.95 of the raw engine's",
        lambda share: share >= 0.95,
        {n: of_raw(n, Run.texts_per_s) for n in numbers},
        "of raw, by clients",
    )
    for percent in (50, 95):
        yield goal(
            f"First audio, p{percent}, at most 1.15 of the raw engine's at 1, 8 and 20 clients",
            lambda share: share <= 1.15,
            {n: of_raw(n, first(percent)) for n in numbers if n in (1, 8, 20)},
            "of raw, by clients",
        )
    yield goal(
        "Fairness at most 2: the longest wait for first audio by the shortest, of those who begin together",
        lambda ratio: ratio <= 2,
        {n: own.median(n, Run.fairness) for n in numbers if n > 1},
        "by clients",
    )
    yield goal(
        "The same of the clients' mean waits, over all their texts",
        lambda ratio: ratio <= 2,
        {n: own.median(n, Run.evenness) for n in numbers if n > 1},
        "by clients",
    )
    failed = {n: sum(map(Run.failures, own.runs[n])) for n in numbers}
    yield goal("No failure", lambda count: count == 0, failed, "texts, by clients")
    most = max(run.peak for runs in own.runs.values() for run in runs) / 2**20
    grown = (statistics.median(own.after) - statistics.median(own.before)) / 2**20
    seen = f"{most:.0f} MB, {grown:+.0f} MB from warm to the end"
    if memory_mb is None:
        yield f"- Memory: {seen}"
    else:
        yield f"- Memory at most {memory_mb} MB: **{'met' if most <= memory_mb else 'missed'}** ({seen})"


def percentile(values: Sequence[float], percent: float) -> float:
    """Interpolated; not a number where there are no values."""
    return float(np.percentile(values, percent)) if values else float("nan")


def ms(seconds: float) -> str:
    """Whole milliseconds."""
    return f"{seconds * 1000:.0f}" if seconds == seconds else "-"
