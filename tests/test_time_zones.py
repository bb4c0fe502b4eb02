"""Which names are time zones: the same on every machine."""

import pytest

from donebook import time_zones


@pytest.mark.parametrize("name", ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5", "EST"])
def test_a_zone_is_one(name: str) -> None:
    assert time_zones.is_time_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        "localtime",
        "Factory",
        "posixrules",
        "posix/Europe/Berlin",
        "right/Europe/Berlin",
        "europe/berlin",
        "EUROPE/BERLIN",
        "Europe/Berlin ",
        "../../../etc/localtime",
        "/etc/localtime",
        "Europe",
        "tzdata.zi",
        "",
    ],
)
def test_what_depends_on_the_machine_or_is_no_zone_is_none(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As a machine has it whose directory of zones lists all that is in it.
    more = {"localtime", "Factory", "posixrules", "posix/Europe/Berlin", "right/Europe/Berlin"}
    monkeypatch.setattr(time_zones, "available_timezones", lambda: {"Europe/Berlin"} | more)
    time_zones._names.cache_clear()

    assert not time_zones.is_time_zone(name)
    time_zones._names.cache_clear()
