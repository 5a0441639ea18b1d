"""Static resolution: what the code names and how it calls it, held against the environment that runs it."""
