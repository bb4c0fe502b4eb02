"""The tables of users: who they are, how they sign in, and what ended."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, Table, Text
from sqlmodel import Field, SQLModel

from donebook.storage.types import Instant

# SQLite compares bytes unless told otherwise; PostgreSQL has to be told.
_BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")


class User(SQLModel, table=True):
    """A subject that has presented a valid token. What they own is in their personal space.

    ``id`` is the token's subject. ``email`` is what the token said: it is not unique, because two
    subjects of one issuer may carry the same address and stay two users. While ``disabled_at`` is set
    no token of theirs is accepted, and none that says it was issued before ``tokens_valid_from``.
    """

    __tablename__ = "users"

    id: str = Field(sa_column=Column(Text, primary_key=True))
    email: str | None = Field(default=None, sa_column=Column(Text))
    name: str | None = Field(default=None, sa_column=Column(Text))
    avatar_url: str | None = Field(default=None, sa_column=Column(Text))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    disabled_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    tokens_valid_from: datetime | None = Field(default=None, sa_column=Column(Instant))


class LocalAccount(SQLModel, table=True):
    """How a user who signed up here signs in.

    ``email_folded`` is the address case-folded by Python, so that it is taken in every letter case.
    ``password_hash`` is in one of the forms that `passwords` reads.
    """

    __tablename__ = "local_accounts"

    user_id: str = Field(sa_column=Column(Text, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True))
    email_folded: str = Field(sa_column=Column(Text, nullable=False, unique=True))
    password_hash: str = Field(sa_column=Column(Text, nullable=False))
    password_set_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class Revocation(SQLModel, table=True):
    """Something that ended before its time, as every worker has to learn.

    A row with a ``token_id`` ends that token; one with a ``user_id`` alone says that the user's tokens
    must be judged anew; one with neither, that all must. ``number`` is in the order of the commits and
    without gaps, so that a worker misses none by asking for what is after the last it has seen. After
    ``expires_at`` no token is left that the row could be about.
    """

    __tablename__ = "revocations"
    __table_args__ = (
        Index("revocations_token", "token_id"),
        Index("revocations_user", "user_id"),
        Index("revocations_expiry", "expires_at"),
    )

    number: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    token_id: str | None = Field(default=None, sa_column=Column(Text))
    user_id: str | None = Field(default=None, sa_column=Column(Text))
    expires_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class RevocationHead(SQLModel, table=True):
    """The number of the newest revocation, in its one row.

    Whoever revokes holds this row until they commit: that is what puts the numbers in the order of the
    commits, which a sequence would not do.
    """

    __tablename__ = "revocation_head"

    name: str = Field(sa_column=Column(Text, primary_key=True))
    number: int = Field(sa_column=Column(BigInteger, nullable=False))


class AttemptWindow(SQLModel, table=True):
    """When somebody was last let through a limit: one entry of `attempts` after another, oldest first."""

    __tablename__ = "attempt_windows"
    __table_args__ = (Index("attempt_windows_expiry", "expires_at"),)

    key: str = Field(sa_column=Column(Text, primary_key=True))
    entries: str = Field(sa_column=Column(_BYTEWISE, nullable=False))
    expires_at: datetime = Field(sa_column=Column(Instant, nullable=False))


class EventKind(StrEnum):
    """What may happen to an identity."""

    SIGN_UP = "sign_up"
    SIGN_UP_REFUSED = "sign_up_refused"
    LOG_IN = "log_in"
    LOG_IN_REFUSED = "log_in_refused"
    LOG_OUT = "log_out"
    LIMIT_HIT = "limit_hit"
    TOKEN_REFUSED = "token_refused"  # noqa: S105 - a name
    PASSWORD_SET = "password_set"  # noqa: S105 - a name
    DISABLED = "disabled"
    ENABLED = "enabled"
    ERASED = "erased"
    NOT_RECORDED = "not_recorded"
    """How many refusals of the last while were too many to record one by one."""


FAILURES = (
    EventKind.SIGN_UP_REFUSED,
    EventKind.LOG_IN_REFUSED,
    EventKind.LIMIT_HIT,
    EventKind.TOKEN_REFUSED,
    EventKind.NOT_RECORDED,
)


class AuthEvent(SQLModel, table=True):
    """Something about identity that an operator may have to look up.

    There is no foreign key to the user: what is recorded outlives them, without their name (`erase_user`).
    """

    __tablename__ = "auth_events"
    __table_args__ = (Index("auth_events_at", "at"), Index("auth_events_user", "user_id", "at"))

    id: int = Field(sa_column=Column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True))
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    kind: str = Field(sa_column=Column(Text, nullable=False))
    reason: str | None = Field(default=None, sa_column=Column(Text))
    user_id: str | None = Field(default=None, sa_column=Column(Text))
    address: str | None = Field(default=None, sa_column=Column(Text))
    user_agent: str | None = Field(default=None, sa_column=Column(Text))
    request_id: str | None = Field(default=None, sa_column=Column(Text))


class ErasedSubject(SQLModel, table=True):
    """A subject whose rows were erased and who is not to come back by a token they still hold.

    ``digest`` is the SHA-256 of the subject, in hexadecimal: enough to recognise them, not to name them.
    """

    __tablename__ = "erased_subjects"

    digest: str = Field(sa_column=Column(Text, primary_key=True))
    at: datetime = Field(sa_column=Column(Instant, nullable=False))


users: Table = User.__table__  # type: ignore[attr-defined]  # SQLModel adds it when the class is made
local_accounts: Table = LocalAccount.__table__  # type: ignore[attr-defined]
revocations: Table = Revocation.__table__  # type: ignore[attr-defined]
revocation_head: Table = RevocationHead.__table__  # type: ignore[attr-defined]
attempt_windows: Table = AttemptWindow.__table__  # type: ignore[attr-defined]
auth_events: Table = AuthEvent.__table__  # type: ignore[attr-defined]
erased_subjects: Table = ErasedSubject.__table__  # type: ignore[attr-defined]
