"""The search between two environments: which packages decide, which of their releases, which versions to hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from workers.contract.errors import EnvironmentBuildError
from workers.contract.faults import Pin
from workers.running.faults.allowance import SpentError
from workers.running.faults.bisecting import Bisection
from workers.running.faults.coupling import differing, together
from workers.running.faults.decisions import Kind, holding, name_of
from workers.running.faults.endings import Failed, Passed
from workers.running.faults.naming import Broke, listed
from workers.running.faults.shrinking import Shrinking
from workers.running.faults.trials import NotBuilt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.environments.words import Decision
    from workers.running.faults.coupling import Locked
    from workers.running.faults.endings import Ending
    from workers.running.faults.seams import Releases
    from workers.running.faults.trials import Trials


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """Two environments, and how the artifact fails in the first; in the second it passes."""

    kind: Kind
    """Which the second is."""
    decision: Decision
    """Of the first."""
    failing: Mapping[str, Locked]
    passing: Mapping[str, Locked]
    failure: Failed
    suspects: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Search:
    """A search and what it has found so far; it ends by itself when its allowance is used up."""

    between: Between
    trials: Trials
    releases: Releases
    pins: dict[str, str] = field(default_factory=dict[str, str])
    """Name -> version. Together they were seen to make the artifact pass, everything else as declared."""
    broke: list[Broke] = field(default_factory=list[Broke])
    left_open: list[str] = field(default_factory=list[str])
    _deciding: frozenset[str] = frozenset()
    """Packages that were seen to be enough, everything else held where it was."""

    async def run(self) -> None:
        """Find out what can be."""
        try:
            await self._packages()
            await self._least()
            for name in tuple(self.pins):
                await self._release(name)
        except SpentError as error:
            self.left_open.append(f"The search ended early: {error}.")

    def as_pins(self) -> tuple[Pin, ...]:
        """The pins, by name."""
        failing = self.between.failing
        return tuple(
            Pin(name=name, version=version, instead_of=failing[name].version)
            for name, version in sorted(self.pins.items())
        )

    async def _packages(self) -> None:
        """Which packages decide, everything else held at the version with which it fails."""
        differ = differing(self.between.failing, self.between.passing)
        shrinking = Shrinking(tuple(sorted(differ)))
        try:
            if not differ or not await self._enough(differ):
                self.left_open.append(
                    "The packages that both environments have do not decide alone, so that none can be named."
                )
                return
            await shrinking.run(self._enough, self.between.suspects)
        except SpentError:
            if len(shrinking.items) > 1:
                self.left_open.append(f"Of {len(differ)} packages that differ, {_some(shrinking.items)} are left.")
            raise
        self._deciding = self._with(frozenset(shrinking.items))

    async def _enough(self, chosen: frozenset[str]) -> bool:
        """Whether it passes when these packages, and what has to change with them, have the passing versions."""
        return isinstance(await self.trials.ending(self._held(self._with(chosen))), Passed)

    def _with(self, chosen: frozenset[str]) -> frozenset[str]:
        return together(chosen, self.between.failing, self.between.passing)

    def _held(self, chosen: frozenset[str], also: Mapping[str, str] | None = None) -> Decision:
        """Everything held: these at the passing versions, the others at the failing ones, but for `also`."""
        versions = {name: package.version for name, package in {**self.between.passing, **self.between.failing}.items()}
        versions |= {name: self.between.passing[name].version for name in chosen}
        return holding(self.between.decision, versions | dict(also or {}))

    async def _least(self) -> None:
        """The fewest of the deciding packages to hold, so that it passes with everything else as declared."""
        versions = {name: self.between.passing[name].version for name in sorted(self._deciding)}
        if not versions:
            return
        if not await self._passes(versions):
            self.left_open.append(
                f"With {listed(versions)} it passes only while every other package stays where it is."
            )
            return
        self.pins = versions
        asked = {name_of(each) for each in self.between.decision.asked}
        for name in sorted(versions, key=lambda name: name in asked):
            fewer = {other: version for other, version in self.pins.items() if other != name}
            if fewer and await self._passes(fewer):
                self.pins = fewer

    async def _passes(self, pins: Mapping[str, str]) -> bool:
        return isinstance(await self.trials.ending(holding(self.between.decision, pins)), Passed)

    async def _release(self, name: str) -> None:
        """The release of a package between the two versions at which the artifact began to fail, or to pass."""
        reference = await self._without(name)
        if not isinstance(reference, Failed):
            self.left_open.append(f"{name} changes only together with {_some(self._deciding - {name})}.")
            return
        releases = await self._row(name)
        bisection = Bisection(good=0, bad=len(releases) - 1)
        try:
            while (place := bisection.next()) is not None:
                bisection.told(place, runs=await self._runs(name, releases[place], reference))
        finally:
            # Also where the allowance is used up: how far it came is worth saying.
            self._note(name, releases, bisection, reference)
        await self._hold_newest(name, releases[bisection.good])
        await self._partners(name, releases[bisection.bad], reference)

    async def _without(self, name: str) -> Ending | NotBuilt:
        """How it ends when only this pin is taken away."""
        if len(self.pins) == 1:
            return self.between.failure
        return await self._at(name, self.between.failing[name].version)

    async def _runs(self, name: str, version: str, reference: Failed) -> bool | None:
        """Whether it passes with this release; None where that cannot be said, also for a failure of another kind."""
        seen = await self._at(name, version)
        if isinstance(seen, Passed):
            return True
        return False if _same(reference, seen) else None

    async def _at(self, name: str, version: str) -> Ending | NotBuilt:
        """With one release of a package: everything else held if that can be, else as declared."""
        followers = self._deciding - self.pins.keys()
        pins = {**self.pins, name: version}
        versions = {other: package.version for other, package in self.between.failing.items() if other not in followers}
        seen = await self.trials.ending(holding(self.between.decision, versions | pins))
        return await self.trials.ending(holding(self.between.decision, pins)) if isinstance(seen, NotBuilt) else seen

    async def _row(self, name: str) -> tuple[str, ...]:
        """Releases from the one that passes to the one that fails, both among them."""
        ends = (self.between.passing[name].version, self.between.failing[name].version)
        try:
            async with self.trials.allowance.time():
                offered = [release.version for release in await self.releases.of(name)]
        except EnvironmentBuildError as error:
            raise SpentError(f"the releases of {name} cannot be had: {error}") from error
        return row(ends[0], ends[1], offered)

    def _note(self, name: str, releases: tuple[str, ...], bisection: Bisection, reference: Failed) -> None:
        self.broke.append(
            Broke(
                package=name,
                ran=releases[bisection.good],
                broke=releases[bisection.bad],
                between=tuple(releases[place] for place in bisection.between),
                tried_all=bisection.next() is None,
                cell=reference.cell,
                mended=_version(releases[0]) > _version(releases[-1]),
            )
        )

    async def _hold_newest(self, name: str, version: str) -> None:
        """Hold the last release that ran rather than the one of the artifact's date, where that passes too."""
        newer = {**self.pins, name: version}
        if self.between.kind is Kind.DATED and newer != self.pins and await self._passes(newer):
            self.pins = newer

    async def _partners(self, name: str, version: str, reference: Failed) -> None:
        """Whether the release breaks it alone; if not, together with which others."""
        others = self._with(differing(self.between.failing, self.between.passing)) - {name}
        if not others or not self.broke or self.broke[-1].package != name:
            return

        async def fails(failing: frozenset[str]) -> bool:
            return _same(reference, await self.trials.ending(self._held(others - failing, {name: version})))

        if await fails(frozenset()):
            return
        shrinking = Shrinking(tuple(sorted(others)))
        if not await fails(others):
            return
        await shrinking.run(fails)
        partners = {other: self.between.failing[other].version for other in shrinking.items}
        self.broke[-1] = self.broke[-1].with_others(partners)


def row(passing: str, failing: str, offered: list[str]) -> tuple[str, ...]:
    """The versions between the two, from `passing` to `failing`, which are its ends; pre-releases are left out.

    `offered` may hold what is no version, and need not hold the ends.
    """
    low, high = sorted((_version(passing), _version(failing)))
    known = {version: text for text in offered if (version := _version(text)) != _NONE and not version.is_prerelease}
    inner = [text for version, text in sorted(known.items()) if low < version < high]
    return (passing, *(inner if _version(passing) < _version(failing) else reversed(inner)), failing)


_NONE = Version("0.dev0")


def _version(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return _NONE


def _same(reference: Failed, seen: Ending | NotBuilt) -> bool:
    return not isinstance(seen, NotBuilt) and reference.same(seen)


def _some(names: frozenset[str] | tuple[str, ...], most: int = 10) -> str:
    shown = sorted(names)[:most]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown) + more
