"""Names of models that were shut down or replaced, where they are given to a client."""
