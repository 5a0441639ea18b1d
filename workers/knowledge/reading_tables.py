"""The bytes of a public table: from a file, or over https with a limit to everything."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx

from workers.knowledge.public_tables import RefreshError

if TYPE_CHECKING:
    import ssl

MAX_BYTES = 16 * 1024 * 1024
_WHOLE_S = 60.0
_EACH_S = 15.0
_REDIRECTS = 5


def content(source: str, tls: ssl.SSLContext | None = None) -> bytes:
    """The table at `source`, an https address or a file of this machine.

    Raises:
        RefreshError: no https, not there, too large, too slow.
    """
    if "://" not in source:
        return _of_file(Path(source))
    # What this process has in its environment or its home is nothing to a public page.
    with httpx.Client(verify=tls or True, trust_env=False, timeout=_EACH_S) as client:
        return _fetched(client, source, time.monotonic() + _WHOLE_S)


def _of_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise RefreshError(f"{path} cannot be read: {error.strerror}.") from error
    if len(found) > MAX_BYTES:
        raise RefreshError(f"{path} has more than {MAX_BYTES} bytes.")
    return found


def _fetched(client: httpx.Client, url: str, until: float) -> bytes:
    for _ in range(_REDIRECTS):
        if urlsplit(url).scheme != "https":
            raise RefreshError(f"Only https is asked for a table, not {url!r}.")
        try:
            with client.stream("GET", url) as response:
                if not response.has_redirect_location:
                    return _body(response, url, until)
                url = urljoin(url, response.headers["location"])
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise RefreshError(f"{url} does not answer: {error or type(error).__name__}.") from error
    raise RefreshError(f"{url} leads in circles.")


def _body(response: httpx.Response, url: str, until: float) -> bytes:
    if not response.is_success:
        raise RefreshError(f"{url} answers {response.status_code}.")
    found = bytearray()
    for chunk in response.iter_bytes():
        found += chunk
        if len(found) > MAX_BYTES:
            raise RefreshError(f"{url} has more than {MAX_BYTES} bytes.")
        if time.monotonic() > until:
            raise RefreshError(f"{url} was still sending after {_WHOLE_S:.0f} seconds.")
    return bytes(found)
