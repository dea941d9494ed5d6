"""The system account a PostgreSQL of our own runs as. PostgreSQL refuses to run as root, so root lends it another."""

from __future__ import annotations

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

import structlog

from vivavoce.storage.errors import DataFolderUnusable, PostgresFailed

CANDIDATES = ("postgres", "nobody")
"""Accounts root may lend, where the data folder is root's own: the usual one, then the one every system has."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Account:
    """A system account; `lent` if it is not our own."""

    name: str
    uid: int
    gid: int
    lent: bool

    def give(self, folder: Path) -> None:
        """Make the folder the account's alone."""
        folder.chmod(0o700)
        if self.lent:
            os.chown(folder, self.uid, self.gid)

    def let_through(self, path: Path) -> None:
        """See that a lent account may enter every folder above `path`.

        Where it may not, passing through is allowed to everybody; reading the folder's list is not.
        """
        if not self.lent:
            return
        for folder in reversed(path.parents):
            entry = folder.stat()
            if entry.st_uid == self.uid:
                needed = stat.S_IXUSR
            elif entry.st_gid == self.gid:
                needed = stat.S_IXGRP
            else:
                needed = stat.S_IXOTH
            if not entry.st_mode & needed:
                log.warning("folder opened for passing through", folder=str(folder), account=self.name)
                folder.chmod(stat.S_IMODE(entry.st_mode) | needed)

    def let_read(self, tree: Path) -> None:
        """See that a lent account may read and run what is in `tree`, even if installed under a strict umask."""
        if not self.lent:
            return
        self.let_through(tree)
        for path in (tree, *tree.rglob("*")):
            if path.is_symlink():
                continue
            mode = stat.S_IMODE(path.stat().st_mode)
            wanted = mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0)
            if wanted != mode:
                path.chmod(wanted)


def account_for(data: Path) -> Account:
    """The account for the database in `data`, which may not exist yet: its owner, ourselves, or one that root lends.

    Raises:
        DataFolderUnusable: the database belongs to somebody else and we are not root.
        PostgresFailed: we have no name on this system, or root has no account to lend.
    """
    ours = os.geteuid()
    owner = data.stat().st_uid if data.exists() else None
    if ours != 0:
        if owner is not None and owner != ours:
            raise DataFolderUnusable(
                f"The database in {data} belongs to the account {_name(owner)}, not to {_name(ours)}.",
                next_step=f"Run Viva Voce as {_name(owner)}, or set VIVAVOCE_DATA_DIR to another folder.",
            )
        return _named(ours, lent=False)
    if owner:
        return _named(owner, lent=True)
    home = next(parent for parent in data.parents if parent.exists()).stat().st_uid
    if home != 0:
        return _named(home, lent=True)
    for name in CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, lent=True)
    raise PostgresFailed(
        f"PostgreSQL does not run as root, and there is no account {' or '.join(CANDIDATES)} to run it as.",
        next_step="Run Viva Voce as an ordinary user, or set VIVAVOCE_DATABASE_URL.",
    )


def _named(uid: int, *, lent: bool) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise PostgresFailed(
            f"The user id {uid} has no name on this system, and PostgreSQL does not run without one.",
            next_step="Add it to /etc/passwd, run Viva Voce as another user, or set VIVAVOCE_DATABASE_URL.",
        ) from None
    return Account(entry.pw_name, uid, entry.pw_gid, lent)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
