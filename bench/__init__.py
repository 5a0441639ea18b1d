"""Measurements: nothing imports them, and no test depends on their figures."""
