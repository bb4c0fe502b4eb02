"""The users table."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Column, Table, Text, text
from sqlmodel import Field, SQLModel

from taskledger.storage.types import Instant


class User(SQLModel, table=True):
    """A subject that has presented a valid token, and the revision of everything they own.

    ``id`` is the token's subject. ``email`` is what the token said: it is not unique, because two
    subjects of one issuer may carry the same address and stay two users.
    """

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("revision >= 0", name="users_revision_not_negative"),)

    id: str = Field(sa_column=Column(Text, primary_key=True))
    email: str | None = Field(default=None, sa_column=Column(Text))
    name: str | None = Field(default=None, sa_column=Column(Text))
    avatar_url: str | None = Field(default=None, sa_column=Column(Text))
    revision: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))


users: Table = User.__table__  # type: ignore[attr-defined]  # SQLModel adds it when the class is made
