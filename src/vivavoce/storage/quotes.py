"""Words of a participant in a study's codebook: an example that was taken from an interview goes with the interview."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from sqlalchemy import select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vivavoce.storage.tables import CodebookRow

LEAST_WORDS = 3
"""Shorter examples are anybody's words."""

_WORD = re.compile(r"\w+")


async def unquote(connection: AsyncConnection, session_id: str, study_id: str) -> None:
    """Take examples out of all versions of the study's codebook that are in what the participant said in a session,
    redacted or not.

    Within the transaction of `connection`, and while log and transcript are still there.
    """
    rows = await connection.execute(_SAID, {"session_id": session_id})
    said = [_plain(row.text) for row in rows]
    if not said:
        return
    versions = await connection.execute(
        select(CodebookRow.version, CodebookRow.codebook)
        .where(CodebookRow.study_id == study_id)
        .with_for_update()
    )
    for version, codebook in versions.all():
        left = without_quotes(codebook, said)
        if left != codebook:
            await connection.execute(
                update(CodebookRow)
                .where(CodebookRow.study_id == study_id, CodebookRow.version == version)
                .values(codebook=left)
            )


def without_quotes(codebook: dict[str, Any], said: Iterable[str]) -> dict[str, Any]:
    """The codebook without those examples. Pure.

    Args:
        codebook: JSON, as `pipeline.codes.Codebook` writes it.
        said: texts, made plain.
    """
    texts = list(said)
    codes = [
        {**code, "examples": [one for one in code.get("examples", ()) if not _quoted(one, texts)]}
        for code in codebook.get("codes", ())
    ]
    return {**codebook, "codes": codes}


def _quoted(example: str, said: Iterable[str]) -> bool:
    plain = _plain(example)
    if plain.count(" ") - 1 < LEAST_WORDS:
        return False
    return any(plain in one for one in said)


def _plain(written: str) -> str:
    """Its words in small letters, with a space before and after each: punctuation makes no difference."""
    return f" {' '.join(_WORD.findall(written.casefold()))} "


_SAID = text(
    """
    SELECT payload->>'text' AS text FROM session_events
    WHERE session_id = :session_id AND kind = 'utterance'
    UNION
    SELECT segment->>'text'
    FROM derived,
         jsonb_path_query(CASE stage WHEN 'redaction' THEN output->'transcript' ELSE output END, '$.segments[*]')
           AS segment
    WHERE session_id = :session_id AND stage IN ('transcription', 'redaction')
      AND segment->>'speaker' = 'participant'
    """
)
