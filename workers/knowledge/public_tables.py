"""A stranger's table of models as offers: checked once, here, and never trusted further than its source goes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, cast
from urllib.parse import urlsplit

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator

from workers.contract.errors import MendloopError
from workers.knowledge.vendors import SECOND, Model

if TYPE_CHECKING:
    from collections.abc import Iterator

_HOSTS = {
    "openai": ("openai.com",),
    "anthropic": ("anthropic.com", "claude.com"),
    "google": ("google.dev", "google.com"),
    "mistral": ("mistral.ai",),
    "cohere": ("cohere.com",),
    "bedrock": ("aws.amazon.com",),
}
"""Where each vendor speaks for itself."""
_PROVIDERS = {
    "openai": "openai",
    "text-completion-openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "mistral": "mistral",
    "cohere": "cohere",
    "cohere_chat": "cohere",
}
_MODES = {
    "embedding": "embedding",
    "completion": "completion",
    "image_generation": "image",
    "image_edit": "image",
    "video_generation": "video",
    "audio_transcription": "audio",
    "audio_speech": "audio",
    "realtime": "audio",
    "moderation": "moderation",
    "rerank": "rerank",
    "ocr": "ocr",
}
_YAML_BYTES = 2 * 1024 * 1024
_FIRST = date(2020, 1, 1)
_AHEAD = timedelta(days=3650)

_AnyRow = TypeVar("_AnyRow", bound=BaseModel)
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}$")]
_Text = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]{0,300}$")]
_Vendor = Literal["openai", "anthropic", "google", "mistral", "cohere", "bedrock"]
_Kind = Literal["chat", "completion", "embedding", "image", "audio", "video", "moderation", "rerank", "ocr"]


class RefreshError(MendloopError):
    """Theirs or the weather's: a table of models cannot be had or cannot be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a table says of one model."""

    model: Model
    by_vendor: bool
    """It names the vendor's own page as its source."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class _Source(_Strict):
    source: Annotated[str, StringConstraints(pattern=r"^https://[\x21-\x7e]{1,300}$")]
    as_of: date


class _Row(_Strict):
    kind: _Kind
    announced: date | None = None
    shutdown: date | None = None
    earliest: bool = False
    successor: _Name | None = None
    needs: _Text = ""
    vertex: date | None = None
    by: str = ""
    as_of: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> _Row:
        if self.announced and self.shutdown and self.announced > self.shutdown:
            raise ValueError("it ended before that was announced")
        return self


class _Said(_Source):
    models: dict[_Name, Any]


class _Table(_Strict):
    sources: dict[str, _Source] = {}
    vendors: dict[_Vendor, _Said]


class _Priced(_Strict):
    litellm_provider: str = ""
    deprecation_date: date | None = None
    mode: str = ""


def offers(raw: bytes, source: str, today: date) -> tuple[tuple[Offer, ...], int]:
    """What the table `raw`, found at `source`, offers, and how many rows of it were passed over.

    Raises:
        RefreshError: it is no table.
    """
    loaded = _loaded(raw, source)
    rows = list(_of_table(loaded, source) if "vendors" in loaded else _of_prices(loaded, source, today))
    found = {offer.model.name: offer for offer in rows if offer is not None and _sane(offer.model, today)}
    return tuple(found.values()), len(rows) - len(found)


def _loaded(raw: bytes, source: str) -> dict[str, Any]:
    try:
        text = raw.decode("utf-8")
        value: object = json.loads(text) if text.lstrip().startswith("{") else _of_yaml(text, source)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        raise RefreshError(f"{source} is neither JSON nor YAML: {str(error).splitlines()[0]}.") from error
    if not isinstance(value, dict) or not value:
        raise RefreshError(f"{source} holds no table.")
    return {str(key): row for key, row in cast("dict[object, Any]", value).items()}


def _of_yaml(text: str, source: str) -> object:
    if len(text) > _YAML_BYTES:
        raise RefreshError(f"{source} has more than {_YAML_BYTES} characters of YAML.")
    # An alias makes a small text a large value.
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
        raise RefreshError(f"{source} has YAML aliases, which a table needs none of.")
    return yaml.safe_load(text)


def _of_table(loaded: dict[str, Any], source: str) -> Iterator[Offer | None]:
    try:
        table = _Table.model_validate(loaded)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise RefreshError(f"{source} is no table of models: {where}: {first['msg']}.") from error
    for vendor, said in table.vendors.items():
        for name, value in said.models.items():
            row = _valid(_Row, value)
            yield None if row is None else _offer(vendor, name, row, table.sources.get(row.by, said), said)


def _offer(vendor: str, name: str, row: _Row, by: _Source, said: _Source) -> Offer:
    theirs = row.by != SECOND and _speaks(vendor, by.source)
    model = Model(
        vendor=vendor,
        name=name,
        kind=row.kind,
        announced=row.announced,
        shutdown=row.shutdown,
        earliest=row.earliest or not theirs,
        successor=row.successor,
        source=by.source,
        as_of=row.as_of or (by.as_of if row.by else said.as_of),
        needs=row.needs,
        vertex=row.vertex,
    )
    return Offer(model=model, by_vendor=theirs)


def _speaks(vendor: str, source: str) -> bool:
    host = urlsplit(source).hostname or ""
    return any(host == each or host.endswith(f".{each}") for each in _HOSTS[vendor])


def _of_prices(loaded: dict[str, Any], source: str, today: date) -> Iterator[Offer | None]:
    said = [(name, _valid(_Priced, value)) for name, value in loaded.items()]
    if not any(row is not None and row.litellm_provider for _, row in said):
        raise RefreshError(f"{source} is no table of models: no row names its provider.")
    for name, row in said:
        yield _of_price(name, row, source, today) if row is not None and row.deprecation_date else None


def _of_price(name: str, row: _Priced, source: str, today: date) -> Offer | None:
    vendor = _PROVIDERS.get(row.litellm_provider)
    # What is left of a slash is a provider; of two, a size or a quality that has a price of its own.
    bare = name.rpartition("/")[2] if name.count("/") == 1 and not re.match(r"\d", name) else name
    if vendor is None or "/" in bare or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@+-]{0,127}", bare):
        return None
    model = Model(
        vendor=vendor,
        name=bare,
        kind=_MODES.get(row.mode, "chat"),
        announced=None,
        shutdown=row.deprecation_date,
        earliest=True,
        successor=None,
        source=source if source.startswith("https://") else "https://github.com/BerriAI/litellm",
        as_of=today,
    )
    return Offer(model=model, by_vendor=False)


def _valid(kind: type[_AnyRow], value: object) -> _AnyRow | None:
    try:
        return kind.model_validate(value)
    except ValidationError:
        return None


def _sane(model: Model, today: date) -> bool:
    """Dates of our time, and nothing known from the future: a clock ahead of ours may be a day off."""
    dates = [each for each in (model.announced, model.shutdown, model.vertex) if each]
    return model.as_of <= today + timedelta(days=1) and all(_FIRST <= each <= today + _AHEAD for each in dates)
