"""Reading a ledger: what changed, and what brings a client up to date."""
