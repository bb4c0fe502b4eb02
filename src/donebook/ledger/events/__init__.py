"""Events: what happens to a user's tasks, told to whoever follows."""
