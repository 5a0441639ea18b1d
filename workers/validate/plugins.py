"""Plug-in validators of other packages: whatever offers `protocols.Check` under our entry point group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers import plugins
from workers.contract.domain import Case
from workers.contract.errors import SandboxUnavailableError
from workers.validate.excerpts import masked

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

    from workers.protocols import Change, Check

GROUP = "mendloop.validators"
"""Each entry point is a class or function that makes a check when called without arguments."""


class Guarded:
    """A check of somebody else's: when it raises, or answers with anything but a case, that is a refusal with its name."""

    def __init__(self, name: str, check: Check) -> None:
        self._name = name
        self._check = check

    @property
    def name(self) -> str:
        """As registered; what the plug-in calls itself is not trusted to be unique."""
        return self._name

    async def check(self, change: Change) -> Case:
        """Ask the plug-in. Cancellation and a missing box pass through: they are not its verdict."""
        try:
            case: Any = await self._check.check(change)
        except SandboxUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - a stranger's validator raises anything, and must not end the run
            return self._broken(f"{type(error).__name__}: {error}")
        return case if isinstance(case, Case) else self._broken(f"it answered with {type(case).__name__}")

    def _broken(self, reason: str) -> Case:
        evidence = masked(f"the validator {self._name} failed: {reason}")
        return Case(
            name=self._name, passed=False, veto=True, evidence=evidence, feedback="Mend or remove the validator."
        )


def installed(found: Iterable[EntryPoint] | None = None) -> tuple[Check, ...]:
    """Every installed plug-in validator, by name.

    Raises:
        ConfigError: one cannot be loaded, or is no check.
    """
    return tuple(Guarded(name, check) for name, check in plugins.installed(GROUP, "validator", "check", found))
