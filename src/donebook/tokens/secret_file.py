"""The secret of a first start: made once, kept in a file that only its owner can read."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

FILE_NAME = ".donebook-secret"


def read_secret(directory: Path) -> str | None:
    """The secret kept in the directory; ``None`` if there is none. Raises `OSError` if it cannot be read."""
    try:
        return (directory / FILE_NAME).read_text("ascii").strip()
    except FileNotFoundError:
        return None


def load_or_make_secret(directory: Path) -> str:
    """The secret in the directory, made if there is none; several processes at once agree on one.

    Raises `OSError` if the directory cannot be written.
    """
    path = directory / FILE_NAME
    if (kept := read_secret(directory)) is not None:
        return kept
    draft = directory / f"{FILE_NAME}.{os.getpid()}.{secrets.token_hex(4)}"
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
        with suppress(FileExistsError):
            # A link appears whole or not at all, and the first one wins.
            os.link(draft, path)
    finally:
        draft.unlink()
    return path.read_text("ascii").strip()
