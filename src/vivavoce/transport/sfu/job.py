"""What an agent worker is told of the session it is to hold: the metadata of a dispatch."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vivavoce.session.errors import BadFrame


class SessionJob(BaseModel):
    """A session to be held. The log is the truth: what stands here beside the id is for people who look at a room.

    Args:
        session_id: the session; its room has the same name.
        study_id: what is asked.
        study_hash: of the version that is asked.
        language: of the session.
        seize: whoever holds the session does not answer its participant any more: take it from them.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)

    session_id: str = Field(min_length=1, max_length=200)
    study_id: str
    study_hash: str
    language: str
    seize: bool = False

    @classmethod
    def read(cls, metadata: str) -> SessionJob:
        """A dispatch's metadata, read.

        Raises:
            BadFrame: it is none of ours.
        """
        try:
            return cls.model_validate_json(metadata)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            raise BadFrame(f"A dispatch's metadata is not ours: {first['msg']}.") from error
