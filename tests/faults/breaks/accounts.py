"""Mistakes with users, passwords and limits."""

import asyncio
from collections import Counter
from typing import Any

from tests.faults.breaks.patching import patch


def hash_nothing_for_nobody() -> None:
    """Refuse an unknown e-mail at once, without the work of a wrong password."""
    from donebook.accounts.hashing import PasswordHashing, Verdict

    verify = PasswordHashing.verify

    async def verify_if_known(self: Any, password: str, stored: str | None) -> Any:
        return Verdict(False) if stored is None else await verify(self, password, stored)

    PasswordHashing.verify = verify_if_known  # type: ignore[method-assign]


def provision_carelessly() -> None:
    """Look whether there is a user, and insert one if there is none."""
    from sqlalchemy import insert

    from donebook.accounts.model import users
    from donebook.accounts.statements.binds import NOW, OWNER
    from donebook.accounts.statements.users import GET_USER
    from donebook.http import authentication
    from donebook.spaces.revisions import found_space
    from donebook.storage.statement import Statement

    make = Statement("make_user", insert(users).values(id=OWNER, created_at=NOW, updated_at=NOW))

    async def provision(database: Any, principal: Any, now: Any) -> None:
        values = {"owner": principal.user_id, "now": now}
        if not await database.read(GET_USER, values):
            await asyncio.sleep(0.1)
            await database.write(make, values)
            await database.transact(lambda it: found_space(it, principal.user_id, now))

    patch(authentication, "provision_user", provision)


def take_the_email_for_the_user() -> None:
    """Tell users by their e-mail."""
    from donebook.tokens import claims

    subject = claims._subject
    patch(claims, "_subject", lambda said: said.get("email") or subject(said))


def tell_cases_apart() -> None:
    """Take one e-mail in two spellings for two."""
    from donebook.accounts import usecases

    patch(usecases, "fold_email", lambda email: email)


def believe_what_is_forwarded() -> None:
    """Believe any client about its address."""
    from donebook.http.client_address import ClientAddresses

    find = ClientAddresses.find

    def find_first(self: Any, scope: Any, receive: Any) -> Any:
        self._trusted = (True,)
        return find(self, scope, receive)

    patch(ClientAddresses, "find", find_first)
    patch(ClientAddresses, "_is_trusted", lambda self, address: True)


def count_in_each_process() -> None:
    """Count attempts in memory."""
    from donebook.accounts.attempts import Allowance
    from donebook.http import identity

    taken: Counter[str] = Counter()

    async def take_attempt(database: Any, key: str, rate: Any, now: Any) -> Any:
        del database, now
        taken[key] += 1
        return Allowance(taken[key] <= rate.amount, max(0, rate.amount - taken[key]), rate.seconds)

    patch(identity, "take_attempt", take_attempt)


def hash_on_the_loop() -> None:
    """Hash passwords where everybody waits."""
    from donebook.accounts.hashing import PasswordHashing

    async def run(self: Any, job: Any) -> Any:
        if self._nobodys is None:
            self._nobodys = self._threads.submit(self._hashes.hash, "nobody's")
        return job()

    patch(PasswordHashing, "_run", run)


def cut_passwords() -> None:
    """Look at the first 72 bytes of a password, as bcrypt alone does."""
    from donebook.accounts.hashing import PasswordHashing

    hash_all, verify_all = PasswordHashing.hash, PasswordHashing.verify

    def cut(password: str) -> str:
        return password.encode()[:72].decode(errors="ignore")

    patch(PasswordHashing, "hash", lambda self, password: hash_all(self, cut(password)))
    patch(PasswordHashing, "verify", lambda self, password, stored: verify_all(self, cut(password), stored))


def never_look() -> None:
    """Leave each worker with what it remembers of tokens."""
    from donebook.accounts.revocations import RevocationWatch

    async def look(self: Any) -> None:
        del self

    patch(RevocationWatch, "look", look)
