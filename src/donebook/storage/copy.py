"""Moving everything from one database to another, of the same kind or not."""

import asyncio
import hashlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Table

from donebook.storage.ends import End, open_end
from donebook.storage.migrate import head_revision, migrate
from donebook.storage.statement import Row, Statement, Values
from donebook.storage.urls import PostgresAddress, SqliteAddress, parse_database_url

# Keys sorted, because PostgreSQL keeps a JSON object's in an order of its own.
_encode = msgspec.msgpack.Encoder(order="deterministic").encode
_DIGEST_BYTES = 16

Progress = Callable[[int], None]
"""Called with the number of rows that were just copied."""


class CopyRefused(Exception):
    """Nothing was copied; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a table holds: how many rows, and the sum of their digests, in whatever order they come."""

    rows: int = 0
    digest: int = 0

    def __str__(self) -> str:
        return f"{self.rows} rows of digest {self.digest:032x}"

    def with_rows(self, rows: Sequence[Row]) -> "Content":
        digests = (
            int.from_bytes(hashlib.blake2b(_encode(list(row)), digest_size=_DIGEST_BYTES).digest())
            for row in rows
        )
        return Content(self.rows + len(rows), (self.digest + sum(digests)) % (1 << 8 * _DIGEST_BYTES))


async def count_rows(url: str, tables: Sequence[Table]) -> int:
    """How many rows there are to copy; raises `CopyRefused`, `DatabaseUnavailable`."""
    async with open_end(parse_database_url(url), writable=False) as end:
        await _require_current(end, "source")
        return sum([await end.count(table) for table in _common(tables)])


async def copy_database(
    source_url: str,
    target_url: str,
    tables: Sequence[Table],
    progress: Progress = lambda rows: None,
    *,
    then: tuple[Statement, Values] | None = None,
) -> dict[str, Content]:
    """Copy all rows of the tables, in their order, and the numbers that come next.

    The source is read as it is at one moment. The target must be as its migrations leave it; it gets
    all rows or none, and only after reading them back shows the same counts and digests.
    ``then`` is run on the target at last. Returns what each table held before it. Raises `CopyRefused`,
    `DatabaseUnavailable`.
    """
    source_address, target_address = parse_database_url(source_url), parse_database_url(target_url)
    if _is_same(source_address, target_address):
        raise CopyRefused("source and target are the same database")
    common = _common(tables)
    fresh = await _fresh_contents(common)
    copied: dict[str, Content] = {}
    async with (
        open_end(source_address, writable=False) as source,
        open_end(target_address, writable=True) as target,
    ):
        await _require_current(source, "source")
        await _require_current(target, "target")
        await target.lock(common)
        used = [table.name for table in common if await _content(target, table) != fresh[table.name]]
        if used:
            raise CopyRefused(f"the target is not new: there are rows in {', '.join(used)}")
        for table in reversed(common):
            if fresh[table.name].rows:
                await target.clear(table)
        for table in common:
            copied[table.name] = await _copy_table(source, target, table, progress)
        for table in common:
            if (found := await _content(target, table)) != copied[table.name]:
                raise CopyRefused(f"{table.name} came out different: {copied[table.name]} became {found}")
        # At last, because a sequence of PostgreSQL's is not set back with its transaction.
        await target.set_numbers(await source.numbers())
        if then is not None:
            await target.run(*then)
    return copied


async def _require_current(end: End, name: str) -> None:
    if await end.revision() != head_revision():
        raise CopyRefused(f"the schema of the {name} is at another revision; run donebook migrate on it")


async def _fresh_contents(tables: Sequence[Table]) -> dict[str, Content]:
    """What the migrations themselves leave in the tables: in most of them nothing."""
    with tempfile.TemporaryDirectory() as directory:
        url = f"sqlite:///{directory}/fresh.db"
        await asyncio.to_thread(migrate, url)
        async with open_end(parse_database_url(url), writable=False) as end:
            return {table.name: await _content(end, table) for table in tables}


async def _content(end: End, table: Table) -> Content:
    content = Content()
    async for rows in end.batches(table):
        content = content.with_rows(rows)
    return content


async def _copy_table(source: End, target: End, table: Table, progress: Progress) -> Content:
    content = Content()
    async for rows in source.batches(table):
        await target.insert(table, rows)
        content = content.with_rows(rows)
        progress(len(rows))
    return content


def _common(tables: Sequence[Table]) -> list[Table]:
    """The tables that both kinds of database have."""
    return [table for table in tables if "only" not in table.info]


def _is_same(one: SqliteAddress | PostgresAddress, other: SqliteAddress | PostgresAddress) -> bool:
    if isinstance(one, SqliteAddress) and isinstance(other, SqliteAddress):
        return one.path.resolve() == other.path.resolve()
    if isinstance(one, PostgresAddress) and isinstance(other, PostgresAddress):
        one, other = one.direct(), other.direct()
        return one.database == other.database and not set(one.servers).isdisjoint(other.servers)
    return False
