"""Checks a study file: every problem it has, each with its place and what to write instead."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from vivavoce.protocol.guard import Guard
from vivavoce.protocol.languages import describe
from vivavoce.protocol.moderator import Moderator
from vivavoce.protocol.place import MAX_PROBLEMS, Notes, suggest
from vivavoce.protocol.problems import Path, Problem
from vivavoce.protocol.problems import StudyError as StudyError
from vivavoce.protocol.prompts.pack import PACKS, has_pack
from vivavoce.protocol.reader import read_study
from vivavoce.protocol.study import END, Phase, Study
from vivavoce.protocol.style import check_style
from vivavoce.protocol.tree import Unreadable, read_tree
from vivavoce.protocol.words import count_words

_MOST_LISTED = 20

LONGEST_STYLE = 150
"""Words of a `style`: about 200 tokens, a tenth of the instructions a model is given."""


@dataclass(frozen=True)
class CheckResult:
    """.

    He study, if the file has no errors, and every problem in the order of the file, warnings among them.
    """

    source: str
    study: Study | None
    problems: tuple[Problem, ...]

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that keep the study from being used."""
        return tuple(problem for problem in self.problems if problem.severity == "error")


def check_study(data: bytes, *, source: str) -> CheckResult:
    """Check a study file. Takes any bytes and never raises.

    Args:
        data: the file's bytes.
        source: its name, for messages.
    """
    try:
        root = read_tree(data)
    except Unreadable as unreadable:
        return CheckResult(source, None, (unreadable.problem,))
    draft, notes = read_study(root)
    for check in (
        _check_ids,
        _check_references,
        _check_order,
        _check_times,
        _check_money,
        _check_turn_profiles,
        _check_moderator,
        _check_guard,
        check_style,
    ):
        check(draft, notes)
    result = CheckResult(source, _finished(draft), _in_order(notes))
    return CheckResult(source, None, result.problems) if result.errors else result


def load_study(data: bytes, *, source: str) -> Study:
    """Read a study file that must be right.

    Args:
        data: its bytes.
        source: its name, for messages.

    Raises:
        StudyError: it has errors.
    """
    result = check_study(data, source=source)
    if result.study is None:
        raise StudyError(result.problems, source=source)
    return result.study


def _finished(draft: Study) -> Study:
    """The draft as a study: its last phase has no next one."""
    phases = tuple(
        phase.model_copy(update={"next": None}) if phase.next == END else phase for phase in draft.phases
    )
    return draft.model_copy(update={"phases": phases})


def _in_order(notes: Notes) -> tuple[Problem, ...]:
    problems = sorted(notes.problems, key=lambda problem: (problem.line, problem.column))
    if len(problems) >= MAX_PROBLEMS:
        last = problems[-1]
        problems.append(
            Problem(
                last.line,
                last.column,
                "",
                "error",
                f"There are more than {MAX_PROBLEMS} problems; the others are not listed.",
                "Mend these first, and check again.",
            )
        )
    return tuple(problems)


def _check_ids(study: Study, notes: Notes) -> None:
    phases: list[tuple[Path, str]] = []
    questions: list[tuple[Path, str]] = []
    for p, phase in enumerate(study.phases):
        phases.append((("phases", p, "id"), phase.id))
        questions += [
            (("phases", p, "questions", q, "id"), each.id) for q, each in enumerate(phase.questions)
        ]
        if phase.id == END:
            notes.add(
                ("phases", p, "id"), f"`{END}` is no name for a phase: it ends the interview.", "Rename it."
            )
    probes: list[tuple[Path, str]] = [(("probes", i, "id"), probe.id) for i, probe in enumerate(study.probes)]
    topics: list[tuple[Path, str]] = [(("topics", i, "id"), topic.id) for i, topic in enumerate(study.topics)]
    for kind, ids in (("phase", phases), ("question", questions), ("probe", probes), ("topic", topics)):
        first: dict[str, Path] = {}
        for path, name in ids:
            if name and name in first:
                line = notes.mark(first[name]).line
                notes.add(
                    path, f"There is a {kind} {name!r} on line {line} already.", "Give each its own id."
                )
            first.setdefault(name, path)


def _check_references(study: Study, notes: Notes) -> None:
    # Keys of dicts: in the order of the file, and quick to look up.
    topics = dict.fromkeys(topic.id for topic in study.topics)
    probes = dict.fromkeys(probe.id for probe in study.probes)
    phases = dict.fromkeys((*(phase.id for phase in study.phases), END))
    used_topics: set[str] = set()
    used_probes: set[str] = set()
    for p, phase in enumerate(study.phases):
        _check_known(
            phase.turn_profile, study.turn_profiles, "turn profile", ("phases", p, "turn_profile"), notes
        )
        if phase.next is not None:
            _check_known(phase.next, phases, "phase", ("phases", p, "next"), notes)
        for q, question in enumerate(phase.questions):
            at: Path = ("phases", p, "questions", q)
            for index, name in enumerate(question.topics):
                _check_known(name, topics, "topic", (*at, "topics", index), notes)
            for index, name in enumerate(question.probes):
                _check_known(name, probes, "probe", (*at, "probes", index), notes)
            used_topics.update(question.topics)
            if question.max_probes:
                used_probes.update(question.probes)
    named = (("topics", study.topics, used_topics), ("probes", study.probes, used_probes))
    for kind, things, used in named:
        for index, name in enumerate(each.id for each in things):
            if name and name not in used:
                thing = kind.removesuffix("s")
                notes.warn(
                    (kind, index, "id"),
                    f"No question uses the {thing} {name!r}.",
                    "Name it in a question, or remove it.",
                )


def _check_known(name: str, known: Collection[str], kind: str, path: Path, notes: Notes) -> None:
    if name and name not in known and not notes.full:
        options = [option for option in itertools.islice(known, _MOST_LISTED) if option]
        listed = (
            f"Write one of: {', '.join(options)}."
            if options
            else f"The study has no {kind}s; add one or remove it."
        )
        notes.add(path, f"There is no {kind} {name[:80]!r}.", suggest(name, known, listed))


def _check_order(study: Study, notes: Notes) -> None:
    """The phases must make one line from the first to an end, with all of them on it."""
    by_id = {phase.id: phase for phase in study.phases}
    unclear = len(by_id) < len(study.phases) or "" in by_id or END in by_id
    if unclear or not study.phases:
        return  # noted already; the order cannot be told
    if any(phase.next not in by_id and phase.next != END for phase in study.phases):
        return
    path: list[str] = []
    name = study.phases[0].id
    while name != END and name not in path:
        path.append(name)
        name = by_id[name].next or END
    if name != END:
        circle = " → ".join((*path[path.index(name) :], name))
        notes.add(
            ("phases", _index(study.phases, path[-1]), "next"),
            f"The phases run in a circle: {circle}.",
            f"Write `next: {END}` in the phase that is to be the last.",
        )
    for index, phase in enumerate(study.phases):
        if phase.id not in path:
            notes.add(
                ("phases", index, "id"),
                f"The phase {phase.id!r} is never reached.",
                f"Write `next: {phase.id}` in the phase before it, or remove it.",
            )


def _index(phases: Sequence[Phase], phase_id: str) -> int:
    return next(index for index, phase in enumerate(phases) if phase.id == phase_id)


def _check_times(study: Study, notes: Notes) -> None:
    limits = study.limits
    hard = limits.hard_limit_minutes
    for p, phase in enumerate(study.phases):
        if phase.min_minutes > phase.max_minutes:
            notes.add(
                ("phases", p, "min_minutes"),
                f"The phase takes at least {phase.min_minutes:g} and at most {phase.max_minutes:g} minutes.",
                f"Write `min_minutes: {phase.max_minutes:g}` or less.",
            )
        if phase.max_minutes > hard:
            notes.add(
                ("phases", p, "max_minutes"),
                f"The phase may take {phase.max_minutes:g} minutes, but the interview ends after {hard:g}.",
                f"Write {hard:g} or less, or raise `limits.hard_limit_minutes`.",
            )
    least = sum(phase.min_minutes for phase in study.phases)
    most = sum(phase.max_minutes for phase in study.phases)
    at: Path = ("limits", "hard_limit_minutes")
    if least > hard:
        notes.add(
            at,
            f"The phases take at least {least:g} minutes together, but the interview ends after {hard:g}.",
            f"Write `hard_limit_minutes: {least * 1.25:.0f}` or more, or shorten the phases.",
        )
    elif least * 60 > limits.wrap_up_at_s:
        notes.warn(
            at,
            f"Wrapping up begins after {limits.wrap_up_at_s / 60:g} minutes, before the phases' least time"
            f" of {least:g} minutes is over.",
            "Raise `hard_limit_minutes`, or shorten the phases.",
        )
    elif most > hard:
        notes.warn(
            at,
            f"The phases may take {most:g} minutes together, but the interview ends after {hard:g}.",
            f"Write `hard_limit_minutes: {most:g}` or more if every phase is to have its full time.",
        )
    if limits.wrap_up_before_s is not None and limits.wrap_up_before_s >= limits.hard_limit_s:
        notes.add(
            ("limits", "wrap_up_before_s"),
            f"Wrapping up would begin {limits.wrap_up_before_s:g} s before the end of an interview"
            f" of {limits.hard_limit_s:g} s: before it begins.",
            f"Write `wrap_up_before_s: {limits.hard_limit_s / 5:.0f}`.",
        )
    if (
        limits.idle_prompt_s is not None
        and limits.idle_s is not None
        and limits.idle_prompt_s >= limits.idle_s
    ):
        notes.add(
            ("limits", "idle_prompt_s"),
            f"The reminder after {limits.idle_prompt_s:g} s comes no earlier than the end after {limits.idle_s:g} s.",
            f"Write `idle_prompt_s: {limits.idle_s / 2:g}`.",
        )


def _check_money(study: Study, notes: Notes) -> None:
    session, whole = study.limits.session_usd, study.limits.study_usd
    if session is not None and whole is not None and session > whole:
        notes.add(
            ("limits", "session_usd"),
            f"One interview may cost ${session:f}, but all of them together only ${whole:f}.",
            f"Write `session_usd: {whole:f}` or less, or raise `study_usd`.",
        )


def _check_turn_profiles(study: Study, notes: Notes) -> None:
    for name, profile in study.turn_profiles.items():
        waits = ("min_wait_s", profile.min_wait_s), ("max_wait_s", profile.max_wait_s)
        longer = ("max_wait_s", profile.max_wait_s), ("thinking_wait_s", profile.thinking_wait_s)
        for (low, shorter_s), (high, longer_s) in zip(waits, longer, strict=True):
            if shorter_s > longer_s:
                notes.add(
                    ("turn_profiles", name, low),
                    f"`{low}` ({shorter_s:g} s) is longer than `{high}` ({longer_s:g} s).",
                    f"The waits must not fall: write `{low}: {longer_s:g}` or less.",
                )


def _check_moderator(study: Study, notes: Notes) -> None:
    moderator, default = study.moderator, Moderator()
    if not moderator.thinks:
        for key in ("profile", "realtime", "style", "freedom", "own_probes"):
            if getattr(moderator, key) != getattr(default, key):
                notes.warn(
                    ("moderator", key),
                    f"`{key}` is for a language model, and this study is moderated without one.",
                    "Write `mode: semi_structured`, or remove it.",
                )
        return
    for index, code in enumerate(study.languages):
        if not has_pack(code):
            notes.add(
                ("languages", index),
                f"A model cannot moderate in {describe(code)}: there is no prompt pack.",
                f"Write `mode: structured`, or leave the language out; there are packs in {', '.join(PACKS)}.",
            )
    if moderator.realtime is not None and moderator.freedom == "bridge":
        notes.add(
            ("moderator", "freedom"),
            "With `freedom: bridge` a model's questions are kept back, and what a speech-to-speech model says is heard "
            "before it can be.",
            "Write `freedom: reword`, or remove `realtime`.",
        )
    if moderator.freedom == "bridge" and moderator.own_probes != default.own_probes:
        notes.warn(
            ("moderator", "own_probes"),
            "With `freedom: bridge` a model asks nothing in its own words, so `own_probes` is not used.",
            "Write `freedom: reword`, or remove it.",
        )
    words = count_words(moderator.style)
    if words > LONGEST_STYLE:
        notes.warn(
            ("moderator", "style"),
            f"The style has {words} words; more than {LONGEST_STYLE} push the rest out of a small model's mind.",
            "Shorten it, and move what is true of one phase only to the phase's `instructions`.",
        )


def _check_guard(study: Study, notes: Notes) -> None:
    guard, default = study.guard, Guard()
    if not study.moderator.thinks:
        if guard != default:
            notes.warn(
                ("guard",),
                "The guard judges what a language model says, and this study is moderated without one.",
                "Write `mode: semi_structured` under `moderator`, or remove it.",
            )
        return
    if study.moderator.realtime is not None and guard.holds:
        notes.add(
            ("moderator", "realtime"),
            "The guard keeps words back before they are heard, and a speech-to-speech model can only be interrupted.",
            "Write `after_the_fact: true` under `guard` if that is enough, or remove `realtime` under `moderator`.",
        )
    if study.moderator.realtime is None and guard.after_the_fact:
        notes.warn(
            ("guard", "after_the_fact"),
            "Only a speech-to-speech model is judged after the fact, and this study names none.",
            "Name one as `realtime` under `moderator`, or remove it.",
        )
    if not guard.checks and guard.models == ():
        notes.warn(
            ("guard",),
            "Nothing judges what the model says: there are no checks and no guard models.",
            "Leave out `checks`, or name a guard model under `models`.",
        )
    if guard.allow and guard.models == ():
        notes.warn(
            ("guard", "allow"),
            "Hazards are found by guard models, and this study has none.",
            "Name one under `models`, or remove `allow`.",
        )
