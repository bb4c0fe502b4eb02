from datetime import UTC, datetime, timedelta

import pytest

from tests.service import run_service

PATH = "/.well-known/security.txt"


async def test_there_is_none_without_a_contact(sqlite_url: str) -> None:
    async with run_service(sqlite_url) as service, service.client(None) as client:
        assert 404 == (await client.get(PATH)).status_code


@pytest.mark.parametrize("contact", ["mailto:security@example.com", "https://example.com/report"])
async def test_it_names_the_contact_and_is_valid_for_months(sqlite_url: str, contact: str) -> None:
    async with (
        run_service(sqlite_url, security_txt_contact=contact) as service,
        service.client(None) as client,
    ):
        response = await client.get(PATH)

    fields = dict(line.split(": ", 1) for line in response.text.splitlines())
    expires = datetime.fromisoformat(fields["Expires"])
    assert 200 == response.status_code
    assert "text/plain; charset=utf-8" == response.headers["content-type"]
    assert contact == fields["Contact"]
    assert timedelta(days=90) < expires - datetime.now(UTC) < timedelta(days=365)
