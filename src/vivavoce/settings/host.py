"""Where sessions run."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from vivavoce.settings.group import Group


class HostSettings(Group):
    """The agent host. Seconds."""

    slots: int = Field(default=4, ge=1, le=500, description="sessions this process may hold at once")
    drain_s: float = Field(
        default=300.0,
        ge=0,
        le=3600,
        description="seconds that sessions get to finish after SIGTERM; then they end with a goodbye",
    )
    heartbeat_s: float = Field(
        default=5.0, gt=0, le=60, description="seconds between two signs of life of a session's host"
    )
    lease_s: float = Field(
        default=15.0,
        gt=0,
        le=300,
        description="seconds without a sign of life after which another host may take a session up",
    )
    sweep_s: float = Field(
        default=10.0, gt=0, le=300, description="seconds between two looks for sessions that nobody holds"
    )

    recycle_after: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="sessions after which the server takes no new one, lets those that run finish, and ends; 0: never",
    )

    @model_validator(mode="after")
    def _beats_in_time(self) -> Self:
        if self.lease_s < 2 * self.heartbeat_s:
            raise PydanticCustomError("lease", "lease_s must be at least twice heartbeat_s")
        return self
