"""Keywords that a function takes as `**kwargs` and hands on, where its documentation says to which class of artist.

matplotlib writes it in one form: "**kwargs : `.Patch` properties". Such a keyword is a property of the artist, under its name
or an alias, and nothing else.
"""

import inspect
import re
import types

from resolve_kinds import top

_DOCUMENTED = re.compile(r"\*\*(\w+)`*(?:\s*:\s*|\s*\n\s+)([^\n]*?`~?[\w.]*?(\w+)`[^\n]*?propert(?:y|ies)[^\n]*)")
_VAGUE = re.compile(r"\bor\b|\band\b|except|passed")


def verdict(function, keyword):
    """`good`, `bad`, or empty where it is not known where the keyword goes."""
    if top(function) != "matplotlib":
        return ""
    artist = _artist(function)
    if artist is None or _spoken_of(function, keyword):
        return ""
    return "good" if any(_takes(cls, keyword) for cls in [artist, *_heirs(artist)]) else "bad"


def _artist(function):
    try:
        found = _DOCUMENTED.search(inspect.getdoc(function) or "")
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None
    if found is None or _VAGUE.search(found.group(2)):
        return None
    from matplotlib.artist import Artist

    named = [cls for cls in _heirs(Artist) if cls.__name__ == found.group(3) and top(cls) == "matplotlib"]
    return named[0] if len(named) == 1 else None


def _heirs(cls):
    found = []
    for heir in type.__subclasses__(cls):
        found.append(heir)
        found.extend(_heirs(heir))
    return list(dict.fromkeys(found))


def _takes(cls, keyword):
    """By a setter, an alias, or a parameter of a constructor on the way."""
    if hasattr(cls, "set_" + keyword):
        return True
    for base in cls.__mro__:
        aliases = vars(base).get("_alias_map") or {}
        if any(keyword == name or keyword in others for name, others in aliases.items()):
            return True
        init = vars(base).get("__init__")
        if isinstance(init, types.FunctionType) and keyword in _names(init):
            return True
    return False


def _names(function):
    inner = inspect.unwrap(function)
    return set(inner.__code__.co_varnames[: inner.__code__.co_argcount + inner.__code__.co_kwonlyargcount])


def _spoken_of(function, keyword):
    """True where the function itself, or one that it hands the keywords to, may take the keyword out."""
    inner = inspect.unwrap(function)
    constants = [inner.__code__.co_consts] if hasattr(inner, "__code__") else []
    while constants:
        for one in constants.pop():
            if one == keyword:
                return True
            if isinstance(one, types.CodeType):
                constants.append(one.co_consts)
            elif isinstance(one, tuple):
                constants.append(one)
    return False
