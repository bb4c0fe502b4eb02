"""The ledger's SQL: each statement once, as an expression, for both databases."""
