"""Requirement cells of an artifact: `%pip`, `!pip`, `%conda`, shell cells and calls of pip. Read, never run."""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.errors import MendloopError
from workers.documents.magics import mask
from workers.documents.syntax import parse
from workers.environments.declared import conda_specs, requirements_txt
from workers.environments.declared.plain import VARIABLE
from workers.environments.declared.said import MAX_ITEMS, Said, joined, said
from workers.environments.declared.texts import refuse, shown, unread
from workers.environments.words import Missing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from workers.environments.declared.said import Open
    from workers.protocols import Cell

MAX_COMMAND = 8192
_SHELLS = frozenset({"bash", "sh", "system", "sx", "!", "script"})
_REDIRECTION = re.compile(r"(?<=\s)(?:\d|&)?>>?\s*(?:&\d|[^\s=&|;]+)")
_PIP = re.compile(r"(?:\S*/)?pip(?:3(?:\.\d+)?)?")
_PYTHON = re.compile(r"(?:\S*/)?python(?:3(?:\.\d+)?)?|\{?\$?\{?sys\.executable\}?\}?|py")
_CONDA = frozenset({"conda", "mamba", "micromamba"})
_SYSTEM = {"apt": "install", "apt-get": "install", "yum": "install", "brew": "install", "apk": "add", "dnf": "install"}
_CALLS = frozenset({"system", "run", "call", "check_call", "check_output", "Popen", "popen", "main", "getoutput"})
_TAKES_VALUE = frozenset(
    {
        "-i", "--index-url", "--extra-index-url", "-f", "--find-links", "-t", "--target", "--prefix", "--root", "--src",
        "--platform", "--python-version", "--implementation", "--abi", "--cert", "--proxy", "--timeout", "--retries",
        "--trusted-host", "--upgrade-strategy", "--progress-bar", "--python", "--root-user-action", "--cache-dir", "--index",
        "--no-binary", "--only-binary", "--exists-action", "--log",
    }
)  # fmt: skip
_SOURCES = frozenset({"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--index"})
_CONDA_VALUES = frozenset({"-c", "--channel", "-n", "--name", "-p", "--prefix", "--solver"})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Where:
    """A command's place."""

    origin: str
    folder: str
    open_: Open


def read(cells: Iterable[Cell], folder: str, open_: Open) -> Said:
    """What the code cells of an artifact in `folder` install."""
    parts: list[Said] = []
    for cell in cells:
        if cell.kind != "code":
            continue
        for command in _commands(cell.source):
            parts.append(_installed(command, cell.index, folder, open_))
            if len(parts) >= MAX_ITEMS:
                return joined(*parts)
    return joined(*parts)


def _commands(source: str) -> Iterator[list[str]]:
    """The commands of a cell as words, in order; those that cannot be split are passed over."""
    masked = mask(source)
    for _, text in masked.magics:
        yield from _words(text.lstrip("!% \t"))
    if masked.cell_magic in _SHELLS:
        for line in source.replace("\\\n", " ").split("\n"):
            yield from _words(line)
    tree = parse(source)
    for node in ast.walk(tree) if tree and "pip" in source else ():
        if isinstance(node, ast.Call):
            yield from _called(node)


def _words(text: str) -> Iterator[list[str]]:
    text = _REDIRECTION.sub(" ", " " + text[:MAX_COMMAND].replace("\\\n", " "))
    if "install" not in text and " add" not in text:
        return
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|")
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return
    command: list[str] = []
    for word in words:
        if word and not word.strip(";&|"):
            yield command
            command = []
        else:
            command.append(word)
    yield command


def _called(call: ast.Call) -> Iterator[list[str]]:
    """`subprocess.run([sys.executable, "-m", "pip", ...])`, `os.system("pip ...")`, `pip.main([...])`."""
    function = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if function not in _CALLS or not call.args:
        return
    first = call.args[0]
    if isinstance(first, ast.Constant) and isinstance(first.value, str):
        yield from _words(first.value)
    elif isinstance(first, ast.List | ast.Tuple):
        words = [_literal(each) for each in first.elts]
        yield ["pip", *words] if function == "main" and words[:1] == ["install"] else words


def _literal(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return "sys.executable" if ast.unparse(node) == "sys.executable" else "{…}"


def _installed(words: list[str], cell: int, folder: str, open_: Open) -> Said:
    words = _bare(words)
    if len(words) < 2:  # noqa: PLR2004 - a program and what it is to do
        return Said()
    program, verb, *rest = words
    if _PIP.fullmatch(program) and verb == "install":
        return _pip(rest, _Where(origin=f"cell {cell} (%pip)", folder=folder, open_=open_))
    if program in _CONDA and verb == "install":
        return _conda(rest, f"cell {cell} (%conda)")
    if _SYSTEM.get(program) == verb:
        names = [shown(each) for each in rest if not each.startswith("-") and each not in {"update", "install"}]
        return said(
            Missing(name=each, origin=f"cell {cell}", why="a package of the operating system") for each in names
        )
    return Said()


def _bare(words: list[str]) -> list[str]:
    """Without what stands before the program: `sudo`, variables, `python -m`, `uv`; and options before the verb."""
    while words and (words[0] in {"sudo", "-H", "env", "time", "uv", "yes"} or re.match(r"[A-Z_]+=", words[0])):
        words = words[1:]
    if len(words) > 2 and _PYTHON.fullmatch(words[0]) and words[1] == "-m":  # noqa: PLR2004 - python -m pip
        words = words[2:]
    while len(words) > 1 and words[1].startswith("-"):
        words = [words[0], *words[2:]]
    return words


def _pip(arguments: list[str], where: _Where) -> Said:
    parts: list[Said] = []
    rest = arguments[:MAX_ITEMS]
    while rest:
        argument, *rest = rest
        option, _, value = argument.partition("=") if argument.startswith("--") else (argument, "", "")
        taken = option in _TAKES_VALUE | {"-r", "--requirement", "-c", "--constraint", "-e", "--editable"}
        if taken and not value and rest:
            value, *rest = rest
        parts.append(_argument(option if taken else argument, value, where))
    return joined(*parts)


def _argument(option: str, value: str, where: _Where) -> Said:
    text = value or option
    if "{" in text or "$" in text:
        return said([refuse(text, where.origin, VARIABLE)])
    if option in {"-r", "--requirement", "-c", "--constraint"}:
        return _included(value, where)
    if option in _SOURCES:
        return said([refuse(f"{option} {value}", where.origin, "only the configured index is asked")])
    if option.startswith("-") and option not in {"-e", "--editable"}:
        return Said()
    return requirements_txt.line_said(text, where.origin, where.folder)


def _included(value: str, where: _Where) -> Said:
    place = requirements_txt.placed(where.folder, value)
    if not place:
        return said([refuse(value, where.origin, "it lies outside the repository")])
    try:
        return requirements_txt.read(where.open_(place), place, where.open_)
    except MendloopError as error:
        return unread(place, error)


def _conda(arguments: list[str], origin: str) -> Said:
    words: list[str] = []
    rest = arguments[:MAX_ITEMS]
    while rest:
        argument, *rest = rest
        if argument in _CONDA_VALUES:
            rest = rest[1:]
        elif not argument.startswith("-"):
            words.append(argument)
    found = [conda_specs.read(each, origin) for each in words]
    return said(each for each in found if conda_specs.python_of(each) is None)
