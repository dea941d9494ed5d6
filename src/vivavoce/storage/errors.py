"""What can go wrong with the database, the data folder and the object store.

`StorageUnavailable`, which a caller may meet at any call, belongs to the store port: `vivavoce.session.errors`.
"""

from __future__ import annotations

from pathlib import Path

from vivavoce.errors import VivavoceError
from vivavoce.session.errors import StorageUnavailable


class StorageError(VivavoceError):
    """The root of the errors of storage that waiting does not cure."""

    code = "storage_error"


class DiskFull(StorageUnavailable):
    """The disk has no room. What was committed is safe; what was refused was not half-written."""

    code = "disk_full"

    def __init__(self, what: str) -> None:
        super().__init__(what, next_step="Free some space on that disk; then it goes on by itself.")


class DataFolderInUse(StorageError):
    """Another process runs on the data folder."""

    code = "data_folder_in_use"

    def __init__(self, folder: Path, *, pid: int | None) -> None:
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(
            f"The data folder {folder} is in use by {who}.",
            next_step="Stop that process, or set VIVAVOCE_DATA_DIR to another folder.",
        )
        self.folder = folder
        self.pid = pid


class DataFolderUnusable(StorageError):
    """The data folder cannot be created, read or written, or holds something that is not ours."""

    code = "data_folder_unusable"


class DataFolderEmpty(StorageError):
    """There is no database in the data folder, and none was to be made."""

    code = "data_folder_empty"

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"There is no Viva Voce data in {folder}.",
            next_step="Start `vivavoce serve` or `vivavoce demo` there first, "
            "or set VIVAVOCE_DATA_DIR to the folder that has it.",
        )


class PostgresVersionMismatch(StorageError):
    """The data folder was made by another major version of PostgreSQL."""

    code = "postgres_version_mismatch"

    def __init__(self, folder: Path, *, found: str, ours: str) -> None:
        super().__init__(
            f"The database in {folder} was made by PostgreSQL {found}; this version of Viva Voce brings "
            f"PostgreSQL {ours}. Nothing in it was changed.",
            next_step=f"Use the version of Viva Voce that made it, or move it to PostgreSQL {ours} "
            "with pg_dump and a new data folder.",
        )


class PostgresFailed(StorageError):
    """The PostgreSQL of our own did not start or stop."""

    code = "postgres_failed"


class DatabaseUrlInvalid(StorageError):
    """The database URL is not one of PostgreSQL."""

    code = "database_url_invalid"


class DatabaseNewer(StorageError):
    """A newer version of Viva Voce has changed the database."""

    code = "database_newer"

    def __init__(self, found: str) -> None:
        super().__init__(
            f"The database is at revision {found!r}, which this version of Viva Voce does not know. "
            "Nothing in it was changed.",
            next_step="Use the newer version of Viva Voce that was used on it before.",
        )


class DatabaseBehind(StorageError):
    """The database has not been brought to this version yet."""

    code = "database_behind"

    def __init__(self, found: str | None, *, ours: str) -> None:
        where = "has no tables of Viva Voce" if found is None else f"is at revision {found!r}"
        super().__init__(
            f"The database {where}; this version of Viva Voce needs revision {ours!r}.",
            next_step="Start `vivavoce serve` of this version once: it brings the database up to date.",
        )


class StudyUnknown(StorageError):
    """No study of that id, or no such version of it, was published."""

    code = "study_unknown"

    def __init__(self, study_id: str, *, content_hash: str | None = None) -> None:
        version = "" if content_hash is None else f" with the content {content_hash[:12]}…"
        super().__init__(
            f"No study {study_id!r}{version} has been published.", next_step="Publish its file first."
        )
        self.study_id = study_id


class InvitationMissing(StorageError):
    """There is no invitation of that id."""

    code = "invitation_missing"

    def __init__(self, invitation_id: str) -> None:
        super().__init__(
            f"There is no invitation {invitation_id!r}.",
            next_step="Check the id; it is not the link's token.",
        )


class RecordingUnknown(StorageError):
    """The object store holds nothing under that key."""

    code = "recording_unknown"

    def __init__(self, key: str) -> None:
        super().__init__(
            f"There is no recording {key!r} in the object store.",
            next_step="Check the key in the session's log; it may have been deleted.",
        )
        self.key = key


class RecordingsUnavailable(StorageUnavailable):
    """The object store does not answer, or refuses us."""

    code = "recordings_unavailable"
