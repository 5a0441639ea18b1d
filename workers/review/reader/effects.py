"""Side effects are announced: files written, things deleted, the network used, each after a word in prose."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from workers.contract.domain import IssueType
from workers.documents.python import mask
from workers.review.reader.drafts import draft, prose_before

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.drafts import Draft
    from workers.review.shapes.shape import Code
    from workers.review.sites import Site

_ANNOUNCED = {
    "writes files": re.compile(r"writ|sav|stor|creat|export|output|\bfiles?\b|\bdisk\b|cache"),
    "deletes files": re.compile(r"delet|remov|clean|eras"),
    "uses the network": re.compile(
        r"download|fetch|request|network|internet|online|\bapis?\b|https?:|\burl|web|retriev|remote"
    ),
}
"""What a cell does, and the words that announce it."""

_FUNCTIONS = {
    "os.makedirs": "writes files",
    "os.mkdir": "writes files",
    "shutil.copy": "writes files",
    "shutil.move": "writes files",
    "os.remove": "deletes files",
    "os.rmdir": "deletes files",
    "os.unlink": "deletes files",
    "shutil.rmtree": "deletes files",
    "requests.get": "uses the network",
    "requests.post": "uses the network",
    "httpx.get": "uses the network",
    "httpx.post": "uses the network",
    "urllib.request.urlopen": "uses the network",
    "urllib.request.urlretrieve": "uses the network",
}
_METHODS = {
    "savefig": "writes files",
    "to_csv": "writes files",
    "to_excel": "writes files",
    "to_feather": "writes files",
    "to_parquet": "writes files",
    "to_pickle": "writes files",
    "write_bytes": "writes files",
    "write_text": "writes files",
    "rmtree": "deletes files",
    "unlink": "deletes files",
}
_SHELL = {
    "uses the network": re.compile(r"^!\s*(?:wget|curl|git\s+clone)\b"),
    "deletes files": re.compile(r"^!\s*rm\b"),
    "writes files": re.compile(r"^!\s*(?:mkdir|touch|unzip|tar)\b|^%%writefile\b"),
}


def unannounced(code: Code) -> Iterator[Draft]:
    """The first of each kind of side effect in a cell that no prose above speaks of."""
    for site in code.sites:
        prose = prose_before(code.document, site.cell)
        told: set[str] = set()
        for start, what, text in (*_calls(code, site), *_shell(site)):
            if what in told or _ANNOUNCED[what].search(prose):
                continue
            told.add(what)
            yield draft(
                "reader/side-effect",
                site.cell,
                start,
                text,
                message=f"The cell {what} (`{text}`), and nothing before says so",
                fix="Say before the cell what it will do.",
                issue_type=IssueType.CLARITY_ISSUE,
            )


def _calls(code: Code, site: Site) -> Iterator[tuple[int, str, str]]:
    for node in site.nodes:
        if not isinstance(node, ast.Call):
            continue
        dotted = code.imports.dotted(node.func, site.cell) or ""
        what = _FUNCTIONS.get(dotted)
        if what is None and isinstance(node.func, ast.Attribute) and node.args:
            what = _METHODS.get(node.func.attr)
        if what is None and _opens_to_write(node):
            what = "writes files"
        if what is not None:
            yield site.span(node)[0], what, site.text(node.func)


def _opens_to_write(node: ast.Call) -> bool:
    if not isinstance(node.func, ast.Name) or node.func.id != "open":
        return False
    modes = [*node.args[1:2], *(one.value for one in node.keywords if one.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and set(str(mode.value)) & set("wax+") for mode in modes)


def _shell(site: Site) -> Iterator[tuple[int, str, str]]:
    lines = site.source.split("\n")
    for line, text in mask(site.source).magics:
        for what, pattern in _SHELL.items():
            if pattern.search(text):
                yield sum(len(one) + 1 for one in lines[: line - 1]), what, text
