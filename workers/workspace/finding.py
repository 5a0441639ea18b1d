"""Which repository is meant by what was typed, where in it that lies, and the configuration it has."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from workers.contract import config, config_file, yaml_lines
from workers.contract.errors import ConfigError, DocumentError
from workers.contract.paths import read_bounded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.contract.config_file import ConfigFile


def find_repo(paths: Sequence[Path], repo: Path | None) -> Path:
    """The repository that holds `paths`: `repo`, the folder upward with a `.git`, or the folder that holds them all.

    A link to a file counts where it stands: that it leads elsewhere ends that artifact alone, see `load`.

    Raises:
        ConfigError: a path does not exist or lies elsewhere.
    """
    for path in paths:
        _refuse_missing(path)
    if repo is not None:
        root = _existing(repo)
        if not root.is_dir():
            raise ConfigError(f"--repo {repo} is not a folder")
    else:
        common = Path(os.path.commonpath([_folder(path) for path in paths]))
        root = next((folder for folder in (common, *common.parents) if (folder / ".git").exists()), common)
    for path in paths:
        inside(root, path)
    return root


def _refuse_missing(path: Path) -> None:
    """Raise for what is not there at all; what is there and cannot be read is told of in its report."""
    try:
        path.lstat()
    except PermissionError:
        return
    except (OSError, ValueError) as error:
        raise _unusable(path, error) from error


def _existing(path: Path) -> Path:
    try:
        return path.resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        raise _unusable(path, error) from error


def _unusable(path: Path, error: Exception) -> ConfigError:
    return ConfigError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")


def _folder(path: Path) -> Path:
    """The folder that is meant by `path`, or that holds it."""
    place = resolved(path)
    if place is not None and place.is_dir():
        return place
    return resolved(path.parent) or path.parent.absolute()


def resolved(path: Path) -> Path | None:
    """Where the links of `path` lead; None for links in a circle."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return None


def inside(root: Path, path: Path) -> PurePosixPath:
    """`path` relative to `root`: where its links lead, or as it is written where they lead out of `root`.

    Raises:
        ConfigError: it lies elsewhere, links or not.
    """
    place = resolved(path)
    if place is not None and place.is_relative_to(root):
        return PurePosixPath(place.relative_to(root).as_posix())
    written = path.absolute()
    holder = next((folder for folder in written.parents if resolved(folder) == root), None)
    if holder is None or ".." in written.relative_to(holder).parts:
        raise ConfigError(f"{path} lies outside the repository {root}")
    return PurePosixPath(written.relative_to(holder).as_posix())


def load_config(repo: Path, chosen: Path | None) -> ConfigFile | None:
    """The configuration: `chosen`, else `.github/mendloop.yml` of the repository; None when there is none.

    Raises:
        ConfigError: it cannot be read or is wrong.
    """
    try:
        if chosen is not None:
            place = _existing(chosen)
            return config_file.read(read_bounded(place.parent, place.name, yaml_lines.SIZE_BYTES), str(chosen))
        if not (repo / config.PATH).exists():
            return None
        return config_file.read(read_bounded(repo, config.PATH, yaml_lines.SIZE_BYTES), config.PATH)
    except DocumentError as error:
        raise ConfigError(str(error)) from error
