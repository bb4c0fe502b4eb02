"""Keeping a ledger in order: what is old goes, and the counters are right."""
