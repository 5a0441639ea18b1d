"""Walks a dotted name, as far as it exists in this interpreter, and says precisely how it ends."""

import importlib
import inspect
import re
import sys
import types
import warnings

import resolve_attributes

_MESSAGE = 2000
_REMOVED = re.compile(r"\b(been|was|were|is) removed\b")


class _WalkError(Exception):
    """The walk ended early: the fields of the answer."""

    def __init__(self, status, message, missing_at=""):
        """Keep the fields."""
        super().__init__(message)
        self.fields = {"status": status, "message": message, "missing_at": missing_at}


def look(name):
    """Follow `name`; a dictionary with status, message, missing_at, kind, warning, object and bound_later.

    `bound_later` is True for a function found on a class, whose first argument may come from an instance.
    """
    result = {"status": "exists", "message": "", "missing_at": "", "kind": "", "warning": ""}
    parts = name.split(".")
    heard = _Heard(parts)
    try:
        if not all(part.isidentifier() for part in parts) or parts[0] == "__main__":
            raise _WalkError("undecided", "{!r} is no dotted name of an importable module".format(name))
        found, parent = _walk(parts, heard)
    except _WalkError as end:
        result.update(end.fields, warning=heard.warning)
        return result
    result.update(kind=kind(found), warning=heard.warning or _declared(found), object=found)
    result["bound_later"] = isinstance(parent, type) and inspect.isroutine(found) and not inspect.ismethod(found)
    return result


def kind(found):
    """`module`, `class`, `function` or `instance`."""
    if isinstance(found, types.ModuleType):
        return "module"
    if isinstance(found, type):
        return "class"
    return "function" if inspect.isroutine(found) else "instance"


def text(error):
    """The error's own words, also where asking for them fails."""
    try:
        return str(error)[:_MESSAGE]
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""


def _walk(parts, heard):
    found, parent = _imported(parts[0], heard), None
    for at in range(1, len(parts)):
        found, parent = _step(found, parts, at, heard), found
    return found, parent


def _imported(name, heard):
    try:
        with heard.importing():
            return importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise _WalkError("unimportable", _said(error)) from None


def _said(error):
    return "{}: {}".format(type(error).__name__, text(error))


def _step(current, parts, at, heard):
    """The attribute `parts[at]` of `current`, which is what `parts[:at]` names."""
    try:
        with heard.reading():
            return getattr(current, parts[at])
    except KeyboardInterrupt:
        raise
    except AttributeError as error:
        return _instead(current, parts, at, heard, error)
    except ImportError as error:
        if _REMOVED.search(text(error)) and isinstance(current, types.ModuleType):
            # scikit-learn takes names away with an ImportError; a missing optional package is another matter.
            raise _WalkError("absent", text(error), ".".join(parts[:at])) from None
        raise _WalkError("unimportable", _said(error)) from None
    except BaseException as error:
        raise _WalkError("undecided", "reading it raised " + _said(error)) from None


def _instead(current, parts, at, heard, error):
    """What the name stands for although the attribute is not there: a submodule; or the end of the walk."""
    prefix, name = ".".join(parts[:at]), parts[at]
    if isinstance(current, types.ModuleType):
        return _submodule(current, prefix, name, heard, error)
    hidden = _hidden_module(prefix, heard)
    if hidden is not None and hasattr(hidden, name):
        return getattr(hidden, name)
    if not isinstance(current, type):
        raise _WalkError("undecided", _said(error), prefix)
    doubt = resolve_attributes.doubt(current, name)
    if doubt:
        raise _WalkError("undecided", "{}; {}".format(_said(error), doubt), prefix)
    raise _WalkError("absent", text(error), prefix)


def _hidden_module(prefix, heard):
    """The module behind an attribute of the same name, such as the module `tqdm.tqdm` once was behind the class."""
    try:
        with heard.importing():
            return importlib.import_module(prefix)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return None


def _submodule(module, prefix, name, heard, error):
    full = "{}.{}".format(prefix, name)
    if getattr(module, "__path__", None) is not None:
        # Where the library says itself that it is gone, that is what counts in the message.
        try:
            with heard.importing():
                return importlib.import_module(full)
        except KeyboardInterrupt:
            raise
        except ModuleNotFoundError as missing:
            if missing.name not in (full, "{}.{}".format(module.__name__, name)):
                raise _WalkError("unimportable", _said(missing)) from None
        except BaseException as broken:
            raise _WalkError("unimportable", _said(broken)) from None
        if getattr(module, "__file__", None) is None and not hasattr(module, "__getattr__"):
            # Any distribution may put something into a namespace: not there means not installed, not removed.
            raise _WalkError("unimportable", "No module named {!r}".format(full))
    if type(error) is not AttributeError:
        raise _WalkError("undecided", _said(error), prefix)
    raise _WalkError("absent", text(error), prefix)


def _declared(found):
    """The text of `@warnings.deprecated` (PEP 702)."""
    try:
        declared = inspect.getattr_static(found, "__deprecated__", "")
    except KeyboardInterrupt:
        raise
    except BaseException:
        return ""
    return declared if isinstance(declared, str) else ""


class _Heard:
    """Deprecations that reading the name raised."""

    def __init__(self, parts):
        """For the name with these parts."""
        self._words = parts[1:] or parts
        self.warning = ""

    def importing(self):
        """Listen to an import: of all that it stirs up, only what speaks of the name is kept."""
        return _Listening(self, loose=False)

    def reading(self):
        """Listen to the reading of an attribute: all is kept, unless modules were imported by it."""
        return _Listening(self, loose=True)

    def take(self, records, loose):
        """Keep the first deprecation among the records."""
        for record in records:
            message = text(record.message)
            if self.warning or not _deprecation(record.category):
                continue
            if loose or any(word in message for word in self._words):
                self.warning = message


def _deprecation(category):
    # numpy's VisibleDeprecationWarning is a UserWarning.
    return issubclass(category, (DeprecationWarning, FutureWarning)) or "Deprecat" in category.__name__


class _Listening:
    """A context in which every warning is recorded."""

    def __init__(self, heard, loose):
        """Report to `heard`."""
        self._heard = heard
        self._loose = loose
        self._catch = warnings.catch_warnings(record=True)

    def __enter__(self):
        """Begin."""
        self._modules = len(sys.modules)
        self._records = self._catch.__enter__()
        warnings.simplefilter("always")

    def __exit__(self, *error):
        """End, and report."""
        self._catch.__exit__(*error)
        self._heard.take(self._records, self._loose and len(sys.modules) == self._modules)
