"""Everyone who can be measured, by name."""

from collections.abc import Mapping

from benchmarks.contenders.contender import Contender
from benchmarks.contenders.pocketbase import PocketBasePeer
from benchmarks.contenders.sql_peers import Fastify, Floor, UsualWay

CONTENDERS: Mapping[str, type[Contender]] = {
    contender.name: contender for contender in (Fastify, UsualWay, Floor, PocketBasePeer)
}
