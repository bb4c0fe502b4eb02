"""Checks of the database. They only read, and make no file."""

import stat
import sys
import time
from pathlib import Path

from donebook.cli.doctor.findings import Finding, failed, judged, ok
from donebook.errors import DatabaseUnavailable
from donebook.settings import Settings
from donebook.storage.connect import database_for
from donebook.storage.readiness import database_time, schema_problem
from donebook.storage.sqlite import DatabaseFileMissing
from donebook.storage.urls import SqliteAddress, parse_database_url

_CLOCK_TOLERANCE = 5.0
_OTHERS = stat.S_IROTH | stat.S_IWOTH


async def check_database(settings: Settings) -> list[Finding]:
    """Whether it answers, is migrated, agrees on the time, and is nobody else's to read."""
    shown = settings.shown_database_url
    database = database_for(settings, read_only=True)
    await database.open()
    try:
        their_time = await database_time(database)
        ours = time.time()
    except DatabaseFileMissing:
        return [failed("database", f"{shown} does not exist", "donebook serve or donebook migrate makes it")]
    except DatabaseUnavailable as failure:
        found = f"{shown} cannot be reached ({failure})"
        return [failed("database", found, "check DATABASE_URL and that it runs")]
    else:
        findings = [ok("database", f"{shown} answers")]
        problem = await schema_problem(database)
        findings.append(judged("schema", good=problem is None, found=problem or "migrated"))
        skew = abs(their_time - ours)
        good = skew <= _CLOCK_TOLERANCE
        mend = "" if good else "synchronise the clocks (NTP): tokens and limits depend on them"
        findings.append(judged("clock", good=good, found=f"{skew:.1f} s from the database's", mend=mend))
        return findings + check_files(settings)
    finally:
        await database.close()


def check_files(settings: Settings) -> list[Finding]:
    """Whether only this account, and its group, can read the files that hold hashes and secrets."""
    address = parse_database_url(settings.database_url.get_secret_value())
    if sys.platform == "win32" or not isinstance(address, SqliteAddress):
        return []
    beside = (address.path.with_name(address.path.name + end) for end in ("", "-wal", "-shm"))
    open_to_all = [path for path in beside if _is_open_to_all(path)]
    if not open_to_all:
        return [ok("database files", "not readable by other accounts")]
    names = " ".join(str(path) for path in open_to_all)
    return [failed("database files", f"other accounts can read {names}", f"chmod 600 {names}")]


def _is_open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & _OTHERS)
    except OSError:
        return False
