"""What the normalisation of e-mail addresses does to accounts that are there already."""

from sqlalchemy import Connection, text

from donebook.storage.migrate import connect_for_migration, migrate

BEFORE = {
    "ann": "ann@b\u00fccher.example",
    "bob1": "bob@example.com",
    "bob2": "bob@example.com.",
    "cat1": "cat@example.com.",
    "cat2": "\uff43at@example.com",
    "dan": "dan@a_b.example",
}
AFTER = {
    "ann": "ann@xn--bcher-kva.example",
    "bob1": "bob@example.com",
    "bob2": "bob@example.com.",
    # The older one has the address from now on, the other is found by its own spelling.
    "cat1": "cat@example.com",
    "cat2": "\uff43at@example.com",
    "dan": "dan@a_b.example",
}


def test_addresses_from_before_are_normalised_and_twins_stay_two(empty_database_url: str) -> None:
    migrate(empty_database_url, "0006")
    now = "2030-01-01T00:00:00.000000+00:00"

    def insert(connection: Connection) -> None:
        for user, email in BEFORE.items():
            connection.execute(
                text(f"INSERT INTO users (id, created_at, updated_at) VALUES ('{user}', '{now}', '{now}')")
            )
            connection.execute(
                text(
                    "INSERT INTO local_accounts (user_id, email_folded, password_hash, password_set_at)"
                    f" VALUES ('{user}', :email, 'x', '{now}')"
                ),
                {"email": email},
            )
        connection.commit()

    found: dict[str, str] = {}

    def look(connection: Connection) -> None:
        rows = connection.execute(text("SELECT user_id, email_folded FROM local_accounts"))
        found.update((user_id, email) for user_id, email in rows)

    connect_for_migration(empty_database_url, insert)
    migrate(empty_database_url)
    connect_for_migration(empty_database_url, look)

    assert AFTER == found
