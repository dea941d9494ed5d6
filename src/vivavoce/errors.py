"""The root of every error Viva Voce raises on purpose."""

from __future__ import annotations

from typing import ClassVar


class VivavoceError(Exception):
    """Something went wrong that a person can act on.

    Args:
        what: what happened, and to what.
        next_step: what to do about it, as an instruction.

    ``code`` is stable and snake_case: API bodies, logs and tests name errors by it.
    """

    code: ClassVar[str] = "error"

    def __init__(self, what: str, *, next_step: str) -> None:
        super().__init__(f"{what} {next_step}".strip())
        self.what = what
        self.next_step = next_step
