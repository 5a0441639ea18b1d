"""Whether some heir of a class has an attribute: where an annotation names the class, an heir may stand there.

Heirs that are loaded are asked. Heirs that are not lie in the source of the class's own package, or of the other packages
that the document imports: their files are searched for classes that name the class among their bases.
"""

import ast
import os
import re
import sys
import time

_FILES = 6000
"""In one package."""
_BUDGET_S = 10.0
"""For reading all packages together."""
_FILE_BYTES = 2000000
_ALL_CHARACTERS = 120000000
_SIBLINGS = {"matplotlib": ("mpl_toolkits",)}
_texts = {}
_spent = {"seconds": 0.0, "characters": 0}
roots = set()
"""Top packages that the questions speak of."""


def doubt(cls, name):
    """Why an heir of `cls` might have the attribute; empty where none has it."""
    for heir in _loaded(cls):
        if any(name in vars(base) for base in heir.__mro__ if base not in cls.__mro__):
            return "its heir {} has it".format(heir.__name__)
    own = cls.__module__.partition(".")[0]
    for package in sorted({own, *_SIBLINGS.get(own, ()), *roots}):
        reason = _unloaded(package, cls.__name__, name)
        if reason:
            return reason
    return ""


def given(cls, name):
    """Why code elsewhere in the package might give its instances the attribute; empty where none does."""
    package = cls.__module__.partition(".")[0]
    if package == "builtins":
        return ""
    files = _sources(package)
    if files is None:
        return "{} is too large to be searched".format(package)
    word = re.escape(name)
    pattern = re.compile(r"\.{}\s*(?::[^=\n]{{1,80}})?=(?!=)|setattr\([^()]*[\"']{}[\"']".format(word, word))
    return "{} sets it somewhere".format(package) if any(pattern.search(text) for text in files) else ""


def _loaded(cls):
    seen, waiting = [], [cls]
    while waiting:
        try:
            heirs = type.__subclasses__(waiting.pop())
        except TypeError:
            heirs = []
        for heir in heirs:
            if heir not in seen:
                seen.append(heir)
                waiting.append(heir)
    return [heir for heir in seen if cls in heir.__mro__]


def _unloaded(package, cls, name):
    """By the text of the package: heirs of heirs are followed by name."""
    files = _sources(package)
    if files is None:
        return "{} is too large to be searched for heirs".format(package)
    wanted, known = [cls], {cls}
    while wanted:
        parent = wanted.pop()
        for heir, names in _heirs(files, parent):
            if name in names:
                return "{} in {} has it".format(heir, package)
            if heir not in known:
                known.add(heir)
                wanted.append(heir)
    return ""


def _heirs(files, parent):
    """(name, attributes) of every class whose bases name `parent`, with what its other bases have."""
    for node in _named_in(files, r"class\s+\w+\s*\([^)]*\b{}\b", parent):
        bases = [_last(base) for base in node.bases]
        if parent in bases:
            others = [other for other in bases if other and other != parent]
            yield node.name, _attributes(node).union(*(_of_class(files, other) for other in others))


def _of_class(files, name):
    """Attributes of the classes of that name."""
    named = _named_in(files, r"class\s+{}\b", name)
    return set().union(*(_attributes(node) for node in named if node.name == name))


def _named_in(files, pattern, name):
    """The classes of every file in which the pattern is found with that name."""
    wanted = re.compile(pattern.format(re.escape(name)))
    for text in files:
        if wanted.search(text):
            for node in _classes(text):
                yield node


def _classes(text):
    try:
        return [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


def _last(base):
    return getattr(base, "attr", None) or getattr(base, "id", None)


def _attributes(node):
    names = set()
    for child in ast.walk(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(child.name)
        elif isinstance(child, ast.Attribute) and isinstance(child.ctx, ast.Store):
            names.add(child.attr)
        elif isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            names.add(child.id)
    return names


def _sources(package):
    """Texts of the package's files; None where there are too many of them."""
    if package not in _texts:
        started = time.monotonic()
        _texts[package] = _read(package, started + _BUDGET_S - _spent["seconds"])
        _spent["seconds"] += time.monotonic() - started
    return _texts[package]


def _read(package, deadline):
    texts = []
    for count, path in enumerate(_files(package)):
        if count > _FILES or time.monotonic() > deadline or _spent["characters"] > _ALL_CHARACTERS:
            return None
        text = _text(path)
        _spent["characters"] += len(text)
        texts.append(text)
    return texts


def _files(package):
    for folder in list(getattr(sys.modules.get(package), "__path__", None) or ()):
        for where, folders, names in os.walk(folder):
            folders[:] = [one for one in folders if one not in ("tests", "test", "__pycache__", "_vendor")]
            for name in names:
                if name.endswith(".py"):
                    yield os.path.join(where, name)


def _text(path):
    try:
        if os.path.getsize(path) > _FILE_BYTES:
            return ""
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""
