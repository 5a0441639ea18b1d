"""The GitHub side of mendloop: it hears deliveries, decides, dispatches and publishes.

Nothing lives here yet; the loop in `workers` does its work on a directory. Of `workers` this package may import
`workers.contract`, nothing else (held by the import contracts in `pyproject.toml`).
"""
