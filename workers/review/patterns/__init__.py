"""Rules that look for a shape of code, in whatever language a document holds it, by ast-grep."""

from workers.review.patterns.finding import matches, speaking

__all__ = ["matches", "speaking"]
