"""Row-level security on all that users own."""

from donebook.migrations.row_security import protect_rows, unprotect_rows

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    protect_rows("users", owner="id")
    protect_rows("tasks")
    protect_rows("task_versions")


def downgrade() -> None:
    unprotect_rows("task_versions")
    unprotect_rows("tasks")
    unprotect_rows("users")
