"""From annotations of functions, properties and fields to what is known about the value."""

import ast
import builtins
import collections.abc
import importlib
import inspect
import sys
import typing

from resolve_kinds import Later, Made, Unknown, either, home

_DEPTH = 12
_SELF = ("typing.Self", "typing_extensions.Self")
_MANY = (list, tuple, set, frozenset, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Iterator)
_LOOSE = (object, type, typing.Any)
_NONE = type(None)
_imports = {}


def returned(function, receiver):
    """What a function written in Python says that it returns; unknown where it says nothing."""
    inner = unwrapped(function)
    if inner is not function and function.__globals__.get("__name__") == "contextlib":
        return Unknown("a context manager hides it")
    hints = annotations(inner)
    if "return" not in hints:
        return Unknown("its return is not annotated")
    value = of_hint(hints["return"], _scope(inner, hints, receiver), _DEPTH)
    if inspect.iscoroutinefunction(inner):
        return Later(value) if inspect.iscoroutinefunction(function) else Unknown("a wrapper may await it")
    return value


def field(cls, name):
    """What the annotation of a class for one of its attributes says; None where there is none."""
    for base in cls.__mro__:
        hints = annotations(base) if "__annotations__" in vars(base) or "__annotate_func__" in vars(base) else {}
        if name in hints:
            module = sys.modules.get(home(base))
            return of_hint(hints[name], _Scope(vars(module) if module else {}, home(base), None, None), _DEPTH)
    return None


def annotations(found):
    """Annotations as they stand; empty where working them out fails."""
    try:
        return dict(getattr(found, "__annotations__", None) or {})
    except KeyboardInterrupt:
        raise
    except BaseException:
        return {}


def unwrapped(function):
    """The innermost function below decorators."""
    for _ in range(20):
        inner = getattr(function, "__wrapped__", None)
        if inner is None or not hasattr(inner, "__code__"):
            break
        function = inner
    return function


class _Scope:
    """Where the names in an annotation are looked up, and what stands for the instance itself."""

    def __init__(self, names, module, receiver, own):
        """`own` is how the function annotates its instance."""
        self.names = names
        self.module = module
        self.receiver = receiver
        self.own = own

    def __getitem__(self, name):
        """A name of the module, a builtin, or what the module imports for type checkers alone."""
        if name in self.names:
            return self.names[name]
        if hasattr(builtins, name):
            return getattr(builtins, name)
        source = imports(self.module).get(name)
        if source is None:
            raise KeyError(name)
        module, attribute = source
        found = importlib.import_module(module)
        return getattr(found, attribute) if attribute else found


def _scope(function, hints, receiver):
    code = getattr(function, "__code__", None)
    first = code.co_varnames[0] if code is not None and code.co_argcount else ""
    names = getattr(function, "__globals__", {})
    return _Scope(names, names.get("__name__", ""), receiver, hints.get(first))


def of_hint(hint, scope, depth):
    """The value that an annotation describes."""
    if depth == 0:
        return Unknown("its annotation is too deep")
    if isinstance(hint, typing.ForwardRef):
        hint = hint.__forward_arg__
    if isinstance(hint, str):
        return _of_text(hint, scope, depth - 1)
    if str(hint) in _SELF or isinstance(hint, typing.TypeVar):
        return _of_variable(hint, scope)
    origin = getattr(hint, "__origin__", None)
    if origin is typing.Union or type(hint).__name__ == "UnionType":
        return either([of_hint(one, scope, depth - 1) for one in hint.__args__ if one is not _NONE])
    if origin is not None and isinstance(origin, type):
        return _of_generic(origin, getattr(hint, "__args__", ()), scope, depth - 1)
    return _of_class(hint)


def _of_variable(hint, scope):
    own = scope.own
    mine = str(hint) in _SELF or own is hint or own == getattr(hint, "__name__", None)
    return scope.receiver if mine and scope.receiver is not None else Unknown("its annotation is a variable")


def _of_class(hint):
    if not isinstance(hint, type) or hint in _LOOSE or hint is _NONE or _abstract(hint):
        return Unknown("its annotation {} says too little".format(str(hint)[:100]))
    return Made(hint)


def _abstract(cls):
    return getattr(cls, "_is_protocol", False) or cls.__module__ in ("typing", "collections.abc", "numbers", "abc")


def _of_generic(origin, arguments, scope, depth):
    if origin is tuple and arguments and Ellipsis not in arguments:
        return Made(tuple, items=tuple(of_hint(one, scope, depth) for one in arguments))
    if origin in _MANY or origin is collections.abc.Generator:
        return Made(object, element=of_hint(arguments[0], scope, depth) if arguments else None)
    if origin in (collections.abc.Awaitable, collections.abc.Coroutine) and arguments:
        return Later(of_hint(arguments[-1], scope, depth))
    return _of_class(origin)


def _of_text(text, scope, depth):
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return Unknown("its annotation cannot be read")
    return _of_tree(tree, scope, depth)


def _of_tree(tree, scope, depth):
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitOr):
        sides = [side for side in (tree.left, tree.right) if not _is_none(side)]
        return either([_of_tree(side, scope, depth) for side in sides])
    if isinstance(tree, ast.Name) and tree.id == scope.own:
        # The variable that annotates the instance: it stands for whatever the instance is.
        return scope.receiver if scope.receiver is not None else Unknown("its annotation is a variable")
    try:
        found = eval(compile(ast.Expression(tree), "<annotation>", "eval"), {}, scope)  # noqa: S307
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Unknown("its annotation raised {}".format(type(error).__name__))
    return Unknown("its annotation says nothing") if isinstance(found, str) else of_hint(found, scope, depth)


def _is_none(tree):
    return isinstance(tree, (ast.Constant, getattr(ast, "NameConstant", ast.Constant))) and tree.value is None


def imports(module):
    """Name -> (module, attribute) of every import in the source of a module: those for type checkers never ran."""
    if module not in _imports:
        _imports[module] = {}
        try:
            tree = ast.parse(inspect.getsource(sys.modules[module]))
            package = sys.modules[module].__package__ or ""
        except KeyboardInterrupt:
            raise
        except BaseException:
            return _imports[module]
        for node in ast.walk(tree):
            _imports[module].update(_imported(node, package))
    return _imports[module]


def _imported(node, package):
    if isinstance(node, ast.Import):
        return {one.asname: (one.name, "") for one in node.names if one.asname}
    if not isinstance(node, ast.ImportFrom):
        return {}
    base = node.module or ""
    if node.level:
        parts = package.split(".")
        parts = parts[: len(parts) - node.level + 1]
        base = ".".join(parts + ([node.module] if node.module else []))
    return {one.asname or one.name: (base, one.name) for one in node.names}


def evaluated(function, hint):
    """An annotation as an object of `typing`, also where it is written as text; `Any` where it cannot be told."""
    if not isinstance(hint, str):
        return hint
    scope = _scope(function, {}, None)
    try:
        tree = ast.parse(hint.strip(), mode="eval").body
        return typing.Union[tuple(_sides(tree, scope))]
    except KeyboardInterrupt:
        raise
    except BaseException:
        return typing.Any


def _sides(tree, scope):
    if isinstance(tree, ast.BinOp) and isinstance(tree.op, ast.BitOr):
        return _sides(tree.left, scope) + _sides(tree.right, scope)
    return [None if _is_none(tree) else eval(compile(ast.Expression(tree), "<annotation>", "eval"), {}, scope)]  # noqa: S307
