"""`mendloop knowledge refresh`: a newer public table of models merged into the user's own, which lies over the shipped one.

Two forms are read: a table as we write it, and the public JSON of LiteLLM (`deprecation_date` of every model). The second only
ever adds what no vendor's page has told us, and what it adds is `earliest`: deprecated, never retired. Nothing is dropped.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from workers.knowledge import vendors
from workers.knowledge.public_tables import Offer, RefreshError, offers
from workers.knowledge.reading_tables import content

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Mapping
    from datetime import date

    from workers.knowledge.vendors import Model

__all__ = ["PUBLIC", "RefreshError", "Refreshed", "merged", "refresh"]

PUBLIC = "https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json"
"""The public table that is asked where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What a refresh came to."""

    changed: tuple[Model, ...]
    """The models that the user's own table now has, or has otherwise than before."""
    changes: tuple[str, ...]
    """A line for each, as a diff for people: `+ name ...` and `~ name: ... -> ...`."""
    kept: tuple[str, ...]
    """Where the table says otherwise and what we know stands, a line each."""
    passed_over: int
    """Rows that were not read: other vendors', without a date, or not sane."""
    path: Path | None
    """The user's own table; None where nothing changed and nothing was written."""


def refresh(source: str, *, into: Path, today: date, tls: ssl.SSLContext | None = None) -> Refreshed:
    """Read the table at `source`, an https address or a file, and write what is new in it to the own table `into`.

    `tls` stands in for the usual trust in certificates.

    Raises:
        RefreshError: theirs or the weather's: it cannot be had, is too large, or is no table. Nothing was written.
    """
    offered, passed_over = offers(content(source, tls), source, today)
    mine = vendors.own(into)
    changed, changes, kept = merged({**vendors.shipped(), **mine}, offered)
    if changed:
        _write(into, {**mine, **{model.name: model for model in changed}})
        vendors.models.cache_clear()
    return Refreshed(
        changed=changed, changes=changes, kept=kept, passed_over=passed_over, path=into if changed else None
    )


def merged(
    known: Mapping[str, Model], offered: Iterable[Offer]
) -> tuple[tuple[Model, ...], tuple[str, ...], tuple[str, ...]]:
    """(models that are new or otherwise, a line for each, lines about what stands against the table)."""
    changed: list[Model] = []
    changes: list[str] = []
    kept: list[str] = []
    for offer in offered:
        old = known.get(offer.model.name)
        if old is None:
            changed.append(offer.model)
            changes.append(f"+ {offer.model.name} ({offer.model.vendor}): {_ending(offer.model)}")
        elif _same(old, offer.model, by_vendor=offer.by_vendor):
            continue
        elif why := _against(old, offer):
            kept.append(f"= {old.name}: {_ending(old)} stands, not {_ending(offer.model)}: {why}")
        else:
            changed.append(offer.model)
            changes.append(f"~ {old.name}: {_ending(old)} -> {_ending(offer.model)}")
    return tuple(changed), tuple(changes), tuple(kept)


def _same(old: Model, new: Model, *, by_vendor: bool) -> bool:
    if not by_vendor:
        return old.shutdown == new.shutdown
    return _said(old) == _said(new)


def _said(model: Model) -> tuple[object, ...]:
    return (model.shutdown, model.announced, model.earliest, model.successor, model.needs, model.vertex)


def _against(old: Model, offer: Offer) -> str:
    """Why what is known stands; empty where the offer takes its place."""
    new = offer.model
    if old.vendor != new.vendor:
        return f"it is {old.vendor}'s"
    if offer.by_vendor:
        return "" if new.as_of > old.as_of else f"the table is of {new.as_of}, what is known of {old.as_of}"
    if not old.earliest or old.successor:
        return "it is the vendor's word"
    if old.shutdown is not None and (new.shutdown is None or new.shutdown < old.shutdown):
        return "only the vendor brings a date forward"
    return ""


def _ending(model: Model) -> str:
    end = f"ends {model.shutdown}" if model.shutdown else "no end announced"
    unsure = " at the earliest" if model.shutdown and model.earliest else ""
    return f"{end}{unsure}{f', then {model.successor}' if model.successor else ''}"


def _write(path: Path, models: Mapping[str, Model]) -> None:
    """All or nothing: a reader sees the old table or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(".part", "models-", path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("# Written by `mendloop knowledge refresh`; lies over the table that is shipped.\n")
            yaml.safe_dump(_dumped(models), file, sort_keys=True, width=1000)
        Path(name).replace(path)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


def _dumped(models: Mapping[str, Model]) -> dict[str, Any]:
    said: dict[str, dict[str, Any]] = {}
    sources: dict[str, dict[str, Any]] = {}
    for model in models.values():
        by = f"{model.source} {model.as_of}"
        sources[by] = {"source": model.source, "as_of": model.as_of}
        whole = said.setdefault(model.vendor, {"source": model.source, "as_of": model.as_of, "models": {}})
        whole["models"][model.name] = _row(model) | {"by": by}
    return {"sources": sources, "vendors": said}


def _row(model: Model) -> dict[str, Any]:
    row = {
        "kind": model.kind,
        "announced": model.announced,
        "shutdown": model.shutdown,
        "earliest": model.earliest,
        "successor": model.successor,
        "needs": model.needs,
        "vertex": model.vertex,
        "as_of": model.as_of,
    }
    return {key: value for key, value in row.items() if value}
