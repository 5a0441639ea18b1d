"""What a box keeps from the code in it, as each kind of box declares it. Who keeps all of it says `boxed`."""

from __future__ import annotations

from typing import Literal, get_args

Promise = Literal["network", "files", "disk", "processes", "privileges"]
"""No network; no file of the machine; nothing written to its disk; no other process seen; no rights of the machine's user."""

ALL: frozenset[Promise] = frozenset(get_args(Promise))
