"""Statements declared once, and the two databases that run them."""
