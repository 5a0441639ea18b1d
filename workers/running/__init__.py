"""Mending a whole repository: what the command line and a worker process have in common.

`prepared` makes a repository ready, `environments` builds what its artifacts run in, `repository` mends it root by root and
keeps the records, `unattended` does all of it in one call for a process that has no terminal.
"""
