"""Documents of Python 2: syntax, names, imports and calls."""
