"""The SQL of the task core as it stands, in a file beside this module, so that no change of it goes unseen.

After a change that is meant: ``python -m tests.ledger.core_statements``, and read the difference.
"""

from pathlib import Path

from donebook.ledger.statements import in_transaction, single_statement
from donebook.storage.statement import POSTGRESQL, SQLITE, Statement, compile_statement
from donebook.tasks.kind import TASKS
from tests.storage.every_statement import aspects_of, modules, statements_in
from tests.tasks.actors import TaskFacts

FILE = Path(__file__).with_suffix(".sql")
_ROOMS = ("donebook.ledger.statements", "donebook.tasks.statements", "donebook.ledger.events")


def core_statements() -> list[Statement]:
    """One of each form, of edits one for each aspect."""
    found = [
        statement
        for module in modules()
        if module.__name__.startswith(_ROOMS)
        for statement in statements_in(module, one_of_each=True)
    ]
    for aspect in aspects_of(TASKS):
        aspects = frozenset({aspect})
        found.append(single_statement.edit_alone(TASKS, "id", aspects, TaskFacts, None))
        found.append(in_transaction.edit_step(TASKS, "id", aspects, None))
    return sorted({each.name: each for each in found}.values(), key=lambda each: each.name)


def render() -> str:
    """The compiled statements, each under its name and the database's."""
    parts = []
    for statement in core_statements():
        for dialect in (POSTGRESQL, SQLITE):
            if statement.only in {None, dialect.name}:
                compiled = compile_statement(statement, dialect)
                parts.append(f"-- {statement.name}, {dialect.name}\n{compiled.sql};\n")
    return "\n".join(parts)


if __name__ == "__main__":
    FILE.write_text(render())
