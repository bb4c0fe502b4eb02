"""The table of tickets."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, Table, Text
from sqlmodel import Field, SQLModel

from donebook.storage.types import Instant


class EventTicket(SQLModel, table=True):
    """Leave to follow events once, for a client that cannot send a token with its request.

    ``digest`` is the SHA-256 of the ticket in hexadecimal: who reads this table cannot use what is in
    it. What begins with ``token_`` is of the token it was issued for, whose end is the end of what the
    ticket opens, too.
    """

    __tablename__ = "event_tickets"
    __table_args__ = (Index("event_tickets_expiry", "expires_at"),)

    owner_id: str = Field(
        sa_column=Column(Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    )
    digest: str = Field(sa_column=Column(Text, primary_key=True))
    token_id: str = Field(sa_column=Column(Text, nullable=False))
    token_issued_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    token_expires_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Instant, nullable=False))


event_tickets: Table = EventTicket.__table__  # type: ignore[attr-defined]  # SQLModel adds it
