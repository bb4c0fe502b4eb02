"""Every statement that touches users' rows names their owner; and leaving that out is noticed."""

import ast
import inspect
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Executable, Text, and_, bindparam, delete, insert, or_, select, true, update
from sqlalchemy.dialects import sqlite

from donebook.accounts.model import users
from donebook.spaces.model import spaces
from donebook.storage.statement import Statement
from donebook.tasks.model import task_versions, tasks
from tests.storage.every_statement import every_statement, modules, statements_in
from tests.storage.mutants import made_again
from tests.storage.ownership import KNOWN_TO_BE_NOBODYS, ownerless_tables, untied_parts

OWNER = bindparam("owner", type_=Text)
KNOWN_TO_CROSS_OWNERS = {
    # Maintenance goes from owner to owner.
    "drop_old_tickets",
    "owners_with_old_task_history",
    "owners_with_old_records",
    "owners_with_tombstones",
    "owners_with_tasks_in_trash",
    "spaces_after",
    "largest_spaces",  # the operator's
    "get_account",  # a log-in finds its user by e-mail
    "rotate_cookie",  # a session's cookie tells whose it is
    "find_session",
    "list_users",  # the operator's
    "list_addresses",
    "list_events",
    "record_event",  # what nobody known did is recorded too
    "anonymise_events",
    "revoke",
    "revocations_after",  # each worker learns of all of them
    "prune_revocations",
    "prune_events",
    "prune_networks",
    "prune_sessions",
    "renew_spaces",
    "renew_every_space",  # all of them, after a history was lost
    # Events: whether there is news, asked for all followers at once.
    "owner_revisions",
}
SOMEBODY = ast.parse("__import__('sqlalchemy').bindparam('somebody')", mode="eval").body
MINE = tasks.c.owner_id == OWNER
OTHER = tasks.alias("other")
MINE_ALONE = select(tasks).where(MINE).cte("mine_alone")


def test_every_table_is_of_users_or_known_to_be_nobodys() -> None:
    assert KNOWN_TO_BE_NOBODYS == ownerless_tables()


def test_no_statement_touches_rows_of_more_than_one_user() -> None:
    faults = {
        name: untied_parts(statement)
        for name, statement in every_statement().items()
        if not statement.crosses_owners
    }

    assert {} == {name: found for name, found in faults.items() if found}


def test_those_that_cross_owners_are_known() -> None:
    crossing = {statement.name for statement in every_statement().values() if statement.crosses_owners}

    assert KNOWN_TO_CROSS_OWNERS == crossing


def test_an_owner_left_out_anywhere_is_noticed() -> None:
    mutants = 0
    for module in modules():
        for number, mention in enumerate(owner_mentions(ast.parse(inspect.getsource(module)))):
            assert faults_without_owner(module, number), (
                f"no fault is found without the owner in line {mention.lineno} of {module.__name__}"
            )
            mutants += 1
    assert mutants > 10


def owner_mentions(tree: ast.AST) -> list[ast.expr]:
    """Where a module's code says ``OWNER`` or makes the parameter ``owner``."""
    return [
        node
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "OWNER" and isinstance(node.ctx, ast.Load))
        or (isinstance(node, ast.Call) and ast.unparse(node).startswith("bindparam('owner'"))
    ]


def faults_without_owner(module: ModuleType, number: int) -> list[str]:
    """What is found in all modules when one has another parameter in place of one mention."""
    tree = ast.parse(inspect.getsource(module))
    mention = owner_mentions(tree)[number]

    class Replacing(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> Any:
            return SOMEBODY if node is mention else self.generic_visit(node)

    changed: ast.Module = ast.fix_missing_locations(Replacing().visit(tree))
    with made_again(module.__name__, compile(changed, module.__name__, "exec")) as mutants:
        statements = [each for mutant in mutants for each in statements_in(mutant, one_of_each=True)]
        return [fault for each in statements if not each.crosses_owners for fault in untied_parts(each)]


def test_the_statements_of_the_task_core_are_among_them() -> None:
    kinds = {name.partition("[")[0].partition(" ")[0] for name in every_statement()}

    assert {
        "get_task",
        "list_tasks",
        "count_tasks",
        "owner_revision",
        "create_task_alone",
        "create_chosen_task_alone",
        "create_task_step",
        "edit_task_alone",
        "edit_task_step",
        "current_task",
        "lock_owner",
        "raise_revision",
        "append_task_version",
        "allot_number",
        "provision_user",
        "schema_revision",
        "page_of_tasks",
        "neighbours_of_task",
        "position_of_task",
        "tasks_by_number",
        "is_task_erased",
    } <= kinds


CARELESS = {
    "no condition": select(tasks.c.id),
    "another parameter": select(tasks.c.id).where(tasks.c.owner_id == bindparam("user", type_=Text)),
    "one of two": select(tasks.c.id).where(or_(MINE, tasks.c.id == 1)),
    "not mine": select(tasks.c.id).where(~MINE),
    "another column": select(tasks.c.id).where(tasks.c.title == OWNER),
    "joined by the task": select(tasks.c.id).where(MINE, task_versions.c.task_id == tasks.c.id),
    "outer join": select(tasks.c.id)
    .outerjoin(OTHER, OTHER.c.owner_id == OWNER)
    .where(OTHER.c.owner_id == tasks.c.id),
    "an outer join's left side": select(tasks.c.id).outerjoin(OTHER, and_(OTHER.c.owner_id == OWNER, MINE)),
    "an outer join's right side": select(tasks.c.id, OTHER.c.id)
    .outerjoin(OTHER, OTHER.c.id == tasks.c.id)
    .where(MINE),
    "a full join": select(tasks.c.id).outerjoin(OTHER, OTHER.c.owner_id == OWNER, full=True).where(MINE),
    "an alias": select(tasks.c.id, OTHER.c.id).where(MINE),
    "a subquery": select(tasks.c.id).where(MINE, tasks.c.id.in_(select(OTHER.c.id))),
    "a scalar subquery": select(select(tasks.c.id).limit(1).scalar_subquery()),
    "an exists": select(true()).where(select(tasks.c.id).exists()),
    "a CTE": select(select(tasks.c.id).cte("all_of_them").c.id),
    "a user by e-mail": select(users.c.id).where(users.c.email == OWNER),
    "an update": update(tasks).values(title="x").where(tasks.c.id == 1),
    "an update from": update(spaces).values(revision=tasks.c.revision).where(spaces.c.id == OWNER),
    "a deletion": delete(tasks).where(tasks.c.id == 1),
    "an insertion": insert(tasks).values(id=1, owner_id=bindparam("user", type_=Text)),
    "an insertion from": insert(tasks).from_select(
        ["owner_id"], select(users.c.email).where(users.c.id == OWNER)
    ),
    "an upsert": sqlite.insert(users).values(id=OWNER).on_conflict_do_update(["email"], set_={"name": "x"}),
}
CAREFUL = {
    "a select": select(tasks.c.id).where(tasks.c.id == 1, MINE),
    "an alias": select(tasks.c.id, OTHER.c.id).where(MINE, OTHER.c.owner_id == tasks.c.owner_id),
    "a join": select(tasks.c.id).join(users, users.c.id == tasks.c.owner_id).where(MINE),
    "an outer join": select(tasks.c.id, OTHER.c.id)
    .outerjoin(OTHER, and_(OTHER.c.owner_id == tasks.c.owner_id, OTHER.c.id == tasks.c.previous_revision))
    .where(MINE),
    "a join the other way": select(tasks.c.id)
    .join(users, users.c.id == tasks.c.owner_id)
    .where(users.c.id == OWNER),
    "a CTE": select(MINE_ALONE.c.id, OTHER.c.id).where(OTHER.c.owner_id == MINE_ALONE.c.owner_id),
    "a deletion": delete(tasks).where(MINE),
    "an insertion from": insert(tasks).from_select(
        ["owner_id"], select(users.c.id).where(users.c.id == OWNER)
    ),
    "an upsert": sqlite.insert(users).values(id=OWNER).on_conflict_do_update(["id"], set_={"name": "x"}),
}


@pytest.mark.parametrize("expression", CARELESS.values(), ids=CARELESS)
def test_a_statement_without_the_owner_is_noticed(expression: Executable) -> None:
    assert untied_parts(Statement("careless", expression, "sqlite"))


@pytest.mark.parametrize("expression", CAREFUL.values(), ids=CAREFUL)
def test_a_statement_with_the_owner_passes(expression: Executable) -> None:
    assert [] == untied_parts(Statement("careful", expression, "sqlite"))
