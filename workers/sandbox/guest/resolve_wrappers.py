"""Whether a wrapper may do something of its own with a keyword before it passes the others on."""

import re
import types

_DEPTH = 4
_ITEMS = 500


def interferes(layer, inner, keyword):
    """True when a wrapper may do something of its own with the keyword before it passes the others on."""
    if hasattr(layer, "registry") and hasattr(layer, "dispatch"):
        return True
    return keyword is not None and _mentions(layer, re.compile(r"\b{}\b".format(re.escape(keyword))), inner, _DEPTH)


def _mentions(thing, word, inner, depth):
    """Whether the word occurs in what a wrapper holds: its constants, closure, and the tables it refers to."""
    if thing is inner or depth == 0:
        return False
    if isinstance(thing, str):
        return word.search(thing) is not None
    return any(_mentions(part, word, inner, depth - 1) for part in _parts(thing))


def _parts(thing):
    if isinstance(thing, dict):
        return list(thing)[:_ITEMS] + list(thing.values())[:_ITEMS]
    if isinstance(thing, (list, tuple, set, frozenset)):
        return list(thing)[:_ITEMS]
    if isinstance(thing, types.CodeType):
        return list(thing.co_consts)
    if isinstance(thing, types.FunctionType):
        return _held(thing)
    if isinstance(thing, (type, types.ModuleType)):
        return []
    return list(getattr(thing, "__dict__", {}).values())[:_ITEMS]


def _held(function):
    held = [function.__code__, function.__defaults__ or (), function.__kwdefaults__ or {}]
    held.extend(_content(cell) for cell in function.__closure__ or ())
    tables = (function.__globals__.get(name) for name in _names(function.__code__))
    held.extend(table for table in tables if isinstance(table, (dict, list, tuple, set, frozenset)))
    return held


def _names(code):
    """Names that the code, or a comprehension or function in it, looks up."""
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            names |= _names(constant)
    return names


def _content(cell):
    try:
        return cell.cell_contents
    except ValueError:
        # Not filled yet.
        return None
