"""What one user, and all together, may take of a process: memory, connections, turns."""
