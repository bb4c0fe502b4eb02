import pytest

from donebook.accounts.passwords import find_weakness


@pytest.mark.parametrize(
    "password",
    [
        "Abcdefg1",
        "A1" + "a" * 126,
        "Aa1 with spaces and ünïcode \N{PILE OF POO}",
        "ÀÉÎaeiou٣",
    ],
)
def test_a_password_of_8_to_128_characters_with_both_cases_and_a_digit_is_good(password: str) -> None:
    assert find_weakness(password) is None


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("", "password_length"),
        ("Abcdef1", "password_length"),
        ("A1" + "a" * 127, "password_length"),
        ("abcdefg1", "password_too_simple"),
        ("ABCDEFG1", "password_too_simple"),
        ("Abcdefgh", "password_too_simple"),
        ("Abcdefg1\0", "password_characters"),
        ("Abcdefg1\ud800", "password_characters"),
        ("Password1", "password_too_common"),
        ("QWERTY123a"[:-1].capitalize(), "password_too_common"),
        ("PassW0rd", "password_too_common"),
    ],
)
def test_a_weak_password_is_told_its_rule(password: str, rule: str) -> None:
    weakness = find_weakness(password)
    assert weakness is not None
    assert rule == weakness[0]


def test_what_is_said_of_a_password_does_not_repeat_it() -> None:
    weakness = find_weakness("Password123")
    assert weakness is not None
    assert "password123" not in weakness[1].lower()


def test_three_thousand_passwords_are_common() -> None:
    from donebook.accounts.passwords import _common_passwords

    common = _common_passwords()
    assert 3000 == len(common)
    assert {"123456", "password", "qwerty"} <= common
