"""What the versions of tasks make possible: events, history, undo, synchronisation."""
