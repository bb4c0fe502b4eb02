"""Users: who owns tasks, and at which revision they stand."""
