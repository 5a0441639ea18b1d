"""What code may do to the world around it: a repair brings no power that the base did not have."""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

from workers.validate.comparison import Comparison, Refusal
from workers.validate.statements import read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.validate.origins import Origins
    from workers.validate.statements import Code

_MODULES = {
    "network": re.compile(
        r"\A(requests|httpx|aiohttp|urllib(?!\.parse)|urllib2|urllib3|http\.client|httplib|socket|ssl|ftplib|smtplib|imaplib"
        r"|poplib|telnetlib|paramiko|websockets?|pycurl|wget|boto3?|botocore|gcsfs|s3fs|socketserver|xmlrpc|dns|asyncssh"
        r"|fabric|tornado\.httpclient|treq|http\.server|nntplib|zmq)(\.|\Z)"
    ),
    "subprocess": re.compile(r"\A(subprocess|commands|pexpect|pty|sh|plumbum|multiprocessing|invoke)(\.|\Z)"),
    "dynamic": re.compile(
        r"\A(importlib(?!\.(metadata|resources|reload))|imp(?!\.reload)|runpy|ctypes|cffi|code|pickle|cPickle"
        r"|_pickle|dill|marshal|shelve|cloudpickle|pkgutil|zipimport)(\.|\Z)"
    ),
}
_CALLS = {
    "network": re.compile(r"(\A|\.)(urlopen|urlretrieve|create_connection|socket\.socket)\Z"),
    "subprocess": re.compile(
        r"\A(os\.(system|popen\d?|exec[lv]\w*|spawn\w+|posix_spawnp?|fork|forkpty|startfile)|pty\.spawn|subprocess\.\w+"
        r"|asyncio\.create_subprocess_\w+|commands\.\w+)\Z|(\A|\.)(get_ipython\.(system|getoutput|run_line_magic|run_cell\w*))\Z"
    ),
    "eval": re.compile(r"\A(builtins\.|__builtins__\.)?(eval|exec|execfile|compile|breakpoint)\Z"),
    "dynamic": re.compile(
        r"\A(builtins\.|__builtins__\.)?__import__\Z|\A(importlib\.(import_module|util\.\w+|machinery\.\w+|__import__)"
        r"|imp\.load_\w+|runpy\.\w+|ctypes\.\w+.*|(c|_)?[pP]ickle\.(loads?|Unpickler)|dill\.loads?|marshal\.loads?|types\.FunctionType)\Z"
    ),
    "kernel": re.compile(r"\Aget_ipython\Z|\AIPython\.(get_ipython|core\.\w+|Application)"),
    "files": re.compile(
        r"\A(os\.(remove|unlink|rmdir|removedirs|chmod|chown|rename|replace|truncate|symlink)|shutil\.(rmtree|move|chown))\Z"
    ),
}
_REACHED = {"system": "subprocess", "popen": "subprocess", "eval": "eval", "exec": "eval", "__import__": "dynamic"}
"""Names that are reached for with `getattr`, or through `__dict__`."""
_SHELL = re.compile(
    r"\A\s*(!|%+\s*(sx|system|bash|sh|script|perl|ruby|cmd|powershell|writefile|run|load|loadpy|macro|edit)\b)"
)
_INSTALL = re.compile(
    r"\A\s*!\s*(\{?sys\.executable\}?\s+-m\s+|python3?\s+-m\s+)?(uv\s+)?pip3?\s+install\s|\A\s*%+\s*(pip|conda)\s"
)
_OTHER_INDEX = re.compile(
    r"(--?(extra-)?index-url|--requirement|--constraint|\s-[rc]\s|--find-links|\s-[if]\s|git\+|https?://|file:)"
)
_HOST = re.compile(r"\b(?:https?|ftp|wss?)://([^/\s'\"\\:?#]+)", re.IGNORECASE)


def new_powers(comparison: Comparison) -> Iterator[Refusal]:
    """No network, subprocess, shell, eval, dynamic import, unpickling or removal of files more than the base has."""
    before = sum((powers(pair.old, comparison.old_origins) for pair in comparison.pairs), Counter[str]())
    after = sum((powers(pair.new, comparison.new_origins) for pair in comparison.pairs), Counter[str]())
    for power in sorted(after - before):
        cells = tuple(
            pair.index
            for pair in comparison.pairs
            if (powers(pair.new, comparison.new_origins) - powers(pair.old, comparison.old_origins))[power]
        )
        yield Refusal(reason=f"cell {_named(cells)}: new {power} that the base does not have", cells=cells)


def new_hosts(comparison: Comparison) -> Iterator[Refusal]:
    """No address in code of a host that the base does not name anywhere."""
    for pair in comparison.pairs:
        for host in sorted(_hosts(pair.head.source) - _hosts(pair.base.source)):
            if not any(host in cell.source.lower() for cell in comparison.base.cells):
                yield Refusal(reason=f"cell {pair.index}: an address at a new host, {host[:80]}", cells=(pair.index,))


def powers(code: Code, origins: Origins) -> Counter[str]:
    """How often a cell uses each power."""
    found = Counter(power for line in _commands(code) for power in _shell(line))
    for node in ast.walk(code.tree) if code.tree and code.python else ():
        found.update(_of_node(node, origins))
    if code.tree is None:
        found.update(power for name in re.findall(r"[\w.]+", code.source) for power in _of_name(name))
    return found


def _of_node(node: ast.AST, origins: Origins) -> Iterator[str]:
    match node:
        case ast.Import(names=names):
            for alias in names:
                yield from _of_module(alias.name)
        case ast.ImportFrom(module=module, names=names):
            for name in (f"{module or ''}.{alias.name}" for alias in names):
                yield from _of_module(name)
                yield from _of_name(name)
        case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]) if name in _REACHED:
            yield _REACHED[name]
        case ast.Subscript(slice=ast.Constant(value=str(name))) if name in _REACHED:
            yield _REACHED[name]
        case ast.Name(ctx=ast.Load()) | ast.Attribute(ctx=ast.Load()):
            # The bare name counts, not only its call: `run = os.system` is the same power.
            yield from _of_name(origins.dotted(node))
        case _:
            pass


def _of_module(name: str) -> Iterator[str]:
    yield from (power for power, pattern in _MODULES.items() if pattern.match(name))


def _of_name(name: str) -> Iterator[str]:
    yield from (power for power, pattern in _CALLS.items() if pattern.search(name))


def _commands(code: Code) -> list[str]:
    return [*code.magics, *([code.cell_magic] if code.cell_magic else [])]


def _shell(line: str) -> Iterator[str]:
    if _INSTALL.match(line):
        if _OTHER_INDEX.search(line):
            yield "install from elsewhere"
        if re.search(r"[;&|`]|\$\(", line):
            yield "shell"
    elif _SHELL.match(line):
        yield "shell"


def _hosts(source: str) -> set[str]:
    """Hosts of addresses in strings and shell lines; comments do nothing."""
    code = read(source)
    texts = [*code.magics, code.source if not code.python or code.tree is None else ""]
    nodes = ast.walk(code.tree) if code.tree and code.python else ()
    texts += [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return {found[1].lower().rpartition("@")[2] for text in texts for found in _HOST.finditer(text)}


def _named(cells: tuple[int, ...]) -> str:
    return ", ".join(map(str, cells)) or "?"
