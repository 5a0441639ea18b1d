"""Before a process may hold a secret: nobody looks into it, it is nobody in particular, and it leaves no core."""

from __future__ import annotations

import ctypes
import os
import resource

_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38


def guard(uid: int | None) -> None:
    """Become `uid` (None: stay who we are) with no group and no way back, and close this process to its equals.

    What is imported afterwards may not be found any more: this user can read little.

    Raises:
        OSError: one of it cannot be done; then no secret may come.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    libc = ctypes.CDLL(None, use_errno=True)
    # Also keeps /proc/<pid>/mem, environ and fd from processes of the same user.
    for order, value in ((_PR_SET_NO_NEW_PRIVS, 1), (_PR_SET_DUMPABLE, 0)):
        if libc.prctl(order, value, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), f"prctl({order}) failed")
