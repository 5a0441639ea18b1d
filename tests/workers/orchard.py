"""A library that changed and says so, in an environment of its own: what real ones do, in forty lines and without a network."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from typing import TYPE_CHECKING

from tests.builders import notebook
from workers.environments.listed import from_requirements
from workers.sandbox.layers import layer

if TYPE_CHECKING:
    from pathlib import Path

    from workers.sandbox.environments import InstalledEnvironment

LIBRARY = '''"""Trees, counted. What was renamed or removed is refused or announced in the words of larger libraries."""

import warnings

int64 = int

_GONE = {
    "int_": "`orchard.int_` was removed in the Orchard 2.0 release. Use `orchard.int64` instead.",
}
_FREQUENCIES = {
    "A": "Invalid frequency: A. Failed to parse with error message: ValueError('Invalid frequency: A. Did you mean Y?')",
    "Y": "Invalid frequency: Y. Failed to parse with error message: "
    "ValueError(\\\\"'Y' is no longer supported for offsets. Please use 'YE' instead.\\\\")",
}


def __getattr__(name):
    raise AttributeError(_GONE.get(name, "module 'orchard' has no attribute '%s'" % name))


def seasons(start, *, freq):
    """The ends of the first three seasons."""
    if freq in _FREQUENCIES:
        raise ValueError(_FREQUENCIES[freq])
    return [start + year for year in range(3)]


def total(trees):
    return sum(trees)


def tally(trees):
    warnings.warn("`orchard.tally` is deprecated. Use `orchard.total` instead.", DeprecationWarning, stacklevel=2)
    return sum(trees)
'''.replace('\\\\"', '\\"')

CHAIN = notebook(
    ("markdown", "# Seasons\n\nWritten for Orchard 1: the frequency changed its name twice since."),
    'import orchard\n\nFREQUENCY = "A"  # once a year',
    "years = orchard.seasons(2019, freq=FREQUENCY)\nyears",
    'print("last:", years[-1])',
    path="chain.ipynb",
)
"""Needs two iterations: the second name is in the words of the error that the first one ends in."""
NAMES = notebook(
    ("markdown", "# Größen"),
    "import orchard",
    "trees = [orchard.int_(3), 4]  # orchard.int_ in a comment stays\nprint(sum(trees))",
    path="docs/alte namen.ipynb",
)
DEPRECATED = notebook("import orchard", "print(orchard.tally([1, 2]))", path="deprecated.ipynb")
HEALTHY = notebook(
    ("markdown", "# All is well"),
    'import orchard\n\n# freq="A" and orchard.int_ are only spoken of\norchard.total([1, 2])',
    path="healthy.ipynb",
    outputs={
        1: [{"output_type": "execute_result", "execution_count": 1, "metadata": {}, "data": {"text/plain": ["3"]}}]
    },
)


async def installed(shared: Path) -> InstalledEnvironment:
    """An environment of the interpreter that runs the tests with Orchard 2 in it, built once for all test processes."""

    async def build(folder: Path) -> None:
        _write_wheel(folder / "orchard-2.0-py3-none-any.whl")

    wheels = await layer(shared / "wheels", build)
    # Only the folder: whatever an index may hold under this name, it is not asked.
    index = {"UV_FIND_LINKS": str(wheels), "UV_OFFLINE": "1"}
    return await from_requirements(("orchard==2.0",), cache=cache(shared), environ=index)


def cache(shared: Path) -> Path:
    """Where the command keeps what it builds, told XDG_CACHE_HOME is `shared`."""
    return shared / "mendloop"


def _write_wheel(path: Path) -> None:
    files = {
        "orchard/__init__.py": LIBRARY,
        "orchard-2.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: orchard\nVersion: 2.0\n",
        "orchard-2.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},sha256={_digest(text)},{len(text.encode())}\n" for name, text in files.items())
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in {
            **files,
            "orchard-2.0.dist-info/RECORD": f"{record}orchard-2.0.dist-info/RECORD,,\n",
        }.items():
            archive.writestr(name, text)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
