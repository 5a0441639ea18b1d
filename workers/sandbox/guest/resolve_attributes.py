"""Whether an instance of a class could have an attribute that the class itself does not show."""

import abc
import ast
import enum
import inspect
import sys

from resolve_kinds import home, top

_HEAP_TYPE = 1 << 9
_PLAIN_METACLASSES = (type, object, abc.ABCMeta, enum.EnumMeta)
_HOOKS = ("__getattr__", "__getattribute__")

_SPEECH = ("typing", "typing_extensions", "abc")
"""Modules whose classes only say something about others."""
_OWN_NAMES = frozenset(
    {
        "sklearn:BaseEstimator",
        "sklearn:Pipeline",
        "matplotlib:Artist",
        "matplotlib:_AxesBase",
        "matplotlib:FigureBase",
        "matplotlib:Figure",
        "networkx:Graph",
    }
)
"""Classes known to set by computed names only what is private or stands in them under a written name too."""

_modules = {}


def doubt(cls, name, harmless=()):
    """Why an instance might have `name` nevertheless; empty when it provably has not.

    What the classes in `harmless` answer for does not count.
    """
    for metaclass in type(cls).__mro__:
        if metaclass not in _PLAIN_METACLASSES and any(hook in vars(metaclass) for hook in _HOOKS):
            return "its metaclass answers for attributes"
    own = [base for base in cls.__mro__ if base is not object]
    for base in own:
        if base not in harmless and any(_dynamic(base, hook) for hook in _HOOKS):
            return "{} answers for attributes".format(base.__name__)
        if name in _declared(base):
            return "{} declares it".format(base.__name__)
    if cls.__dictoffset__ == 0:
        # Without a dictionary an instance has what its class shows and nothing else.
        return ""
    return next(filter(None, (_assigned(base, name, base in harmless) for base in own)), "")


def _dynamic(base, hook):
    if hook not in vars(base):
        return False
    # Types of the interpreter itself list the ordinary lookup under this name.
    return not (hook == "__getattribute__" and base.__module__ in ("builtins", "collections", "_collections"))


def _declared(base):
    names = set()
    try:
        names.update(vars(base).get("__annotations__") or getattr(base, "__annotations__", ()) or ())
    except KeyboardInterrupt:
        raise
    except BaseException:
        # Annotations that are worked out late may fail; their names then stand in the source.
        names.clear()
    slots = vars(base).get("__slots__", ())
    names.update((slots,) if isinstance(slots, str) else slots)
    for fields in ("_fields", "__attrs_attrs__"):
        names.update(str(getattr(field, "name", field)) for field in vars(base).get(fields, ()))
    return names


def _assigned(base, name, harmless):
    """Why methods of `base`, or code beside it, might set the attribute."""
    if not base.__flags__ & _HEAP_TYPE or base.__module__ == "enum":
        # Types of the interpreter keep no dictionary of their own; members of an enumeration have known names.
        return ""
    if base.__module__ in _SPEECH:
        return ""
    source = _source(home(base))
    body = source.classes.get(base.__name__) if source else None
    if body is None:
        return "the source of {} is not there to be read".format(base.__name__)
    if name in source.stored:
        return "{} is set in {}".format(name, base.__module__)
    if body.dynamic and not harmless and "{}:{}".format(top(base), base.__name__) not in _OWN_NAMES:
        return "{} sets attributes by computed names".format(base.__name__)
    return ""


class _Body:
    """One class statement."""

    def __init__(self, node):
        """See whether anything in it makes attributes of names that are not written there."""
        self.dynamic = any(_computes(child) for child in _outside_setattr(node))


def _outside_setattr(node):
    """Every node of a class but for the inside of its `__setattr__`, where the name is the caller's."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, ast.FunctionDef) and current.name in ("__setattr__", "__setstate__"):
            continue
        yield current
        waiting.extend(ast.iter_child_nodes(current))


def _computes(node):
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        return True
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Name) and node.func.id == "vars":
        return True
    # What is set on the class is seen there.
    return _sets(node) and _set_name(node) is None and not _on_class(node)


def _sets(call):
    called = call.func
    named = called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""
    return named in ("setattr", "__setattr__")


def _on_class(call):
    return bool(call.args) and isinstance(call.args[0], ast.Name) and call.args[0].id == "cls"


def _set_name(call):
    """The attribute that `setattr(x, "name", ...)` or `object.__setattr__(x, "name", ...)` sets, where it is written there."""
    for argument in call.args[:2]:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            return argument.value
        # Python 3.7 has a class of its own for strings.
        if type(argument).__name__ == "Str":
            return argument.s
    return None


class _Source:
    """One module: its classes by name, and every attribute that is assigned anywhere in it."""

    def __init__(self, tree):
        """Read the tree once."""
        self.classes = {}
        self.stored = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                self.classes[node.name] = _Body(node)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
                self.stored.add(node.attr)
            elif isinstance(node, ast.Call) and _sets(node) and _set_name(node):
                self.stored.add(_set_name(node))


def _source(module):
    if module not in _modules:
        try:
            _modules[module] = _Source(ast.parse(inspect.getsource(sys.modules[module])))
        except KeyboardInterrupt:
            raise
        except BaseException:
            _modules[module] = None
    return _modules[module]
