"""`optimizer.lr` is `optimizer.learning_rate`: optimizers of Keras 3 have the one name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds
from workers.review.shapes.shape import Hit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.shapes.shape import Code, Mandate
    from workers.review.sites import Site

_OLD, _NEW = "lr", "learning_rate"
_KERAS = ("keras.", "tensorflow.keras.", "tensorflow.python.keras.")
_NAMES = frozenset({"Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Nadam", "RMSprop", "SGD"})
_MODELS = frozenset({"keras.Model", "tensorflow.keras.Model"})


def find(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """Every use of an optimizer's rate by its former name."""
    kinds = Kinds(code)
    for site, node in kinds.nodes():
        if isinstance(node, ast.Attribute) and node.attr == _OLD and _optimizer(kinds, site, node.value):
            end = site.span(node)[1]
            yield Hit(
                site=site,
                start=site.span(node)[0],
                anchor=site.text(node),
                message="Optimizers no longer have `lr`",
                fix=f"Use `{_NEW}`.",
                changes=((end - len(_OLD), end, _NEW),),
                target="keras.optimizers.Optimizer.learning_rate",
            )


def _optimizer(kinds: Kinds, site: Site, node: ast.expr) -> bool:
    match node:
        case ast.Attribute(value=model, attr="optimizer"):
            return kinds.of(model, site) in _MODELS or _callbacks(kinds, site, model)
        case ast.Name():
            held = kinds.code.imports.assigned(node, site.cell)
            return bool(held) and all(
                one.item is None and isinstance(one.value, ast.Call) and _made(kinds, one.value, one.cell)
                for one in held
            )
        case _:
            return False


def _made(kinds: Kinds, call: ast.Call, cell: int) -> bool:
    dotted = kinds.code.imports.dotted(call.func, cell) or ""
    return dotted.startswith(_KERAS) and ".optimizers." in dotted and dotted.rpartition(".")[2] in _NAMES


def _callbacks(kinds: Kinds, site: Site, model: ast.expr) -> bool:
    """`self.model` in a class that is a callback of Keras."""
    match model:
        case ast.Attribute(value=ast.Name(id="self"), attr="model"):
            around = site.around(model)
        case _:
            return False
    owner = next((one for one in around if isinstance(one, ast.ClassDef)), None)
    bases = [kinds.code.imports.dotted(one, site.cell) or "" for one in owner.bases] if owner else []
    return any(one.startswith(_KERAS) and ".callbacks." in one for one in bases)
