"""Input meant to break things: refused in the contract's own shape, with nothing changed or repeated."""

import gzip
import json
from datetime import datetime
from typing import Any

import pytest

from tests.contracts.client import Reply, User
from tests.contracts.spoken import FLAT, SCOPED, TASK_CONTRACTS, VERSIONED, Spoken

CANARY = "canary-that-no-answer-repeats"


def deep(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def assert_refused(spoken: Spoken, reply: Reply) -> None:
    """4xx, in the contract's shape."""
    if reply.status == 422:
        spoken.problems(reply)
    elif reply.status == 415:
        assert spoken.refusal("not json", reply) == reply.json()
    elif reply.status == 413:
        assert spoken.refusal("too large", reply) == reply.json()
    else:
        assert (404, spoken.refusal("no task", reply)) == (reply.status, reply.json())
    assert CANARY.encode() not in reply.body


def refuse_body(user: User, spoken: Spoken, body: bytes | list[bytes], **headers: str) -> None:
    """Send the body wherever the contract takes one: it is refused and changes nothing."""
    task = spoken.create(user)
    before = user.stored()
    for method, target in (("POST", spoken.tasks(user)), ("PUT", spoken.task(user, task))):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        assert_refused(spoken, user(method, target, body=body, headers=named))
    assert before == user.stored()


@pytest.mark.parametrize("depth", [300, 900, 100_000])
@pytest.mark.parametrize("form", [b'{"title":%s}', b'{"title":"x","extra":%s}', b'{"a":{"b":%s}}', b"%s"])
def test_deep_json_is_refused(ada: User, spoken: Spoken, form: bytes, depth: int) -> None:
    refuse_body(ada, spoken, form % deep(depth))


def test_deep_objects_are_refused(ada: User, spoken: Spoken) -> None:
    refuse_body(ada, spoken, b'{"title":"x","a":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_001)


@pytest.mark.parametrize(
    "number",
    [
        "NaN",
        "Infinity",
        "-Infinity",
        "1e400",
        "-1e400",
        "1" * 5000,
        "2147483648",
        "-9223372036854775809",
        "0x10",
    ],
)
def test_a_number_is_no_title_however_large(ada: User, spoken: Spoken, number: str) -> None:
    refuse_body(ada, spoken, b'{"title":%s}' % number.encode())


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "01", "1.", ".5", "+1"]
)
def test_what_is_no_json_number_is_refused_anywhere(ada: User, spoken: Spoken, number: str) -> None:
    refuse_body(ada, spoken, b'{"title":"x","extra":[%s]}' % number.encode())


@pytest.mark.parametrize("spoken", [each for each in TASK_CONTRACTS if each is not FLAT], ids=str)
@pytest.mark.parametrize("number", ["2147483648", "-1", "2", "1e400", "NaN", '"2"', '"on"', "[]", "{}"])
def test_a_number_is_no_completion(ada: User, spoken: Spoken, number: str) -> None:
    task = spoken.create(ada)
    body = b'{"title":"x","%s":%s}' % (spoken.done.encode(), number.encode())
    assert_refused(spoken, ada("PUT", spoken.task(ada, task), body=body))
    assert task == ada.get(spoken.task(ada, task)).json()
    if spoken.done == "completed":
        refuse_body(ada, spoken, body)


@pytest.mark.parametrize(
    "body",
    [
        rb'{"title":"\ud800"}',
        rb'{"title":"a\udfffb"}',
        rb'{"title":"\udc00\ud800"}',
        rb'{"title":"x","\ud800":1}',
        rb'{"title":"x","extra":{"deep":["\ud83d"]}}',
        rb'{"title":"x","password":"\ud800canary-that-no-answer-repeats"}',
        b'{"title":"\xed\xa0\x80"}',
    ],
)
def test_lone_surrogates_are_refused(ada: User, spoken: Spoken, body: bytes) -> None:
    refuse_body(ada, spoken, body)


@pytest.mark.parametrize("title", ["\x00", "a\x00b", "a\x00", "\x00" * 200])
def test_nul_in_a_title_is_refused(ada: User, spoken: Spoken, title: str) -> None:
    refuse_body(ada, spoken, json.dumps({"title": title}).encode())


@pytest.mark.parametrize("spoken", [SCOPED, VERSIONED, FLAT], ids=str)
def test_nul_in_a_description_is_refused(ada: User, spoken: Spoken) -> None:
    refuse_body(ada, spoken, b'{"title":"x","description":"a\\u0000b"}')


def test_nul_in_a_field_that_is_ignored_is_refused_too(ada: User, spoken: Spoken) -> None:
    refuse_body(ada, spoken, b'{"title":"x","unheard_of":{"of":["a\\u0000b"]}}')
    refuse_body(ada, spoken, b'{"title":"x","un\\u0000heard":1}')


@pytest.mark.parametrize(
    "body",
    [
        b'{"title":"\xff"}',
        b'{"title":"\xc0\xaf"}',
        b'{"title":"\xf4\x90\x80\x80"}',
        b'{"title":"cut\xe2\x82"}',
        b'{"title":"raw\x00"}',
        b'{"title":"line\nbreak"}',
        b'\xef\xbb\xbf{"title":"x"}',
        '{"title":"x"}'.encode("utf-16"),
        '{"title":"x"}'.encode("utf-16-le"),
        '{"title":"x"}'.encode("utf-32"),
    ],
)
def test_what_is_not_utf_8_json_is_refused(ada: User, spoken: Spoken, body: bytes) -> None:
    refuse_body(ada, spoken, body)
    refuse_body(ada, spoken, body, Content_Type="application/json; charset=utf-16")


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/xml", "application/x-ndjson", "application/json-seq"]
)
def test_another_media_type_is_refused(ada: User, spoken: Spoken, kind: str) -> None:
    refuse_body(ada, spoken, b'{"title":"x"}', Content_Type=kind)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "x-gzip", "GZIP", "gzip, identity"])
def test_a_compressed_body_is_refused(ada: User, spoken: Spoken, coding: str) -> None:
    bomb = gzip.compress(b'{"title":"' + b"x" * 1_000_000 + b'"}')
    refuse_body(ada, spoken, bomb, Content_Encoding=coding)
    refuse_body(ada, spoken, bomb)


def test_ten_megabytes_are_refused_whether_they_are_announced_or_not(ada: User, spoken: Spoken) -> None:
    chunks = [b" " * 100_000] * 100
    for body in (b"".join(chunks), chunks):
        reply = ada("POST", spoken.tasks(ada), body=body)
        assert (413, spoken.refusal("too large", reply)) == (reply.status, reply.json())


def test_a_small_length_announced_does_not_let_a_large_body_in(ada: User, spoken: Spoken) -> None:
    body = [b" " * 600_000, b" " * 600_000, b'{"title":"x"}']
    for length in ("13", "-1", "1e3", "x", "", "9" * 5000):
        reply = ada("POST", spoken.tasks(ada), body=body, headers={"Content-Length": length})
        assert (413, spoken.refusal("too large", reply)) == (reply.status, reply.json())


@pytest.mark.parametrize(
    ("body", "title"),
    [
        (b'{"title":"first","title":"last"}', "last"),
        (b'{"title":"","title":"last"}', "last"),
        (b'{"title":"first","title":""}', None),
        (b'{"title":"first","title":null}', None),
        (b'{"title":"first","title":"a\\u0000"}', None),
        (b'{"title":"first","\\u0074itle":"last"}', "last"),
        (b'{"title":"first","\\u0074itle":" "}', None),
    ],
)
def test_of_a_key_given_twice_the_last_counts_and_is_checked(
    ada: User, spoken: Spoken, body: bytes, title: str | None
) -> None:
    reply = ada("POST", spoken.tasks(ada), body=body)
    if title is None and not (spoken is FLAT and b"null" in body):
        assert 422 == reply.status
    elif title is not None:
        assert (201, title) == (reply.status, reply.json()["title"])
    assert ([] if title is None else [title]) == [
        task["title"] for task in spoken.listed(ada.get(spoken.tasks(ada)))
    ]


@pytest.mark.parametrize(
    ("spoken", "query"),
    [
        *[
            (SCOPED, each)
            for each in ("status=all&status=all", "status=all&status=nonsense", "limit=1&limit=2")
        ],
        *[(SCOPED, each) for each in ("search=a&search=b", "offset=0&%6fffset=1", "sort=title&sort=")],
        *[(VERSIONED, each) for each in ("completed=true&completed=false", "priority=low&priority=low")],
        (FLAT, "status=pending&status=completed"),
        *[(SCOPED, f"search={each}") for each in ("%00", "a%00b", "%ff", "%ED%A0%80", "%C0%AF")],
        *[(each, "status=%00") for each in (SCOPED, FLAT)],
        *[(each, "status=%ff") for each in (SCOPED, FLAT)],
        *[(VERSIONED, each) for each in ("completed=%00", "priority=%00", "priority=%ff", "completed=")],
        *[
            (SCOPED, f"limit={each}")
            for each in (2**31, -(2**31), 2**63, -(2**63), "1e400", "NaN", "1" * 5000)
        ],
        *[(SCOPED, f"limit={each}") for each in ("1.5", "", "%00", "0x10", "%D9%A1", "true", "1,2")],
        *[(SCOPED, f"offset={each}") for each in (-(2**31), 2**63, -(2**63), "1e400", "NaN", "1" * 5000)],
        (SCOPED, "&".join(f"a{n}=" for n in range(200))),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_query_that_cannot_be_meant_is_refused(ada: User, spoken: Spoken, query: str) -> None:
    task = spoken.create(ada)
    before = ada.stored()
    reply = ada.get(f"{spoken.tasks(ada)}?{query}")
    assert 422 == reply.status
    assert all("query" == each["loc"][0] for each in spoken.problems(reply))
    assert before == ada.stored()
    assert task == ada.get(spoken.task(ada, task)).json()


@pytest.mark.parametrize("offset", [2**31, 2**53])
def test_an_offset_beyond_the_end_is_an_empty_page(ada: User, offset: int) -> None:
    reply = ada.get(f"{SCOPED.tasks(ada)}?offset={offset}")
    assert (200, []) == (reply.status, reply.json()["tasks"])


@pytest.mark.parametrize(
    "word",
    [
        "%00",
        "1%00",
        "%ff",
        "1%ff",
        "%ED%A0%80",
        "%2e%2e",
        "..",
        "1%2f2",
        "1%0d%0aX:y",
        "%F0%9F%98%80",
        "9" * 5000,
    ],
)
def test_a_path_that_cannot_be_meant_is_refused(ada: User, spoken: Spoken, word: str) -> None:
    spoken.create(ada)
    before = ada.stored()
    for method, target, body in spoken.calls(f"{spoken.tasks(ada)}/{word}"):
        reply = ada(method, target, **({} if body is None else {"json": body}))
        assert reply.status in {404, 405, 422}
        assert "x" not in reply.headers
    assert before == ada.stored()


@pytest.mark.parametrize("spoken", [each for each in TASK_CONTRACTS if "{user_id}" in each.pattern], ids=str)
@pytest.mark.parametrize("user_id", ["%00", "{id}%00", "%ff", "{id}%20", "%20{id}", "..", "{id}%2f..", "%2e"])
def test_a_user_id_that_cannot_be_meant_is_refused(ada: User, spoken: Spoken, user_id: str) -> None:
    spoken.create(ada)
    before = ada.stored()
    target = spoken.pattern.format(user_id=user_id.format(id=ada.id))
    for reply in (ada.get(target), ada.post(target, {"title": "x"})):
        assert reply.status in {403, 404}
        assert ada.text.encode() not in reply.body
    assert before == ada.stored()


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00.000001Z",
        "0001-01-01T00:00:00-23:59",
        "0001-01-02T00:00:00+23:59",
        "9999-12-31T23:59:59.999998Z",
        "9999-12-31T23:59:59+23:59",
        "9999-12-30T23:59:59-23:59",
        "1969-12-31T23:59:59Z",
        "2024-02-29T12:00:00Z",
        "1582-10-10T00:00:00Z",
        "2026-06-01T00:00:00+23:59",
        "2026-06-01T00:00:00-23:59",
        "0099-01-01T00:00:00Z",
    ],
)
def test_a_moment_at_the_edge_of_the_calendar_comes_back_exactly(ada: User, moment: str) -> None:
    task = VERSIONED.create(ada, due_date=moment)
    assert datetime.fromisoformat(moment) == datetime.fromisoformat(task["due_date"])
    assert task["due_date"].endswith("Z")
    assert task == ada.get(VERSIONED.task(ada, task)).json()
    assert [task["id"]] == [each["id"] for each in ada.get(f"{SCOPED.tasks(ada)}?sort=due_date").json()]


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59-23:59",
        "0000-01-01T00:00:00Z",
        "-0001-01-01T00:00:00Z",
        "-2026-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "+002026-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-12-31T23:59:60Z",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00+99:99",
        "2026-01-01T00:00:00 Europe/Berlin",
        "2026-01-01T00:00:00Z\x00",
        "2026-01-01T00:00:00Zjunk",
        "2026-W01-1T00:00:00Z",
        "20260101T000000Z",
        "Thu, 01 Jan 2026 00:00:00 GMT",
        "1700000000",
        "1700000000000",
        "1700000000.5",
        "17000000000000000000",
        "now",
        "",
        " ",
        "٢٠٢٦-01-01T00:00:00Z",
        1_700_000_000,
        1_700_000_000.5,
        -1,
        2**63,
        1e300,
        True,
        {},
        ["2026-01-01T00:00:00Z"],
    ],
)
def test_what_is_no_moment_of_the_calendar_is_refused(ada: User, moment: Any) -> None:
    refuse_body(ada, VERSIONED, json.dumps({"title": "x", "due_date": moment}).encode())


@pytest.mark.parametrize(
    "body",
    [
        {"title": [CANARY]},
        {"title": {CANARY: 1}},
        {"title": CANARY * 50},
        {"password": CANARY},
        {CANARY: CANARY},
        {"title": "", "password": CANARY, "token": CANARY},
        [CANARY],
        CANARY,
        {"title": "x" * 1000, "description": [CANARY], "completed": CANARY, "is_completed": CANARY},
        {"title": "", "priority": CANARY, "due_date": CANARY},
    ],
)
def test_a_422_never_repeats_the_body(ada: User, spoken: Spoken, body: Any) -> None:
    reply = ada.post(spoken.tasks(ada), body)
    assert_refused(spoken, reply)
    assert 422 == reply.status


def test_no_refusal_repeats_path_query_or_token(ada: User, spoken: Spoken) -> None:
    tasks = spoken.tasks(ada)
    replies = [
        ada.get(f"{tasks}?status={CANARY}&priority={CANARY}&limit={CANARY}&{CANARY}={CANARY}"),
        ada.get(f"{tasks}/{CANARY}"),
        ada.get(f"{tasks}/{CANARY}/{CANARY}"),
        ada("POST", f"{tasks}/{CANARY}"),
        ada.service.get(tasks, token=CANARY),
        ada.service.get(tasks, headers={"Authorization": CANARY}),
        ada("POST", tasks, body=b"{", headers={"Content-Type": f"application/json; x={CANARY}"}),
        ada("POST", tasks, body=b"{}", headers={"Content-Type": CANARY}),
        ada.get(tasks, headers={"If-None-Match": CANARY}),
    ]
    for reply in replies:
        assert CANARY.encode() not in reply.body
        assert CANARY not in str(reply.headers)
        assert ada.token.encode() not in reply.body


@pytest.mark.parametrize("given", ["x" * 65, "a b", "", "a\tb", "{evil}", "\xff"])
def test_a_request_id_of_another_form_is_replaced(ada: User, spoken: Spoken, given: str) -> None:
    reply = ada.get(spoken.tasks(ada), headers={"X-Request-ID": given})
    assert 200 == reply.status
    assert reply.headers["x-request-id"].isalnum()
    assert given != reply.headers["x-request-id"]
