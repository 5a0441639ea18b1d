"""How git is called: with a configuration and an environment of our own, and nothing else's.

Every option here closes a way by which a server, a repository or this machine's own configuration makes git run or reach
something: see `git help config` and `git help git` for each name.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

GIB = 1 << 30
LOW_SPEED_BYTES = 1000
"""Bytes a second: a server that stays below for `LOW_SPEED_S` is hung up on."""
LOW_SPEED_S = 30

_CONFIG = {
    "core.askPass": "",
    "core.fsmonitor": "false",
    "core.hooksPath": "/dev/null",
    "credential.helper": "",
    # Old commits of honest repositories have these, and nothing in them is ever acted on.
    "fetch.fsck.badTimezone": "ignore",
    "fetch.fsck.missingSpaceBeforeDate": "ignore",
    "fetch.fsck.zeroPaddedFilemode": "ignore",
    "fetch.fsckObjects": "true",
    "fetch.recurseSubmodules": "false",
    "gc.auto": "0",
    "http.emptyAuth": "false",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": str(LOW_SPEED_BYTES),
    "http.lowSpeedTime": str(LOW_SPEED_S),
    "maintenance.auto": "false",
    "protocol.allow": "never",
    "protocol.version": "2",
    "submodule.recurse": "false",
    "transfer.bundleURI": "false",
    "transfer.credentialsInUrl": "die",
    "transfer.fsckObjects": "true",
}


def options(scheme: str, pinned: str | None) -> list[str]:
    """Options before the subcommand; of all protocols only `scheme` is allowed, over the address `pinned` if given."""
    config = _CONFIG | {f"protocol.{scheme}.allow": "always"}
    if pinned is not None:
        config["http.curloptResolve"] = pinned
    return [word for key, value in config.items() for word in ("-c", f"{key}={value}")]


def environment(home: Path, scheme: str, askpass: Path | None = None) -> dict[str, str]:
    """What git and its children see. `home` is an empty folder of ours; `askpass` hands out the token."""
    return {
        "GIT_ALLOW_PROTOCOL": scheme,
        "GIT_ASKPASS": "" if askpass is None else str(askpass),
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_CONFIG_COUNT": "0",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "HOME": str(home),
        "LC_ALL": "C",
        "PATH": os.defpath,
        "XDG_CONFIG_HOME": str(home),
        # A proxy of this machine must not see a token that is meant for the git host.
        "http_proxy": "",
        "https_proxy": "",
        "HTTPS_PROXY": "",
        "ALL_PROXY": "",
    }


def instead(home: Path, scheme: str) -> dict[str, str]:
    """The same for GitPython, which hands every variable of this process on to git: all others are emptied."""
    return dict.fromkeys(os.environ, "") | environment(home, scheme)


def bounded(size_bytes: int, cpu_s: int) -> list[str]:
    """What comes before `git` on the command line: a pack that unpacks without end stops at these."""
    return ["prlimit", f"--fsize={size_bytes}", f"--cpu={cpu_s}", f"--as={4 * GIB}", "--core=0"]
