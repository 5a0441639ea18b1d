"""Environments for a repository's artifacts: what it declares, what was decided, and what was built of it."""
