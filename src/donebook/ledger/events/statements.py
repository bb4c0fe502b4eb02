"""The SQL of events."""

from functools import cache

import msgspec
from sqlalchemy import (
    JSON,
    BigInteger,
    Text,
    any_,
    bindparam,
    column,
    delete,
    func,
    insert,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY

from donebook.accounts.model import users
from donebook.ledger.events.model import event_tickets
from donebook.ledger.kinds.facts import select_facts
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.model import tombstones
from donebook.ledger.statements.parts import OWNER
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.storage.types import Instant

_OWNERS = {
    "postgresql": spaces.c.id == any_(bindparam("owners", type_=ARRAY(Text))),
    "sqlite": spaces.c.id.in_(
        select(func.json_each(bindparam("owners", type_=JSON)).table_valued(column("value", Text)).c.value)
    ),
}

OWNER_REVISIONS = Statement(
    "owner_revisions",
    {
        dialect: select(spaces.c.id, spaces.c.revision).where(among_them)
        for dialect, among_them in _OWNERS.items()
    },
    crosses_owners=True,
)
"""The revisions of several owners, of whom all that comes to light is whether there is news."""

ISSUE_TICKET = Statement(
    "issue_ticket",
    insert(event_tickets)
    .from_select(
        ["digest", "owner_id", "token_id", "token_issued_at", "token_expires_at", "expires_at"],
        select(
            bindparam("digest", type_=Text),
            users.c.id,
            bindparam("token_id", type_=Text),
            bindparam("token_issued_at", type_=Instant),
            bindparam("token_expires_at", type_=Instant),
            bindparam("expires_at", type_=Instant),
        ).where(users.c.id == OWNER),
    )
    .returning(event_tickets.c.digest),
)

REDEEM_TICKET = Statement(
    "redeem_ticket",
    delete(event_tickets)
    .where(event_tickets.c.owner_id == OWNER, event_tickets.c.digest == bindparam("digest", type_=Text))
    .returning(
        event_tickets.c.token_id,
        event_tickets.c.token_issued_at,
        event_tickets.c.token_expires_at,
        event_tickets.c.expires_at,
    ),
)

DROP_TICKETS = Statement(
    "drop_tickets",
    delete(event_tickets).where(
        event_tickets.c.owner_id == OWNER, event_tickets.c.expires_at <= bindparam("now", type_=Instant)
    ),
)
"""Forget the owner's tickets that nobody came with in time."""


_SINCE = bindparam("since", type_=BigInteger)

FOLLOWABLE = Statement(
    "followable",
    select(spaces.c.revision, or_(spaces.c.floor > _SINCE, spaces.c.history_floor > _SINCE)).where(
        spaces.c.id == OWNER
    ),
)
"""The owner's revision, and whether some of what came after the revision ``since`` is kept no longer."""


@cache
def events_after(kind: Kind, into: type[msgspec.Struct]) -> Statement:
    """The owner's events after a position, each with the record as it then was.

    Rows begin with the record's facts. Then come whether it was deleted for good since, which leaves no
    facts worth telling; its UUID and its number; the revision, the action, the contract, the moment; and
    the owner's revision and floor. Without events there is one row, without a number; without an owner, none.
    """
    versions, records = kind.versions, kind.table
    at = tuple_(versions.c.revision, kind.version_of)
    after = tuple_(bindparam("revision", type_=BigInteger), bindparam("number", type_=BigInteger))
    buried = (
        select(tombstones.c.uuid)
        .where(tombstones.c.owner_id == OWNER, tombstones.c.task_id == kind.version_of)
        .scalar_subquery()
    )
    kept = {each.name for each in versions.c}
    events = (
        select(
            kind.version_of.label("id"),
            *(each for each in versions.c if each.name in records.c),
            *(each for each in records.c if each.name not in {*kept, "id", "updated_at"}),
            versions.c.at.label("updated_at"),
            versions.c.action,
            versions.c.contract,
            func.coalesce(records.c.uuid, buried, type_=records.c.uuid.type).label("known_uuid"),
        )
        .select_from(
            versions.outerjoin(records, (records.c.owner_id == OWNER) & (records.c.id == kind.version_of))
        )
        .where(versions.c.owner_id == OWNER, at > after)
        .order_by(versions.c.revision, kind.version_of)
        .limit(bindparam("limit", type_=BigInteger))
        .subquery("events")
    )
    told = (
        select(
            *select_facts(kind, into, events),
            events.c.uuid.is_(None).label("erased"),
            events.c.known_uuid,
            events.c.id.label("number"),
            events.c.revision.label("in_revision"),
            events.c.action,
            events.c.contract,
            events.c.updated_at.label("at"),
            spaces.c.revision.label("head"),
            spaces.c.floor.label("floor"),
        )
        .select_from(spaces.outerjoin(events, true()))
        .where(spaces.c.id == OWNER)
        .order_by(events.c.revision, events.c.id)
    )
    return Statement(f"{kind.name}_events_after[{into.__name__}]", told)
