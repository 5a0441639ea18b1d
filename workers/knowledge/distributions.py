"""Which distribution brings a module, which go by another name today, and which modules no distribution brings back.

The facts lie in `distributions.toml`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True, slots=True, kw_only=True)
class Renamed:
    """A distribution that goes by another name today."""

    old: str
    """Normalised."""
    new: str
    gone: bool
    """Installing the old name fails."""
    was: str
    """What the old name is now, for a reader."""
    module: str
    """What it was imported as, dotted."""
    now: str
    """What its successor is imported as."""
    source: str
    since: str = ""
    """The first release of the successor that has what the old name's users are led to; empty where nobody looked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts of `distributions.toml`."""

    imports: Mapping[str, str]
    """Dotted module -> distribution."""
    families: tuple[str, ...]
    """Namespaces of many distributions, each called by one part more."""
    renamed: Mapping[str, Renamed]
    """By the old name, normalised."""
    as_of: date


_GONE = frozenset(
    """
    BaseHTTPServer CGIHTTPServer ConfigParser Cookie HTMLParser Queue SimpleHTTPServer SocketServer StringIO Tkinter
    UserDict UserList UserString __builtin__ anydbm cPickle cStringIO commands cookielib copy_reg dbhash dumbdbm exceptions
    htmlentitydefs htmllib httplib md5 mimetools new popen2 robotparser rfc822 sets sgmllib sha thread tkFileDialog
    tkMessageBox urllib2 urlparse xmlrpclib
    _dummy_thread aifc asynchat asyncore audioop binhex cgi cgitb chunk crypt distutils dummy_threading formatter imghdr imp
    lib2to3 macpath mailcap msilib nis nntplib ossaudiodev parser pipes smtpd sndhdr spwd sunau symbol telnetlib uu xdrlib
    """.split()  # noqa: SIM905 - seventy quoted words in a list would read worse
)
"""Modules of the standard library that a later Python has not: Python 2's names, then what 3.8 to 3.13 removed
(https://docs.python.org/3/whatsnew/, sections `Removed`)."""


@cache
def facts() -> Facts:
    """The facts, read once."""
    text = resources.files(__package__ or "workers.knowledge").joinpath("distributions.toml").read_text("utf-8")
    said = tomllib.loads(text)
    return Facts(
        imports=said["imports"],
        families=tuple(said["families"]["names"]),
        renamed={canonicalize_name(old): _renamed(old, row) for old, row in said["renamed"].items()},
        as_of=said["as_of"],
    )


def _renamed(old: str, row: dict[str, Any]) -> Renamed:
    return Renamed(
        old=canonicalize_name(old),
        new=row["to"],
        gone=row["gone"],
        was=row["was"],
        module=row["module"],
        now=row["now"],
        source=row["source"],
        since=row.get("since", ""),
    )


def distribution(module: str) -> str:
    """The distribution that brings the dotted `module`, normalised; by habit it is called as its top level is."""
    return known(module) or canonicalize_name("-".join(module.split(".")[: 1 + _depth(module)]))


def known(module: str) -> str:
    """The distribution that the table names for the dotted `module` or a package that holds it; empty where it names none."""
    parts = module.split(".")
    above = (".".join(parts[:end]) for end in range(len(parts), 0, -1))
    return next((canonicalize_name(found) for each in above if (found := facts().imports.get(each))), "")


def provider(module: str, installed: Mapping[str, str]) -> str:
    """The distribution that brings `module` by the table, or by the name of an `installed` one; empty where nobody knows.

    `installed` has normalised names.
    """
    guessed = distribution(module)
    return known(module) or (guessed if guessed in installed else "")


def _depth(module: str) -> int:
    return max((each.count(".") + 1 for each in facts().families if module.startswith(f"{each}.")), default=0)


def left_the_standard_library(module: str) -> bool:
    """True when Python itself once had `module`: the code that imports it is stale, the environment is not at fault."""
    return module.partition(".")[0] in _GONE
