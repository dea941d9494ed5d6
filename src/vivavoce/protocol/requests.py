"""What a model may ask of the protocol: its tools, typed. A request is judged by `protocol.rails`.

Descriptions are in English whatever the interview's language: they are read by the model, and never said.
"""

from __future__ import annotations

import difflib
from typing import Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.protocol.facts import ProbeTrigger, SetAside
from vivavoce.protocol.study import Study

ARGUMENTS_CHARS = 4_000
"""Longer arguments are refused unread, and cut in the log."""

CloseReason = Literal["crisis", "distress", "abuse", "wants_to_stop"]

_Slug = Field(min_length=1, max_length=64)


class Request(BaseModel):
    """One call of a tool, its arguments read. The docstring of each kind is the tool's description for the model."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tool: ClassVar[str]


class AdvancePhase(Request):
    """Go on to the next phase of the interview (in the last phase: end the interview). Only when this phase's objective
    is met. Refused while required questions of this phase are open or its least time is not over."""

    tool: ClassVar[str] = "advance_phase"
    reason: str = Field(default="", max_length=300, description="why the objective of this phase is met")


class MarkTopicCovered(Request):
    """Say that the participant has covered a topic by themselves, without being asked the question it belongs to."""

    tool: ClassVar[str] = "mark_topic_covered"
    topic_id: str = _Slug


class ProbeAnswer(Request):
    """Announce one follow-up on the last answer, before you word it. With `probe_id` it is one of the study's standard
    probes; without, it is in your own words."""

    tool: ClassVar[str] = "probe"
    trigger: ProbeTrigger = Field(description="what in the answer calls for it")
    probe_id: str | None = Field(default=None, max_length=64, description="a standard probe of the study")


class FlagInsight(Request):
    """Mark something remarkable in the last answer for the research team. Say nothing about it."""

    tool: ClassVar[str] = "flag_insight"
    note: str = Field(min_length=1, max_length=500, description="one sentence for the team")
    quote: str = Field(default="", max_length=500, description="the participant's own words")


class ReturnToQuestion(Request):
    """The participant did not answer but asked you something, spoke of something else, or did not understand. Call
    this, then reply in one sentence and lead back to the open question."""

    tool: ClassVar[str] = "return_to_question"
    reason: SetAside


class AskQuestion(Request):
    """Choose which open question of this phase comes next, before you word it."""

    tool: ClassVar[str] = "ask_question"
    question_id: str = _Slug


class CloseSafely(Request):
    """End the interview at once with the study's own words, because the participant is in danger or in distress, is
    abusive, or wants to stop. Say nothing else."""

    tool: ClassVar[str] = "close_safely"
    reason: CloseReason


TOOLS: tuple[type[Request], ...] = (
    AdvancePhase,
    MarkTopicCovered,
    ProbeAnswer,
    FlagInsight,
    ReturnToQuestion,
    AskQuestion,
    CloseSafely,
)


class Unreadable(Exception):
    """A call that is no request; says so in words the model can act on."""


def tools_for(study: Study) -> tuple[type[Request], ...]:
    """The tools a study's model has."""
    explores = study.moderator.freedom == "explore"
    return tuple(tool for tool in TOOLS if explores or tool is not AskQuestion)


def schema(tool: type[Request]) -> dict[str, Any]:
    """The tool as OpenAI-compatible servers take it: `{name, description, parameters}`.

    Source of the shape: https://platform.openai.com/docs/guides/function-calling
    """
    parameters = tool.model_json_schema()
    parameters.pop("title", None)
    parameters.pop("description", None)
    properties: dict[str, dict[str, Any]] = parameters.setdefault("properties", {})
    for value in properties.values():
        value.pop("title", None)
    return {
        "name": tool.tool,
        "description": " ".join((tool.__doc__ or "").split()),
        "parameters": parameters,
    }


def read_request(study: Study, tool: str, arguments: str) -> Request:
    """Read a call.

    Args:
        study: whose tools there are.
        tool: its name as the model wrote it.
        arguments: JSON as the model wrote it; nothing stands for `{}`.

    Raises:
        Unreadable: there is no such tool, or the arguments do not fit.
    """
    known = {kind.tool: kind for kind in tools_for(study)}
    kind = known.get(tool)
    if kind is None:
        close = difflib.get_close_matches(tool[:80], list(known), n=1)
        meant = f" Did you mean `{close[0]}`?" if close else f" Your tools are: {', '.join(known)}."
        raise Unreadable(f"There is no tool `{tool[:80]}`.{meant}")
    if len(arguments) > ARGUMENTS_CHARS:
        raise Unreadable(f"The arguments of `{tool}` are too long. Keep them short, or just speak.")
    try:
        return kind.model_validate_json(arguments.strip() or "{}")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"])
        wanted = ", ".join(_argument(name, kind) for name in kind.model_fields) or "no arguments"
        raise Unreadable(
            f"The arguments of `{tool}` do not fit: {where + ': ' if where else ''}{first['msg']}. "
            f"It takes a JSON object with {wanted}."
        ) from None


def _argument(name: str, kind: type[Request]) -> str:
    field = kind.model_fields[name]
    options = get_args(field.annotation)
    words = " or ".join(str(option) for option in options if isinstance(option, str))
    return f"`{name}`" + (f" ({words})" if words else "") + ("" if field.is_required() else " (optional)")
