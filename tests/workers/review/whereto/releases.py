"""A package in releases: wheels in a folder that serves as the index, and one of them as what is installed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.environments import environment
from tests.workers.sandbox.tiny_wheels import only, write_wheel
from workers.environments.supplier import Supplier
from workers.review.whereto.candidates import Gone
from workers.review.whereto.following import Call, Follower
from workers.running.bridging import Bridges
from workers.sandbox.resolving import RESOLVER, answers, request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workers.protocols import Answer, Question
    from workers.review.whereto.following import Where


@dataclass(frozen=True)
class Texts:
    """Sources as a test wrote them."""

    files: Mapping[str, str]

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(self.files)

    def read(self, path: str) -> str | None:
        return self.files.get(path)


@dataclass
class Shelf:
    """Releases of one package, and the environment with the newest of them."""

    folder: Path
    name: str
    versions: Mapping[str, Mapping[str, str]]
    asked: list[Question] = field(default_factory=list["Question"])

    def __post_init__(self) -> None:
        for version, files in self.versions.items():
            write_wheel(self.folder / "files", self.name, version, files)
        for path, text in self.versions[self.installed].items():
            place = self.folder / "site" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    @property
    def installed(self) -> str:
        return list(self.versions)[-1]

    @property
    def bridges(self) -> Bridges:
        supplier = Supplier(cache=self.folder / "cache", tenant="t", index=only(self.folder / "files"))
        return Bridges(supplier=supplier, packages={self.name: self.installed}, seconds=60)

    @property
    def follower(self) -> Follower:
        there = environment(**{self.name: self.installed})
        return Follower(environment=there, ask=self.ask, releases=self.bridges)

    async def ask(self, questions: Sequence[Question]) -> Sequence[Answer]:
        """The real resolver, in an interpreter of its own that finds the newest release."""
        self.asked.extend(questions)
        told = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-I", str(RESOLVER)],
            input=json.dumps(request(questions, [str(self.folder / "site")])),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        return answers(questions, [json.loads(line) for line in told.stdout.splitlines()], "silence")

    async def where(self, name: str, keyword: str = "", *calls: Call) -> Where:
        return await self.follower.where(Gone(name=name, keyword=keyword), (), calls)
