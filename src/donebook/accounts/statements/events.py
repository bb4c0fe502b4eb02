"""The events of identity."""

from sqlalchemy import Integer, Text, bindparam, delete, insert, literal, or_, select

from donebook.accounts.model import FAILURES, auth_events
from donebook.accounts.statements.binds import NOW, instant, text
from donebook.storage.statement import Statement

_FACTS = ("kind", "reason", "address", "user_agent", "request_id")

RECORD_EVENT = Statement(
    "record_event",
    insert(auth_events)
    .values(at=NOW, user_id=text("user_id"), **{name: text(name) for name in _FACTS})
    .inline(),
    crosses_owners=True,  # of a log-in with an unknown e-mail, it is nobody's
)

LIST_EVENTS = Statement(
    "list_events",
    select(auth_events.c.at, auth_events.c.user_id, *(auth_events.c[name] for name in _FACTS))
    .where(
        auth_events.c.at >= instant("since"),
        or_(text("user_id").is_(None), auth_events.c.user_id == text("user_id")),
        or_(
            bindparam("failures", type_=Integer) == 0,
            *(auth_events.c.kind == literal(kind.value, Text) for kind in FAILURES),
        ),
    )
    .order_by(auth_events.c.at.desc(), auth_events.c.id.desc())
    .limit(bindparam("limit", type_=Integer)),
    crosses_owners=True,
    varies=True,
)
"""The newest events first; of everybody where the user is null, and only failures where asked for."""

PRUNE_EVENTS = Statement(
    "prune_events",
    delete(auth_events).where(auth_events.c.at < instant("keep_from")),
    crosses_owners=True,
    varies=True,
)
