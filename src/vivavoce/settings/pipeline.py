"""What happens after an interview."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.group import Group


class PipelineSettings(Group):
    """The pipeline from recording to report. Seconds."""

    here: bool = Field(
        default=True,
        description="do its jobs in `vivavoce serve`; without, `vivavoce worker` does them elsewhere",
    )
    concurrency: int = Field(default=1, ge=1, le=64, description="jobs one worker does at a time")
    stt_model: str | None = Field(
        default=None,
        description="model for the second pass over recordings; without one, the model that heard the interview",
    )
    model: str | None = Field(
        default=None,
        description="profile of llm.profiles that enriches transcripts; without one local models do it alone",
    )
    batch: int = Field(
        default=25, ge=10, le=200, description="utterances that model is asked about in one call"
    )
    calls_at_once: int = Field(
        default=4, ge=1, le=64, description="calls to that model under way for one interview"
    )
    answer_s: float = Field(default=120.0, gt=0, le=900, description="seconds for one of its answers")
    poll_s: float = Field(
        default=5.0, gt=0, le=300, description="seconds between two looks for jobs that nobody was told of"
    )
    heartbeat_s: float = Field(default=10.0, gt=0, le=60, description="seconds between two signs of life")
    stalled_s: float = Field(
        default=30.0,
        gt=0,
        le=600,
        description="seconds without a sign of life after which jobs are given back",
    )
    upkeep_s: float = Field(
        default=30.0, gt=0, le=600, description="seconds between two looks for jobs that were left behind"
    )
    grace_s: float = Field(
        default=5.0, ge=0, le=600, description="seconds a job gets to finish when its worker is stopped"
    )

    deaths: int = Field(
        default=5, ge=1, le=1000, description="workers that may die over a job before it is given up"
    )

    @model_validator(mode="after")
    def _beats_in_time(self) -> Self:
        if self.stalled_s < 2 * self.heartbeat_s:
            raise PydanticCustomError("stalled", "stalled_s must be at least twice heartbeat_s")
        return self
