"""What a field of tasks is declared as, its columns, and what the living contract says of it agree."""

from typing import get_type_hints

import pytest
from sqlalchemy import Column

from donebook.contracts.v2 import fields as v2
from donebook.ledger.kinds.kind import Field
from donebook.tasks.kind import TASKS
from donebook.tasks.model import task_versions, tasks
from tests.deployment.image import ROOT

COMMON = {"owner_id", "id", "uuid", "created_at", "updated_at", "revision", "previous_revision"}
FLAGS = {flag.field: name for name, flag in TASKS.flags.items()}


@pytest.mark.parametrize("field", TASKS.fields, ids=lambda field: field.name)
def test_a_fields_columns_are_alike_in_tasks_and_in_versions(field: Field) -> None:
    for name in field.columns:
        assert {name} <= set(tasks.c.keys()) & set(task_versions.c.keys())
        assert _shape(tasks.c[name]) == _shape(task_versions.c[name])
    if field.twin:
        assert field.twin in tasks.c


def _shape(column: "Column[object]") -> tuple[str, bool]:
    return type(column.type).__name__, bool(column.nullable)


def test_every_column_belongs_to_a_field_or_to_all_kinds() -> None:
    declared = {name for field in TASKS.fields for name in (*field.columns, field.twin) if name}

    assert set(tasks.c.keys()) == declared | COMMON
    assert set(task_versions.c.keys()) == set(TASKS.columns) | {
        "owner_id", "revision", "task_id", "previous_revision", "action", "contract", "at",
    }  # fmt: skip


@pytest.mark.parametrize("field", TASKS.fields, ids=lambda field: field.name)
def test_a_field_is_shown_and_taken_by_the_living_contract(field: Field) -> None:
    assert field.name in v2.Task.__struct_fields__
    if field.given or field.name in FLAGS:
        given = FLAGS.get(field.name, field.name)
        assert given in get_type_hints(v2.GivenTask)
        assert given in get_type_hints(v2.GivenChange)


@pytest.mark.parametrize("field", TASKS.fields, ids=lambda field: field.name)
def test_a_field_is_nothing_where_its_columns_may_be_so(field: Field) -> None:
    for name, value in field.values(field.nothing).items():
        assert value is not None or tasks.c[name].nullable


def test_the_how_to_names_files_that_there_are() -> None:
    page = (ROOT / "docs/how-to/add-a-field.md").read_text()

    for file in ("tasks/model.py", "tasks/kind.py", "contracts/v2/fields.py", "migrations/versions/"):
        assert f"src/donebook/{file}" in page
        assert (ROOT / "src/donebook" / file).exists()
