"""Which mendloop this is."""

from __future__ import annotations

from importlib import metadata


def version() -> str:
    """As installed; a checkout that is not installed has none."""
    try:
        return metadata.version("mendloop")
    except metadata.PackageNotFoundError:
        return "0+checkout"
