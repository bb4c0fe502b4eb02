"""Entity tags and the conditions built on them (RFC 9110, sections 8.8.3 and 13.1).

A task's tag is its revision: ``"7"``. A list's tag is its owner's revision and a digest of owner and
query, ``"7-3f9a…"``, so that one user's list never revalidates another's. All tags are strong.
"""

import hashlib
import re
from collections.abc import Sequence

# Empty elements of a list are skipped (RFC 9110, section 5.6.1).
_TAG = re.compile(r'[ \t,]*(W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,[ \t,]*|$)')

_REVISION = re.compile("0|[1-9][0-9]{0,17}", re.ASCII)

ANY = ("*",)


def task_tag(revision: int) -> bytes:
    """The tag of a task at a revision."""
    return b'"%d"' % revision


def list_tag(revision: int, owner: str, query: bytes) -> bytes:
    """The tag of a list: ``query`` is the query string as the client sent it."""
    digest = hashlib.blake2b(query, key=hashlib.sha256(owner.encode()).digest(), digest_size=8).hexdigest()
    return b'"%d-%s"' % (revision, digest.encode())


def revision_of(text: str) -> int | None:
    """The revision that a tag or its first part names; ``None`` where no tag of ours is written so."""
    return int(text) if _REVISION.fullmatch(text) else None


def parse_tags(header: str, *, strong: bool) -> Sequence[str]:
    """The opaque tags of an ``If-Match`` or ``If-None-Match`` header; ``ANY`` for ``*``.

    ``strong`` leaves out weak tags, as ``If-Match`` must. A header that is no list of tags matches
    nothing.
    """
    if header.strip() == "*":
        return ANY
    tags: list[str] = []
    position = 0
    while position < len(header):
        match = _TAG.match(header, position)
        if match is None:
            return ()
        if not (strong and match[1]):
            tags.append(match[2])
        position = match.end()
    return tags


def matches(header: str | None, tag: bytes) -> bool:
    """Whether ``If-None-Match`` names the tag, in weak comparison."""
    if header is None:
        return False
    tags = parse_tags(header, strong=False)
    return tags is ANY or tag[1:-1].decode() in tags
