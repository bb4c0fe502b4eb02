"""Which passwords a local account may have."""

from functools import cache
from importlib.resources import files
from unicodedata import category, normalize

SHORTEST = 8
LONGEST = 128


# Control characters, halves of surrogate pairs, and code points that a later Unicode may give a meaning.
_REFUSED = frozenset({"Cc", "Cs", "Cn"})


def prepare_password(password: str) -> str:
    """The form in which a password is hashed and compared: RFC 8265's OpaqueString.

    Every kind of space becomes the ASCII space, and the text is normalised by NFC, so that it does not
    matter which keyboard it is typed on. Letter case and everything else stay.
    """
    spaced = "".join(" " if category(character) == "Zs" else character for character in password)
    return normalize("NFC", spaced)


def find_weakness(password: str) -> tuple[str, str] | None:
    """Which rule a new password breaks, as an error type and a sentence; ``None`` for a good one.

    Its length is in characters and between `SHORTEST` and `LONGEST`, and it has an upper-case letter, a
    lower-case letter and a digit. It is not among the 3000 most common ones, whatever its letter case.
    All of this is said of what `prepare_password` makes of it.
    """
    password = prepare_password(password)
    if not SHORTEST <= len(password) <= LONGEST:
        return "password_length", f"Password should have {SHORTEST} to {LONGEST} characters"
    if any(category(character) in _REFUSED for character in password):
        return "password_characters", "Password should have no control characters and no unassigned ones"
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
