"""The table of models whose end their vendors have announced: `models.yml` as values, with what the user's own table adds."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from datetime import date  # noqa: TC003 - a field's type, read by who looks at the class
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from workers.knowledge import plain_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

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

SECOND = "second"
"""The source whose dates no vendor has confirmed."""
OWN_TABLE = "models.yml"
_TUNED = re.compile(r"ft:([\w.-]+?)(?::|\Z)")
_SNAPSHOT = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{4}|16k-\d{4})\Z")
_REGION = re.compile(
    r"(?:us|eu|apac|jp|au|global|us-gov)\.(?=(?:anthropic|cohere|amazon|meta|mistral|ai21|stability)\.)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a vendor has said of one of its models."""

    vendor: str
    """Whose API serves it under this name: `openai`, `anthropic`, `google`, `mistral`, `cohere` or `bedrock`."""
    name: str
    kind: str
    """`chat`, `completion`, `embedding`, `image`, `audio`, `video`, `moderation`, `rerank` or `ocr`."""
    announced: date | None
    shutdown: date | None
    """The first day requests fail."""
    earliest: bool
    """`shutdown` is not confirmed: the vendor calls it the earliest possible date, or only a second source gives it."""
    successor: str | None
    """The vendor's first recommendation."""
    source: str
    as_of: date
    needs: str = ""
    """What else has to change when the successor takes over; empty where the name is all."""
    vertex: date | None = None
    """The shutdown on Vertex AI, where Google dates it apart."""

    def retired(self, today: date) -> bool:
        """True from the shutdown date on."""
        return self.shutdown is not None and self.shutdown <= today and not self.earliest

    def deprecated(self, today: date) -> bool:
        """True once the end is announced, by this table's date at the latest."""
        known = self.announced or (self.as_of if self.shutdown else None)
        return known is not None and known <= today

    def on_vertex(self) -> Model:
        """The same model as Vertex AI serves it."""
        return self if self.vertex is None else replace(self, shutdown=self.vertex, announced=None)


@cache
def models() -> dict[str, Model]:
    """Name -> model: everything that is shipped, and the user's own table over it."""
    return {**shipped(), **own(own_table(os.environ))}


@cache
def shipped() -> dict[str, Model]:
    """Name -> model, for every model in the shipped table."""
    text = resources.files(__package__ or "workers.knowledge").joinpath(OWN_TABLE).read_text(encoding="utf-8")
    return read(text)


def own(path: Path | None) -> dict[str, Model]:
    """The table at `path`, which `mendloop knowledge refresh` writes; empty where there is none."""
    try:
        return read(path.read_text(encoding="utf-8")) if path else {}
    except FileNotFoundError:
        return {}


def own_table(environ: Mapping[str, str]) -> Path | None:
    """Where the user's own table lies: in the data folder of the XDG base directories; None without a home."""
    stated, home = environ.get("XDG_DATA_HOME", ""), environ.get("HOME", "")
    if stated.startswith("/"):
        return Path(stated) / "mendloop" / OWN_TABLE
    return Path(home) / ".local" / "share" / "mendloop" / OWN_TABLE if home.startswith("/") else None


def read(text: str) -> dict[str, Model]:
    """The models of a table as we write it: trusted text, shipped or written by `refreshing`."""
    table: dict[str, Any] = plain_yaml.read(text)
    sources: dict[str, dict[str, Any]] = table.get("sources", {})
    return {
        str(name): _model(vendor, str(name), row, {**said, **sources.get(row.get("by", ""), {})})
        for vendor, said in table["vendors"].items()
        for name, row in said["models"].items()
    }


def _model(vendor: str, name: str, row: dict[str, Any], said: dict[str, Any]) -> Model:
    return Model(
        vendor=vendor,
        name=name,
        kind=row["kind"],
        announced=row.get("announced"),
        shutdown=row.get("shutdown"),
        earliest=row.get("earliest", False) or row.get("by") == SECOND,
        successor=row.get("successor"),
        source=said["source"],
        as_of=row.get("as_of", said["as_of"]),
        needs=row.get("needs", ""),
        vertex=row.get("vertex"),
    )


def model_of(name: str) -> Model | None:
    """What the table says of `name`; a tuned model by what it was tuned from, a region's by the model's own name."""
    known = models().get(_REGION.sub("", name, count=1))
    tuned = _TUNED.match(name)
    if known is not None or tuned is None:
        return known
    found = [models().get(f"ft:{base}") for base in (tuned[1], _SNAPSHOT.sub("", tuned[1]))]
    return next((each for each in found if each and not each.earliest), next((each for each in found if each), None))


def vendor_of(name: str) -> str | None:
    """Whose model `name` is: by the table, else by how the vendors name theirs."""
    known = model_of(name)
    if known is not None:
        return known.vendor
    return next((vendor for vendor, starts in _FAMILIES.items() if name.startswith(starts)), None)
