"""Which tokens the settings say to accept."""

import time
from collections.abc import Callable

from donebook.settings import Settings
from donebook.tokens.claims import ClaimRules
from donebook.tokens.endpoint import JwksEndpoint
from donebook.tokens.jwks import JwksVerifier
from donebook.tokens.shared import SharedSecrets
from donebook.tokens.verify import Admit, TokenVerifier


def shared_secrets_from(settings: Settings, newest: str) -> SharedSecrets:
    """The secrets with ``newest`` first, and what their tokens must claim.

    ``iss`` and ``aud`` are demanded only where the settings name them; an ``aud`` that is there all the
    same must be ours, and Better Auth's default audience is.
    """
    previous = [secret.get_secret_value() for secret in settings.jwt_previous_secrets]
    rules = ClaimRules(
        issuer=settings.jwt_issuer,
        audience=settings.keys_audience,
        audience_required=settings.jwt_audience is not None,
    )
    return SharedSecrets([newest, *previous], settings.jwt_algorithm, rules)


def jwks_verifier_from(settings: Settings) -> JwksVerifier | None:
    """The issuer whose published keys count, if the settings name one."""
    if settings.keys_url is None:
        return None
    rules = ClaimRules(issuer=settings.keys_issuer, audience=settings.keys_audience, audience_required=True)
    return JwksVerifier(JwksEndpoint(settings.keys_url), rules)


def verifier_from(
    settings: Settings,
    *,
    shared: SharedSecrets | None,
    admit: Admit | None = None,
    clock: Callable[[], float] = time.time,
) -> TokenVerifier:
    """The verifier for these settings; ``shared`` is ``None`` where the service has no secret."""
    return TokenVerifier(shared=shared, jwks=jwks_verifier_from(settings), admit=admit, clock=clock)
