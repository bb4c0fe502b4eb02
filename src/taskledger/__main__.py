"""``python -m taskledger``."""

from taskledger.cli import main

main()
