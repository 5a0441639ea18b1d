"""Who a pull request of ours is: a hidden block in its body. Neither title nor branch says it, for people change both.

The block is how our pull request is found again when the ledger was lost, and what tells a body that we may rewrite from
one that a person made theirs. Anybody can copy it: it proves nothing by itself.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

VERSION = 1
BLOCK_CHARS = 24_000
_BLOCK = re.compile(r"<!-- mendloop (\{[^\n<]*\}) -->")
_Sha = Annotated[str, Field(pattern=r"^([0-9a-f]{40})?$")]
_Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
_Path = Annotated[str, Field(min_length=1, max_length=1000)]
_Id = Annotated[str, Field(min_length=1, max_length=64)]


class _Values(BaseModel):
    # Later versions may add keys: what is unknown is passed over, not refused.
    model_config = ConfigDict(extra="ignore", strict=True, frozen=True)


class Part(_Values):
    """One artifact of the pull request."""

    path: _Path
    base: _Digest
    """SHA-256 of the bytes that were repaired."""
    updated: _Digest
    """SHA-256 of the bytes that were proven and committed."""
    base_blob: _Sha = ""
    """Git's id of the one."""
    blob: _Sha = ""
    """Git's id of the other."""
    findings: tuple[_Id, ...] = Field(default=(), strict=False)
    """Ids of the findings that it mends."""


class Identity(_Values):
    """What the hidden block says."""

    version: Literal[1] = VERSION
    publication: int
    problem: Annotated[str, Field(min_length=1, max_length=64)]
    """Key of the group of artifacts and causes."""
    generation: Annotated[int, Field(ge=1)] = 1
    base_sha: _Sha
    """Commit of the base that the branch was built on."""
    tip: _Sha
    """Commit that we moved the branch to last."""
    run: Annotated[str, Field(max_length=120)]
    root: str = "."
    cause: str = ""
    kind: Literal["repair", "revert"] = "repair"
    parts: tuple[Part, ...] = Field(default=(), strict=False)

    @property
    def findings(self) -> frozenset[str]:
        """Ids of all findings it mends."""
        return frozenset(found for part in self.parts for found in part.findings)


def block(identity: Identity) -> str:
    """The hidden block; nothing in it can end the comment it stands in."""
    text = _encoded(identity)
    # Of a huge group the ids go first, the parts last: ours it must stay.
    if len(text) > BLOCK_CHARS:
        text = _encoded(identity.model_copy(update={"parts": tuple(_bare(part) for part in identity.parts)}))
    if len(text) > BLOCK_CHARS:
        text = _encoded(identity.model_copy(update={"parts": ()}))
    return f"<!-- mendloop {text} -->"


def _bare(part: Part) -> Part:
    return part.model_copy(update={"findings": ()})


def _encoded(identity: Identity) -> str:
    text = json.dumps(identity.model_dump(mode="json"), ensure_ascii=True, separators=(",", ":"), sort_keys=True)
    return text.replace("-", "\\u002d").replace("<", "\\u003c").replace(">", "\\u003e")


def parse(body: str | None) -> Identity | None:
    """What the last block in `body` that can be read says; None when there is none. Never raises."""
    # The last one: ours stands at the end, below whatever else the body quotes.
    for found in reversed(_BLOCK.findall(body or "")):
        try:
            return Identity.model_validate_json(found)
        except ValidationError:
            continue
    return None


def said(key: str) -> str:
    """The hidden mark of a comment that is made once; `key` is a word of ours."""
    return f"<!-- mendloop:said:{key} -->"
