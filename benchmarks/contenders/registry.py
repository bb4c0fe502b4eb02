"""Everyone who can be measured, by name."""

from collections.abc import Mapping

from benchmarks.contenders.contender import Contender
from benchmarks.contenders.pocketbase import PocketBasePeer
from benchmarks.contenders.sql_peers import Fastify, FastifyPlannedOnce, Floor, UsualWay
from benchmarks.contenders.taskledger import (
    TaskledgerPostgres,
    TaskledgerPostgresLimited,
    TaskledgerPostgresRowSecurity,
    TaskledgerSqlite,
    TaskledgerSqliteFull,
)

COMPARED: tuple[type[Contender], ...] = (
    TaskledgerPostgres,
    Fastify,
    UsualWay,
    Floor,
    TaskledgerSqlite,
    PocketBasePeer,
)
_ALSO: tuple[type[Contender], ...] = (
    TaskledgerPostgresRowSecurity,
    TaskledgerPostgresLimited,
    TaskledgerSqliteFull,
    FastifyPlannedOnce,
)
CONTENDERS: Mapping[str, type[Contender]] = {each.name: each for each in (*COMPARED, *_ALSO)}
