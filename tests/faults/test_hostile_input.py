"""Cases 24 to 30 and 41: input made to break things, at every endpoint of real servers on both databases."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from tests.faults.conftest import Servers
from tests.faults.endpoints import Endpoint, Visitor, assert_in_shape, without_varying
from tests.faults.programme import Tries
from tests.faults.wire import Answer

CANARY = b"canary-that-no-answer-repeats"


async def visit(servers: Servers) -> list[Visitor]:
    """The same user on each server, with a task of the same number on each."""
    name = f"visitor-{uuid4().hex}"
    return [await Visitor.arrive(server, name) for server in servers.values()]


async def refuse_everywhere(servers: Servers, bodies: Iterable[bytes], **headers: str) -> int:
    """Send each body to every endpoint of both, which changes nothing: how many there were."""
    return await refuse(servers, bodies, lambda _, body: body, headers)


async def refuse_values(servers: Servers, values: Iterable[bytes]) -> int:
    """The same, with each JSON value where a text belongs."""
    return await refuse(servers, values, lambda place, value: place.body % value, {})


async def refuse(
    servers: Servers,
    contents: Iterable[bytes],
    body_of: Callable[[Endpoint, bytes], bytes],
    headers: Mapping[str, str],
) -> int:
    visitors = await visit(servers)
    before = [await each.everything() for each in visitors]
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = 0
    for content in contents:
        for places in zip(*(each.endpoints() for each in visitors), strict=True):
            answers = []
            for visitor, place in zip(visitors, places, strict=True):
                body = body_of(place, content)
                answer = await visitor.ask(
                    place.method, place.path, public=place.public, content=body, headers=named
                )
                assert_refused(place, answer, body)
                answers.append(answer)
                sent += 1
            assert 1 == len({without_varying(each) for each in answers}), (content[:80], answers)
    assert before == [await each.everything() for each in visitors]
    return sent


def assert_refused(place: Endpoint, answer: Answer, body: bytes) -> None:
    assert 400 <= answer.status < 500, (place, body[:80], answer.body)
    assert_in_shape(place.path, answer)
    assert CANARY not in answer.raw


def deep(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


async def test_json_however_deep_is_refused(servers: Servers, tries: Tries) -> None:
    depths = [deep(depth) for depth in (300, 900, 100_000)]
    objects = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
    sent = await refuse_values(servers, [*depths, objects])
    sent += await refuse_everywhere(
        servers, [*depths, *(b'{"title":"x","extra":%s}' % each for each in depths)]
    )

    tries(sent, "deep bodies")


NUMBERS = ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 5000]
BOUNDS = [str(sign * 2**power + step) for sign in (1, -1) for power in (31, 63) for step in (-1, 0, 1)]


async def test_numbers_beyond_json_or_any_range_are_refused(servers: Servers, tries: Tries) -> None:
    sent = await refuse_values(servers, [each.encode() for each in [*NUMBERS, *BOUNDS]])
    # What no JSON number is may not even stand where nobody reads it.
    sent += await refuse_everywhere(
        servers, [b'{"title":"x","extra":%s}' % each.encode() for each in NUMBERS[:5]]
    )
    queries = [
        f"{path}={value}"
        for path in (
            "/api/v2/tasks?limit",
            "/api/v2/sync?limit",
            "/api/v2/changes?limit",
            "/api/{id}/tasks?limit",
        )
        for value in [*NUMBERS, *BOUNDS, "1.5", "0x10", ""]
    ]
    queries += [f"/api/v2/sync?since={value}" for value in [*NUMBERS, *BOUNDS]]
    queries += [f"/api/v1/tasks/{value}" for value in [*NUMBERS, *BOUNDS]]
    queries += [f"/api/v2/changes/{value}/undo" for value in [*NUMBERS, *BOUNDS]]
    sent += await refuse_targets(servers, queries)

    tries(sent, "numbers")


async def refuse_targets(servers: Servers, targets: Iterable[str]) -> int:
    """Ask for each target (``{id}`` is the user) on both: how many there were."""
    visitors = await visit(servers)
    sent = 0
    for target in targets:
        answers = []
        for visitor in visitors:
            path = target.replace("{id}", visitor.name)
            answers.append(await visitor.ask("POST" if path.endswith("/undo") else "GET", path))
            sent += 1
            assert 400 <= answers[-1].status < 500, (target[:80], answers[-1].body)
            assert_in_shape(path, answers[-1])
        assert 1 == len({without_varying(each) for each in answers}), (target[:80], answers)
    return sent


SURROGATES = [rb'"\ud800"', rb'"a\udfffb"', rb'"\udc00\ud800"', b'"\xed\xa0\x80"']


async def test_lone_surrogates_are_refused(servers: Servers, tries: Tries) -> None:
    values = [*SURROGATES, rb'"\ud800canary-that-no-answer-repeats"']
    bodies = [rb'{"title":"x","\ud800":1}', rb'{"title":"x","extra":{"deep":["\ud83d"]}}']
    sent = await refuse_values(servers, values)

    tries(sent + await refuse_everywhere(servers, bodies), "lone surrogates")


async def test_nul_is_refused_and_alike_on_both_databases(servers: Servers, tries: Tries) -> None:
    values = [b'"\\u0000"', b'"a\\u0000b"', b'"Abcdefg1\\u0000"', b'"a\\u0000@example.com"', b'"a\x00b"']
    sent = await refuse_values(servers, values)
    sent += await refuse_targets(
        servers,
        [
            *(f"/api/{{id}}/tasks?{name}=a%00b" for name in ("search", "status", "sort", "limit")),
            *(f"/api/v2/tasks?{name}=a%00b" for name in ("q", "cursor", "tag", "sort", "limit")),
            *(f"/api/v1/tasks{rest}" for rest in ("/1%00", "/%00", "?completed=%00", "?priority=%00")),
            *(f"/api/{user}/tasks" for user in ("%00", "a%00", "{id}%00")),
            "/enveloped/api/{id}%00/tasks",
            "/api/tasks?status=%00",
        ],
    )

    tries(sent, "NULs")


async def test_what_is_not_json_in_utf_8_is_refused(servers: Servers, tries: Tries) -> None:
    values = [
        b'"\xff"',
        b'"\xc0\xaf"',
        b'"\xf4\x90\x80\x80"',
        b'"cut\xe2\x82"',
        b'"line\nbreak"',
        b'"\x1b[31m"',
    ]
    text = '{"title":"x","email":"a@example.com","password":"Correct-horse-7"}'
    bodies = [
        b"\xef\xbb\xbf" + text.encode(),
        *(text.encode(each) for each in ("utf-16", "utf-16-le", "utf-32")),
    ]
    sent = await refuse_values(servers, values)
    sent += await refuse_everywhere(servers, [*bodies, b"title=x", b"{", b"{'title':'x'}"])
    sent += await refuse_everywhere(servers, [text.encode()], Content_Type="text/plain")
    sent += await refuse_everywhere(servers, [text.encode()], Content_Encoding="gzip")

    tries(sent, "bodies in other forms")


async def test_what_is_given_twice_gets_nothing_past_validation(servers: Servers, tries: Tries) -> None:
    bad = [b'""', b"null", b"7", b'"a\\u0000"', b'"' + b"x" * 501 + b'"', b'" "']
    sent = 0
    for visitor in await visit(servers):
        before = await visitor.everything()
        for place in visitor.endpoints():
            flat_ignores_null = place.path.startswith("/api/tasks/")
            head, _, tail = place.body.partition(b"%s")
            for value in bad:
                if b'"name":' in head[-8:] and value in {b'""', b"null", b'" "'}:
                    continue  # no name is a name too
                if flat_ignores_null and value == b"null":
                    continue
                name = head.rpartition(b'"')[0].rpartition(b'"')[2]
                for key in (name, b"\\u%04x%s" % (name[0], name[1:])):
                    content = b'%s"fine","%s":%s%s' % (head, key, value, tail)
                    answer = await visitor.ask(place.method, place.path, public=place.public, content=content)
                    assert_refused(place, answer, content)
                    sent += 1
        assert before == await visitor.everything()
    queries = ["status=all&status=all", "limit=1&limit=2", "offset=0&%6fffset=1", "search=a&search=b"]
    sent += await refuse_targets(
        servers,
        [
            *(f"/api/{{id}}/tasks?{each}" for each in queries),
            *(f"/api/v2/tasks?{each}" for each in ("limit=1&limit=2", "q=a&q=b", "sort=due&sort=due")),
            "/api/v2/sync?since=0&since=0",
            "/api/v1/tasks?completed=true&completed=false",
            "/api/tasks?status=pending&status=completed",
        ],
    )

    tries(sent, "keys and parameters given twice")


MOMENTS: list[Any] = [
    *("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000001Z", "0001-01-01T00:00:00+23:59"),
    *("0001-01-01T00:00:00-23:59", "0001-01-02T00:00:00+23:59", "9999-12-31T23:59:59.999999Z"),
    *("9999-12-31T23:59:59.999998Z", "9999-12-31T23:59:59+23:59", "9999-12-31T23:59:59-23:59"),
    *("9999-12-30T23:59:59-23:59", "0000-01-01T00:00:00Z", "-0001-01-01T00:00:00Z", "10000-01-01T00:00:00Z"),
    *("2026-06-01T00:00:00", "2026-06-01T00:00:00+24:00", "2026-06-01T00:00:00.1234567Z", "2026-06-01"),
    *("1582-10-10T00:00:00Z", "1969-12-31T23:59:59Z", "1700000000", 1_700_000_000, -1, 1e300, 2**63, True),
]


async def test_moments_are_refused_or_come_back_exactly(servers: Servers, tries: Tries) -> None:
    visitors = await visit(servers)
    sent = 0
    for moment in MOMENTS:
        for path, given in (
            ("/api/v1/tasks", {"due_date": moment}),
            ("/api/v2/tasks", {"due": {"at": moment}}),
        ):
            found: list[str | None] = []
            for visitor in visitors:
                content = json.dumps({"title": "x"} | given).encode()
                answer = await visitor.ask("POST", path, content=content)
                sent += 1
                assert answer.status in {201, 422}, (moment, answer.body)
                if answer.status == 422:
                    assert_in_shape(path, answer)
                    found.append(None)
                    continue
                made = answer.json()
                there = (await visitor.ask("GET", f"{path}/{made['id']}")).json()
                assert made == there
                shown = there["due_date"] if "due_date" in there else there["due"]["at"]
                assert utc(moment) == datetime.fromisoformat(shown)
                found.append(shown)
            assert 1 == len(set(found)), (moment, found)

    tries(sent, "moments")


def utc(moment: str) -> datetime:
    given = datetime.fromisoformat(moment)
    return (
        given
        if given.tzinfo
        else datetime.fromisoformat(f"{moment}Z" if "T" in moment else f"{moment}T00:00Z")
    )


async def test_nobody_assigns_what_is_not_theirs_to_assign(servers: Servers, tries: Tries) -> None:
    sent = 0
    for server in servers.values():
        ada, bob = await Visitor.arrive(server), await Visitor.arrive(server)
        his = await bob.everything()
        claimed: dict[str, Any] = {
            **dict.fromkeys(("user_id", "owner_id", "owner", "sub"), bob.name),
            **dict.fromkeys(("created_at", "updated_at", "deleted_at"), "2001-01-01T00:00:00Z"),
            **dict.fromkeys(("revision", "previous_revision", "number"), 424242424242),
        }
        for name, value in claimed.items():
            for place in ada.endpoints():
                if place.public:
                    continue
                revision = (await ada.everything())["revision"]
                field = b'"%s",%s:%s' % (
                    f"New {sent}".encode(),
                    json.dumps(name).encode(),
                    json.dumps(value).encode(),
                )
                answer = await ada.ask(place.method, place.path, content=place.body % field)
                sent += 1
                mine = await ada.everything()
                if answer.status == 422:
                    assert mine["revision"] == revision
                    continue
                assert answer.status in {200, 201}
                assert mine["revision"] == revision + 1
                assert str(value).encode() not in answer.body.replace(ada.name.encode(), b"")
        assert his == await bob.everything()
        everything = json.dumps(await ada.everything())
        assert not any(each in everything for each in (bob.name, "2001-01-01", "424242424242"))

    tries(sent, "claims")
