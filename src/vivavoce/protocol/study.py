"""The study: everything that is fixed about an interview before anybody speaks.

`protocol.check` makes a `Study` from a study file; whoever holds one may rely on it: every reference
resolves, every wording exists in every language, every default has been filled in. Seconds and minutes as the
names say.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel

from vivavoce.errors import VivavoceError
from vivavoce.protocol.guard import Guard as Guard
from vivavoce.protocol.languages import base_language
from vivavoce.protocol.moderator import Moderator as Moderator
from vivavoce.protocol.offer import LanguageOffer
from vivavoce.protocol.retention import Retention
from vivavoce.protocol.turns import TurnProfile as TurnProfile
from vivavoce.protocol.voices import DEFAULT_VOICES
from vivavoce.protocol.voices import Voice as Voice

SCHEMA = "vivavoce/study/1"

END = "end"
"""What a phase's `next` says when the interview is over after it."""


class UnknownLanguage(VivavoceError):
    """A study was asked to speak a language it does not have."""

    code = "language_unknown"

    def __init__(self, language: str, known: tuple[str, ...]) -> None:
        super().__init__(
            f"This study is not held in {language!r}.", next_step=f"Choose one of: {', '.join(known)}."
        )


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wording(RootModel[dict[str, str]]):
    """A text in every language of the study, by language code."""

    model_config = ConfigDict(frozen=True)

    def text(self, language: str) -> str:
        """The text in this language.

        Raises:
            UnknownLanguage: there is none.
        """
        text = self.root.get(language)
        if text is None:
            raise UnknownLanguage(language, tuple(self.root))
        return text


class Consent(_Model):
    """What the participant agrees to, and the sentence that says a machine is speaking.

    The disclosure is shown with the consent text and spoken in the opening.
    """

    version: str
    text: Wording
    disclosure: Wording


class Limits(_Model):
    """Limits of time and money. None leaves a timer to the platform's table, and money to its settings.

    `sittings`: in how many the interview may be held, where one broke off before its end. `session_usd` is what one
    interview may cost, `study_usd` what all of them may together, in US dollars.
    """

    hard_limit_minutes: float = 45.0
    join_s: float | None = None
    idle_prompt_s: float | None = None
    idle_s: float | None = None
    rejoin_s: float | None = None
    wrap_up_before_s: float | None = None
    sittings: int = 1
    session_usd: Decimal | None = None
    study_usd: Decimal | None = None

    @property
    def hard_limit_s(self) -> float:
        """When the interview ends at the latest."""
        return self.hard_limit_minutes * 60

    @property
    def wrap_up_at_s(self) -> float:
        """When wrapping up begins.

        5 min before the limit, or at 4/5 of a limit under 25 min, unless the study says else.
        """
        if self.wrap_up_before_s is not None:
            return self.hard_limit_s - self.wrap_up_before_s
        return self.hard_limit_s - 300 if self.hard_limit_minutes >= 25 else self.hard_limit_s * 0.8


TriggerKind = Literal["short_answer", "vague", "keywords", "yes_no", "always"]


class Trigger(_Model):
    """When a probe applies.

    `words` for `short_answer` (fewer than these), `keywords` by language for `keywords`.
    """

    kind: TriggerKind
    words: int = 12
    keywords: dict[str, tuple[str, ...]] = Field(default_factory=dict[str, tuple[str, ...]])


class Probe(_Model):
    """A standard follow-up, usable on any question that names it."""

    id: str
    wording: Wording
    when: Trigger
    max_per_interview: int = 3


class Topic(_Model):
    """Something the study wants covered; questions name the topics they serve."""

    id: str
    title: str


class Question(_Model):
    """One thing that is asked, in fixed words. `repeat` says it more simply, for a participant who did not understand.

    `probes` are the ids that may follow, in order of preference; at most `max_probes` do.
    """

    id: str
    wording: Wording
    repeat: Wording | None = None
    required: bool = False
    topics: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    max_probes: int = 1


class Phase(_Model):
    """A stretch of the interview with its own objective, pace and time box.

    `intro` is said before the phase's first question. `next` is the phase that follows; None ends the
    interview. `objective`, `tone` and `instructions` are for a model that moderates.
    """

    id: str
    title: Wording
    objective: str
    min_minutes: float
    max_minutes: float
    turn_profile: str
    tone: str = ""
    instructions: str = ""
    intro: Wording | None = None
    questions: tuple[Question, ...]
    next: str | None = None


class Safety(_Model):
    """Words that end the interview at once, by language, and the study's own text that is said then."""

    words: dict[str, tuple[str, ...]]
    closing: Wording


_Named = TypeVar("_Named", Phase, Question, Probe)


class Study(_Model):
    """One study. The first language is the default one."""

    format: Literal["vivavoce/study/1"] = SCHEMA
    id: str
    title: Wording
    about: Wording
    organisation: str
    contact: str
    languages: tuple[str, ...]
    voices: dict[str, Voice]
    moderator: Moderator = Moderator()
    language_offer: LanguageOffer = LanguageOffer()
    guard: Guard = Guard()
    consent: Consent
    limits: Limits
    retention: Retention = Retention()
    turn_profiles: dict[str, TurnProfile]
    topics: tuple[Topic, ...] = ()
    probes: tuple[Probe, ...] = ()
    lines: dict[str, Wording]
    opening: Wording
    closing: Wording
    safety: Safety | None = None
    phases: tuple[Phase, ...]

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of what the study says, defaults included.

        Same content, same hash, however the file is laid out.
        """
        content = self.model_dump(mode="json")
        for code in self.languages:
            # A built-in voice counts whether or not the file names it, as it always has.
            default = DEFAULT_VOICES.get(base_language(code))
            if code not in self.voices and default is not None:
                content["voices"][code] = default.model_dump(mode="json")
        # Keys that came later count where they are used: a study without them keeps the hash it was published under.
        _leave_out(content["moderator"], self.moderator, "realtime")
        _leave_out(content["guard"], self.guard, "after_the_fact")
        _leave_out(content, self, "moderator", "language_offer", "guard", "retention")
        _leave_out(content["limits"], self.limits, "sittings", "session_usd", "study_usd")
        for said, phase in zip(content["phases"], self.phases, strict=True):
            _leave_out(said, phase, "instructions")
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def path(self) -> tuple[Phase, ...]:
        """The phases in the order the interview takes them."""
        by_id = {phase.id: phase for phase in self.phases}
        path: dict[str, Phase] = {}
        phase: Phase | None = self.phases[0]
        while phase is not None and phase.id not in path:
            path[phase.id] = phase
            phase = by_id.get(phase.next) if phase.next is not None else None
        return tuple(path.values())

    @property
    def minutes(self) -> int:
        """About how long an interview takes: the middles of the time boxes, at least 1."""
        return max(1, round(sum((phase.min_minutes + phase.max_minutes) / 2 for phase in self.path)))

    def phase(self, phase_id: str) -> Phase:
        """The phase with this id. Raises KeyError."""
        return _find(self.phases, phase_id)

    def question(self, question_id: str) -> Question:
        """The question with this id. Raises KeyError."""
        return _find(tuple(self.questions()), question_id)

    def probe(self, probe_id: str) -> Probe:
        """The probe with this id. Raises KeyError."""
        return _find(self.probes, probe_id)

    def questions(self) -> Iterator[Question]:
        """Every question, in the order the interview comes to them."""
        for phase in self.path:
            yield from phase.questions

    def line(self, name: str, language: str) -> str:
        """A standard line (`protocol.lines.LINE_NAMES`) in a language. Raises UnknownLanguage."""
        return self.lines[name].text(language)

    def turn_profile_for(self, phase_id: str | None, language: str) -> TurnProfile:
        """The turn profile of a phase, with the language's factor applied to its waits.

        Without a phase (nothing has begun yet): the first one's.
        """
        phase = self.path[0] if phase_id is None else self.phase(phase_id)
        return self.turn_profiles[phase.turn_profile].resolved(language)


def _find(things: tuple[_Named, ...], wanted: str) -> _Named:
    for thing in things:
        if thing.id == wanted:
            return thing
    raise KeyError(wanted)


def _leave_out(content: dict[str, Any], part: BaseModel, *keys: str) -> None:
    """Take those keys of a part from its content that say what their defaults do."""
    for key in keys:
        if getattr(part, key) == type(part).model_fields[key].default:
            del content[key]
