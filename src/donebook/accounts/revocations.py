"""Tokens that end before their time, and how every worker learns of it."""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Protocol

from donebook.accounts.guesses import KNOWN_FOR
from donebook.accounts.statements import (
    attempts,
    events,
    guesses,
    invitations,
    revocations,
    sessions,
    users,
)
from donebook.errors import DatabaseUnavailable, TokenRevoked
from donebook.principal import Principal
from donebook.storage.database import Database, Transaction

log = logging.getLogger("donebook.identity")

LOOK_SECONDS = 0.5
"""Between two looks: with the time a look may take, less than the second in which a token must end."""

_LOOK_TIMEOUT = 0.4
_BATCH = 1000
_IDLE_SECONDS = 60.0
_PRUNE_SECONDS = 600.0

_USER_ENTRY_LIFE = timedelta(hours=1)

_GRACE = timedelta(days=1)
"""Added to a token's own time: where a clock was wrong, or is behind others, the token may not be over."""


class TokenMemory(Protocol):
    """What remembers tokens that were found good."""

    def forget(self, token_id: str) -> None: ...

    def forget_user(self, user_id: str) -> None: ...

    def forget_all(self) -> None: ...


class TokenMemories:
    """Several memories as one."""

    def __init__(self, *memories: TokenMemory) -> None:
        self._memories = memories

    def forget(self, token_id: str) -> None:
        for memory in self._memories:
            memory.forget(token_id)

    def forget_user(self, user_id: str) -> None:
        for memory in self._memories:
            memory.forget_user(user_id)

    def forget_all(self) -> None:
        for memory in self._memories:
            memory.forget_all()


def subject_digest(user_id: str) -> str:
    """By which an erased subject is recognised."""
    return sha256(user_id.encode()).hexdigest()


def session_of(token_id: str) -> str:
    """The session that a token belongs to, by the token's id; of any other token, that id."""
    return token_id.partition(".")[0]


async def admit(database: Database, principal: Principal) -> None:
    """Raise `TokenRevoked` if something speaks against this genuine token; `DatabaseUnavailable`."""
    values = {
        "owner": principal.user_id,
        "token_id": principal.token_id,
        "session": session_of(principal.token_id),
        "digest": subject_digest(principal.user_id),
    }
    ((disabled_at, valid_from, kept_session, revoked, erased),) = await database.read(users.ADMISSION, values)
    if erased:
        raise TokenRevoked("its user was erased")
    if disabled_at is not None:
        raise TokenRevoked("its user is disabled", principal.user_id)
    if revoked:
        raise TokenRevoked("logged out", principal.user_id)
    issued_at = principal.issued_at
    if kept_session is not None and kept_session == values["session"]:
        return
    if valid_from is not None and issued_at is not None and issued_at < valid_from.timestamp():
        raise TokenRevoked("issued before its user's tokens were ended", principal.user_id)


async def revoke_within(
    transaction: Transaction, *, token_id: str | None, user_id: str | None, expires_at: datetime
) -> None:
    """Append a revocation; the last thing in its transaction, because others wait for the head."""
    ((number,),) = await transaction.fetch(revocations.RAISE_HEAD, {})
    values = {"number": number, "token_id": token_id, "user_id": user_id, "expires_at": expires_at}
    await transaction.fetch(revocations.REVOKE, values)


async def revoke_user_within(transaction: Transaction, user_id: str | None, now: datetime) -> None:
    """Have every worker judge the user's tokens anew (everybody's, for ``None``)."""
    expires_at = now + _USER_ENTRY_LIFE
    await revoke_within(transaction, token_id=None, user_id=user_id, expires_at=expires_at)


class RevocationWatch:
    """Makes a worker's memory of tokens forget what any worker has ended, within a second.

    It looks twice a second while the worker has authenticated requests to answer. Where a look fails,
    everything is forgotten, so that each token is judged by the database until a look succeeds. Without
    requests for a while everything is forgotten too, and nobody asks the database: a hosted one may
    then go to sleep.

    Now and then it also deletes what is over: revocations, attempts, delays, sessions, invitations, networks
    long unused, and events before ``now - keep_events``.
    """

    def __init__(
        self,
        database: Database,
        memory: TokenMemory,
        *,
        now: Callable[[], datetime],
        keep_events: timedelta,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._memory = memory
        self._now = now
        self._keep_events = keep_events
        self._monotonic = monotonic
        self._last: int | None = None
        self._used_at = 0.0
        # Workers start together; they need not prune together.
        self._prune_at = monotonic() + _PRUNE_SECONDS * random.random()  # noqa: S311 - no secret
        self._failing = False
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._pruning: asyncio.Task[None] | None = None
        self.in_use = False
        """Set by whoever answers an authenticated request; it costs them nothing more."""

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="watch-revocations")

    async def stop(self) -> None:
        """Look no more."""
        tasks = [task for task in (self._task, self._pruning) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def wake(self) -> None:
        """Look again, if the watch has gone idle: a token was just remembered."""
        self._wanted.set()

    async def look(self) -> None:
        """Forget what has ended since the last look; everything, if that cannot be found out."""
        try:
            async with asyncio.timeout(_LOOK_TIMEOUT):
                await self._catch_up()
        except Exception as failure:  # noqa: BLE001 - whatever it is, nothing may outlive its revocation
            self._memory.forget_all()
            if not self._failing:
                log.warning("revocations cannot be read: %s: %s", type(failure).__name__, failure)
            self._failing = True
        else:
            self._failing = False

    async def prune(self) -> None:
        """Delete what is over."""
        now = self._now()
        values = {
            "now": now,
            "over_by": now - _GRACE,
            "keep_from": now - self._keep_events,
            "unused_since": now - KNOWN_FOR,
        }
        try:
            for statement in (
                revocations.PRUNE_REVOCATIONS,
                attempts.PRUNE_ATTEMPTS,
                events.PRUNE_EVENTS,
                sessions.PRUNE_SESSIONS,
                guesses.PRUNE_GUESSES,
                guesses.PRUNE_NETWORKS,
                invitations.PRUNE_INVITATIONS,
            ):
                await self._database.write(statement, values)
        except DatabaseUnavailable as failure:
            log.warning("what is over could not be deleted: %s", failure)

    async def _run(self) -> None:
        while True:
            await self.look()
            now = self._monotonic()
            if self.in_use:
                self.in_use = False
                self._used_at = now
                if now >= self._prune_at:
                    self._prune_at = now + _PRUNE_SECONDS
                    self._pruning = asyncio.create_task(self.prune(), name="prune")
            elif now - self._used_at >= _IDLE_SECONDS:
                self._memory.forget_all()
                self._wanted.clear()
                await self._wanted.wait()
                self._used_at = self._monotonic()
            await asyncio.sleep(LOOK_SECONDS)

    async def _catch_up(self) -> None:
        if self._last is None:
            ((head,),) = await self._database.read(revocations.REVOCATION_HEAD, {})
            # What was remembered before is of before the head, and was not watched.
            self._memory.forget_all()
            self._last = head
        while True:
            values = {"after": self._last, "limit": _BATCH}
            rows = await self._database.read(revocations.REVOCATIONS_AFTER, values)
            for number, token_id, user_id in rows:
                self._last = number
                if token_id is not None:
                    self._memory.forget(token_id)
                elif user_id is not None:
                    self._memory.forget_user(user_id)
                else:
                    self._memory.forget_all()
            if len(rows) < _BATCH:
                return
