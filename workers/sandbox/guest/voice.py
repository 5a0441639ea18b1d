"""The one way out of a box: JSON lines on what was standard output, which nothing else writes to."""

import json
import os

_PR_SET_DUMPABLE = 4


class Voice:
    """Writes one JSON object per line."""

    def __init__(self):
        """Take standard output for ourselves."""
        self._out = os.fdopen(os.dup(1), "wb")
        os.dup2(2, 1)
        _close_to_others()

    def say(self, event, **values):
        """Write a line."""
        self._out.write(json.dumps(dict(values, event=event)).encode("ascii") + b"\n")
        self._out.flush()


def _close_to_others():
    """Keep what we start, which runs as the same user, from our descriptors and memory in /proc: it would speak for us."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        # An interpreter without ctypes: what a box says is then evidence about itself alone, as ever.
        return
