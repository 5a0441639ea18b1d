"""Follows an expression over importable names, and says what is known about its value; nothing in it is ever run.

The expressions are those of a question: names and attributes, calls whose arguments are literals or `...`, subscripts,
`(*x,)[0]` for what an assignment unpacks, `await`, and parentheses. Whatever else it holds, it is unknown.
"""

import ast

import resolve_calls
import resolve_enums
import resolve_heirs
import resolve_known
import resolve_members
from resolve_kinds import Bound, Either, GoneError, Later, Made, Unknown, each, public, top

_DEPTH = 120
_seen = {}


def answer(question):
    """The answer to a question whose name has steps beyond dots."""
    tree = ast.parse(question["name"].strip(), mode="eval").body
    if not isinstance(tree, ast.Attribute):
        return _undecided("only attributes of values are asked about")
    parent = follow(tree.value)
    called = question.get("positional") is not None or bool(question.get("keywords"))
    if isinstance(parent, Unknown):
        return {"status": parent.status, "message": parent.reason}
    try:
        found = resolve_members.attribute(parent, tree.attr, called)
    except GoneError as gone:
        owner = public(gone.cls)
        return {"status": "absent", "message": str(gone), "missing_at": owner, "owner": owner}
    return _there(parent, found, tree.attr, question)


def _there(parent, found, name, question):
    if isinstance(found, Unknown) and not _in_class(parent, name):
        return _undecided(found.reason)
    owner = _owner(parent)
    methods = found.options if isinstance(found, Either) else [found]
    if not all(isinstance(one, Bound) for one in methods):
        return {"status": "exists", "owner": owner}
    warning = getattr(methods[0].function, "__deprecated__", "")
    result = {
        "status": "exists",
        "owner": owner,
        "kind": "function",
        "warning": warning if isinstance(warning, str) else "",
    }
    result.update(_common([bound(one, question) for one in methods]))
    return result


def _common(results):
    """What holds whichever of the methods it is."""
    first = dict(results[0])
    for field in ("bad_keywords", "bad_values"):
        shared = [one for one in first.get(field, ()) if all(one in other.get(field, ()) for other in results)]
        if len(shared) < len(first.get(field, ())) or field in first:
            first[field] = shared
    doubtful = [one for one in results if one.get("status") == "undecided"]
    return (
        first
        if not doubtful or first.get("bad_keywords")
        else dict(first, status="undecided", message=doubtful[0]["message"])
    )


def bound(found, question):
    """How a call of a method binds, and its values fit."""
    keywords, positional = tuple(question.get("keywords") or ()), question.get("positional")
    result = resolve_calls.bind_method(found.function, found.receiver is not None, keywords, positional)
    receiver = found.receiver
    if result.get("bad_keywords") and isinstance(receiver, Made) and not receiver.exact:
        doubt = resolve_heirs.doubt(receiver.cls, found.name)
        if doubt:
            return _undecided(doubt)
    result["bad_values"] = resolve_enums.refused(found.function, found, question.get("values") or ())
    return result


def _in_class(parent, name):
    options = parent.options if isinstance(parent, Either) else [parent]
    return all(isinstance(one, Made) and any(name in vars(base) for base in one.cls.__mro__) for one in options)


def _owner(parent):
    one = parent.options[0] if isinstance(parent, Either) else parent
    return public(one.cls) if isinstance(one, Made) else ""


def _undecided(reason):
    return {"status": "undecided", "message": reason}


def follow(node, depth=_DEPTH):
    """What is known about the value of an expression; each is followed once."""
    if depth == 0:
        return Unknown("it is too deep")
    key = ast.dump(node)
    if key not in _seen:
        try:
            _seen[key] = _followed(node, depth - 1)
        except GoneError as gone:
            _seen[key] = Unknown(str(gone))
    return _seen[key]


def _followed(node, depth):
    dotted = _dotted(node)
    if dotted:
        return resolve_members.thing(dotted)
    if isinstance(node, ast.Attribute):
        return resolve_members.attribute(follow(node.value, depth), node.attr, called=False)
    if isinstance(node, ast.Call):
        return _call(node, depth)
    if isinstance(node, ast.Await):
        return each(
            follow(node.value, depth), lambda one: one.value if isinstance(one, Later) else Unknown("not awaited")
        )
    if isinstance(node, ast.Subscript):
        return _item(node, depth)
    return Unknown("expressions of this kind are not followed")


def _dotted(node):
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *parts[::-1]]) if isinstance(node, ast.Name) else ""


def _call(node, depth):
    if isinstance(node.func, ast.Attribute) and not _dotted(node.func):
        function = resolve_members.attribute(follow(node.func.value, depth), node.func.attr, called=True)
    else:
        function = follow(node.func, depth)
    keywords = [keyword.arg for keyword in node.keywords]
    starred = any(isinstance(argument, ast.Starred) for argument in node.args)
    return resolve_members.called(function, [*keywords, None] if starred else keywords, len(node.args))


def _item(node, depth):
    index = node.slice.value if type(node.slice).__name__ == "Index" else node.slice
    if isinstance(node.value, ast.Tuple) and len(node.value.elts) == 1 and isinstance(node.value.elts[0], ast.Starred):
        whole, kind = follow(node.value.elts[0].value, depth), "unpacked"
    else:
        whole, kind = follow(node.value, depth), _kind(index)
    return each(whole, lambda one: _part(one, kind, _number(index)))


def _part(value, kind, number):
    if not isinstance(value, Made):
        return Unknown("its parts are not known")
    if value.items is not None and kind in ("number", "unpacked") and number is not None:
        return (
            value.items[number] if -len(value.items) <= number < len(value.items) else Unknown("there is no such part")
        )
    if value.element is not None and kind in ("number", "unpacked"):
        return value.element
    for base in value.cls.__mro__:
        spec = resolve_known.ITEMS.get(("{}:{}".format(top(base), base.__name__), kind))
        if spec is not None:
            return resolve_members.of_spec(spec, value)
    return Unknown("what its parts are is not known")


def _kind(index):
    if isinstance(index, ast.Slice):
        return "slice"
    if isinstance(index, (ast.List, ast.UnaryOp)) and not _is_number(index):
        return "list" if isinstance(index, ast.List) else "mask"
    constant = _constant(index)
    if isinstance(constant, str):
        return "text"
    return "number" if _is_number(index) else "other"


def _is_number(index):
    return _number(index) is not None


def _number(index):
    try:
        value = ast.literal_eval(index)
    except (ValueError, SyntaxError, TypeError):
        return None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _constant(node):
    try:
        return ast.literal_eval(node)
    except (ValueError, SyntaxError, TypeError):
        return None
