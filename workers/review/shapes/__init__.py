"""Calls whose form changed, not only their name: one module a library, and what they share."""
