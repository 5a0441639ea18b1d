"""Hosts and folders of data that are known to be gone: `gone_addresses.toml` as values."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date  # noqa: TC003 - a field's type, read by who looks at the class
from functools import cache
from importlib import resources
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A place that answers no more."""

    host: str
    path: str
    """What the paths begin with that are meant; empty: all."""
    since: date
    why: str
    instead: str
    """Where else the data may be, in words; empty where nobody says. Never put in."""
    source: str


@cache
def gone() -> tuple[Gone, ...]:
    """Every place of the table."""
    text = resources.files(__package__ or "workers.knowledge").joinpath("gone_addresses.toml").read_text("utf-8")
    return tuple(Gone(**row) for row in tomllib.loads(text)["gone"])


def known_gone(url: str) -> Gone | None:
    """The place of the table that `url` lies in."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return None
    return next((each for each in gone() if each.host == host and parts.path.startswith(each.path)), None)
