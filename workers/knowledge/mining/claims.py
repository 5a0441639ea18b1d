"""What a release says, made exact: which thing is meant, and which name it puts in its place."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from workers.knowledge.mining.literals import HOLE
from workers.knowledge.mining.model import Alias, Class
from workers.knowledge.mining.standing import stands
from workers.knowledge.words import targets

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.knowledge.hint import Hint
    from workers.knowledge.mining.model import Module, Note
    from workers.knowledge.mining.release import Release

Kind = Literal["symbol", "keyword", "value"]
_SHORT = {"np": "numpy", "pd": "pandas", "nx": "networkx", "sns": "seaborn", "tf": "tensorflow", "mpl": "matplotlib"}
_BUILTINS = frozenset(
    {"bool", "bytes", "complex", "dict", "float", "int", "list", "object", "set", "str", "tuple", "zip"}
)
_NOUNS = r"(?:\s+(?:keyword|argument|parame?ter|option|kwarg|arg|attribute|function|method|class|module|property)s?)*"
_FATE = r"(?:is|was|are|has been|have been|will be)(?:\s+now)?(?:\s+an?)?\s+(?:deprecated|removed|renamed|replaced)"
_SAME = re.compile(r"equivalent|identical|renamed|\balias\b|the same (?:as|effect|result)", re.IGNORECASE)
"""What a library says of a value that is only spelled otherwise now."""
_OF_A_WAY = re.compile(
    r"(?:default(?: value)?(?: of| for)?(?: the)?|passing|using|setting|without|with)\s+['\"`]*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One thing that a release announces."""

    kind: Kind
    subject: str
    """Dotted name of the definition; for a keyword or value, of what is called."""
    name: str = ""
    """The keyword."""
    value: str = ""
    since: str = ""
    """The version that the words name."""
    new: str = ""
    """Dotted name, keyword or string that takes its place in every use."""
    words: str = ""
    """A name that the library points at, where it does not take the place in every use."""
    found: str
    place: str
    """`path:line` in the release."""
    gone: bool = False
    """The library says that it is not there any more."""


def claims(release: Release) -> Iterator[Claim]:
    """Everything that a release announces, in the order of its files."""
    for module in release.modules.values():
        for note in module.notes:
            if claim := _Maker(release, module, note).made():
                yield claim
        yield from _aliases(release, module)


def _aliases(release: Release, module: Module) -> Iterator[Claim]:
    """`old = _deprecate(new)`, and names that a `__getattr__` hands on with a warning."""
    for name, item in module.names.items():
        if isinstance(item, Alias) and item.warns:
            target = item.target if item.is_import else f"{module.name}.{item.target}"
            if target != f"{module.name}.{name}" and _is_known(release, target):
                yield _alias(module, f"{module.name}.{name}", target, item.line, "table")
        elif isinstance(item, Class):
            for inner, member in item.members.items():
                if isinstance(member, Alias) and member.warns and member.target in item.members:
                    owner = f"{module.name}.{name}"
                    yield _alias(module, f"{owner}.{inner}", f"{owner}.{member.target}", member.line, "table")


def _alias(module: Module, old: str, new: str, line: int, found: str) -> Claim:
    return Claim(kind="symbol", subject=old, new=new, found=found, place=f"{module.path}:{line}")


def _is_known(release: Release, dotted: str) -> bool:
    found = release.find(dotted)
    return found.is_here or dotted.partition(".")[0] not in release.roots


@dataclass(frozen=True, slots=True)
class _Maker:
    release: Release
    module: Module
    note: Note

    def made(self) -> Claim | None:
        """The claim of one note; None where it is not exact enough to stand for anything."""
        note = self.note
        subject = note.subject if note.found == "table" else f"{self.module.name}.{note.subject}"
        if note.parameter:
            return self._parameter(subject)
        return self._symbol(subject.removesuffix(".__init__"))

    def _claim(self, kind: Kind, subject: str) -> Claim:
        note = self.note
        return Claim(
            kind=kind,
            subject=subject,
            since=note.since,
            found=note.found,
            place=f"{self.module.path}:{note.line}",
            gone=note.gone,
        )

    def _symbol(self, subject: str) -> Claim | None:
        note, name = self.note, subject.rpartition(".")[2]
        if note.found == "warning" and not _is_about(name, note.text, r"[Tt]his (?:function|method|class|module)"):
            return None
        raw = [note.new] if note.new else []
        hints = [] if note.new else _hints(note.text, name, f"`{name}` is deprecated. ")
        if any(hint.kind == "builtin" or (hint.exact and hint.new in _BUILTINS) for hint in hints):
            return replace(self._claim("symbol", subject), words=hints[0].new)
        exact = [hint.new for hint in hints if hint.kind == "name" and hint.exact and HOLE not in hint.new]
        targets_of = (self._target(subject, one) for one in (*raw, *exact))
        new = next((one for one in targets_of if one and one != subject), "")
        kept = new if new and self._takes_place(subject, new) else ""
        words = (
            "" if kept else new or next((hint.new for hint in hints if HOLE not in hint.new), "") or next(iter(raw), "")
        )
        return replace(self._claim("symbol", subject), new=kept, words=words[:120])

    def _target(self, subject: str, raw: str) -> str:
        """The absolute name that a library means by what it writes; empty where that cannot be told."""
        root, dot, rest = raw.partition(".")
        raw = f"{_SHORT[root]}{dot}{rest}" if dot and root in _SHORT else raw
        root = raw.partition(".")[0]
        parent = subject.rpartition(".")[0]
        homes = dict.fromkeys((parent, self.module.name, *(path.rpartition(".")[0] for path in self._paths(subject))))
        candidates = [raw] if root in self.release.roots and "." in raw else [f"{home}.{raw}" for home in homes if home]
        here = next((one for one in candidates if self.release.has(one)), "")
        outside = "." in raw and root not in self.release.roots and root.islower() and raw.rpartition(".")[2] != root
        return here or (raw if outside else "")

    def _paths(self, subject: str) -> tuple[str, ...]:
        return self.release.paths.get(subject, ())

    def _takes_place(self, subject: str, new: str) -> bool:
        if self.note.gone:
            # What it was is seen in the releases that had it.
            return True
        if new.partition(".")[0] not in self.release.roots:
            return new.rpartition(".")[2] == subject.rpartition(".")[2]
        return stands(self.release, subject, new)

    def _parameter(self, subject: str) -> Claim | None:
        note = self.note
        if note.parameter.startswith("self."):
            subject, name = subject.rpartition(".")[0], note.parameter.removeprefix("self.")
        else:
            subject, name = subject.removesuffix(".__init__"), note.parameter
        called = self.release.function(subject)
        taken = (
            {one.name for one in called.parameters if one.binding in {"many", "others", "positional"}}
            if called
            else set[str]()
        )
        if called is None or called.is_property or name in taken:
            return None
        if called.parameter(name) is None and not called.is_open and not note.new:
            return None
        if note.value:
            return self._value(subject, name)
        if note.found == "warning" and not _is_about(name, note.text, r"(?!)"):
            return None
        hints = _hints(note.text, name, f"The `{name}` parameter is deprecated. ")
        words = "" if note.new else next((hint.new for hint in hints if HOLE not in hint.new), "")
        return replace(self._claim("keyword", subject), name=name, new=note.new, words=words[:120])

    def _value(self, subject: str, name: str) -> Claim | None:
        note = self.note
        pattern = rf"(?<!\w){re.escape(note.value)}(?!\w)|{HOLE}"
        if not (re.search(pattern, note.text) and re.search(r"deprecat|removed|renamed", note.text)):
            return None
        hints = [hint for hint in targets(note.text) if hint.kind == "value" and hint.old == note.value and hint.exact]
        said = next((hint.new for hint in hints if hint.keyword in {name, ""} and HOLE not in hint.new), "")
        new, words = (said, "") if _SAME.search(note.text) else ("", said)
        return replace(self._claim("value", subject), name=name, value=note.value, new=new, words=words[:120])


def _hints(text: str, name: str, subject: str) -> list[Hint]:
    """What the words put in place of `name`; words without a subject are read as if they had one."""
    said = [hint for hint in targets(text) if hint.old.rpartition(".")[2] == name]
    return said or [hint for hint in targets(subject + text) if hint.old == name]


def _is_about(name: str, text: str, other: str) -> bool:
    """Whether the words say what becomes of `name`, not of a way to use it."""
    pattern = (
        rf"(?:(?<![\w])['\"`*]*{re.escape(name)}['\"`*=()]*|{other}){_NOUNS}(?:\s+(?:in|of|to|for)\s+\S+)?\s+{_FATE}"
    )
    found = re.search(pattern, " ".join(text.split()))
    return found is not None and not _OF_A_WAY.search(found.string[: found.start()])
