"""``donebook doctor``: is this installation in order, and if not, what mends it."""

from donebook.cli.doctor.command import doctor

__all__ = ["doctor"]
