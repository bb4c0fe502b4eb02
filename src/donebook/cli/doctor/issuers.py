"""Checks of where tokens come from: the shared secret, and the keys that an issuer publishes."""

import asyncio
from collections import Counter

from donebook.app import secret_directory
from donebook.cli.doctor.findings import Finding, failed, judged, not_checked, ok
from donebook.settings import Settings
from donebook.settings.secrets import SHORTEST_SECRET
from donebook.tokens.endpoint import JwksEndpoint, KeysUnreachable
from donebook.tokens.secret_file import FILE_NAME, SecretUnusable, is_open_to_others, read_secret


def check_secret(settings: Settings) -> Finding:
    """The secret that signs tokens; the file is read and never made."""
    if settings.jwt_secret is not None:
        length = len(settings.jwt_secret.get_secret_value())
        if length < SHORTEST_SECRET:
            found = f"JWT_SECRET has {length} characters; {SHORTEST_SECRET} are needed in production"
            return failed("secret", found, "make one with: openssl rand -base64 48")
        return ok("secret", f"JWT_SECRET ({length} characters)")
    if settings.production or (settings.keys_url and not settings.has_accounts):
        return ok("secret", "none, and none is needed: tokens are verified by the issuer's keys")
    return _check_kept_secret(settings)


def _check_kept_secret(settings: Settings) -> Finding:
    path = secret_directory(settings) / FILE_NAME
    try:
        if is_open_to_others(path):  # looked at first, because reading it as the service does would mend it
            return failed("secret", f"other accounts can read {path}", f"chmod 600 {path}")
        kept = read_secret(path.parent)
    except OSError as error:
        return failed("secret", f"{path} cannot be read ({error.strerror})", "mend it, or set JWT_SECRET")
    except SecretUnusable as unusable:
        mend = "put it back from a backup, or delete it to have another made, which signs everybody out"
        return failed("secret", f"{path} {unusable}", mend)
    if kept is None:
        return not_checked("secret", "there is none yet", f"the first start makes one in {path}")
    return ok("secret", f"made at the first start and kept in {path}")


async def check_keys(settings: Settings) -> Finding | None:
    """The issuer's published keys, fetched as the service fetches them; ``None`` where none are used."""
    if settings.keys_url is None:
        return None
    endpoint = JwksEndpoint(settings.keys_url)
    try:
        keys = await endpoint.fetch()
    except KeysUnreachable as problem:
        return failed(
            "issuer's keys",
            f"{settings.keys_url} gives none ({problem})",
            "check BETTER_AUTH_URL or JWKS_URL, that the issuer runs, and that this machine reaches it",
        )
    finally:
        await endpoint.aclose()
    algorithms = Counter(algorithm for _, algorithm, _ in keys.identities)
    told = ", ".join(f"{count} {name}" for name, count in sorted(algorithms.items()))
    return judged(
        "issuer's keys",
        good=True,
        found=f"{settings.keys_url} gives {told}; iss {settings.keys_issuer}, aud {settings.keys_audience}",
    )


def check_tokens(settings: Settings) -> list[Finding]:
    """All of the above."""
    keys = asyncio.run(check_keys(settings))
    return [check_secret(settings), *([keys] if keys else [])]
