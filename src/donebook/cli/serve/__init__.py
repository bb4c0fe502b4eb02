"""``donebook serve``."""

from donebook.cli.serve.command import serve

__all__ = ["serve"]
