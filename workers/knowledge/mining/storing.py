"""Facts as files: one per package, the same bytes for the same facts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from workers.knowledge.mining.fact import Fact

INDEX = "index.json"


def page(package: str, modules: Iterable[str], releases: Sequence[str], facts: Iterable[Fact], as_of: date) -> str:
    """One package's facts as JSON, a fact a line, sorted."""
    head = {
        "package": package,
        "as_of": as_of.isoformat(),
        "modules": sorted(modules),
        "releases": list(releases),
    }
    lines = [json.dumps(row(fact), ensure_ascii=True, separators=(",", ":")) for fact in sorted(facts, key=_order)]
    opened = json.dumps(head, ensure_ascii=True, separators=(",", ":")).removesuffix("}")
    return f'{opened},"facts":[\n' + ",\n".join(lines) + "\n]}\n"


def row(fact: Fact) -> list[object]:
    """A fact as it is written: the kind decides how many fields there are."""
    shared: list[object] = [fact.kind, fact.old, fact.new, fact.since, fact.deprecated, fact.removed, fact.restored]
    shared += [fact.found, fact.at, fact.words]
    if fact.kind == "symbol":
        return shared
    return (
        [*shared, list(fact.calls)] if fact.kind == "keyword" else [*shared, list(fact.calls), fact.name, fact.position]
    )


def write(folder: Path, package: str, content: str) -> None:
    """Write one package's page, and what leads from the names of modules to pages."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{package}.json").write_text(content, encoding="utf-8")
    (folder / INDEX).write_text(index(_heads(folder)), encoding="utf-8")


def index(modules: Mapping[str, Iterable[str]]) -> str:
    """Top-level module -> packages with facts about it, from package -> modules."""
    found: dict[str, list[str]] = {}
    for package, names in sorted(modules.items()):
        for name in names:
            found.setdefault(name, []).append(package)
    return json.dumps(found, ensure_ascii=True, sort_keys=True, indent=0, separators=(",", ":")) + "\n"


def _heads(folder: Path) -> dict[str, list[str]]:
    pages = (
        json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json")) if path.name != INDEX
    )
    return {page["package"]: page["modules"] for page in pages}


def _order(fact: Fact) -> tuple[str, str, tuple[str, ...], str, str]:
    return (*fact.key, fact.found)
