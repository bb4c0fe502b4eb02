"""What keeps users apart is the owner in the statements, and these tests would notice if it were gone."""

import inspect
from collections.abc import Iterator
from uuid import uuid4

import pytest

from donebook.errors import TaskNotFound
from donebook.ledger.statements import parts
from donebook.ledger.writing import records, revision
from donebook.tasks import usecases
from tests.storage.mutants import made_again
from tests.tasks.actors import Actor


async def require_apart(alice: Actor, bob: Actor) -> None:
    """Whatever Alice does, a task of Bob's is to her as one that does not exist."""
    theirs = (await bob.create("Of Bob", priority="high", description="of")).record
    await alice.create("Of Alice", priority="high", description="of")
    revision = await bob.revision()
    for key in (theirs.id, theirs.uuid):
        with pytest.raises(TaskNotFound):
            await alice.get(key)
        for write in (alice.toggle, alice.complete, alice.delete):
            with pytest.raises(TaskNotFound):
                await write(key)
        with pytest.raises(TaskNotFound):
            await alice.change(key, title="Of Alice now", if_match=revision)
    for selection in ({}, {"limit": 9}, {"search": ("of",)}, {"priorities": ("high",), "sort": "title"}):
        assert ["Of Alice"] == await alice.titles(**selection)
    assert (theirs, revision) == (await bob.get(theirs.id), await bob.revision())


async def test_users_are_apart(alice: Actor, bob: Actor) -> None:
    await require_apart(alice, bob)


async def test_a_uuid_that_another_user_has_is_free(alice: Actor, bob: Actor) -> None:
    uuid = uuid4()
    theirs = (await bob.create("Of Bob", uuid=uuid)).record

    mine = await alice.create("Of Alice", uuid=uuid)

    assert (True, "Of Alice") == (mine.changed, mine.record.title)
    assert theirs == await bob.get(uuid)


@pytest.fixture
def without_owner(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The task core with statements that forget whose tasks they are to touch."""
    source = inspect.getsource(parts)
    mutant = source.replace(
        "return kind.table.c.owner_id == OWNER", "return kind.table.c.owner_id == kind.table.c.owner_id"
    )
    assert source != mutant
    with made_again(parts.__name__, compile(mutant, parts.__name__, "exec")) as modules:
        for module in modules:
            for user in (usecases, records, revision):
                for name, used in vars(user).items():
                    if getattr(used, "__name__", None) == module.__name__:
                        monkeypatch.setattr(user, name, module)
        yield


@pytest.mark.usefixtures("without_owner")
async def test_a_task_core_that_forgets_the_owner_does_not_keep_them_apart(alice: Actor, bob: Actor) -> None:
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        await require_apart(alice, bob)
