"""The keys the web room signs with: one secret in the data folder, one derived key for each purpose."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from vivavoce.errors import VivavoceError

FILE_NAME = "secret.key"
SECRET_BYTES = 32


class KeyFileError(VivavoceError):
    """The file with the secret cannot be used."""

    code = "key_file_unusable"


@dataclass(frozen=True)
class Keys:
    """A key for each purpose, so that what is signed for one cannot serve another."""

    session_token: bytes = field(repr=False)

    @classmethod
    def derive(cls, secret: bytes) -> Keys:
        """The keys of a secret of 32 bytes. Pure."""
        if len(secret) != SECRET_BYTES:
            raise ValueError(f"the secret has {SECRET_BYTES} bytes, not {len(secret)}")
        return cls(session_token=_for(secret, "session-token"))


def _for(secret: bytes, purpose: str) -> bytes:
    return hmac.new(secret, f"vivavoce/{purpose}/1".encode(), hashlib.sha256).digest()


def load_or_create(data_dir: Path) -> Keys:
    """The keys of the secret in `data_dir/secret.key`, which is made on first use, readable by its owner only.

    Two processes starting at once end up with the same secret.

    Raises:
        KeyFileError: it cannot be read or written, others may read it, or it is not a secret of ours.
    """
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            _create(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise KeyFileError(
            f"The secret {path} cannot be read or made: {error.strerror}.",
            next_step="Give this user the right to read and write the data folder.",
        ) from error
    except UnicodeDecodeError:
        raise _not_ours(path) from None
    if mode & 0o077:
        raise KeyFileError(
            f"The secret {path} may be read by others (mode {mode:04o}).", next_step=f"Run: chmod 600 {path}"
        )
    try:
        return Keys.derive(bytes.fromhex(text.strip()))
    except ValueError:
        raise _not_ours(path) from None


def _create(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written whole beside it and then linked: nobody ever reads half a secret, and the first one wins.
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        draft.unlink(missing_ok=True)


def _not_ours(path: Path) -> KeyFileError:
    return KeyFileError(
        f"{path} does not hold {SECRET_BYTES} bytes in hexadecimal.",
        next_step="Restore it from a backup, or delete it: a new one is made and calls under way must consent again.",
    )
