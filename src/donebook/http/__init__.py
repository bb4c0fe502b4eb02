"""The edge: everything that knows HTTP and no contract."""
