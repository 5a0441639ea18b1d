"""The table of models whose end their vendors have announced: `models.yml` as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date  # noqa: TC003 - a field's type, read by who looks at the class
from functools import cache
from importlib import resources
from typing import Any

import yaml

_FAMILIES = {
    "openai": (
        "gpt-",
        "chatgpt-",
        "text-embedding-3",
        "text-embedding-ada",
        "o1",
        "o3",
        "o4",
        "dall-e",
        "tts-",
        "whisper",
    ),
    "anthropic": ("claude",),
    "google": ("gemini", "gemma", "imagen", "veo", "text-embedding-00", "embedding-0"),
    "mistral": ("mistral", "ministral", "open-mi", "codestral", "pixtral", "magistral", "devstral", "voxtral"),
    "cohere": ("command", "embed-", "rerank", "c4ai"),
}
"""How the names of each vendor's models begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a vendor has said of one of its models."""

    vendor: str
    name: str
    kind: str
    """`chat`, `completion`, `embedding`, `image`, `audio`, `video`, `moderation` or `rerank`."""
    announced: date | None
    shutdown: date | None
    """The first day requests fail."""
    earliest: bool
    """The vendor calls `shutdown` the earliest possible date and has not confirmed it."""
    successor: str | None
    """The vendor's first recommendation."""
    source: str
    as_of: date

    def retired(self, today: date) -> bool:
        """True from the shutdown date on."""
        return self.shutdown is not None and self.shutdown <= today and not self.earliest

    def deprecated(self, today: date) -> bool:
        """True once the end is announced, by this table's date at the latest."""
        known = self.announced or (self.as_of if self.shutdown else None)
        return known is not None and known <= today


@cache
def models() -> dict[str, Model]:
    """Name -> model, for every model in the table."""
    text = resources.files(__package__ or "workers.knowledge").joinpath("models.yml").read_text(encoding="utf-8")
    vendors: dict[str, dict[str, Any]] = yaml.safe_load(text)["vendors"]
    return {
        str(name): _model(vendor, str(name), row, said["source"], said["as_of"])
        for vendor, said in vendors.items()
        for name, row in said["models"].items()
    }


def _model(vendor: str, name: str, row: dict[str, Any], source: str, as_of: date) -> Model:
    return Model(
        vendor=vendor,
        name=name,
        kind=row["kind"],
        announced=row.get("announced"),
        shutdown=row.get("shutdown"),
        earliest=row.get("earliest", False),
        successor=row.get("successor"),
        source=source,
        as_of=as_of,
    )


def vendor_of(name: str) -> str | None:
    """Whose model `name` is: by the table, else by how the vendors name theirs."""
    known = models().get(name)
    if known is not None:
        return known.vendor
    return next((vendor for vendor, starts in _FAMILIES.items() if name.startswith(starts)), None)
