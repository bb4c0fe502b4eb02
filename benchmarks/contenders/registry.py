"""Everyone who can be measured, by name."""

from collections.abc import Mapping

from benchmarks.contenders.contender import Contender
from benchmarks.contenders.pocketbase import PocketBasePeer
from benchmarks.contenders.sql_peers import Fastify, Floor, UsualWay
from benchmarks.contenders.taskledger import TaskledgerPostgres, TaskledgerSqlite

CONTENDERS: Mapping[str, type[Contender]] = {
    contender.name: contender
    for contender in (TaskledgerPostgres, Fastify, UsualWay, Floor, TaskledgerSqlite, PocketBasePeer)
}
