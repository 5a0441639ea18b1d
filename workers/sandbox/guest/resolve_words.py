"""What the documentation of a callable says that it returns: numpydoc, Google and field lists."""

import inspect
import re
import sys

import resolve_known
from resolve_kinds import Made, Thing, Unknown, either, top

_UNDERLINE = re.compile(r"\s*-{3,}\s*$")
_ROLE = re.compile(r":(?:[\w]+:)*`[~.!]?(?:[^`<]*<)?([\w.]+)>?`")
_TICKS = re.compile(r"`{1,2}[~.]?([\w.]+)`{1,2}")
_NAME = re.compile(r"[A-Za-z_][\w.]*$")
_GOOGLE = re.compile(r"^Returns:\s*\n\s+(\S[^:\n]*):", re.MULTILINE)
_FIELD = re.compile(r"^:rtype:\s*(.+)$", re.MULTILINE)
_CALLER = ("same type as caller", "same type as the caller", "type of caller", "same type as input", "type of input")


def returned(function, receiver):
    """The value that the documentation names; unknown where it names none that is a class of the library."""
    try:
        words = inspect.getdoc(function) or ""
    except KeyboardInterrupt:
        raise
    except BaseException:
        words = ""
    entries = _numpydoc(words) or _others(words)
    if len(entries) != 1:
        return Unknown("its documentation names no one class that it returns")
    name, said = entries[0]
    if receiver is not None and (name == "self" or said.strip().lower() in _CALLER):
        return receiver.found if isinstance(receiver, Thing) else receiver
    return _of(said, function)


def _of(said, function):
    options = [part.strip() for part in re.split(r"\s+or\s+|\s*\|\s*", _plain(said))]
    classes = [_class(part, function) for part in options if part and part != "None"]
    if not classes or any(cls is None for cls in classes):
        return Unknown("its documentation names no class of the library")
    return either([Made(cls) for cls in classes])


def _plain(said):
    said = _TICKS.sub(r"\1", _ROLE.sub(r"\1", said)).strip().rstrip(".")
    return re.sub(r"^(?:an?|the)\s+|\s+(?:object|instance)$", "", said)


def _class(name, function):
    """The class that a word of the documentation stands for, where that is beyond doubt."""
    if not _NAME.match(name):
        return None
    for found in _candidates(name, function):
        if isinstance(found, type) and found.__name__ not in resolve_known.UNSURE and found.__module__ != "builtins":
            return found
    return None


def _candidates(name, function):
    first, _, rest = name.partition(".")
    places = [getattr(function, "__globals__", {}), vars(sys.modules.get(top(function), sys))]
    for place in places:
        found = place.get(first)
        for part in rest.split(".") if rest else ():
            found = getattr(found, part, None)
        yield found
    module, _, last = name.rpartition(".")
    if module in sys.modules:
        yield getattr(sys.modules[module], last, None)


def _numpydoc(words):
    """(name, type) of every entry of the section on what is returned; the name is empty where only a type stands there."""
    lines = words.splitlines()
    for at in range(len(lines) - 1):
        if lines[at].strip() == "Returns" and _UNDERLINE.match(lines[at + 1]):
            return [_entry(line) for line in _entries(lines[at + 2 :])]
    return []


def _entries(lines):
    for at, line in enumerate(lines):
        if at + 1 < len(lines) and _UNDERLINE.match(lines[at + 1]):
            return
        if line.strip() and not line[:1].isspace():
            yield line


def _entry(line):
    name, colon, said = line.partition(" : ")
    if not colon:
        name, colon, said = line.partition(": ")
        if not colon or not _NAME.match(name.strip()):
            return "", line
    return name.strip(), said


def _others(words):
    found = _FIELD.search(words) or _GOOGLE.search(words)
    return [("", found.group(1))] if found else []
