"""What is known about a value that no run has made: the object itself, its class, its parts, or nothing.

And how classes are named: by the shortest public path that leads to them.
"""

import sys
import types


class Unknown:
    """Nothing is known, and why."""

    def __init__(self, reason, status="undecided"):
        """`status` is `unimportable` where it begins with a module that is not there."""
        self.reason = reason
        self.status = status


class Thing:
    """The object itself: a module, a class, a function, a constant of a module."""

    def __init__(self, found, dotted=""):
        """`dotted` is the path that led to it, where only modules and classes lie on it."""
        self.found = found
        self.dotted = dotted


class Made:
    """An instance of a class."""

    def __init__(self, cls, exact=False, items=None, element=None):
        """`exact` where the constructor was called, so no heir of the class can stand there instead.

        `items` are the values of a tuple; `element` is what a container holds.
        """
        self.cls = cls
        self.exact = exact
        self.items = items
        self.element = element


class Bound:
    """A method of an instance, or of a class where `receiver` is a `Thing`."""

    def __init__(self, function, receiver, name):
        """`function` takes the receiver first."""
        self.function = function
        self.receiver = receiver
        self.name = name


class Later:
    """What is there once it is awaited."""

    def __init__(self, value):
        """Keep the value."""
        self.value = value


class Either:
    """One of several; never one within another, and never an unknown."""

    def __init__(self, options):
        """At least two."""
        self.options = options


class GoneError(Exception):
    """A class has no such attribute, nor can its instances have it."""

    def __init__(self, cls, name):
        """Keep both."""
        super().__init__("{!r} object has no attribute {!r}".format(cls.__name__, name))
        self.cls = cls
        self.name = name


def either(options):
    """The options as one value: unknown as soon as one of them is."""
    flat = []
    for option in options:
        for one in option.options if isinstance(option, Either) else [option]:
            if isinstance(one, Unknown):
                return one
            if not any(same(one, other) for other in flat):
                flat.append(one)
    if not flat:
        return Unknown("it is nothing at all")
    return flat[0] if len(flat) == 1 else Either(flat)


def same(one, other):
    """True for two instances of one class of which nothing else is known."""
    plain = all(isinstance(value, Made) and value.items is None and value.element is None for value in (one, other))
    return plain and one.cls is other.cls and one.exact == other.exact


def each(value, function):
    """`function` of the value, or of each of its options."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Either):
        return either([function(option) for option in value.options])
    return function(value)


def top(found):
    """The top package of the module that defines a class or function; empty where it does not say."""
    module = getattr(found, "__module__", None)
    return module.partition(".")[0] if isinstance(module, str) else ""


def home(cls):
    """The module whose source defines the class: `__module__` may name the one that it is shown in."""
    for function in vars(cls).values():
        if isinstance(function, types.FunctionType) and function.__qualname__.startswith(cls.__qualname__ + "."):
            return str(function.__globals__.get("__name__", cls.__module__))
    return str(cls.__module__)


def public(found):
    """The shortest dotted path without a private part that leads to a class or function, or the one that it names itself."""
    module = str(getattr(found, "__module__", ""))
    name = str(getattr(found, "__qualname__", getattr(found, "__name__", "")))
    parts = module.split(".")
    for length in range(1, len(parts)):
        prefix = ".".join(parts[:length])
        if not any(part.startswith("_") for part in parts[:length]) and _leads(prefix, name, found):
            return "{}.{}".format(prefix, name)
    return "{}.{}".format(module, name)


def _leads(path, name, found):
    module = sys.modules.get(path)
    return module is not None and vars(module).get(name) is found
