"""What the owner of a repository wants: the configuration on its default branch, and from nowhere else."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from pydantic import BaseModel

from bot.github import NotFound, Unavailable, shaped
from workers.contract import config_file
from workers.contract.config import PATH
from workers.contract.errors import ConfigError
from workers.contract.yaml_lines import SIZE_BYTES

if TYPE_CHECKING:
    from bot.github import Api
    from workers.contract.config import Config

FOLDER, _, NAME = PATH.rpartition("/")


@dataclass(frozen=True, slots=True)
class Inert:
    """There is no configuration: nothing is done unasked."""


@dataclass(frozen=True, slots=True)
class ConfigProblem:
    """The configuration cannot be used; the message is for the owner."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """A configuration that can be used."""

    config: Config
    text: str


Ownership = Inert | ConfigProblem | Owned


class _Entry(BaseModel):
    name: str
    type: str
    sha: str
    size: int = 0


class _Blob(BaseModel):
    content: str
    encoding: str


async def configuration(api: Api, default_branch: str) -> Ownership:
    """The configuration on the default branch.

    The folder is listed first: the file's own address would follow a symbolic link.

    Raises:
        GitHubError, Limited, Unavailable, AccessEnded: it could not be read.
    """
    try:
        listed: Any = await api.get(f"/contents/{FOLDER}", ref=f"refs/heads/{default_branch}")
    except NotFound:
        return Inert()
    if not isinstance(listed, list):
        return ConfigProblem(f"{FOLDER} is no folder")
    entry = _entry(cast("list[Any]", listed))
    if entry is None:
        return Inert()
    if entry.type != "file":
        return ConfigProblem(f"{PATH} is a {entry.type}; it has to be a regular file")
    if entry.size > SIZE_BYTES:
        return ConfigProblem(f"{PATH}: {entry.size} bytes; a configuration may have at most {SIZE_BYTES}")
    return read(_content(shaped(_Blob, await api.get(f"/git/blobs/{entry.sha}"))))


def read(raw: bytes) -> Ownership:
    """A configuration's bytes as what they mean."""
    try:
        return Owned(config=config_file.read(raw, PATH).config, text=raw.decode("utf-8-sig"))
    except ConfigError as error:
        return ConfigProblem(str(error))


def _entry(listed: list[Any]) -> _Entry | None:
    for item in listed:
        entry = shaped(_Entry, item)
        if entry.name == NAME:
            return entry
    return None


def _content(blob: _Blob) -> bytes:
    try:
        return base64.b64decode(blob.content) if blob.encoding == "base64" else blob.content.encode()
    except (binascii.Error, ValueError):
        raise Unavailable("GitHub's blob is no Base64") from None
