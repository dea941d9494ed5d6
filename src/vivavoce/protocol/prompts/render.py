"""How a study, a pack and the state of the interview become what a model is told. Deterministic: same input, same text.

`instructions` hold as long as the phase does, so that a server can keep their computation; what changes every turn is
in `situation`, which goes before the participant's last words.
"""

from __future__ import annotations

from vivavoce.protocol.draft import Draft
from vivavoce.protocol.progress import Progress
from vivavoce.protocol.prompts.pack import Pack, load_pack
from vivavoce.protocol.study import Phase, Study


def instructions(study: Study, phase_id: str | None, language: str) -> str:
    """Who the model is, what holds always, and what this phase is for.

    Args:
        study: what is asked.
        phase_id: where the interview stands; None is the first phase.
        language: of the session.

    Raises:
        PackMissing: the language has no pack.
        UnknownLanguage: the study does not have it.
    """
    pack = load_pack(language)
    labels, moderator = pack.labels, study.moderator
    path = study.path
    phase = path[0] if phase_id is None else study.phase(phase_id)
    rules = (*pack.rules, getattr(pack.freedom, moderator.freedom))
    blocks = [
        pack.role.format(organisation=study.organisation, title=study.title.text(language)),
        "\n".join(f"- {rule}" for rule in rules),
    ]
    if moderator.style:
        blocks.append(f"{labels.style} {moderator.style}")
    blocks.append(_phase(study, phase, path.index(phase) + 1, pack, language))
    if study.topics:
        blocks.append(_list(labels.topics, [f"{topic.id}: {topic.title}" for topic in study.topics]))
    probes = [f"{probe.id}: “{probe.wording.text(language)}”" for probe in study.probes]
    if probes:
        blocks.append(_list(labels.probes, probes))
    return "\n\n".join(blocks)


def situation(study: Study, progress: Progress, *, at_s: float, language: str) -> str:
    """Where the interview stands, for the model's next turn; ends with the heading of the participant's words."""
    pack = load_pack(language)
    labels = pack.labels
    draft = Draft(study, progress, at_s=at_s, language=language)
    phase = draft.phase
    lines = [
        labels.state,
        labels.clock.format(
            phase_time=_clock(draft.phase_time_s),
            least=_clock(phase.min_minutes * 60),
            most=_clock(phase.max_minutes * 60),
            time=_clock(at_s),
            limit=_clock(study.limits.hard_limit_s),
        ),
    ]
    if draft.phase_late:
        lines.append(labels.phase_over)
    elif draft.phase_early:
        lines.append(labels.phase_early.format(least=_clock(phase.min_minutes * 60)))
    if study.topics:
        covered = [topic.id for topic in study.topics if topic.id in progress.topics]
        uncovered = [topic.id for topic in study.topics if topic.id not in progress.topics]
        lines.append(f"{labels.covered} {', '.join(covered) or labels.nothing}")
        lines.append(f"{labels.open_topics} {', '.join(uncovered) or labels.nothing}")
    left = [
        f"{question.id} ({labels.required})" if question.required else question.id
        for question in draft.open_questions()
    ]
    lines.append(f"{labels.open_questions} {', '.join(left) or labels.nothing}")
    lines += _follow_ups(draft, pack)
    lines.append(_next(draft, pack))
    lines += ["", labels.said]
    return "\n".join(lines)


def _phase(study: Study, phase: Phase, index: int, pack: Pack, language: str) -> str:
    labels = pack.labels
    lines = [
        labels.phase.format(index=index, count=len(study.path), title=phase.title.text(language)),
        f"{labels.objective} {phase.objective}",
    ]
    if phase.tone:
        lines.append(f"{labels.tone} {phase.tone}")
    if phase.instructions:
        lines.append(f"{labels.instructions} {phase.instructions}")
    lines.append(labels.questions)
    for question in phase.questions:
        required = f" ({labels.required})" if question.required else ""
        lines.append(f"- {question.id}{required}: “{question.wording.text(language)}”")
    return "\n".join(lines)


def _follow_ups(draft: Draft, pack: Pack) -> list[str]:
    labels, study, progress = pack.labels, draft.study, draft.progress
    question = progress.question
    lines: list[str] = []
    if question is None:
        return lines
    lines.append(f"{labels.asked} “{draft.open_wording(question)}” ({question.question_id})")
    own = (
        0 if study.moderator.freedom == "bridge" else max(0, study.moderator.own_probes - question.own_probes)
    )
    standard = draft.standard_probes(question)
    if draft.phase_late or not (own or standard):
        lines.append(labels.no_probes)
    else:
        lines.append(f"{labels.own_probes.format(left=own)} {', '.join(standard) or labels.nothing}")
    if progress.probed:
        recent = "; ".join(f"“{probe.text}” ({probe.trigger})" for probe in progress.probed)
        lines.append(f"{labels.last_probes} {recent}")
    return lines


def _next(draft: Draft, pack: Pack) -> str:
    labels = pack.labels
    ahead = Draft(draft.study, draft.progress, at_s=draft.at_s, language=draft.language)
    question = ahead.come_to_a_question()
    if question is None:
        return labels.next_closing
    wording = f"{question.id}: “{draft.text(question.wording)}”"
    if ahead.phase.id == draft.phase.id:
        return f"{labels.next_question} {wording}"
    return f"{labels.next_phase.format(title=draft.text(ahead.phase.title))} {wording}"


def _list(heading: str, items: list[str]) -> str:
    return "\n".join((heading, *(f"- {item}" for item in items)))


def _clock(seconds: float) -> str:
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
