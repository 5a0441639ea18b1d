"""Which of a version's files fits an interpreter: the tags of wheels, read for an interpreter that is not ours."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import compatible_tags, cpython_tags, platform_tags
from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from packaging.tags import Tag

    from workers.environments.listing import File
    from workers.sandbox.interpreter import Interpreter

_LAST_WITH_PYMALLOC = (3, 7)
"""Until then the name of the ABI told of the allocator."""


def best(
    files: list[tuple[int, File]], interpreter: Interpreter, hashes: tuple[str, ...] = ()
) -> tuple[int, File] | None:
    """The wheel that fits best, and the number of its source; the earlier source where two are the same.

    `hashes` (`sha256:<hex>`) are the files that may be taken; empty: any. None: there is none.
    """
    ranks = _ranks(interpreter.version[:2], tuple(_platforms(interpreter.platform)))
    found: list[tuple[int, int, File]] = []
    for at, file in files:
        if file.is_wheel and _allowed(file, hashes) and fits(file, interpreter):
            _, _, build, tags = parse_wheel_filename(file.filename)
            rank = min((ranks[tag] for tag in tags if tag in ranks), default=None)
            if rank is not None:
                # A later build of the same wheel comes first.
                found.append((rank, -(build[0] if build else 0), (at, file)))  # pyright: ignore[reportArgumentType]
    return min(found, key=lambda each: (each[0], each[1]), default=(0, 0, None))[2]  # pyright: ignore[reportReturnType]


def sdist(
    files: list[tuple[int, File]], interpreter: Interpreter, hashes: tuple[str, ...] = ()
) -> tuple[int, File] | None:
    """The source distribution, and the number of its source; None: there is none."""
    return next(
        ((at, file) for at, file in files if not file.is_wheel and _allowed(file, hashes) and fits(file, interpreter)),
        None,
    )


def fits(file: File, interpreter: Interpreter) -> bool:
    """Whether the file says that it is for this Python."""
    try:
        return SpecifierSet(file.requires_python).contains(".".join(map(str, interpreter.version)), prereleases=True)
    except InvalidSpecifier:
        # As resolvers do: what cannot be read forbids nothing.
        return True


def _allowed(file: File, hashes: tuple[str, ...]) -> bool:
    return not hashes or not file.sha256 or f"sha256:{file.sha256}" in hashes


@cache
def _ranks(version: tuple[int, int], platforms: tuple[str, ...]) -> dict[Tag, int]:
    major, minor = version
    abi = f"cp{major}{minor}{'m' if version <= _LAST_WITH_PYMALLOC else ''}"
    tags = [
        *cpython_tags(version, [abi], platforms),
        *compatible_tags(version, f"cp{major}{minor}", platforms),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(tags)))}


def _platforms(platform: str) -> list[str]:
    """Of this machine: `platform` is another interpreter's, and both run on the same system."""
    own = platform.replace("-", "_").replace(".", "_")
    found = list(platform_tags())
    return found if own in found else [own]
