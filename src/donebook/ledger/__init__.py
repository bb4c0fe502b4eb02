"""The ledger: records of any kind, a version for each change, and what the versions make possible."""
