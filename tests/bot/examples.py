"""GitHub's official example payloads (npm: @octokit/webhooks-examples), and bodies made from them."""

from __future__ import annotations

import copy
import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

Body = dict[str, Any]


@cache
def _all() -> dict[str, Any]:
    return json.loads(gzip.decompress((Path(__file__).parent / "data" / "webhooks.json.gz").read_bytes()))


def ours() -> dict[str, list[Body]]:
    """Event we listen to -> every example of it."""
    return _all()["ours"]


def others() -> dict[str, Body]:
    """Event we do not listen to -> one example."""
    return _all()["others"]


def example(event: str, action: str | None = None, /, **top: Any) -> Body:
    """A copy of the first example with this action, sent through installation 7, with `top` put into it."""
    found = next(body for body in ours()[event] if action is None or body.get("action") == action)
    return copy.deepcopy(found) | {"installation": found.get("installation") or {"id": 7}} | top


def raw(body: Body) -> bytes:
    return json.dumps(body).encode()
