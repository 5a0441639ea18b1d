"""Attributes of values: by the class alone, since there is no instance to be asked."""

import inspect
import types

import resolve_attributes
import resolve_heirs
import resolve_hints
import resolve_known
import resolve_names
import resolve_words
from resolve_kinds import Bound, Either, GoneError, Later, Made, Thing, Unknown, each, either, public, top

_MISSING = object()
_PLAIN = (object, dict, list, tuple, set, str, bytes, int, float, bool)


def attribute(value, name, called):
    """The attribute `name` of `value`; `called` where the document calls it.

    Raises:
        GoneError: no value that can stand there has it.
    """
    if isinstance(value, Either):
        return _of_any(value, name, called)
    if isinstance(value, Unknown):
        return value
    if isinstance(value, Thing):
        return _of_thing(value, name)
    if isinstance(value, Made):
        return _of_instance(value, name, called)
    return Unknown("attributes of {} are not followed".format(type(value).__name__.lower()))


def _of_any(value, name, called):
    # Where some show it in their class, the document speaks of those.
    shown = [one for one in value.options if isinstance(one, Made) and raw_attribute(one.cls, name) is not _MISSING]
    tried = [_tried(option, name, called) for option in shown or value.options]
    there = [one for one in tried if not isinstance(one, GoneError)]
    if not there:
        raise tried[0]
    return either(there)


def _tried(value, name, called):
    try:
        return attribute(value, name, called)
    except GoneError as gone:
        return gone


def _of_thing(value, name):
    """An attribute of an object that is there: it is read, as the document would."""
    if value.dotted:
        return thing(value.dotted + "." + name)
    if isinstance(value.found, type):
        raw = raw_attribute(value.found, name)
        if isinstance(raw, (staticmethod, classmethod)):
            return Bound(raw.__func__, value if isinstance(raw, classmethod) else None, name)
    return Unknown("it is reached through a value")


def thing(dotted):
    """What a dotted name stands for; unknown where it does not resolve."""
    found = resolve_names.look(dotted)
    if found["status"] != "exists":
        status = "unimportable" if found["status"] == "unimportable" else "undecided"
        return Unknown("{} is {}".format(dotted, found["status"]), status)
    cls = type(found["object"])
    if found["kind"] == "instance" and cls.__module__ not in ("builtins", "typing") and not callable(found["object"]):
        return Made(cls, exact=True)
    return Thing(found["object"], dotted)


def raw_attribute(cls, name):
    """The attribute as it stands in the class or one that it inherits from; `_MISSING` where none has it."""
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), _MISSING)


def _of_instance(value, name, called):
    if value.cls in _PLAIN and not value.exact:
        return Unknown("a plain {} may be any kind of it".format(value.cls.__name__))
    raw = raw_attribute(value.cls, name)
    if raw is _MISSING:
        return _not_in_class(value, name, called)
    return _bound(value, name, raw)


def _not_in_class(value, name, called):
    """What annotations say of an attribute that instances set themselves, or that it is gone."""
    declared = resolve_hints.field(value.cls, name)
    if declared is not None:
        return declared
    reason = _doubt(value.cls, name, called) or ("" if value.exact else resolve_heirs.doubt(value.cls, name))
    reason = reason or resolve_heirs.given(value.cls, name)
    if reason:
        return Unknown(reason)
    raise GoneError(value.cls, name)


def _doubt(cls, name, called):
    data = [base for base in cls.__mro__ if called and _key(base) in resolve_known.DATA]
    own = [heir for heir in cls.__mro__ if any(base in heir.__mro__ and top(base) == top(heir) for base in data)]
    for base in data:
        for delegate in resolve_known.DATA[_key(base)]:
            other = thing(delegate)
            if not isinstance(other, Thing) or raw_attribute(other.found, name) is not _MISSING:
                return "{} hands on to {}".format(base.__name__, delegate)
    return resolve_attributes.doubt(cls, name, harmless=own)


def _key(cls):
    return "{}:{}".format(top(cls), cls.__name__)


def _bound(value, name, raw):
    if isinstance(raw, staticmethod):
        return Bound(raw.__func__, None, name)
    if isinstance(raw, classmethod):
        return Bound(raw.__func__, Thing(value.cls), name)
    if isinstance(raw, property):
        return _of_getter(raw.fget, value)
    if isinstance(raw, types.FunctionType):
        return Bound(raw, value, name)
    return _of_descriptor(value, name, raw)


def _of_descriptor(value, name, raw):
    """Cached properties, accessors of pandas, methods that scikit-learn offers on a condition."""
    for part in ("func", "fget", "fn"):
        function = inspect.getattr_static(raw, part, None)
        if isinstance(function, types.FunctionType):
            return Bound(function, value, name) if part == "fn" else _of_getter(function, value)
    accessor = inspect.getattr_static(raw, "_accessor", None)
    if isinstance(accessor, type):
        return Made(accessor)
    if isinstance(raw, type):
        return Thing(raw)
    if inspect.isroutine(raw):
        return Bound(raw, value, name)
    return resolve_hints.field(value.cls, name) or Unknown("what it holds is not known")


def _of_getter(getter, value):
    if not isinstance(getter, types.FunctionType):
        return Unknown("it is worked out by the library")
    said = resolve_hints.returned(getter, value)
    return said if not isinstance(said, Later) else Unknown("it is awaited")


def called(value, keywords, positional):
    """What a call of the value gives; `keywords` holds None for a dictionary that is spread out."""
    return each(value, lambda one: _called(one, keywords, positional))


def _called(value, keywords, positional):
    if isinstance(value, Bound):
        return _by_name(value.function, _names(value), value.receiver, keywords, positional)
    if isinstance(value, Thing):
        if isinstance(value.found, type):
            return instance(value.found)
        return _by_name(value.found, [public(value.found)], None, keywords, positional)
    return Unknown("calls of it are not followed")


def _names(bound):
    receiver = bound.receiver
    cls = receiver.found if isinstance(receiver, Thing) else receiver.cls if receiver is not None else object
    return ["{}:{}.{}".format(top(base), base.__name__, bound.name) for base in cls.__mro__]


def _by_name(function, names, receiver, keywords, positional):
    mine = receiver if not isinstance(receiver, Thing) else Made(receiver.found)
    spec = resolve_known.returns(names, keywords, positional)
    if spec is not None:
        return of_spec(spec, mine)
    if any(name in resolve_known.RETURNS for name in names):
        return Unknown("what it returns depends on the arguments")
    said = (
        resolve_hints.returned(function, mine)
        if hasattr(function, "__code__")
        else Unknown("it is not written in Python")
    )
    return resolve_words.returned(function, mine) if isinstance(said, Unknown) else said


def instance(cls):
    """What the constructor gives."""
    if type(cls).__call__ is not type.__call__:
        return Unknown("its metaclass decides what a call gives")
    new = cls.__new__
    if not isinstance(new, types.FunctionType) or new.__module__ in ("typing", "typing_extensions"):
        return Made(cls, exact=True)
    # It may give anything at all: only what it says itself counts, and an heir is to be reckoned with.
    return resolve_hints.returned(new, Made(cls))


def of_spec(spec, receiver):
    """A return as the table of known ones writes it."""
    if spec == "self":
        return receiver if receiver is not None else Unknown("there is no receiver")
    if spec[0] == "(":
        return Made(tuple, exact=True, items=tuple(of_spec(part.strip(), receiver) for part in spec[1:-1].split(",")))
    if spec[0] == "[":
        return Made(list, exact=True, element=of_spec(spec[1:-1], receiver))
    return either([_instance_of(part.strip()) for part in spec.split("|")])


def _instance_of(spec):
    found = thing(spec.lstrip("="))
    if not isinstance(found, Thing) or not isinstance(found.found, type):
        return Unknown("{} is not there".format(spec))
    return Made(found.found, exact=spec.startswith("="))
