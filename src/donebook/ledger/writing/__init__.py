"""Writing to a ledger: every write takes one revision, and all that it does is told by versions."""
