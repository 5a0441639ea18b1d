"""Keras: generators go to `fit`, classes are read off predictions, and `acc` is called `accuracy` in a history."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from workers.review.shapes.kinds import Kinds, arguments, plain, position, text_of, whole
from workers.review.shapes.shape import Code, Function, Hit, Mandate, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.review.sites import Change, Site

_GENERATORS = {
    "fit_generator": (
        "fit",
        ("generator", "steps_per_epoch", "epochs", "verbose", "callbacks", "validation_data", "validation_steps"),
    ),
    "evaluate_generator": ("evaluate", ("generator", "steps", "callbacks")),
    "predict_generator": ("predict", ("generator", "steps", "callbacks")),
}
_KEPT = frozenset({"verbose", "class_weight", "initial_epoch", "shuffle", "validation_freq"})
_MODELS = {
    "keras": frozenset({"keras.Model"}),
    "tensorflow": frozenset({"tensorflow.keras.Model"}),
}
_HISTORY = {"acc": "accuracy", "val_acc": "val_accuracy"}


def generators(code: Code, mandate: Mandate) -> Iterator[Hit]:
    """`fit_generator(generator, ...)` is `fit(generator, ...)`, what came after the generator passed by name."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods(*_GENERATORS):
        if kinds.of(function.value, site) not in _models(mandate):
            continue
        new, parameters = _GENERATORS[function.attr]
        changes = _fitted(site, call, function, new, parameters)
        yield _hit(site, function, f"Call `{new}`: it takes generators.", changes)


def _models(mandate: Mandate) -> frozenset[str]:
    return _MODELS["tensorflow" if "tensorflow" in mandate.rule else "keras"]


def _fitted(
    site: Site, call: ast.Call, function: ast.Attribute, new: str, parameters: tuple[str, ...]
) -> tuple[Change, ...]:
    given = arguments(call, (*parameters, *sorted(_KEPT - set(parameters))))
    if given is None or "generator" not in given or len(call.args) > len(parameters):
        return ()
    _, end = site.span(function)
    changes: list[Change] = [(end - len(function.attr), end, new)]
    named = keyword(call, "generator")
    if named is not None:
        start, _ = site.span(named)
        changes.append((start, start + len("generator"), "x"))
    for name, value in zip(parameters[1:], call.args[1:], strict=False):
        start, _ = site.span(value)
        changes.append((start, start, f"{name}="))
    return tuple(changes)


def _hit(site: Site, node: ast.Attribute | ast.Subscript, fix: str, changes: tuple[Change, ...]) -> Hit:
    start, _ = site.span(node)
    gone = node.attr if isinstance(node, ast.Attribute) else text_of(node.slice)
    return Hit(
        site=site,
        start=start,
        anchor=site.text(node),
        message=f"`{gone}` is gone",
        fix=fix,
        changes=changes,
        unlock="" if changes else "What it becomes depends on what cannot be seen here.",
    )


def predicted(code: Code, mandate: Mandate) -> Iterator[Hit]:
    """`predict_classes(x)` is read off `predict(x)`, by what the model ends in; `predict_proba(x)` is `predict(x)`."""
    kinds = Kinds(code)
    for site, call, function in kinds.methods("predict_classes", "predict_proba"):
        if kinds.of(function.value, site) in _models(mandate):
            changes = (
                _probable(site, function) if function.attr == "predict_proba" else _classes(kinds, site, call, function)
            )
            yield _hit(site, function, "Use `predict`, and `np.argmax(..., axis=-1)` for the classes.", changes)


def _probable(site: Site, function: ast.Attribute) -> tuple[Change, ...]:
    _, end = site.span(function)
    return ((end - len(function.attr), end, "predict"),)


def _classes(kinds: Kinds, site: Site, call: ast.Call, function: ast.Attribute) -> tuple[Change, ...]:
    _, end = site.span(call)
    after = site.span(function)[1]
    predict = f"{plain(site, function.value)}.predict{site.source[after:end]}"
    match _ending(kinds, function.value, site):
        case "softmax":
            numpy = kinds.code.imports.standing_for("numpy", call, site.cell)
            return whole(site, call, f"{numpy}.argmax({predict}, axis=-1)") if numpy else ()
        case "sigmoid":
            return whole(site, call, f'({predict} > 0.5).astype("int32")')
        case _:
            return ()


def _ending(kinds: Kinds, model: ast.expr, site: Site) -> str | None:
    """The activation the model ends in, where the document makes it and adds its layers in plain order."""
    held = kinds.code.imports.assigned(model, site.cell) if isinstance(model, ast.Name) else ()
    if not isinstance(model, ast.Name) or len(held) != 1 or held[0].item is not None:
        return None
    made = held[0].value
    once = len(kinds.stores(model.id)) == 1
    if not once and _deferred(site, model):
        return None
    since, until = (held[0].cell, made.lineno, made.col_offset), position(site, model)
    added = [
        one.args[0]
        for where, one, node in kinds.methods("add")
        if isinstance(node.value, ast.Name) and node.value.id == model.id and len(one.args) == 1
        if once or (since < position(where, node) < until and not _deferred(where, node))
    ]
    return _activation(added[-1] if added else _listed(made))


def _deferred(site: Site, node: ast.AST) -> bool:
    """It stands in a function, which runs when nobody knows."""
    return any(isinstance(one, Function | ast.Lambda) for one in site.around(node))


def _listed(made: ast.expr) -> ast.expr | None:
    """The last layer of `Sequential([...])`."""
    match made:
        case ast.Call(args=[ast.List(elts=[*_, last])]):
            return last
        case _:
            return None


def _activation(layer: ast.expr | None) -> str | None:
    match layer:
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=args) as call if name in {
            "Dense",
            "Activation",
        }:
            pass
        case _:
            return None
    said = keyword(call, "activation")
    if name == "Activation":
        return text_of(args[0]) if args else None
    activation = text_of(said.value) if said else None
    units = args[0] if args else None
    one = isinstance(units, ast.Constant) and units.value == 1
    # One sigmoid says which of two; several say nothing about classes that exclude each other.
    return activation if (activation == "sigmoid") == one else None


def history(code: Code, _mandate: Mandate) -> Iterator[Hit]:
    """`history["acc"]` after `compile(metrics=["accuracy"])`."""
    kinds = Kinds(code)
    if _metrics(kinds) != {"accuracy"}:
        return
    for site, node in kinds.nodes():
        match node:
            case ast.Subscript(value=ast.Attribute(attr="history") as told, ctx=ast.Load()) if (
                text_of(node.slice) in _HISTORY
            ):
                pass
            case _:
                continue
        if _fit(kinds, site, told.value):
            start, end = site.span(node.slice)
            key = text_of(node.slice) or ""
            quote = site.source[start]
            changes = (
                ((start, end, f"{quote}{_HISTORY[key]}{quote}"),) if site.source[start + 1 : end - 1] == key else ()
            )
            yield _hit(site, node, f"It is called `{_HISTORY[key]}`.", changes)


def _metrics(kinds: Kinds) -> set[str]:
    """What accuracy is called in every `compile` of the document."""
    lists = (keyword(call, "metrics") for _, call, _ in kinds.methods("compile"))
    names = {text_of(item) or "" for one in lists if one and isinstance(one.value, ast.List) for item in one.value.elts}
    return names & {"accuracy", "acc", ""}


def _fit(kinds: Kinds, site: Site, node: ast.expr) -> bool:
    """What a `fit` of a model returned."""
    values = kinds.code.imports.assigned(node, site.cell) if isinstance(node, ast.Name) else ()
    return (
        bool(values)
        and all(
            one.item is None
            and isinstance(one.value, ast.Call)
            and isinstance(one.value.func, ast.Attribute)
            and one.value.func.attr in {"fit", "fit_generator"}
            for one in values
        )
        and _keras(kinds)
    )


def _keras(kinds: Kinds) -> bool:
    return any(
        (node.module or "").split(".")[0] in {"keras", "tensorflow"}
        if isinstance(node, ast.ImportFrom)
        else any(one.name.split(".")[0] in {"keras", "tensorflow"} for one in node.names)
        for _, node in kinds.nodes()
        if isinstance(node, ast.Import | ast.ImportFrom)
    )
