"""The side of a fault in a pull request: the sentence, the matrix as a small table, the versions that pass."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workers.contract.markdown import code, prose, row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.contract.faults import Fault, Tried

_NAMES = {
    "code": "the code",
    "either": "code or versions",
    "pin": "the declared versions",
    "upstream": "the packages",
    "data": "data",
    "unknown": "unknown",
}


def fault_section(fault: Fault | None) -> Iterator[str]:
    """The parts of it; none where nothing was compared."""
    if fault is None:
        return
    yield f"### Where the fault is: {_NAMES[fault.side.value]}"
    yield prose(fault.sentence)
    yield "\n".join([row("versions", "base", "head"), row("---", "---", "---"), *_rows(fault)])
    if not fault.whole:
        yield "Not every field of this table was run."
    if fault.pins:
        yield "\n".join(f"- {code(str(pin))} instead of {code(pin.instead_of)} makes it pass" for pin in fault.pins)
    if notes := (*fault.releases, *fault.left_open):
        yield "\n".join(f"- {prose(note)}" for note in notes)


def _rows(fault: Fault) -> Iterator[str]:
    for versions in dict.fromkeys(each.versions for each in fault.tried):
        seen = {each.copy: each for each in fault.tried if each.versions == versions}
        yield row(prose(versions), _field(seen.get("base")), _field(seen.get("head")))


def _field(tried: Tried | None) -> str:
    if tried is None:
        return ""
    status = tried.status.replace("_", " ")
    return f"{status}: {prose(tried.words, 160)}" if tried.words else status
