"""``python -m donebook``."""

from donebook.cli import main

main()
