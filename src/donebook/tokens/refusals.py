"""Why a token is refused, in words that logs, events and ``donebook doctor`` share."""

from enum import StrEnum


class Refusal(StrEnum):
    """The ``reason`` of a :class:`~donebook.errors.TokenInvalid`; never part of an answer."""

    MALFORMED = "malformed"
    """Not three base64url segments around two JSON objects, or absurdly long."""

    HEADER = "header"
    """The header brings its own key, or demands an extension (``crit``, ``b64``)."""

    PURPOSE = "purpose"
    """``typ`` says the token is meant for something else than calling an API."""

    KEY_ID = "key id"
    """``kid`` is not a short printable string."""

    ALGORITHM = "algorithm"
    """Nothing configured here signs with this ``alg``, or the key named by ``kid`` does not."""

    UNKNOWN_KEY = "unknown key"
    """The issuer answers, and does not publish a key with this ``kid``."""

    SIGNATURE = "signature"
    """No secret or key of ours made this signature over this content."""

    TIMES = "times"
    """``exp`` is missing, or one of ``exp``, ``nbf``, ``iat`` is not a sensible number."""

    NOT_YET = "not yet valid"
    """``nbf`` or ``iat`` lies in the future by more than the allowed clock skew."""

    ISSUER = "issuer"
    """``iss`` is missing or another than the one expected."""

    AUDIENCE = "audience"
    """``aud`` does not name us, or is missing where it is required."""

    SUBJECT = "subject"
    """``sub`` (or ``user_id``) is no usable identity: not a string, too long, control characters."""
