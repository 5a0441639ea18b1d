"""The way out of one box: a folder that it is shown, with a socket in it that is the proxy's."""

from __future__ import annotations

import os
import socket
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from workers.contract.domain import NetworkAttempt
from workers.contract.errors import SandboxUnavailableError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

SOCKET, CERTIFICATE = "out", "authority.pem"
"""Names in the folder."""
_SOCKET_BYTES = 107
"""A longer path is no name for a unix socket."""
_WAITING = 128


@dataclass(slots=True, kw_only=True)
class Outlet:
    """The way out of one box."""

    folder: Path
    """To be shown inside, read-only: the socket to connect to and the certificate to trust."""
    refusals: list[NetworkAttempt] = field(default_factory=list[NetworkAttempt])
    """What did not pass. Complete when the outlet is closed."""


@contextmanager
def listening(folder: Path, certificate: str) -> Generator[socket.socket]:
    """Make the folder with a listening socket in it, which whoever it was handed to keeps.

    Raises:
        SandboxUnavailableError: the path is too long for one.
    """
    path = folder / SOCKET
    if len(os.fsencode(path)) > _SOCKET_BYTES:
        raise SandboxUnavailableError(f"{path} is too long a path for a socket; choose a shorter folder")
    # The box is another user: what it is shown it may enter, read and connect to, and the folder above closes the rest.
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    (folder / CERTIFICATE).write_text(certificate)
    (folder / CERTIFICATE).chmod(0o444)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        path.chmod(0o666)
        listener.listen(_WAITING)
        yield listener


def cleared(folder: Path) -> None:
    """Take the folder away, if it was made."""
    for name in (SOCKET, CERTIFICATE):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()
