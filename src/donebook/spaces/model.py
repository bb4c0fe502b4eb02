"""The table of spaces."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Table, Text, text
from sqlmodel import Field, SQLModel


def _number() -> "Column[int]":
    return Column(BigInteger, nullable=False, server_default=text("0"))


class Space(SQLModel, table=True):
    """The head of one ledger. A write locks this row, raises its revision and counts what it adds.

    The id of a personal space is its user's id. There is no foreign key to the user, because a space may
    belong to several people; erasing a user deletes their space.

    ``floor`` is the oldest revision from which a client can be brought up to date: of what was deleted
    before it, nothing may be left to tell. Of the changes up to ``history_floor`` some versions are gone.
    ``tasks`` counts the tasks, those in the trash too; ``history_bytes`` and ``answer_bytes`` are the sizes
    of the history and of the stored answers to requests with an idempotency key.
    """

    __tablename__ = "spaces"
    __table_args__ = (CheckConstraint("revision >= 0", name="spaces_revision_not_negative"),)

    id: str = Field(sa_column=Column(Text, primary_key=True))
    revision: int = Field(default=0, sa_column=_number())
    floor: int = Field(default=0, sa_column=_number())
    history_floor: int = Field(default=0, sa_column=_number())
    tasks: int = Field(default=0, sa_column=_number())
    history_bytes: int = Field(default=0, sa_column=_number())
    answer_bytes: int = Field(default=0, sa_column=_number())


spaces: Table = Space.__table__  # type: ignore[attr-defined]  # SQLModel adds it when the class is made
