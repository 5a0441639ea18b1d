"""Publications in the ledger: what we are about to write to GitHub and what we know that we wrote.

The row comes before the call. Whoever finds it later - the same process, another one, the same one after a kill - knows
what to look for, and writes only what is missing. A writer names the job and the fencing number under which it took the
row; when another has taken it since, it writes nothing.
"""

from bot.publications.rows import LOOK_AGAIN_S, NEVER, Held, due, of_repository, postpone, record_unclaimed
from bot.publications.values import Content, Piece, Publication, State, mends, next_generation, told

__all__ = [
    "LOOK_AGAIN_S",
    "NEVER",
    "Content",
    "Held",
    "Piece",
    "Publication",
    "State",
    "due",
    "mends",
    "next_generation",
    "of_repository",
    "postpone",
    "record_unclaimed",
    "told",
]
