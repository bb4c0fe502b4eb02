"""The tables of the ledger, beside those that each kind has for its records and their versions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Sequence, Table, Text, Uuid
from sqlmodel import Field, SQLModel

from donebook.storage.types import Instant

RECORD_NUMBERS = Sequence("task_numbers", data_type=BigInteger)
"""Gives out the ids of records."""


class Tombstone(SQLModel, table=True):
    """What is left of a record that was deleted for good: its ids, and the revision that erased it.

    Clients that synchronise learn of it here; a client's UUID is not given out again while it stands.
    """

    __tablename__ = "tombstones"
    __table_args__ = (Index("tombstones_owner_uuid", "owner_id", "uuid", unique=True),)

    owner_id: str = Field(
        sa_column=Column(Text, ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True)
    )
    revision: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    task_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    uuid: UUID = Field(sa_column=Column(Uuid, nullable=False))
    erased_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class NumberAllotment(SQLModel, table=True):
    """SQLite's stand-in for a sequence: the last number given out under a name."""

    __tablename__ = "number_allotments"
    __table_args__ = ({"info": {"only": "sqlite"}},)

    name: str = Field(sa_column=Column(Text, primary_key=True))
    last: int = Field(sa_column=Column(BigInteger, nullable=False))


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


tombstones: Table = Tombstone.__table__  # type: ignore[attr-defined]  # SQLModel adds it
number_allotments: Table = NumberAllotment.__table__  # type: ignore[attr-defined]
idempotency_records: Table = IdempotencyRecord.__table__  # type: ignore[attr-defined]
service_keys: Table = ServiceKey.__table__  # type: ignore[attr-defined]
maintenance_marks: Table = MaintenanceMark.__table__  # type: ignore[attr-defined]
