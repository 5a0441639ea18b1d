"""One reader a format: a declaration's bytes become what it asks for, in the words of `environments.words`.

The bytes are a stranger's. A reader runs nothing, asks nothing of a network, and never raises for what is in them: what cannot
be followed is refused by name.
"""
