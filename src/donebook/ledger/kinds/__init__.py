"""What a noun of the ledger is: its fields, its states, and the row types that show it."""
