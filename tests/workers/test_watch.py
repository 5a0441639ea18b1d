"""Hooks of other packages: they may watch or veto, and whatever else they do changes nothing."""

from __future__ import annotations

import asyncio
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING

import pytest

from tests.builders import notebook
from workers.contract.domain import Edit, Repair
from workers.contract.errors import ConfigError
from workers.watch import GROUP, SENTENCE_CHARS, Guarded, Watch, installed

if TYPE_CHECKING:
    from workers.protocols import Document

DOCUMENT = notebook("import old")
REPAIR = Repair(edits=(Edit(cell=0, start=7, end=10, old="old", new="new"),), by="rules", changes_made=("old -> new",))


class NoImports:
    """Vetoes a repair of an import; another package's own rule."""

    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        imports = any("import" in document.cells[edit.cell].source for edit in repair.edits)
        return "imports are frozen before a release" if imports else None


class Raises:
    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        raise ZeroDivisionError("their bug")


class Leaves:
    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        raise SystemExit(1)


class SaysTrue:
    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        return True  # pyright: ignore[reportReturnType]  # what the test is about


class Endless:
    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        await asyncio.Event().wait()
        return "never"


class Talks:
    async def before_attempt(self, document: Document, repair: Repair) -> str | None:
        return "no" * 10_000


def point(name: str, value: str) -> EntryPoint:
    return EntryPoint(name=name, value=f"{__name__}:{value}", group=GROUP)


async def test_a_hook_of_another_package_is_found_and_vetoes_under_its_name() -> None:
    watch = Watch(hooks=installed([point("freeze", "NoImports")]))

    assert await watch.veto(DOCUMENT, REPAIR) == "freeze: imports are frozen before a release"
    assert await watch.veto(notebook("x = old"), REPAIR) is None


@pytest.mark.parametrize("broken", ["Raises", "Leaves", "SaysTrue"])
async def test_a_hook_that_fails_has_no_say_and_the_next_one_is_asked(broken: str) -> None:
    alone = Watch(hooks=installed([point("a", broken)]))
    followed = Watch(hooks=installed([point("z", "NoImports"), point("a", broken)]))

    assert await alone.veto(DOCUMENT, REPAIR) is None
    assert await followed.veto(DOCUMENT, REPAIR) == "z: imports are frozen before a release"


async def test_a_hook_is_not_waited_for_without_end() -> None:
    assert await Watch(hooks=[Guarded("slow", Endless(), timeout_s=0.01)]).veto(DOCUMENT, REPAIR) is None


async def test_a_veto_is_a_sentence_and_no_flood() -> None:
    said = await Watch(hooks=installed([point("talks", "Talks")])).veto(DOCUMENT, REPAIR)

    assert said is not None
    assert len(said) <= SENTENCE_CHARS + len("talks: ")


def test_a_hook_that_cannot_be_loaded_is_the_owners_to_mend() -> None:
    with pytest.raises(ConfigError, match=r"the hook 'gone' .* cannot be loaded"):
        installed([point("gone", "Missing")])
    with pytest.raises(ConfigError, match="has no `before_attempt`"):
        installed([EntryPoint("odd", "builtins:dict", GROUP)])


def test_no_hook_is_installed_with_the_project() -> None:
    assert installed() == ()
