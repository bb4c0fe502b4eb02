"""Secrets an operator writes."""

import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr

SHORTEST_SECRET = 32

_KEY_OF_A_PAIR = re.compile(r'-----BEGIN |^\s*(ssh|ecdsa)-|"kty"\s*:')


def check_length(secret: SecretStr) -> None:
    """Raise ``ValueError`` for a secret that can be guessed."""
    if len(secret.get_secret_value()) < SHORTEST_SECRET:
        raise ValueError(
            f"is shorter than {SHORTEST_SECRET} characters; make one with: openssl rand -base64 48"
        )


def _refuse_keys_of_pairs(secret: SecretStr) -> SecretStr:
    # What everybody may know must not sign; and no mistake of this kind may wait for the first token.
    if _KEY_OF_A_PAIR.search(secret.get_secret_value()):
        raise ValueError("is the key of a key pair and no secret; make one with: openssl rand -base64 48")
    return secret


Secret = Annotated[SecretStr, AfterValidator(_refuse_keys_of_pairs)]
