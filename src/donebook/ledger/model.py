"""The tables of the ledger, beside the versions and tombstones that belong to the tasks."""

from datetime import datetime

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text
from sqlmodel import Field, SQLModel

from donebook.storage.types import Instant


class IdempotencyRecord(SQLModel, table=True):
    """The answer to a write that carried an idempotency key, to be repeated.

    It is inserted by the transaction of the write itself. ``fingerprint`` tells the request apart from
    others with the same key.
    """

    __tablename__ = "idempotency_records"
    __table_args__ = (Index("idempotency_records_owner_created", "owner_id", "created_at"),)

    owner_id: str = Field(
        sa_column=Column(Text, ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True)
    )
    key: str = Field(sa_column=Column(Text, primary_key=True))
    fingerprint: str = Field(sa_column=Column(Text, nullable=False))
    answer: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class ServiceKey(SQLModel, table=True):
    """A random key that all workers and machines share, made by the first that needs it."""

    __tablename__ = "service_keys"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class MaintenanceMark(SQLModel, table=True):
    """A moment that maintenance remembers: when it was ``begun``. The worker that moves it on does it."""

    __tablename__ = "maintenance_marks"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


BEGUN = "begun"


idempotency_records: Table = IdempotencyRecord.__table__  # type: ignore[attr-defined]  # SQLModel adds it
service_keys: Table = ServiceKey.__table__  # type: ignore[attr-defined]
maintenance_marks: Table = MaintenanceMark.__table__  # type: ignore[attr-defined]
