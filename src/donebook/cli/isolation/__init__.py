"""``donebook doctor --isolation``: whether one user can reach what is another's, on a running server.

Two throw-away users are made. One has tasks; the other asks for them, by every operation of the
server's own OpenAPI document, with the first one's ids wherever an id can go. Nothing is taken for
granted: an attempt counts only if the same request about one's own task succeeds.
"""

from collections.abc import Iterator, Sequence

import httpx

from donebook.cli.isolation.document import read_operations
from donebook.cli.isolation.people import Person, give_tasks, make_people, remove_people
from donebook.cli.isolation.probes import Attempt, probe
from donebook.settings import Settings
from donebook.tokens.shared import SharedSecrets

__all__ = ["Attempt", "probe_isolation"]


def probe_isolation(settings: Settings, secrets: SharedSecrets, url: str) -> Iterator[Attempt]:
    """Try everything, and take away what was made for it; each `Attempt` says what came of it."""
    with httpx.Client(base_url=url, timeout=30) as client:
        people: Sequence[Person] = ()
        try:
            operations = read_operations(client.get("/openapi.json").raise_for_status().json())
            people = victim, intruder = make_people(client, secrets, operations)
            for person in people:
                give_tasks(person)
            for operation in operations:
                yield from probe(operation, victim, intruder)
        except (httpx.HTTPError, LookupError) as error:
            reason = str(error).partition("\n")[0]
            yield Attempt(False, "the server", f"{reason}; run this with the settings that the server has")
        finally:
            people = [person for person in people if person.known]
            left = remove_people(settings, people) if people else []
        if people:
            found = f"not removed, they are not in {settings.shown_database_url}: {', '.join(left)}"
            yield Attempt(not left, "the two users", found if left else "removed, with all that was theirs")
