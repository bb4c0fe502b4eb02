"""What verifying a token costs: one seen before, and one never seen, per algorithm.

Nothing but the verifier runs: no HTTP, no database. The keys of the public-key algorithms are fetched
before the clock starts.
"""

import asyncio
import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from benchmarks.machine import facts
from benchmarks.population import SECRET
from benchmarks.report import markdown
from donebook.tokens.claims import ClaimRules
from donebook.tokens.jwks import JwksVerifier
from donebook.tokens.keys import KeySet, parse_key_set
from donebook.tokens.shared import SharedSecrets
from donebook.tokens.verify import TokenVerifier

REPEATED_LIMIT_US = 5.0
FRESH_EDDSA_LIMIT_US = 200.0
_ISSUER = "https://front.example"
_PRIVATE_KEYS: Mapping[str, Callable[[], Any]] = {
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS256": lambda: rsa.generate_private_key(65537, 2048),
}


@dataclass(frozen=True)
class Cost:
    """The median cost of one verification in µs, and its limit where there is one."""

    what: str
    median_us: float
    limit_us: float | None

    @property
    def met(self) -> bool:
        """Whether it is within the limit, if there is one."""
        return self.limit_us is None or self.median_us < self.limit_us


class _Published:
    """A key source that answers from memory."""

    def __init__(self, keys: KeySet) -> None:
        self._keys = keys

    async def fetch(self) -> KeySet:
        """Return the keys."""
        return self._keys

    async def aclose(self) -> None:
        """Do nothing."""


def _claims(number: int) -> dict[str, Any]:
    now = int(time.time())
    return {
        "sub": f"kQ3yVd8aZ1LmN4pRs6tUw9xBcEfG{number:04d}",
        "email": "somebody@example.com",
        "name": "Some Body",
        "iss": _ISSUER,
        "aud": _ISSUER,
        "iat": now,
        "exp": now + 900,
    }


def _issue(count: int) -> tuple[KeySet, dict[str, list[str]]]:
    published = []
    tokens: dict[str, list[str]] = {}
    for algorithm, generate in _PRIVATE_KEYS.items():
        private = generate()
        public = jwt.get_algorithm_by_name(algorithm).to_jwk(private.public_key(), as_dict=True)
        published.append({**public, "kid": algorithm, "alg": algorithm, "use": "sig"})
        header = {"kid": algorithm}
        tokens[algorithm] = [jwt.encode(_claims(n), private, algorithm, header) for n in range(count)]
    tokens["HS256"] = [
        jwt.encode({"sub": f"user{n}", "exp": int(time.time()) + 900}, SECRET, "HS256") for n in range(count)
    ]
    return parse_key_set(json.dumps({"keys": published}).encode()), tokens


async def _fresh(verifier: TokenVerifier, tokens: Sequence[str], rounds: int) -> float:
    await verifier.verify(tokens[0])
    spent = []
    for _ in range(rounds):
        for token in tokens:
            verifier.forget_all()
            began = time.perf_counter_ns()
            await verifier.verify(token)
            spent.append(time.perf_counter_ns() - began)
    return statistics.median(spent) / 1000


async def _repeated(verifier: TokenVerifier, tokens: Sequence[str], rounds: int) -> float:
    for token in tokens:
        await verifier.verify(token)
    spent = []
    for _ in range(rounds):
        began = time.perf_counter_ns()
        for token in tokens:
            verifier.recall(token)
        spent.append((time.perf_counter_ns() - began) / len(tokens))
    return statistics.median(spent) / 1000


async def measure(count: int = 100, rounds: int = 20) -> list[Cost]:
    """Verify ``count`` tokens of each algorithm, ``rounds`` times."""
    keys, tokens = _issue(count)
    rules = ClaimRules(issuer=_ISSUER, audience=_ISSUER, audience_required=True)
    verifier = TokenVerifier(
        shared=SharedSecrets([SECRET]), jwks=JwksVerifier(_Published(keys), rules), capacity=10 * count
    )
    costs = [Cost("repeated", await _repeated(verifier, tokens["EdDSA"], rounds), REPEATED_LIMIT_US)]
    for algorithm, issued in tokens.items():
        limit = FRESH_EDDSA_LIMIT_US if algorithm == "EdDSA" else None
        costs.append(Cost(f"fresh {algorithm}", await _fresh(verifier, issued, rounds), limit))
    await verifier.aclose()
    return costs


def write(directory: Path) -> Path:
    """Measure; write `tokens.md` and `tokens.json`; return the table's path."""
    costs = asyncio.run(measure())
    directory.mkdir(parents=True, exist_ok=True)
    record = {"machine": facts(), "costs": [{**asdict(cost), "met": cost.met} for cost in costs]}
    (directory / "tokens.json").write_text(json.dumps(record, indent=1) + "\n")
    rows = [["token", "median µs", "limit µs", ""]]
    for cost in costs:
        limit = "" if cost.limit_us is None else f"< {cost.limit_us:.0f}"
        verdict = "" if cost.limit_us is None else "✓" if cost.met else "✗ missed"
        rows.append([cost.what, f"{cost.median_us:.1f}", limit, verdict])
    table = directory / "tokens.md"
    table.write_text("\n\n".join(["# Verifying a token", markdown(rows)]) + "\n")
    return table
