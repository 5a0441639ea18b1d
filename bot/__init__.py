"""The GitHub side of mendloop: it hears deliveries, decides, dispatches and publishes.

It never runs anything of a repository. Of `workers` this package imports `workers.contract`, nothing else (held by the
import contracts in `pyproject.toml`).
"""
