"""The installer: uv, started with an environment of our making and outside any repository."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from uv import find_uv_bin

from workers.contract import children
from workers.contract.errors import EnvironmentBuildError

if TYPE_CHECKING:
    from collections.abc import Mapping

BUILD_TIMEOUT_S = 1800.0
_WORDS = 3000

_INDEX = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX_STRATEGY",
    "UV_EXCLUDE_NEWER",
    "UV_OFFLINE",
)
"""What decides which files an installation gets: part of every key."""

_TRANSPORT = (
    "UV_HTTP_TIMEOUT",
    "UV_INSECURE_HOST",
    "UV_KEYRING_PROVIDER",
    "UV_NATIVE_TLS",
    "UV_SYSTEM_CERTS",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"),
)

_PIP = {"PIP_INDEX_URL": "UV_DEFAULT_INDEX", "PIP_EXTRA_INDEX_URL": "UV_INDEX", "PIP_FIND_LINKS": "UV_FIND_LINKS"}
"""Settings made for pip that uv knows by another name."""

_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """uv with a cache of our own, and the index settings of the user of this machine."""

    cache: Path
    """Our cache directory; environments beside it are hard links into uv's part of it."""
    settings: tuple[tuple[str, str], ...]
    """Variables that choose the index."""
    transport: tuple[tuple[str, str], ...]
    """Variables that say how to reach it."""

    async def run(self, *arguments: str, cwd: Path, timeout_s: float = BUILD_TIMEOUT_S) -> None:
        """Run uv in the empty directory `cwd`.

        Raises:
            EnvironmentBuildError: uv refused, in its own words, or took longer than `timeout_s`.
        """
        process = await children.start(
            find_uv_bin(),
            *arguments,
            # Nothing of a repository, a home or a project: all that uv is to know stands in the arguments.
            *("--no-config", "--no-python-downloads", "--no-progress", "--color", "never"),
            cwd=cwd,
            env=self._environment(cwd),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(timeout_s):
                _, stderr = await process.communicate()
        except TimeoutError as error:
            raise EnvironmentBuildError(f"uv was still working after {timeout_s:g} s and was stopped.") from error
        finally:
            # The group: uv asks interpreters, and they are to end with it.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        if process.returncode:
            raise EnvironmentBuildError(_words(stderr.decode(errors="replace")))

    def _environment(self, home: Path) -> dict[str, str]:
        return {
            **dict(self.settings),
            **dict(self.transport),
            "HOME": str(home),
            "UV_CACHE_DIR": str(self.cache / "uv"),
            "LC_ALL": "C.UTF-8",
        }


def installer(cache: Path, environ: Mapping[str, str] | None = None) -> Installer:
    """The installer for a cache; `environ` is where the user's index settings are read, by default this process's."""
    given = os.environ if environ is None else environ
    settings = {to: given[name] for name, to in _PIP.items() if given.get(name)}
    settings |= {
        name: value for name, value in given.items() if value and (name in _INDEX or name.startswith("UV_INDEX_"))
    }
    return Installer(
        cache=cache,
        settings=tuple(sorted(settings.items())),
        transport=tuple(sorted({**_trust(), **{name: given[name] for name in _TRANSPORT if given.get(name)}}.items())),
    )


def _trust() -> dict[str, str]:
    """What this machine trusts, a company's own authority included, where it says so; else uv's built-in list."""
    return {"UV_SYSTEM_CERTS": "true"} if _BUNDLE.exists() else {}


def _words(stderr: str) -> str:
    """What uv said, bounded, without the credentials an index address may hold."""
    text = _CREDENTIALS.sub("***@", stderr).strip() or "uv said nothing about why."
    return text if len(text) <= _WORDS else text[: _WORDS // 2] + "\n...\n" + text[-_WORDS // 2 :]
