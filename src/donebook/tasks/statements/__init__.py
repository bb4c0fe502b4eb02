"""The SQL of lists of tasks: each statement once, as an expression, for both databases."""
