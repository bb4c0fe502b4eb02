"""The SQL of users: of who they are, of what ended, of limits and of events."""
