"""Everyone who can be measured, by name."""

from collections.abc import Mapping

from benchmarks.contenders.contender import Contender
from benchmarks.contenders.pocketbase import PocketBasePeer
from benchmarks.contenders.sql_peers import Fastify, Floor, UsualWay
from benchmarks.contenders.taskledger import (
    TaskledgerPostgres,
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
_ALSO: tuple[type[Contender], ...] = (TaskledgerPostgresRowSecurity, TaskledgerSqliteFull)
CONTENDERS: Mapping[str, type[Contender]] = {each.name: each for each in (*COMPARED, *_ALSO)}
