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

    patch(usecases, "normalise_email", lambda email: email)


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


def let_anybody_guess() -> None:
    """Let guesses at one account go on without a wait."""
    from donebook.accounts import usecases
    from donebook.accounts.guesses import Guess

    async def take_guess(*arguments: Any, **options: Any) -> Any:
        del arguments, options
        return Guess("nobody")

    patch(usecases, "take_guess", take_guess)


def lock_the_owner_out() -> None:
    """Let those who guess elsewhere hold up whoever logs in from where they always do."""
    from donebook.accounts import guesses, usecases

    take = guesses.take_guess

    async def take_guess(*arguments: Any, **options: Any) -> Any:
        return await take(*arguments, **{**options, "known": False})

    patch(usecases, "take_guess", take_guess)


def let_other_sites_log_in() -> None:
    """Take requests to sign up and in from pages of any site."""
    from donebook.contracts.auth import endpoints

    patch(endpoints, "refuse_foreign", lambda call: None)


def act_on_the_first_match() -> None:
    """Take the first of the users whom an address may mean."""
    from donebook.accounts.operations import find_users
    from donebook.cli import users

    async def find(database: Any, who: str, *, by_id: bool) -> str:
        del by_id
        return (await find_users(database, who))[0].user_id

    patch(users, "_find", find)


def take_any_secret() -> None:
    """Sign with whatever is in the file of the secret."""
    from donebook.tokens import secret_file

    patch(
        secret_file, "read_secret", lambda directory: (directory / secret_file.FILE_NAME).read_text().strip()
    )


def compare_passwords_as_typed() -> None:
    """Hash a password as the keyboard wrote it."""
    from donebook.accounts import hashing

    patch(hashing, "prepare_password", lambda password: password)


def renew_hashes_blindly() -> None:
    """Renew the hash of a password at log-in, whatever it has become since it was checked."""
    from sqlalchemy import update

    from donebook.accounts import usecases
    from donebook.accounts.model import local_accounts
    from donebook.accounts.statements import users
    from donebook.accounts.statements.binds import OWNER, text
    from donebook.storage.statement import Statement

    blind = update(local_accounts).where(local_accounts.c.user_id == OWNER)
    renew = Statement("renew", blind.values(password_hash=text("password_hash")).returning(OWNER))
    patch(users, "UPGRADE_HASH", renew)

    class Believing(usecases._Entrance):
        async def enter(self, transaction: Any, better_hash: str | None, *, cookie: bool) -> Any:
            known = await transaction.fetch(users.LOCK_ACCOUNT, {"owner": self._account[0]})
            changed = known[0][1] != self._account[5]
            if changed and better_hash is not None:
                values = {"owner": self._account[0], "password_hash": better_hash}
                await transaction.fetch(renew, values)
            return await super().enter(transaction, better_hash, cookie=cookie)

    patch(usecases, "_Entrance", Believing)
