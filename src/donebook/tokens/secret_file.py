"""The secret of a first start: made once, kept in a file that only its owner can read."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

FILE_NAME = ".donebook-secret"

_SHORTEST = 32


class SecretUnusable(Exception):
    """The file is there and holds no secret to sign with; the message says what is wrong with it."""


def read_secret(directory: Path) -> str | None:
    """The secret kept in the directory; ``None`` if there is none.

    What others may read is made private first. Raises `OSError` if the file cannot be read,
    `SecretUnusable` if it is empty, too short, cut short or no text.
    """
    path = directory / FILE_NAME
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    if is_open_to_others(path):
        with suppress(PermissionError):
            path.chmod(0o600)
    secret = content.decode("ascii", "replace").strip()
    if not secret:
        raise SecretUnusable("is empty")
    if not (secret.isascii() and secret.isprintable()):
        raise SecretUnusable("has other characters than a secret has")
    if len(secret) < _SHORTEST:
        raise SecretUnusable(f"has {len(secret)} characters, and needs {_SHORTEST}")
    if not content.endswith(b"\n"):
        # We end it with one: where it is missing, what stands before it may be missing too.
        raise SecretUnusable("is cut short: no line break ends it")
    return secret


def is_open_to_others(path: Path) -> bool:
    """Whether anybody but the owner of the file may do anything with it; false if there is no file."""
    try:
        return bool(path.stat().st_mode & 0o077)
    except FileNotFoundError:
        return False


def load_or_make_secret(directory: Path) -> str:
    """The secret in the directory, made if there is none; several processes at once agree on one.

    Once it is returned, a power loss does not take or cut it. Raises `OSError` if the directory cannot be
    written, and what `read_secret` raises.
    """
    if (kept := read_secret(directory)) is not None:
        return kept
    path = directory / FILE_NAME
    draft = directory / f"{FILE_NAME}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            # A link appears whole or not at all, and the first one wins, which a rename would not let it.
            os.link(draft, path)
    finally:
        draft.unlink()
    _sync_directory(directory)
    made = read_secret(directory)
    assert made is not None, "it was linked by us or by another process"
    return made


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
