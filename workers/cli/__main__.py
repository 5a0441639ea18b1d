"""`python -m workers.cli` is `mendloop`."""

from workers.cli import main

main()
