"""A rehearsal: every participant's interview, and what the study was seen to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from vivavoce.moderator.guard.chain import Chain
from vivavoce.moderator.mind import Mind
from vivavoce.ops.rehearse.cases import Case, cases, misbehaved, probing
from vivavoce.ops.rehearse.interview import Interview
from vivavoce.ops.rehearse.phrases import phrases
from vivavoce.protocol.facts import ProbeTrigger
from vivavoce.protocol.study import Study
from vivavoce.voice.failover import Route

Kind = Literal["phase", "question", "probe", "trigger", "participant"]


@dataclass(frozen=True)
class Row:
    """One thing that must have been reached.

    Attributes:
        kind: what it is.
        name: its id, or the participant's name.
        times: how often it was reached.
        problem: what is wrong with it; empty where nothing is.
    """

    kind: Kind
    name: str
    times: int
    problem: str = ""


@dataclass(frozen=True)
class Report:
    """What a rehearsal found.

    Attributes:
        study: its id.
        language: in which it was held.
        moderator: the model's profile, or `structured`.
        interviews: how many were held.
        seconds: of interview, by their own clock.
        rows: everything that there is to reach.
    """

    study: str
    language: str
    moderator: str
    interviews: int
    seconds: float
    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether everything was reached, and behaved."""
        return not any(row.problem for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """For machines."""
        return {**asdict(self), "passed": self.passed}


async def rehearse(
    study: Study,
    *,
    language: str,
    models: Route[Mind] | None,
    judges: Chain | None = None,
    on_case: Callable[[str], None] = lambda name: None,
) -> Report:
    """Hold an interview with every participant there is.

    Args:
        study: what is asked.
        language: in which language.
        models: the way along the models that moderate; None: the study's own words.
        judges: the models that judge what they say; None: our own checks alone do.
        on_case: told of every participant before their interview.

    Raises:
        NoPhrases: no participant speaks the language.
        UnknownLanguage: the study does not have it.
    """
    study.title.text(language)
    spoken = phrases(language)
    held: list[tuple[Case, Interview]] = []
    found = list(cases(study, language))
    if models is None:
        used = {probe for question in study.questions() if question.max_probes for probe in question.probes}
        found += [probing(study, probe, language) for probe in study.probes if probe.id in used]
    rows: list[Row] = []
    for case in found:
        on_case(case.name)
        interview = Interview(
            study,
            language,
            models=models,
            judges=judges or Chain((), study.guard),
            act=lambda interview, case=case: case.act(interview, spoken),
            cut=lambda interview, case=case: case.cut(interview, spoken),
        )
        await interview.hold()
        held.append((case, interview))
        problem = misbehaved(interview) or _ending(case, interview) or case.check(interview, spoken)
        rows.append(Row("participant", case.name, 1, problem or ""))
    interviews = [interview for _, interview in held]
    return Report(
        study=study.id,
        language=language,
        moderator="structured" if models is None else models.links[0].name,
        interviews=len(held),
        seconds=round(sum(interview.at_s for interview in interviews)),
        rows=(*_reached(study, interviews, thinks=models is not None), *rows),
    )


def _ending(case: Case, interview: Interview) -> str | None:
    reason = interview.state.reason
    if reason in case.ends:
        return None
    wanted = " or ".join(end.value for end in case.ends)
    return f"it ends as {reason.value if reason else 'nothing'}, not as {wanted}"


def _reached(study: Study, interviews: list[Interview], *, thinks: bool) -> list[Row]:
    moves = [move for interview in interviews for move in interview.moves]
    rows: list[Row] = []
    for phase in study.path:
        rows.append(
            _row("phase", phase.id, sum(phase.id in {m.phase_id for m in i.moves} for i in interviews))
        )
    for question in study.questions():
        asked = sum(question.id in interview.state.progress.asked for interview in interviews)
        rows.append(_row("question", question.id, asked))
    for probe in study.probes:
        times = sum(move.move == "probe" and move.probe_id == probe.id for move in moves)
        # A model follows up in its own way; what it must be seen to do is in its triggers.
        rows.append(Row("probe", probe.id, times) if thinks else _row("probe", probe.id, times))
    if thinks and (study.moderator.own_probes or study.probes):
        for trigger in get_args(ProbeTrigger):
            times = sum(move.move == "probe" and move.trigger == trigger for move in moves)
            rows.append(_row("trigger", trigger, times))
    return rows


def _row(kind: Kind, name: str, times: int) -> Row:
    return Row(kind, name, times, "" if times else "never reached")
