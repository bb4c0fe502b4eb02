"""The HTTP contracts: one sealed file each, all over the same use cases."""
