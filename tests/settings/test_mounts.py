import pytest
from pydantic import ValidationError

from donebook.settings import Mount, Settings
from tests.settings.conftest import Loaded, Mistakes


@pytest.mark.parametrize(
    ("written", "mounts"),
    [
        ("flat", (Mount("flat"),)),
        ("flat, scoped@/team ,", (Mount("flat"), Mount("scoped", "/team"))),
        ("enveloped@/a/b/", (Mount("enveloped", "/a/b"),)),
        ("flat@/", (Mount("flat"),)),
        ('["flat","auth"]', (Mount("flat"), Mount("auth"))),
        ("flat,flat@/again", (Mount("flat"), Mount("flat", "/again"))),
        ("scoped@/x,enveloped", (Mount("scoped", "/x"), Mount("enveloped"))),
    ],
)
def test_contracts_are_mounted_where_they_are_written(
    loaded: Loaded, written: str, mounts: tuple[Mount, ...]
) -> None:
    assert mounts == loaded(CONTRACTS=written).contracts


@pytest.mark.parametrize(
    ("written", "one", "other"),
    [
        ("scoped,enveloped", "scoped", "enveloped"),
        ("enveloped@/x,scoped@/x", "enveloped@/x", "scoped@/x"),
        ("flat,v2,flat", "flat", "flat"),
        ("scoped,flat@/api", "scoped", "flat@/api"),
        ("v2,versioned@/api/v2", "v2", "versioned@/api/v2"),
    ],
)
def test_two_contracts_that_claim_one_url_are_refused_and_both_named(
    mistakes: Mistakes, written: str, one: str, other: str
) -> None:
    [line] = mistakes(CONTRACTS=written)
    assert line.startswith(f'CONTRACTS: "{one}" and "{other}" claim the same URLs')


def test_contracts_given_as_mounts_are_held_to_the_same_rules() -> None:
    with pytest.raises(ValidationError, match='"scoped" and "enveloped" claim the same URLs'):
        Settings(contracts=(Mount("scoped"), Mount("enveloped")))


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("flat,gopher", '"gopher" names no contract this server speaks; choose from v2, versioned,'),
        ("Flat", '"Flat" names no contract'),
        (",", "names no contract; choose from"),
        ("flat@x", '"flat@x" has a bad base'),
        ("flat@/a//b", '"flat@/a//b" has a bad base'),
        ("flat@/../x", '"flat@/../x" has a bad base'),
        ("flat@/{x}", '"flat@/{x}" has a bad base'),
        ("flat@/docs", '"flat@/docs" has a base the server keeps for itself (/docs)'),
    ],
)
def test_a_contract_that_cannot_be_mounted_is_refused(mistakes: Mistakes, written: str, told: str) -> None:
    [line] = mistakes(CONTRACTS=written)
    assert told in line
