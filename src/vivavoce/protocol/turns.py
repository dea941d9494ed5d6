"""Turn profiles: how long the moderator waits before it takes a silence for the end of a turn."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict, Field


class TurnProfile(BaseModel):
    """Seconds of silence that end a turn, and what counts as an interruption.

    `min_wait_s`: when the words sound finished. `max_wait_s`: when they do not. `thinking_wait_s`: when the
    participant is plainly still thinking ("let me think", a trailing "and"). `interruption_min_s`: speech
    shorter than this does not cut the moderator short. `vad_threshold` (0-1) replaces the detector's own when
    given. `language_factor` stretches the three waits for a language; a profile from `Study.turn_profile_for`
    has it applied already, and empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_wait_s: float = Field(gt=0)
    max_wait_s: float = Field(gt=0)
    thinking_wait_s: float = Field(gt=0)
    interruption_min_s: float = Field(default=0.5, ge=0)
    vad_threshold: float | None = Field(default=None, gt=0, lt=1)
    language_factor: dict[str, float] = Field(default_factory=dict[str, float])

    def resolved(self, language: str) -> TurnProfile:
        """This profile for one language: the waits multiplied, the factors gone."""
        factor = self.language_factor.get(language, self.language_factor.get(language.split("-")[0], 1.0))
        return self.model_copy(
            update={
                "min_wait_s": round(self.min_wait_s * factor, 3),
                "max_wait_s": round(self.max_wait_s * factor, 3),
                "thinking_wait_s": round(self.thinking_wait_s * factor, 3),
                "language_factor": {},
            }
        )


# Speakers of these pause longer inside a turn, where a listener's "hai" or "joo" would come: starting values
# by judgement, not measured here; a study that knows better gives its own.
LANGUAGE_FACTORS: Mapping[str, float] = MappingProxyType({"ja": 1.3, "ko": 1.2, "fi": 1.2})

TURN_PROFILES: Mapping[str, TurnProfile] = MappingProxyType(
    {
        "brisk": TurnProfile(
            min_wait_s=0.45,
            max_wait_s=0.9,
            thinking_wait_s=2.5,
            interruption_min_s=0.4,
            language_factor=dict(LANGUAGE_FACTORS),
        ),
        "standard": TurnProfile(
            min_wait_s=0.55,
            max_wait_s=1.2,
            thinking_wait_s=4.0,
            interruption_min_s=0.5,
            language_factor=dict(LANGUAGE_FACTORS),
        ),
        "reflective": TurnProfile(
            min_wait_s=0.8,
            max_wait_s=2.5,
            thinking_wait_s=10.0,
            interruption_min_s=0.6,
            language_factor=dict(LANGUAGE_FACTORS),
        ),
    }
)
"""The built-in profiles. A study may replace one or add its own."""

DEFAULT_TURN_PROFILE = "standard"
