"""What leaves the deployment in files."""

from __future__ import annotations

from pydantic import Field

from vivavoce.settings.group import Group


class ExportSettings(Group):
    """Exports."""

    original: bool = Field(
        default=False,
        description="`vivavoce export --original` may write the original words and recordings, with personal data",
    )
