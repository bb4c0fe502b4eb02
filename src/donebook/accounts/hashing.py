"""Hashing passwords: slow on purpose, so on threads of its own and never on the event loop."""

import asyncio
import hmac
import os
import re
import secrets
import threading
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal, TypeVar

import bcrypt
from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher
from pwdlib.hashers.base import HasherProtocol, ensure_bytes, ensure_str
from pwdlib.hashers.bcrypt import BcryptHasher

from donebook.accounts.passwords import prepare_password
from donebook.errors import Overloaded

Scheme = Literal["argon2", "bcrypt"]
T = TypeVar("T")

BCRYPT_LIMIT = 72
"""Bytes that bcrypt looks at; our own hashes get past it, and a longer password never matches a plain one."""

_BCRYPT_ROUNDS = 12

# A hash takes about 40 ms (argon2) or 250 ms (bcrypt) of one core: nobody waits much longer than 5 s.
_WAITING = {"argon2": 128, "bcrypt": 32}


class WholeBcryptHasher(HasherProtocol):
    """bcrypt over a digest of the password, so that every byte counts however long it is.

    The form is passlib's ``bcrypt_sha256``, version 2: the password's HMAC-SHA-256, keyed with the salt's
    22 characters, in base64, is what bcrypt hashes with that salt. Keyed, so that a SHA-256 of the
    password leaked elsewhere is of no use here.
    """

    _FORM = re.compile(
        r"\$bcrypt-sha256\$v=2,t=2b,r=(?P<rounds>\d{1,2})\$"
        r"(?P<salt>[A-Za-z0-9./]{22})\$(?P<digest>[A-Za-z0-9./]{31})"
    )

    def __init__(self, rounds: int = _BCRYPT_ROUNDS) -> None:
        self._rounds = rounds

    @classmethod
    def identify(cls, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's name
        return cls._FORM.fullmatch(ensure_str(hash)) is not None

    def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
        settings = salt or bcrypt.gensalt(self._rounds)
        rounds, digest = int(settings[4:6]), self._bcrypt(password, settings)
        return f"$bcrypt-sha256$v=2,t=2b,r={rounds}${settings[7:29].decode()}${digest}"

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's name
        parts = self._FORM.fullmatch(ensure_str(hash))
        if parts is None:
            return False
        digest = self._bcrypt(password, f"$2b${int(parts['rounds']):02}${parts['salt']}".encode())
        return hmac.compare_digest(digest, parts["digest"])

    def check_needs_rehash(self, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's name
        parts = self._FORM.fullmatch(ensure_str(hash))
        return parts is None or int(parts["rounds"]) != self._rounds

    def _bcrypt(self, password: str | bytes, settings: bytes) -> str:
        digest = hmac.digest(settings[7:29], ensure_bytes(password), "sha256")
        return bcrypt.hashpw(b64encode(digest), settings)[29:].decode()


class PlainBcryptHasher(BcryptHasher):
    """bcrypt as other services wrote it; never written here.

    Those services looked at 72 bytes and no further. A longer password is refused rather than cut: cut,
    everything that begins like it would sign its user in.
    """

    def verify(self, password: str | bytes, hash: str | bytes) -> bool:  # noqa: A002 - pwdlib's name
        # Hashed in either case: an answer without it would come so soon that it tells of the account.
        whole = ensure_bytes(password)
        return super().verify(whole[:BCRYPT_LIMIT], hash) and len(whole) <= BCRYPT_LIMIT


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and its hash in the present form if the stored one is of another."""

    right: bool
    better_hash: str | None = None


class PasswordHashing:
    """Hashes and verifies on a few threads, with a bounded queue before them.

    Raises `Overloaded` where the queue is full. Memory is bounded by the threads: 19 MiB each.
    """

    def __init__(self, scheme: Scheme, *, threads: int | None = None, waiting: int | None = None) -> None:
        # The parameters are OWASP's minimum for argon2id; more memory would bound fewer threads.
        argon2: HasherProtocol = Argon2Hasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        whole_bcrypt = WholeBcryptHasher()
        own = (argon2, whole_bcrypt) if scheme == "argon2" else (whole_bcrypt, argon2)
        self._hashes = PasswordHash((*own, PlainBcryptHasher(_BCRYPT_ROUNDS)))
        threads = threads or max(1, min(4, (os.cpu_count() or 2) - 1))
        self._room = threading.BoundedSemaphore(threads + (_WAITING[scheme] if waiting is None else waiting))
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="passwords")
        self._nobodys: Future[str] | None = None

    async def hash(self, password: str) -> str:
        """A new hash of the password, as `prepare_password` writes it; raises `Overloaded`."""
        return await self._run(lambda: self._hashes.hash(prepare_password(password)))

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Whether the password is the one that was stored; raises `Overloaded`.

        A password that `prepare_password` changes is also tried as it was given: hashes from before, and
        from elsewhere, were made so. Without a stored hash the answer is no, and takes as long as if there
        were one in the present form.
        """
        return await self._run(lambda: self._verify(password, stored))

    def close(self) -> None:
        """Give up what waits."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password: str, stored: str | None) -> Verdict:
        prepared = prepare_password(password)
        as_given = [password] if password != prepared else []
        if stored is None:
            assert self._nobodys is not None
            for each in (prepared, *as_given):
                self._hashes.verify(each, self._nobodys.result())
            return Verdict(False)
        try:
            verdict = Verdict(*self._hashes.verify_and_update(prepared, stored))
            if not verdict.right and any(self._hashes.verify(each, stored) for each in as_given):
                return Verdict(True, self._hashes.hash(prepared))
        except UnknownHashError:
            return Verdict(False)
        return verdict

    async def _run(self, job: Callable[[], T]) -> T:
        if not self._room.acquire(blocking=False):
            raise Overloaded("passwords")
        try:
            if self._nobodys is None:
                # Queued before whatever comes first, so that it is there and nobody's log-in waits longer.
                self._nobodys = self._threads.submit(self._hashes.hash, secrets.token_urlsafe())
            future = self._threads.submit(job)
        except BaseException:
            self._room.release()
            raise
        # When the job ends, and not when its caller goes away: until then it does take up the room.
        future.add_done_callback(self._leave)
        return await asyncio.wrap_future(future)

    def _leave(self, _: "Future[T]") -> None:
        self._room.release()
