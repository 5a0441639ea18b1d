"""Unmodified Probot 14 as a second client of the fake GitHub."""
