"""Several processes that migrate one empty database at the same moment."""

import subprocess
import sys

from alembic.script import ScriptDirectory

from donebook.storage.migrate import alembic_config

PROGRAM = """
import logging, os, sys, traceback
import donebook.migrations.tables
from donebook.storage.migrate import migrate

logging.basicConfig(level="INFO", stream=sys.stdout, format="%(message)s")
processes = []
for _ in range(4):
    process = os.fork()
    if process == 0:
        try:
            migrate(sys.argv[1])
        except BaseException:
            traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
        os._exit(0)
    processes.append(process)
for process in processes:
    os.waitpid(process, 0)
"""


def test_four_processes_at_once_run_each_migration_once(empty_database_url: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM, empty_database_url],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )

    assert "Traceback" not in run.stdout + run.stderr, run.stdout
    upgrades = [line for line in run.stdout.splitlines() if line.startswith("Running upgrade")]
    history = ScriptDirectory.from_config(alembic_config("")).walk_revisions()
    assert [script.revision for script in history][::-1] == [
        line.partition(" -> ")[2].partition(",")[0] for line in upgrades
    ]
