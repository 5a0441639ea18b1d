"""How much of the machine a box may have."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
RUN_BYTES = 16 * MIB
"""`/run`, which holds sockets and little else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one box. Each ends the run with a name of its own, never the worker."""

    wall_s: float = 300.0
    """From start to end, held outside the box."""
    cell_timeout_s: float = 120.0
    """For one cell, held by the driver inside."""
    cpu_s: int = 600
    """Processor time of all processes together, those that have ended included."""
    memory_bytes: int = 4 * GIB
    """Memory of all processes together. Files in memory (the writable places) have their own bound, `tmpfs_bytes`."""
    pids: int = 256
    """Processes and threads together."""
    tmpfs_bytes: int = GIB
    """The work directory; `/tmp` and `/dev/shm` have a quarter of it each."""
    inodes: int = 200_000
    """Files and directories in each writable place."""
    file_bytes: int = GIB
    """Any one file, sparse or not."""
    nofile: int = 1024
    """Open files of any one process."""
    outputs_cell: int = 1000
    """Outputs kept of one cell; the rest are left out and the last one is marked."""
    outputs_total: int = 50_000
    """Outputs of all cells before the run is ended as a flood."""
    output_bytes_cell: int = MIB
    """Text kept of one cell; the rest is left out and marked."""
    output_bytes_total: int = 10 * MIB
    """Text that all cells may print before the run is ended as a flood."""
    rich_bytes_total: int = 256 * MIB
    """Images, HTML and the like, which are digested and not kept, before the run is ended as a flood."""
    copy_bytes: int = 256 * MIB
    """Files beside the artifact that are copied in, together."""
    copy_file_bytes: int = 64 * MIB
    """Any one of them."""
    copy_files: int = 20_000
    """Their number."""

    @property
    def disk_bytes(self) -> int:
        """All writable places together, when they are full."""
        return self.tmpfs_bytes + 2 * self.quarter_bytes + RUN_BYTES

    @property
    def quarter_bytes(self) -> int:
        """Each of `/tmp` and `/dev/shm`."""
        return self.tmpfs_bytes // 4

    @property
    def address_bytes(self) -> int:
        """Address space of any one process: libraries map far more than they use, a kernel alone 600 MB."""
        return 2 * self.memory_bytes

    @property
    def line_bytes(self) -> int:
        """The longest line read from a box: a cell's text, every character of it escaped."""
        return 8 * self.output_bytes_cell + MIB

    @property
    def reply_bytes(self) -> int:
        """Everything read from a box."""
        return 8 * self.output_bytes_total + 16 * MIB

    @property
    def digest(self) -> str:
        """SHA-256 of all values, in hex: two runs with the same digest had the same bounds."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()
