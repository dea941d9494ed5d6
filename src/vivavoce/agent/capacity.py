"""How much room a host or a worker has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Capacity:
    """How many sessions it holds, and whether it takes another; `draining`: it was told to end."""

    slots: int
    used: int
    accepting: bool
    reason: str = ""
    draining: bool = False
