"""What every run has alike, wherever and whenever it runs, and what a second run may have otherwise on purpose."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_THREADS = (
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"),
)
"""Variables by which libraries are told how many threads to compute with: sums depend on it in their last digits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """The values. A machine's own would make two runs of one artifact differ for no reason of the artifact's."""

    hash_seed: int = 0
    """Of strings (`PYTHONHASHSEED`): the order of a set is the same in every run."""
    hostname: str = "box"
    time_zone: str = "UTC"
    locale: str = "C.UTF-8"
    threads: int = 1
    """That numerical libraries compute with."""

    @property
    def variables(self) -> dict[str, str]:
        """As the environment of a process tells them."""
        return {
            "PYTHONHASHSEED": str(self.hash_seed),
            "TZ": self.time_zone,
            "LANG": self.locale,
            **dict.fromkeys(_THREADS, str(self.threads)),
        }

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """(name, value) of each, for a receipt."""
        return (
            ("hash seed", str(self.hash_seed)),
            ("host name", self.hostname),
            ("time zone", self.time_zone),
            ("locale", self.locale),
            ("threads", str(self.threads)),
        )

    @property
    def digest(self) -> str:
        """SHA-256 of all values, in hex."""
        return hashlib.sha256(repr(self.named).encode()).hexdigest()


OTHERWISE = Fixed(hash_seed=20_011, hostname="workstation")
"""For a second run: code that counts on the order of a set, or looks where it runs, ends differently."""
