"""A multi-user task back end: one task core, one ledger, many HTTP contracts."""

__version__ = "0.1.0"
