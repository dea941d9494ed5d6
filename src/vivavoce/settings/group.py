"""What every group of settings is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Group(BaseModel):
    """Settings that belong together: frozen, and without a place for unknown ones."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)
