"""Whether a call binds: only what provably cannot bind is called bad.

A decorator that takes `**kwargs` and passes them on hides what the function inside accepts, and may itself accept an old
keyword that the function no longer knows. So every layer is read, from the outside in.
"""

import inspect
import types

import resolve_forwards
import resolve_wrappers

GOOD, BAD, OPEN = "good", "bad", "open"
POSITIONAL = "*"
"""Stands among the bad keywords for more positional arguments than there are places."""

_TRANSPARENT = ("_ArrayFunctionDispatcher", "_lru_cache_wrapper")
"""Layers written in C that pass everything on unchanged."""
_LAYERS = 20


def bind(found, bound_later, keywords, positional):
    """The part of an answer that speaks of the call: status, bad_keywords, parameters, message."""
    result = {"parameters": parameters(found, bound_later)}
    if not keywords and positional is None:
        return result
    if not callable(found):
        return dict(result, status="undecided", message="it is not called itself")
    verdicts = {one: _handed_on(found, one, _verdict(found, one, positional, bound_later)) for one in keywords}
    if positional is not None:
        verdicts[POSITIONAL] = _verdict(found, None, positional, bound_later)
    return _judged(result, verdicts, positional)


def _judged(result, verdicts, positional):
    bad = [name for name in verdicts if verdicts[name] == BAD]
    doubtful = [name for name in verdicts if verdicts[name] == OPEN]
    if bad:
        return dict(
            result, status="exists", bad_keywords=bad, message=_complaint(bad, result["parameters"], positional)
        )
    if doubtful:
        return dict(result, status="undecided", message="it cannot be told whether these bind: " + ", ".join(doubtful))
    return result


def bind_method(function, filled, keywords, positional):
    """The same for a function whose first parameter is filled by its instance or class where `filled` says so."""
    skip = 1 if filled else 0
    names = [] if not isinstance(function, types.FunctionType) else parameters(function, False)[skip:]
    verdicts = {one: _handed_on(function, one, _of_method(function, skip, one, positional)) for one in keywords}
    if positional is not None:
        verdicts[POSITIONAL] = _of_method(function, skip, None, positional)
    return _judged({"parameters": names}, verdicts, positional)


def _handed_on(function, keyword, verdict):
    """The verdict, where the function takes any keyword and says where it hands them on."""
    return (resolve_forwards.verdict(function, keyword) or verdict) if verdict == OPEN else verdict


def _of_method(function, skip, keyword, positional):
    if not isinstance(function, types.FunctionType):
        return OPEN if keyword or positional else GOOD
    return _of_layers(function, keyword, positional, skip, clear=True)


def places(function):
    """Names of the parameters that positional arguments go to, in order, those of the innermost function."""
    inner = _layers(function)[-1]
    if not isinstance(inner, types.FunctionType):
        return ()
    shape = _Shape(inner, 0)
    return shape.positional


def parameters(found, bound_later):
    """Names of the parameters, without the instance's own."""
    try:
        names = list(inspect.signature(found).parameters)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return []
    return names[1:] if bound_later and names[:1] in (["self"], ["cls"]) else names


def _complaint(bad, names, positional):
    parts = ["unexpected keyword argument {!r}".format(name) for name in bad if name != POSITIONAL]
    if POSITIONAL in bad:
        parts.append("{} positional arguments are too many".format(positional))
    return "{}; parameters: {}".format("; ".join(parts), ", ".join(names))


def _verdict(found, keyword, positional, bound_later):
    """On one keyword, or with `keyword` None on the number of positional arguments."""
    if isinstance(found, type):
        return _of_class(found, keyword, positional)
    if inspect.ismethod(found):
        return _of_layers(found.__func__, keyword, positional, 1, clear=True)
    return _of_layers(found, keyword, positional, 0, clear=not bound_later)


def _of_class(cls, keyword, positional):
    if type(cls).__call__ is not type.__call__:
        return OPEN
    new, init = cls.__new__, cls.__init__
    makes = new is not object.__new__ and getattr(new, "__module__", "") != "typing"
    starts = init is not object.__init__
    if not makes and not starts:
        return BAD if keyword or positional else GOOD
    by_new = _of_layers(new, keyword, positional, 1, clear=True) if makes else GOOD
    by_init = _of_layers(init, keyword, positional, 1, clear=True) if starts else GOOD
    if by_new == OPEN and by_init == BAD and isinstance(new, types.FunctionType):
        # It may return something else, whose __init__ is then never called.
        return OPEN
    return next((verdict for verdict in (BAD, OPEN) if verdict in (by_new, by_init)), GOOD)


def _layers(function):
    layers = [function]
    while len(layers) < _LAYERS:
        inner = vars(layers[-1]).get("__wrapped__") if hasattr(layers[-1], "__dict__") else None
        inner = inner if inner is not None else getattr(layers[-1], "__wrapped__", None)
        if inner is None or any(inner is layer for layer in layers):
            break
        layers.append(inner)
    return layers


def _of_layers(function, keyword, positional, skip, clear):
    """`skip` parameters are filled already; `clear` says that positions are counted the way the caller counts."""
    layers = _layers(function)
    doubtful = False
    for at, layer in enumerate(layers):
        inner = layers[at + 1] if at + 1 < len(layers) else None
        if inner is not None and type(layer).__name__ in _TRANSPARENT:
            continue
        if isinstance(layer, types.FunctionType):
            verdict = _of_layer(_Shape(layer, skip), keyword, positional, wrapped=at > 0, clear=clear)
        else:
            verdict = _of_signature(layer, keyword, positional, skip)
            inner = None
        if verdict == OPEN and inner is not None:
            doubtful = doubtful or resolve_wrappers.interferes(layer, inner, keyword)
            continue
        if verdict == BAD and doubtful:
            return OPEN
        # Any number of positional arguments fits where the innermost function takes any number.
        return GOOD if verdict == OPEN and keyword is None and isinstance(layer, types.FunctionType) else verdict
    return OPEN


class _Shape:
    """What a function written in Python takes, by its code: `__signature__` may say something else."""

    def __init__(self, function, skip):
        """Read the code object; the first `skip` parameters are filled already."""
        code = function.__code__
        only = getattr(code, "co_posonlyargcount", 0)
        names = code.co_varnames
        self.positional = names[skip : code.co_argcount]
        self.keyword_only = names[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        self.by_keyword = set(names[max(only, skip) : code.co_argcount]) | set(self.keyword_only)
        self.variadic = bool(code.co_flags & inspect.CO_VARARGS)
        self.open = bool(code.co_flags & inspect.CO_VARKEYWORDS)


def _of_layer(shape, keyword, positional, wrapped, clear):
    """GOOD or BAD by this layer alone, OPEN where it passes the matter on."""
    if keyword is None:
        if shape.variadic:
            return OPEN
        # A layer outside may turn surplus positional arguments into keywords.
        places = len(shape.positional) + (len(shape.keyword_only) if wrapped else 0)
        return BAD if positional > places else GOOD
    if keyword in shape.by_keyword:
        taken = clear and not wrapped and not shape.variadic and keyword in shape.positional[: positional or 0]
        return BAD if taken else GOOD
    return OPEN if shape.open else BAD


def _of_signature(function, keyword, positional, skip):
    """By what a callable that is not written in Python says about itself."""
    try:
        signature = inspect.signature(function)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return OPEN
    kinds = [parameter.kind for parameter in signature.parameters.values()]
    if keyword is None:
        if inspect.Parameter.VAR_POSITIONAL in kinds:
            return OPEN
        places = kinds.count(inspect.Parameter.POSITIONAL_ONLY) + kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD)
        return BAD if positional > places else GOOD
    parameter = signature.parameters.get(keyword)
    known = parameter is not None and parameter.kind is not inspect.Parameter.POSITIONAL_ONLY
    if known:
        return GOOD
    return OPEN if inspect.Parameter.VAR_KEYWORD in kinds else BAD
