"""Everyone who can be measured, by name."""

from collections.abc import Mapping

from benchmarks.contenders.contender import Contender
from benchmarks.contenders.donebook import (
    DonebookPostgres,
    DonebookPostgresLimited,
    DonebookPostgresRowSecurity,
    DonebookSqlite,
    DonebookSqliteFull,
)
from benchmarks.contenders.pocketbase import PocketBasePeer
from benchmarks.contenders.sql_peers import Fastify, FastifyPlannedOnce, Floor, UsualWay

COMPARED: tuple[type[Contender], ...] = (
    DonebookPostgres,
    Fastify,
    UsualWay,
    Floor,
    DonebookSqlite,
    PocketBasePeer,
)
_ALSO: tuple[type[Contender], ...] = (
    DonebookPostgresRowSecurity,
    DonebookPostgresLimited,
    DonebookSqliteFull,
    FastifyPlannedOnce,
)
CONTENDERS: Mapping[str, type[Contender]] = {each.name: each for each in (*COMPARED, *_ALSO)}
