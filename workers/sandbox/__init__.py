"""Boxes: where a stranger's code runs, and the environments it runs in."""
