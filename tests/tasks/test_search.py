import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from donebook.ledger.kinds.folding import fold
from tests.tasks.actors import Actor

# Texts that are one text but for case or composition.
SAME = [
    ("Milk", "mILK"),
    ("Ärger", "äRGER"),
    ("Straße", "STRASSE"),
    ("Straße", "STRAẞE"),
    ("İstanbul", "i̇stanbul"),
    ("ΣΊΣΥΦΟΣ", "Σίσυφος"),
    ("ΌΔΟΣ", "όδος"),
    ("Привет, Ёж", "пРИВЕТ, ёЖ"),
    ("ŁÓDŹ", "łódź"),
    ("Ǆ", "ǆ"),
    ("ﬁn", "FIN"),
    ("café", "CAFE\u0301"),
    ("ü\u0323", "U\u0323\u0308"),
    ("Ϊ\u0301", "ΐ"),
    ("한글", unicodedata.normalize("NFD", "한글")),
    ("\N{CHEROKEE LETTER A}", "\N{CHEROKEE SMALL LETTER A}"),
]


@pytest.mark.parametrize(("stored", "searched"), [*SAME, *((b, a) for a, b in SAME)])
async def test_a_search_finds_a_text_whatever_its_case_or_composition(
    alice: Actor, stored: str, searched: str
) -> None:
    await alice.create(f"<{stored}>")
    await alice.create("In the description", description=f"<{stored}>")
    await alice.create("Neither", description="nor")

    for wanted in (searched, f"<{searched}", f"{searched}>"):
        assert [f"<{stored}>", "In the description"] == await alice.titles(search=wanted)


@pytest.mark.parametrize(
    ("stored", "searched"),
    [
        ("\N{LATIN SMALL LETTER DOTLESS I}", "i"),
        ("e", "é"),
        ("é", "e"),
        ("ss", "s s"),
        ("o", "0"),
        ("и", "й"),
    ],
)
async def test_a_search_tells_other_letters_apart(alice: Actor, stored: str, searched: str) -> None:
    await alice.create(stored)

    assert [] == await alice.titles(search=searched)


@pytest.mark.parametrize(
    "searched", ["%", "_", "\\", "%%", "a%", "_b", "[a-z]", "*", "?", ".", "'", '"', "''"]
)
async def test_a_search_takes_every_character_literally(alice: Actor, searched: str) -> None:
    await alice.create("ab")
    await alice.create(f"with {searched} in it")

    assert [f"with {searched} in it"] == await alice.titles(search=searched)


async def test_a_search_finds_text_in_the_middle_and_across_words(alice: Actor) -> None:
    await alice.create("Buy oat milk")

    assert [["Buy oat milk"]] * 4 == [await alice.titles(search=text) for text in ("oat", "y o", "BUY", "k")]
    assert [] == await alice.titles(search="oat  milk")


async def test_a_search_does_not_run_from_the_title_into_the_description(alice: Actor) -> None:
    await alice.create("ab", description="cd")

    assert [] == await alice.titles(search="bc")


async def test_an_empty_search_finds_every_task_described_or_not(alice: Actor) -> None:
    await alice.create("one")
    await alice.create("two", description="words")

    assert ["one", "two"] == await alice.titles(search="")


async def test_a_search_finds_what_a_task_says_now(alice: Actor) -> None:
    task = (await alice.create("Äpfel", description="Grün")).record
    await alice.change(task.id, title="Birnen", description=None)

    assert [[], [], ["Birnen"]] == [await alice.titles(search=text) for text in ("äpfel", "grün", "BIRNEN")]


@given(st.text())
def test_folding_is_done_when_done_once(text: str) -> None:
    assert fold(text) == fold(fold(text))


@given(st.text())
def test_folding_levels_composition(text: str) -> None:
    assert {fold(text)} == {fold(unicodedata.normalize(form, text)) for form in ("NFC", "NFD")}


@given(st.text())
def test_folding_levels_what_python_calls_equal_but_for_case(text: str) -> None:
    assert fold(text) == fold(text.casefold())
