"""The repository's own package: imported from the exported files themselves, so that a run sees the base's or the head's.

Pure Python is not installed at all: the folders its modules stand in come last on the path of what runs, after every
package, and the environment knows its name and version. A `.pth` file would do the same before the first cell and hide what
comes behind it; a wheel would show one commit's files to all. What must be built is built from the tree, if that is allowed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workers.environments.building import Source
from workers.sandbox import beside
from workers.sandbox.limits import Limits

if TYPE_CHECKING:
    from workers.environments.words import OwnPackage

UNKNOWN = "0+unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """What becomes of it."""

    paths: tuple[str, ...] = ()
    """Folders to import from, relative to the repository, POSIX."""
    described: tuple[str, str] | None = None
    """Name and version that the environment tells of it."""
    to_build: OwnPackage | None = None
    notes: tuple[str, ...] = ()


def own_of(package: OwnPackage | None, *, allow_builds: bool, at_hand: bool) -> Own:
    """Decide; `at_hand` says whether the repository's files are there to be built from."""
    if package is None:
        return Own()
    if package.packages:
        return Own(paths=_folders(package.packages), described=(package.name, package.version or UNKNOWN))
    if allow_builds and at_hand:
        return Own(to_build=package)
    why = "its files are not at hand" if allow_builds else "that is not allowed here"
    return Own(notes=(f"The repository's own package {package.name} must be built, and {why}: it is not installed.",))


def _folders(packages: tuple[str, ...]) -> tuple[str, ...]:
    """Where the packages and modules stand, each once; what leads out of the repository is left out."""
    found: dict[str, None] = {}
    for each in packages:
        path = PurePosixPath(each)
        if not path.is_absolute() and ".." not in path.parts:
            found[str(path.parent)] = None
    return tuple(found)


def packed(package: OwnPackage, repository: Path, place: Path) -> Source:
    """The repository's files as one archive in `place`, to be built from. The same files are the same archive."""
    path = place / "repository.tar"
    tree = beside.pack(repository, PurePosixPath(package.folder), Limits())
    try:
        with os.fdopen(os.dup(tree.fd), "rb") as file, path.open("wb") as into:
            file.seek(0)
            shutil.copyfileobj(file, into)
    finally:
        tree.close()
    return Source(
        name=package.name,
        version="",
        sha256=_digest(path),
        path=path,
        filename="repository.tar",
        folder=package.folder if package.folder != "." else "",
    )


def _digest(archive: Path) -> str:
    """Of names and contents: when a file was checked out changes nothing."""
    digest = hashlib.sha256()
    with tarfile.open(archive, "r:") as opened:
        for member in opened:
            digest.update(f"{member.name}\0{member.type!r}\0{member.mode}\0{member.linkname}\0{member.size}\0".encode())
            if (content := opened.extractfile(member)) is not None:
                digest.update(content.read())
    return digest.hexdigest()
