"""Mistakes in keeping what clients know of a lost history apart from what came after it."""

from typing import Any

from tests.faults.breaks.patching import patch


def begin_at_nothing() -> None:
    """Begin every ledger at 0."""
    from donebook.spaces import revisions

    patch(revisions, "first_revision", lambda now: 0)


def count_on_after_a_restore() -> None:
    """Leave the revisions as the backup has them."""
    from donebook.spaces import revisions

    async def renew_nothing(database: Any, now: Any, lost: int = 0) -> int:
        del database, now, lost
        return 0

    patch(revisions, "renew_revisions", renew_nothing)


def raise_without_a_floor() -> None:
    """Raise the ledgers, and go on from any revision below."""
    from donebook.spaces import revisions
    from donebook.spaces.model import spaces
    from donebook.spaces.statements import RENEW_SPACES
    from donebook.storage.statement import Statement

    renewed: Any = RENEW_SPACES.expression
    raised = renewed.values(floor=spaces.c.floor)
    patch(revisions, "RENEW_SPACES", Statement("renew_spaces", raised, crosses_owners=True))


def count_on_after_a_downgrade() -> None:
    """Let a downgrade forget deletions without a word."""
    from donebook.migrations import renewal

    patch(renewal, "renew_revisions", lambda connection: None)


def keep_streams_of_a_lost_history() -> None:
    """Go on telling those who stand in a history that was lost."""
    from donebook.ledger.events.reading import EventReader

    read = EventReader.read

    async def read_on(self: Any, owner: str, place: Any) -> Any:
        from donebook.errors import ResyncRequired
        from donebook.ledger.events.audience import Page
        from donebook.ledger.events.position import after_revision

        try:
            return await read(self, owner, place)
        except ResyncRequired:
            newest = (await self.revisions([owner]))[owner]
            return Page((), after_revision(newest), more=False)

    EventReader.read = read_on  # type: ignore[method-assign]
