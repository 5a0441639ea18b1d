"""Masking: no secret leaves in a text, neither one this process holds nor one whose shape is known.

The values of the environment's secrets are masked in the encodings they travel in; shapes are masked wherever they stand.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MASK = "[masked]"
SECRET_NAME = re.compile(
    r"KEY(?!BOARD|MAP|RING)|TOKEN|SECRET|PASSW(OR)?D|PASSPHRASE|CREDENTIAL|PRIVATE|(^|_)(AUTH|PWD|PAT|DSN|COOKIE)($|_)",
    re.IGNORECASE,
)
"""Names of environment variables whose values are secrets."""
PUBLIC_NAMES = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK"})
MIN_CHARS = 8
"""A shorter value is no secret worth the damage that masking every occurrence of it would do."""

_START = r"(?<![A-Za-z0-9])"
_KEY_LINE = r"-----{} [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)?-----"
_ASSIGNED = r"(?i)\b([a-z0-9_\-]{0,40}(?:api_?key|access_?key|secret|token|passw(?:or)?d)[\"']?\s{0,4}[:=]\s{0,4}[\"'])"
_SHAPES: tuple[tuple[str, str], ...] = (
    (_KEY_LINE.format("BEGIN") + r"[\s\S]*?(?:" + _KEY_LINE.format("END") + r"|\Z)", MASK),
    # GitHub: the old 36 characters and the newer `ghs_<app id>_<jwt>` of about 520.
    (_START + r"gh[pousr]_[A-Za-z0-9_.\-]{16,}", MASK),
    (_START + r"github_pat_[A-Za-z0-9_]{20,}", MASK),
    (_START + r"glpat-[A-Za-z0-9_\-.]{16,}", MASK),
    # Not every `sk-`: scikit-learn's HTML has classes like `sk-estimator-doc-link`.
    (_START + r"sk-(?:(?:proj|ant|svcacct|admin|or)-[A-Za-z0-9_\-]{16,}|[A-Za-z0-9]{16,})", MASK),
    (_START + r"(?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,}", MASK),
    (_START + r"(?:AKIA|ASIA|AGPA|AIDA|AROA)[A-Z0-9]{16}(?![A-Za-z0-9])", MASK),
    (_START + r"AIza[A-Za-z0-9_\-]{30,}", MASK),
    (_START + r"ya29\.[A-Za-z0-9_\-]{20,}", MASK),
    (_START + r"xox[abeoprs]-[A-Za-z0-9\-]{10,}", MASK),
    (r"https://hooks\.slack\.com/services/[A-Za-z0-9/_\-]{20,}", MASK),
    (_START + r"hf_[A-Za-z0-9]{20,}", MASK),
    (_START + r"pypi-[A-Za-z0-9_\-]{32,}", MASK),
    (_START + r"npm_[A-Za-z0-9]{30,}", MASK),
    (_START + r"do[opr]_v1_[a-f0-9]{32,}", MASK),
    (_START + r"SG\.[A-Za-z0-9_\-]{16,64}\.[A-Za-z0-9_\-]{16,}", MASK),
    (r"(?i)\b(?:account|sharedaccess)key=[A-Za-z0-9+/]{40,100}={0,2}", MASK),
    (r"(?<![0-9])[0-9]{8,10}:AA[A-Za-z0-9_\-]{32,34}(?![A-Za-z0-9_\-])", MASK),
    (_START + r"[MNO][A-Za-z0-9_\-]{22,26}\.[A-Za-z0-9_\-]{6}\.[A-Za-z0-9_\-]{27,40}(?![A-Za-z0-9_\-])", MASK),
    # Bounded: a long run of near misses must not cost the square of its length.
    (_START + r"eyJ[A-Za-z0-9_\-]{8,4096}\.[A-Za-z0-9_\-]{8,4096}\.[A-Za-z0-9_\-]*", MASK),
    (
        r"(?i)\b(authorization[\"']?\s{0,9}[:=]\s{0,9}[\"']?(?:(?:bearer|basic|token)\s{1,9})?)[^\s\"',;\[]{8,}",
        rf"\1{MASK}",
    ),
    (r"(?i)\b(bearer\s{1,9})[A-Za-z0-9._~+/\-]{16,}=*", rf"\1{MASK}"),
    (r"(?i)\b((?:basic|token)\s{1,9})(?=[A-Za-z._~+/\-]{0,64}[0-9=])[A-Za-z0-9._~+/\-]{16,}=*", rf"\1{MASK}"),
    (r"(?i)\b([a-z][a-z0-9+.\-]{1,30}://)(?!git@)[^\s/?#@\"'<>]{1,512}@", rf"\1{MASK}@"),
    (
        _ASSIGNED + r"[^\s\"'\[]{12,}",
        rf"\1{MASK}",
    ),
)
"""Pattern -> replacement, most specific first."""


@dataclass(frozen=True, slots=True)
class Redactor:
    """Masks texts. Built once, pure afterwards."""

    values: re.Pattern[str] | None
    """Every spelling of every secret value; None when there is none."""
    hexes: re.Pattern[str] | None
    """The values in hexadecimal, in either case."""
    home: re.Pattern[str] | None
    """The home directory, where a path component ends."""
    shapes: tuple[tuple[re.Pattern[str], str], ...]

    def mask(self, text: str) -> str:
        """`text` without secrets, and with the home directory as `~`. Masking twice changes nothing more."""
        for pattern in (self.values, self.hexes):
            if pattern is not None:
                text = pattern.sub(MASK, text)
        for pattern, replacement in self.shapes:
            text = pattern.sub(replacement, text)
        return text if self.home is None else self.home.sub("~", text)

    def mask_all(self, value: Any) -> Any:
        """A JSON-like value with every text in it masked; keys stay."""
        match value:
            case str():
                return self.mask(value)
            case dict():
                return {key: self.mask_all(item) for key, item in cast("dict[str, Any]", value).items()}
            case list() | tuple():
                return [self.mask_all(item) for item in cast("list[Any]", value)]
            case _:
                return value


def redactor(environ: Mapping[str, str], home: str | None = None) -> Redactor:
    """A redactor for a process with this environment."""
    secrets = {value for name, value in environ.items() if _is_secret(name, value)}
    # The longest first: one secret may contain another.
    spellings = sorted({s for secret in secrets for s in _spellings(secret)}, key=len, reverse=True)
    hexes = sorted({secret.encode(errors="surrogateescape").hex() for secret in secrets}, key=len, reverse=True)
    home = (home or "").rstrip("/")
    return Redactor(
        values=_any_of(spellings),
        hexes=_any_of(hexes, re.IGNORECASE),
        home=re.compile(re.escape(home) + r"(?![\w\-]|\.\w)") if len(home) > 1 else None,
        shapes=tuple((re.compile(pattern), replacement) for pattern, replacement in _SHAPES),
    )


def _is_secret(name: str, value: str) -> bool:
    return name not in PUBLIC_NAMES and len(value.strip()) >= MIN_CHARS and SECRET_NAME.search(name) is not None


def _any_of(texts: Iterable[str], flags: int = 0) -> re.Pattern[str] | None:
    joined = "|".join(re.escape(text) for text in texts)
    return re.compile(joined, flags) if joined else None


def _spellings(secret: str) -> Iterator[str]:
    """The value as it is, in JSON and in URLs, and in Base64 at each of the three alignments."""
    for text in {secret, secret.strip()}:
        yield text
        yield text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        raw = text.encode(errors="surrogateescape")
        yield quote(raw, safe="")
        yield quote(raw)
        yield quote_plus(raw)
        yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[str]:
    """The characters of a Base64 text that depend on nothing but `raw`, wherever in the text it starts."""
    for shift in range(3):
        padded = bytes(shift) + raw
        first = -(-shift * 4 // 3)
        last = len(padded) * 8 // 6
        for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
            yield alphabet(padded).decode()[first:last]
