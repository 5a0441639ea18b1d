"""What an index says about the files of a name: its pages, in both forms there are, as values.

Formats: https://packaging.python.org/en/latest/specifications/simple-repository-api/
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import InvalidVersion
from pydantic import BaseModel, ConfigDict, Field, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

JSON = "application/vnd.pypi.simple.v1+json"
ACCEPT = f"{JSON}, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
MAX_NAME = 100
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_FILENAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that an index offers."""

    filename: str
    name: str
    """Of the distribution, normalised."""
    version: str
    """Normalised."""
    url: str
    """Absolute, without a fragment."""
    sha256: str = ""
    """Empty when the index does not say."""
    requires_python: str = ""
    uploaded: datetime | None = None
    metadata: bool = False
    """True when its metadata lies beside it, at the same address with `.metadata` behind."""
    metadata_sha256: str = ""
    yanked: bool | str = False

    @property
    def is_wheel(self) -> bool:
        """A wheel; else a source distribution."""
        return self.filename.endswith(".whl")


def is_name(text: str) -> bool:
    """Whether `text` is a distribution's name in its normalised form, and of a sensible length."""
    return len(text) <= MAX_NAME and canonicalize_name(text) == text and _NAME.fullmatch(text) is not None


def parse(content: bytes, content_type: str, base: str) -> tuple[File, ...]:
    """The files on a page that lies at `base`; what is no file of a distribution is passed over.

    Raises:
        ValueError: it is no page of an index.
    """
    if "json" in content_type.lower():
        return tuple(_from_json(content, base))
    return tuple(_from_html(content.decode("utf-8", errors="replace"), base))


def from_names(names: Iterable[str], folder_url: str) -> tuple[File, ...]:
    """The files in a folder."""
    found = (_file(name, f"{folder_url}/{name}") for name in sorted(names))
    return tuple(file for file in found if file is not None)


class _JsonFile(BaseModel):
    model_config = ConfigDict(extra="ignore")

    filename: str
    url: str
    hashes: dict[str, str] = Field(default_factory=dict[str, str])
    requires_python: str | None = Field(default=None, alias="requires-python")
    uploaded: datetime | None = Field(default=None, alias="upload-time")
    core_metadata: bool | dict[str, str] | None = Field(default=None, alias="core-metadata")
    dist_info_metadata: bool | dict[str, str] | None = Field(default=None, alias="dist-info-metadata")
    yanked: bool | str = False


class _JsonPage(BaseModel):
    model_config = ConfigDict(extra="ignore")

    files: list[_JsonFile]


def _from_json(content: bytes, base: str) -> Iterator[File]:
    try:
        page = _JsonPage.model_validate_json(content)
    except ValidationError as error:
        raise ValueError(f"no index page: {error.error_count()} mistakes") from error
    for each in page.files:
        metadata = each.core_metadata or each.dist_info_metadata or False
        found = _file(
            each.filename,
            urljoin(base, each.url).partition("#")[0],
            sha256=each.hashes.get("sha256", ""),
            requires_python=each.requires_python or "",
            uploaded=each.uploaded,
            metadata=bool(metadata),
            metadata_sha256=metadata.get("sha256", "") if isinstance(metadata, dict) else "",
            yanked=each.yanked,
        )
        if found is not None:
            yield found


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.base = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a" and values.get("href"):
            self.found.append(values)
        elif tag == "base" and not self.base:
            self.base = values.get("href") or ""


def _from_html(text: str, base: str) -> Iterator[File]:
    anchors = _Anchors()
    anchors.feed(text)
    anchors.close()
    for anchor in anchors.found:
        url, _, fragment = (anchor["href"] or "").partition("#")
        if not url.startswith(("https://", "http://")):
            url = urljoin(urljoin(base, anchors.base), url)
        metadata = anchor.get("data-core-metadata", anchor.get("data-dist-info-metadata"))
        found = _file(
            unquote(url.partition("?")[0].rpartition("/")[2]),
            url,
            sha256=_digest(fragment),
            requires_python=anchor.get("data-requires-python") or "",
            uploaded=_moment(anchor.get("data-upload-time")),
            metadata=metadata is not None and metadata != "false",
            metadata_sha256=_digest(metadata or ""),
            yanked=(anchor["data-yanked"] or True) if "data-yanked" in anchor else False,
        )
        if found is not None:
            yield found


def _file(filename: str, url: str, **told: Any) -> File | None:
    """None for what is no wheel and no source distribution."""
    if not _FILENAME.fullmatch(filename):
        return None
    try:
        if filename.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(filename)
        else:
            name, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return None
    for digest in ("sha256", "metadata_sha256"):
        if not _SHA256.fullmatch(told.get(digest, "")):
            told[digest] = ""
    return File(filename=filename, name=name, version=str(version), url=url, **told)


def _digest(text: str) -> str:
    algorithm, _, value = text.partition("=")
    return value.lower() if algorithm == "sha256" else ""


def _moment(text: str | None) -> datetime | None:
    try:
        found = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
