"""git is started where it is hardened and nowhere else: never in a tree that a box or a repository wrote."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[3]
HARDENED = {"workers/fetching/fetch.py"}
GIVEN = {"workers/fetching/export.py"}
"""Reads the commit that it is handed, and knows the names of GitPython's types alone."""
ONLY_ITS_VERSION = {"bot/checks.py"}


def starts_git(source: str) -> bool:
    """Whether a module has a command line that begins with git, or GitPython."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names) if any(each.name.partition(".")[0] == "git" for each in names):
                return True
            case ast.ImportFrom(module=str(module), level=0) if module == "git":
                return True
            case ast.List(elts=words) | ast.Tuple(elts=words) if _names_git(words[:-1]):
                return True
            case ast.Constant(value=str(text)) if text.startswith("git ") and " --" in text:
                return True
            case _:
                continue
    return False


def _names_git(words: list[ast.expr]) -> bool:
    return any(isinstance(word, ast.Constant) and word.value == "git" for word in words)


def test_g84_g90_every_call_of_git_is_one_that_was_hardened() -> None:
    modules = [path for folder in ("workers", "bot") for path in (ROOT / folder).rglob("*.py")]

    found = {str(path.relative_to(ROOT)) for path in modules if starts_git(path.read_text())}

    assert found == HARDENED | GIVEN | ONLY_ITS_VERSION


def test_g84_what_is_foreign_stands_behind_the_end_of_options() -> None:
    source = (ROOT / "workers/fetching/fetch.py").read_text()

    words = source.partition('"fetch", "--quiet"')[2].partition("]")[0]

    assert '"--end-of-options", url, f"{self.source.sha}:{FETCHED}"' in words


def test_another_call_would_be_noticed() -> None:
    assert starts_git('run(["git", "status"])')
    assert starts_git("from git import Repo")
    assert starts_git('os.system("git --version status")')
    assert not starts_git('NOISY = ("arq", "git")')
