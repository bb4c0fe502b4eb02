"""E-mail addresses: which spellings are one address."""

import re
from unicodedata import normalize

import idna

LONGEST = 254

# Whether an address receives mail only mail can tell; this refuses what cannot be one.
_SHAPE = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")


def normalise_email(email: str) -> str:
    """The form in which two spellings of one address are equal.

    The text is normalised by NFKC; the part before the last ``@`` is case-folded; the domain is written as
    IDNA writes it in ASCII, without a dot at its end.
    """
    text = normalize("NFKC", email.strip())
    local, at, domain = text.rpartition("@")
    folded = normalize("NFKC", (local if at else text).casefold())
    return f"{folded}@{_to_ascii(domain)}" if at else folded


def fold_email(email: str) -> str:
    """The form by which accounts were told apart before `normalise_email`; two old accounts may need it."""
    return email.strip().casefold()


def is_email(email: str) -> bool:
    """Whether the text can be an e-mail address."""
    if not email.isprintable() or len(email) > LONGEST:
        return False
    normalised = normalise_email(email)
    return len(normalised) <= LONGEST and _SHAPE.fullmatch(normalised) is not None


def _to_ascii(domain: str) -> str:
    # Not case-folded: that makes "ss" of "ß", which is another domain.
    bare = domain.removesuffix(".")
    try:
        return idna.encode(bare, uts46=True).decode("ascii")
    except UnicodeError:
        # No name that can be registered, but one that a private network may have, such as a_b.example.
        return bare.casefold()
