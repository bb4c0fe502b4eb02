"""The how-to pages name files and make targets that there are, and the tests that hold their steps."""

import re
from pathlib import Path

import pytest

from tests.deployment.image import ROOT

PAGES = sorted(path for path in (ROOT / "docs/how-to").glob("*.md") if path.name != "README.md")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_a_page_names_is_there(page: Path) -> None:
    text = page.read_text()
    named = set(re.findall(r"`((?:src|tests|docs|clients)/[^`…]+|[\w.-]+\.(?:toml|example|md))`", text))

    assert any(name.startswith("src/") for name in named)
    assert [] == sorted(name for name in named if not (ROOT / name).exists())
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", text)) <= targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_names_a_test_that_holds_it(page: Path) -> None:
    assert re.search(r"`tests/[\w/]+/test_\w+\.py`", page.read_text())


def test_the_index_has_every_page() -> None:
    index = (ROOT / "docs/how-to/README.md").read_text()

    assert [page.name for page in PAGES] == sorted(re.findall(r"\]\(([\w-]+\.md)\)", index))
