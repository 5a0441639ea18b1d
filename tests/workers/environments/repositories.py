"""Small repositories for tests: files as a mapping, and what is decided for one of their notebooks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tests.builders import notebook
from workers.contract.errors import DocumentError
from workers.environments.deciding import Choice, decide

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from workers.environments.declared.said import Open, Said
    from workers.environments.words import Asked, Decision

TODAY = date(2026, 11, 20)


def repository(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A folder with these files."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def decided(
    folder: Path, files: Mapping[str, str | bytes], *cells: str, path: str = "a.ipynb", **choice: object
) -> Decision:
    """What is decided for a notebook of such a repository."""
    chosen = Choice(**({"today": TODAY} | choice))  # pyright: ignore[reportArgumentType]  # fields of `Choice`
    return decide(repository(folder, files), notebook(*cells, path=path), chosen)


def opener(files: Mapping[str, str | bytes]) -> Open:
    """Reads these files and no others."""

    def read(path: str) -> bytes:
        if path not in files:
            raise DocumentError("unreadable", f"{path} cannot be read: No such file or directory")
        content = files[path]
        return content if isinstance(content, bytes) else content.encode()

    return read


def requirements(asked: tuple[Asked, ...]) -> list[str]:
    """Their texts."""
    return [each.requirement for each in asked]


def whys(said: Said | Decision) -> dict[str, str]:
    """What is refused, and why."""
    return {each.text: each.why for each in said.refused}
