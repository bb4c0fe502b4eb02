"""What the service would make of a token, and what mends it where that is a refusal."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from donebook import errors
from donebook.errors import Failure, TokenInvalid
from donebook.settings import Settings
from donebook.storage.database import Database
from donebook.tokens.compact import CompactToken, parse_compact, read_json_object
from donebook.tokens.keys import KEY_SET_ALGORITHMS
from donebook.tokens.refusals import Refusal
from donebook.tokens.shared import SHARED_ALGORITHMS, SharedSecrets

_SHOWN_CLAIMS = ("sub", "user_id", "iss", "aud", "iat", "nbf", "exp")


_MEND_SUBJECT_MISSING = (
    "it has neither sub nor user_id: sign one for the API; Better Auth's cookies and e-mail links are tokens"
    " too, but not for this"
)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Whether the token is accepted, what it says, and otherwise which check failed and the mend."""

    accepted: bool
    says: tuple[str, ...]
    found: str
    mend: str = ""


async def explain_token(
    token: str, settings: Settings, secrets: SharedSecrets | None, database: Database
) -> Explanation:
    """Judge the token as the service does, its issuer's keys and the database included."""
    from donebook.accounts.revocations import admit
    from donebook.tokens.configure import verifier_from

    try:
        parsed = parse_compact(token)
    except TokenInvalid as refused:
        return Explanation(False, (), *_reason(refused, Circumstances(settings, secrets)))
    claims = _claims(parsed)
    says = tuple(_describe(parsed, claims))
    verifier = verifier_from(settings, shared=secrets)
    try:
        principal = await verifier.verify(token)
        await admit(database, principal)
    except Failure as refused:
        return Explanation(
            False, says, *_reason(refused, Circumstances(settings, secrets, parsed.algorithm, claims))
        )
    finally:
        await verifier.aclose()
    return Explanation(True, says, f"accepted, as the user {_shown(principal.user_id)}")


def _claims(token: CompactToken) -> dict[str, Any]:
    try:
        return read_json_object(token.claims)
    except TokenInvalid:
        return {}


def _describe(token: CompactToken, claims: dict[str, Any]) -> list[str]:
    return [
        f"alg {_shown(token.algorithm)}, kid {_shown(token.key_id)}",
        *(
            f"{name} {_shown(claims[name])}{_as_time(name, claims[name])}"
            for name in _SHOWN_CLAIMS
            if name in claims
        ),
    ]


def _as_time(name: str, value: object) -> str:
    if name in {"iat", "nbf", "exp"} and isinstance(value, int | float) and 0 <= value < 4e9:
        return f" ({datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}, {_distance(value - time.time())})"
    return ""


def _distance(seconds: float) -> str:
    amount = f"{abs(seconds) / 60:.0f} minutes" if abs(seconds) >= 120 else f"{abs(seconds):.0f} seconds"
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def _shown(value: object) -> str:
    """A value from the token, so short and tame that a terminal takes no harm."""
    from donebook.accounts.events import printable

    return printable(str(value) if isinstance(value, str) else repr(value))[:120]


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a mend depends on."""

    settings: Settings
    secrets: SharedSecrets | None
    algorithm: str = ""
    claims: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shared(self) -> bool:
        """Whether the token says that a shared secret signed it."""
        return self.algorithm in SHARED_ALGORITHMS


def _reason(refused: Failure, about: Circumstances) -> tuple[str, str]:
    match refused:
        case TokenInvalid():
            return f"refused: {refused.reason}", _MENDS[Refusal(refused.reason)](about)
        case errors.TokenExpired():
            return "refused: expired", "get a new one; Better Auth's live 15 minutes, ours 24 hours"
        case errors.SubjectMissing():
            return "refused: no subject", _MEND_SUBJECT_MISSING
        case errors.TokenRevoked():
            return (
                f"refused: {refused.reason}",
                "sign in again; for a disabled or erased user: donebook users enable ID",
            )
        case errors.IssuerUnavailable():
            return (
                f"cannot be judged: the keys at {about.settings.keys_url} cannot be fetched",
                "check BETTER_AUTH_URL or JWKS_URL, and that this machine reaches it",
            )
    return f"cannot be judged: {type(refused).__name__}", "see what is said of the database above"


def _mend_algorithm(about: Circumstances) -> str:
    if not about.shared:
        if about.settings.keys_url is None:
            return "set BETTER_AUTH_URL to the front end that makes such tokens"
        return f"sign with one of {', '.join(sorted(KEY_SET_ALGORITHMS))}, or with the shared secret"
    if about.secrets is None:
        return "set JWT_SECRET to the secret that the front end signs with"
    return f"set JWT_ALGORITHM={about.algorithm}; {about.secrets.algorithm} is expected now"


def _mend_signature(about: Circumstances) -> str:
    if not about.shared:
        return "the key with this kid did not sign it: it was changed on the way, or another issuer made it"
    if about.settings.jwt_secret is None:
        return "set JWT_SECRET to the secret that the front end signs with; now one made here is in use"
    return "make JWT_SECRET (or BETTER_AUTH_SECRET) equal to the front end's, to the last character"


def _mend_issuer(about: Circumstances) -> str:
    expected = about.settings.jwt_issuer if about.shared else about.settings.keys_issuer
    return _mend_address("iss", about, expected, "JWT_ISSUER")


def _mend_audience(about: Circumstances) -> str:
    return _mend_address("aud", about, about.settings.keys_audience, "JWT_AUDIENCE")


def _mend_address(claim: str, about: Circumstances, expected: str | None, setting: str) -> str:
    has = f"{claim} is {_shown(about.claims[claim])}" if claim in about.claims else f"it has no {claim}"
    wants = f"{expected} is expected" if expected else "none is expected"
    return f"{has}, {wants}: set {setting}, or the issuer's own setting"


_MENDS: dict[Refusal, Callable[[Circumstances], str]] = {
    Refusal.MALFORMED: lambda _: (
        "paste the token alone: three parts with dots between them, without Bearer and without quotes"
    ),
    Refusal.HEADER: lambda _: (
        "its header brings a key of its own or asks for an extension: take the issuer's token as it is"
    ),
    Refusal.PURPOSE: lambda _: (
        "its typ says that it is for something else: send what GET /api/auth/token answers"
    ),
    Refusal.KEY_ID: lambda _: "its kid is no short text: take the issuer's token as it is",
    Refusal.ALGORITHM: _mend_algorithm,
    Refusal.UNKNOWN_KEY: lambda about: (
        f"no key at {about.settings.keys_url} has this kid: is that the issuer that made the token, with the"
        " database it had then? A new key is known here after 10 seconds"
    ),
    Refusal.SIGNATURE: _mend_signature,
    Refusal.TIMES: lambda _: "give it an exp, and each of exp, nbf and iat as a number of seconds since 1970",
    Refusal.NOT_YET: lambda _: "synchronise the clocks (NTP) of the issuer and of this machine",
    Refusal.ISSUER: _mend_issuer,
    Refusal.AUDIENCE: _mend_audience,
    Refusal.SUBJECT: lambda _: (
        "its sub must be a text of 1 to 255 characters, none of them a control character"
    ),
}
