"""Texts that a call passes where the library says which ones there are: Literal annotations, tables of its own."""

import inspect
import re
import types
import typing
import warnings

import resolve_calls
import resolve_hints
from resolve_kinds import Bound, Thing, top

_MESSAGE = 1000
_ALLOWED = 40
_INSTEAD = re.compile(r"(?:[Uu]se|[Dd]id you mean) ['\"`]?([\w.+-]+)['\"`]?(?: instead|\?|\.| )")
_PARTS = re.compile(r"([+-]?[\d.]*)([A-Za-z_]+)(-[A-Z]{3}(?:-\d+)?)?$")
"""A number, an alias and an anchor: `2H`, `A-DEC`."""


def refused(function, bound, values):
    """[argument, `refused` or `deprecated`, the library's words, what it takes instead or nothing] of texts that do not fit."""
    found = []
    for argument, text in list(values)[:50]:
        said = _said(function, bound, str(argument), str(text))
        if said is not None:
            status, words, instead = said
            found.append([str(argument), status, words[:_MESSAGE], instead])
    return found


def _said(function, bound, argument, text):
    parameter = _parameter(function, bound, argument)
    if not parameter:
        return None
    for judge in (_by_table, _by_constraints, _by_literal):
        said = judge(function, bound, parameter, text)
        if said is not None:
            return said if said[0] else None
    return None


def _parameter(function, bound, argument):
    """The name of the parameter that an argument, by name or position, goes to."""
    if not argument.isdigit():
        return argument
    skip = isinstance(function, type) or (isinstance(bound, Bound) and bound.receiver is not None)
    names = resolve_calls.places(function.__init__ if isinstance(function, type) else function)[1 if skip else 0 :]
    return names[int(argument)] if int(argument) < len(names) else ""


def _by_constraints(function, bound, parameter, text):
    """By scikit-learn's own check of parameters."""
    table = getattr(function, "_parameter_constraints", None) or getattr(function, "_skl_parameter_constraints", None)
    if not isinstance(table, dict) or parameter not in table or isinstance(table[parameter], str):
        return None
    from sklearn.utils._param_validation import make_constraint

    constraints = [make_constraint(one) for one in table[parameter]]
    if any(one.is_satisfied_by(text) for one in constraints):
        return "", "", ""
    visible = [str(one) for one in constraints if not getattr(one, "hidden", False)]
    return "refused", "{!r} must be {}, not {!r}".format(parameter, " or ".join(visible), text), ""


def _by_literal(function, bound, parameter, text):
    """By an annotation that lists the texts and leaves room for no other."""
    allowed = _allowed(function.__init__ if isinstance(function, type) else function, parameter)
    if not allowed or text.lower() in {one.lower() for one in allowed} or _mentioned(function, text):
        return None
    return "refused", "{!r} must be one of {}".format(parameter, ", ".join(map(repr, allowed[:_ALLOWED]))), ""


def _mentioned(function, text):
    """True where the documentation, or the source around it, knows the text after all: annotations are not enforced."""
    words = getattr(function, "__doc__", None) or ""
    try:
        words += inspect.getsource(inspect.getmodule(inspect.unwrap(function)))
    except (TypeError, OSError, ValueError):
        return True
    return any(quotes.format(text) in words for quotes in ("'{}'", '"{}"', "``{}``", "`{}`", "\u2018{}\u2019"))


def _allowed(function, parameter):
    if not isinstance(function, types.FunctionType):
        return []
    inner = resolve_hints.unwrapped(function)
    hints = resolve_hints.annotations(inner)
    if parameter not in hints:
        return []
    texts = []
    return texts if _literals(resolve_hints.evaluated(inner, hints[parameter]), texts) else []


def _literals(hint, texts):
    """Gather the texts of a hint into `texts`; False as soon as any other text could be meant."""
    if hint is None or hint is type(None):
        return True
    origin = getattr(hint, "__origin__", None)
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        return all(_literals(one, texts) for one in hint.__args__)
    if "Literal" in str(origin):
        texts.extend(one for one in hint.__args__ if isinstance(one, str))
        return True
    return hint in (bool, int, float)


def _by_table(function, bound, parameter, text):
    for name in _names(function, bound):
        judge = _TABLE.get((name, parameter)) or _TABLE.get((name.partition(":")[0] + ":*", parameter))
        if judge is not None:
            return judge(text)
    return None


def _names(function, bound):
    name = getattr(function, "__name__", "")
    if isinstance(bound, Bound) and bound.receiver is not None:
        receiver = bound.receiver
        cls = receiver.found if isinstance(receiver, Thing) else receiver.cls
        return ["{}:{}.{}".format(top(base), base.__name__, bound.name) for base in cls.__mro__]
    return ["{}:{}".format(top(function), name)]


def _tried(check, text):
    """What the library says when the text is tried."""
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            check(text)
        except (ValueError, KeyError, OSError) as error:
            return "refused", str(error), _instead(check, text, str(error))
    for one in heard:
        if issubclass(one.category, (DeprecationWarning, FutureWarning)) or "Deprecat" in one.category.__name__:
            return "deprecated", str(one.message), _instead(check, text, str(one.message))
    return "", "", ""


def _instead(check, text, words):
    """The text with what the words name in place of its alias, where the library takes that without a word."""
    found, parts = _INSTEAD.search(words), _PARTS.match(text)
    if found is None or parts is None:
        return ""
    number, _, anchor = parts.groups()
    new = number + found.group(1) + ("" if "-" in found.group(1) else anchor or "")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            check(new)
        except Exception:
            return ""
    return new


def _offset(text):
    from pandas.tseries.frequencies import to_offset

    return _tried(to_offset, text)


def _offset_or_period(text):
    """What is resampled may be periods, which have aliases of their own: both have to refuse."""
    said = _offset(text)
    if not said[0]:
        return said
    import pandas

    periods = _tried(lambda one: pandas.Period("2000-01-01", freq=one), text)
    return said if periods[0] == said[0] else ("", "", "")


def _colormap(text):
    import matplotlib

    maps = getattr(matplotlib, "colormaps", None)
    if maps is None:
        import matplotlib.cm

        return _tried(matplotlib.cm.get_cmap, text)
    return _tried(maps.__getitem__, text)


def _style(text):
    import matplotlib.style

    if not re.match(r"[\w -]+$", text):
        return "", "", ""
    known = text == "default" or text in matplotlib.style.library
    return ("", "", "") if known else ("refused", "{!r} is not among the styles of this version".format(text), "")


_TABLE = {
    ("pandas:date_range", "freq"): _offset,
    ("pandas:timedelta_range", "freq"): _offset,
    ("pandas:bdate_range", "freq"): _offset,
    ("pandas:NDFrame.resample", "rule"): _offset_or_period,
    ("pandas:NDFrame.asfreq", "freq"): _offset_or_period,
    ("pandas:Grouper", "freq"): _offset_or_period,
    ("pandas:TimeGrouper", "freq"): _offset_or_period,
    ("pandas:DatetimeIndex.floor", "freq"): _offset,
    ("pandas:DatetimeIndex.ceil", "freq"): _offset,
    ("pandas:DatetimeIndex.round", "freq"): _offset,
    ("matplotlib:use", "style"): _style,
    ("matplotlib:context", "style"): _style,
    ("matplotlib:*", "cmap"): _colormap,
    ("matplotlib:get_cmap", "name"): _colormap,
}
