"""Rules of conduct about passing by chance or by going back: another random generator, an old version pinned."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import Comparison, Refusal, codes
from workers.validate.origins import called

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.validate.origins import Origins
    from workers.validate.statements import Code

_SEEDER = re.compile(
    r"(\A|\.)(seed|manual_seed|manual_seed_all|set_seed|set_random_seed|RandomState|default_rng|Random|PRNGKey|Generator"
    r"|SeedSequence|MT19937|PCG64|PCG64DXSM|Philox|SFC64|seed_everything|setstate|set_state)\Z"
)
_SEED_KEYWORDS = frozenset({"random_state", "seed", "random_seed", "rng", "np_random"})
# SciPy and pandas handed on NumPy's functions under their own names: moving there changes no number.
_GENERATORS = {
    "numpy.random.Generator": re.compile(r"\Anumpy\.random\.(default_rng|Generator|PCG64\w*|MT19937|Philox|SFC64)"),
    "numpy.random.RandomState": re.compile(r"\Anumpy\.random\.RandomState"),
    "numpy.random": re.compile(r"\A(numpy|pandas\.np|scipy)\.random\.[a-z]|\Ascipy\.randn?\Z"),
    "random": re.compile(r"\Arandom\."),
    "secrets": re.compile(r"\A(secrets|os\.urandom|uuid\.uuid4)"),
    "jax.random": re.compile(r"\Ajax\.random\."),
}
_INSTALL = re.compile(
    r"\b(?:pip3?|conda|mamba|uv|poetry|pipenv|easy_install)\b.*\b(?:install|add|sync)\b(.*)", re.DOTALL
)
_PIN = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]*?)(?:\[[^\]]*\])?\s*(===?|~=|<=?|!=|=)\s*v?(\d[\w.*]*)")
_MOST_CHARS = 10_000
"""No command and no requirement is longer."""
_CEILING = frozenset({"==", "===", "~=", "<", "<=", "="})


def changes_randomness(comparison: Comparison) -> Iterator[Refusal]:
    """The same random generators, seeded alike: a repair may not pass by drawing other numbers."""
    old = sum((_seeds(code, comparison.old_origins) for code in codes(comparison.base)), Counter[str]())
    new = sum((_seeds(code, comparison.new_origins) for code in codes(comparison.head)), Counter[str]())
    cells = tuple(pair.index for pair in comparison.pairs)
    if cells and old != new:
        yield Refusal(reason="a random generator is seeded otherwise", cells=cells)
    for pair in comparison.pairs:
        before, after = _families(pair.old, comparison.old_origins), _families(pair.new, comparison.new_origins)
        if after - before:
            reason = f"cell {pair.index}: random numbers come from {min(after - before)} now"
            yield Refusal(reason=reason, cells=(pair.index,))


def old_pin(comparison: Comparison) -> Iterator[Refusal]:
    """No package is held back: a pin may move up, a new one may only be a lower bound."""
    for pair in comparison.pairs:
        before = _pins(pair.old)
        for (name, sign), version in sorted(_pins(pair.new).items()):
            known = before.get((name, sign))
            if known is None or _version(version) < _version(known):
                reason = f"cell {pair.index}: {name}{sign}{version} holds a package back"
                yield Refusal(reason=reason[:200], cells=(pair.index,))


def _seeds(code: Code, origins: Origins) -> Counter[str]:
    """The values that seed something."""
    found: Counter[str] = Counter()
    for node in ast.walk(code.tree) if code.tree else ():
        match node:
            case ast.Call(func=func, args=args) if _SEEDER.search(origins.dotted(func)):
                found[ast.unparse(args[0]) if args else "chance"] += 1
                found.update(
                    ast.unparse(item.value) for item in node.keywords if item.arg in _SEED_KEYWORDS and not args
                )
            case ast.Call(keywords=keywords):
                found.update(ast.unparse(item.value) for item in keywords if item.arg in _SEED_KEYWORDS)
            case _:
                pass
    return found


def _families(code: Code, origins: Origins) -> frozenset[str]:
    names = called(code, origins)
    return frozenset(
        next(family for family, pattern in _GENERATORS.items() if pattern.match(name))
        for name in names
        if any(pattern.match(name) for pattern in _GENERATORS.values())
    )


def _pins(code: Code) -> dict[tuple[str, str], str]:
    """(package, sign) -> version, from install commands and from strings that are requirements."""
    texts = [found[1] for magic in code.magics if (found := _INSTALL.search(magic[:_MOST_CHARS]))]
    if not code.python:
        texts += [found[1] for line in code.source.split("\n") if (found := _INSTALL.search(line[:_MOST_CHARS]))]
    for node in ast.walk(code.tree) if code.tree else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < _MOST_CHARS:
            found = _INSTALL.search(node.value)
            texts += [found[1]] if found else [node.value] if _PIN.fullmatch(node.value.strip()) else []
    return {
        (found[1].lower().replace("_", "-"), found[2]): found[3]
        for text in texts
        for found in _PIN.finditer(text)
        if found[2] in _CEILING
    }


def _version(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:6])
