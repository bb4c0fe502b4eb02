"""Which passwords a local account may have."""

from functools import cache
from importlib.resources import files

SHORTEST = 8
LONGEST = 128


def find_weakness(password: str) -> tuple[str, str] | None:
    """Which rule a new password breaks, as an error type and a sentence; ``None`` for a good one.

    Its length is in characters and between `SHORTEST` and `LONGEST`, and it has an upper-case letter, a
    lower-case letter and a digit. It is not among the 3000 most common ones, whatever its letter case.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        return "password_length", f"Password should have {SHORTEST} to {LONGEST} characters"
    if "\0" in password or any("\ud800" <= character <= "\udfff" for character in password):
        return "password_characters", "Password should have no NUL and no lone surrogate"
    if not (
        any(map(str.isupper, password))
        and any(map(str.islower, password))
        and any(map(str.isdigit, password))
    ):
        return (
            "password_too_simple",
            "Password should have an upper-case letter, a lower-case letter and a digit",
        )
    if password.casefold() in _common_passwords():
        return "password_too_common", "Password is one of the most common ones; choose another"
    return None


@cache
def _common_passwords() -> frozenset[str]:
    text = (files("donebook.accounts") / "common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))
