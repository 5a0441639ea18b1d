"""What holds for every test."""

from __future__ import annotations

import signal

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts in the background so, and everything that tests start would be deaf to an interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
