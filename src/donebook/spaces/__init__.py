"""Spaces: each owns one ledger. Every user has a personal one, whose id is the user's id."""
