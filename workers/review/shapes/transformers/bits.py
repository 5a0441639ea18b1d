"""`from_pretrained(..., load_in_8bit=True)` is told by a configuration: `quantization_config=BitsAndBytesConfig(load_in_8bit=True)`.

https://github.com/huggingface/transformers/blob/main/MIGRATION_GUIDE_V5.md
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.protocols import Question
from workers.review.shapes.shape import Hit, keyword, without
from workers.review.shapes.targets import Target
from workers.review.shapes.together import free
from workers.review.shapes.uses import imports, position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.shapes.together import Changes
    from workers.review.sites import Change, Site

_BITS = ("load_in_8bit", "load_in_4bit")
_CONFIG = "BitsAndBytesConfig"
_WHOLE = f"transformers.{_CONFIG}"
_ITS_OWN = ("llm_int8_", "bnb_4bit_")
"""What belongs into the configuration too; a call that has it is put together by hand."""


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every model of the library that is loaded so."""
    for site, call in code.calls():
        bits = [one for name in _BITS if (one := keyword(call, name)) is not None]
        dotted = code.imports.dotted(call.func, site.cell) or ""
        if bits and dotted.startswith("transformers.") and dotted.endswith(".from_pretrained"):
            yield _hit(code, site, call, bits)


def _hit(code: Code, site: Site, call: ast.Call, bits: list[ast.keyword]) -> Hit:
    made = _changes(code, site, call, bits)
    told = isinstance(made, str)
    names = " and ".join(f"`{one.arg}`" for one in bits)
    return Hit(
        site=site,
        start=site.span(bits[0])[0],
        anchor=site.text(bits[0]),
        message=f"{names} went with transformers 5",
        fix=f"Pass `quantization_config={_CONFIG}(...)`.",
        changes=() if told else tuple(change for at, change in made if at is site),
        elsewhere=() if told else tuple((at, change) for at, change in made if at is not site),
        unlock=made if told else "",
        target=_WHOLE,
        needs=(Target(call=Question(name=_WHOLE, keywords=_BITS)),),
    )


def _changes(code: Code, site: Site, call: ast.Call, bits: list[ast.keyword]) -> Changes | str:
    value = bits[0].value
    if len(bits) > 1 or not isinstance(value, ast.Constant) or not isinstance(value.value, bool):
        return "what it says is not written out"
    if not value.value:
        return ((site, without(site, call, bits[0])),)
    if any(
        one.arg is None or one.arg == "quantization_config" or one.arg.startswith(_ITS_OWN) for one in call.keywords
    ):
        return "it is given a configuration besides"
    named = _named(code, site, call)
    if named is None:
        return f"`{_CONFIG}` is not imported where it is needed"
    written, brought = named
    change: Change = (*site.span(bits[0]), f"quantization_config={written}({site.text(bits[0])})")
    return (*brought, (site, change))


def _named(code: Code, site: Site, call: ast.Call) -> tuple[str, Changes] | None:
    """How the class is written there, and the change that imports it beside the one that is loaded."""
    known = code.imports.standing_for(_WHOLE, call, site.cell)
    if known is not None:
        return known, ()
    root: ast.expr = call.func
    while isinstance(root, ast.Attribute):
        root = root.value
    if not isinstance(root, ast.Name):
        return None
    if code.imports.dotted(root, site.cell) == "transformers":
        return f"{root.id}.{_CONFIG}", ()
    if free(code, _CONFIG) != _CONFIG:
        return None
    for at, one in reversed(list(imports(code, "transformers"))):
        plain = isinstance(one, ast.ImportFrom) and one.module == "transformers" and one in at.tree.body
        brings = any((alias.asname or alias.name) == root.id for alias in one.names)
        if plain and brings and position(at, one) < position(site, call):
            end = at.span(one.names[-1])[1]
            return _CONFIG, ((at, (end, end, f", {_CONFIG}")),)
    return None
