"""Files that hold what only their owner may read."""

import os
from contextlib import suppress
from pathlib import Path

_PRIVATE = 0o600


def make_private_file(path: Path) -> None:
    """Make an empty file that only its owner may read, whatever the umask is; one that is there stays.

    Raises `OSError`.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE))


def open_beside(database: Path, path: Path) -> int:
    """A descriptor of a file that is made, if need be, with the mode and the owner of the database file.

    SQLite makes its own files beside the database in the same way, so that a command which root runs
    does not shut the service out. Raises `OSError`.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _PRIVATE)
    with suppress(OSError, AttributeError):  # no database yet, not permitted, or Windows
        like = database.stat()
        os.fchmod(descriptor, like.st_mode & 0o666)
        os.fchown(descriptor, like.st_uid, like.st_gid)
    return descriptor
