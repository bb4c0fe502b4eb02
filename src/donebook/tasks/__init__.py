"""The task core: what a task is and everything one can do with it."""
