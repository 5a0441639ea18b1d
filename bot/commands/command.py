"""What a person asked for, or why it cannot be followed: the values that a command is read as."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verb(StrEnum):
    """What is asked for."""

    REPAIR = "repair"
    STATUS = "status"
    STOP = "stop"
    RETRY = "retry"
    REBASE = "rebase"
    RECREATE = "recreate"
    REVERT = "revert"
    IGNORE = "ignore"
    UNIGNORE = "unignore"
    EXPLAIN = "explain"
    HELP = "help"
    CONTINUE = "continue"
    NOTE = "note"


class Fault(StrEnum):
    """What is wrong with a command, as it is answered."""

    CHARACTERS = "The command holds control or invisible characters."
    TOO_LONG = "A command with its guidance has at most 4,000 characters, and its comment at most 20,000."
    PATH = (
        "A path is relative to the root of the repository, with `/` between its parts: no `..`, no backslash, no wildcard, "
        "no URL. A path with spaces stands in double quotes."
    )
    SEPARATOR = "Paths are separated by spaces alone."
    MANY_PATHS = "At most 20 paths can be named; a folder counts as one."
    ITERATIONS = "`--iterations` is followed by a number from 1 to 20."
    ENGINE = "`--engine` is followed by the name of an engine: small letters, digits and hyphens."
    OPTION = "There are two options, `--iterations` and `--engine`, each at most once."
    OPTION_LATE = "Options and paths come before the guidance."
    ALONE = "This command takes nothing more on its line."
    ONE_PATH = "This command takes one path."
    ONE_FINDING = "This command takes the id of one finding, as it stands in the report."
    NO_WORDS = "This command needs words after it."


class Question(StrEnum):
    """What has to be asked back, as it is asked."""

    NEAR_VERB = (
        "Did you mean one of the commands? They are listed by `/repair help`. "
        "If these words are guidance, put a path or a few more words before them."
    )
    BARE_WORD = (
        "Is that one word a file or guidance? For a file or folder write a path with `/` or with its suffix; "
        "for guidance write a sentence."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What a person asked for."""

    verb: Verb
    paths: tuple[str, ...] = ()
    """Files and folders, POSIX, relative to the repository, without `/` at the end."""
    iterations: int | None = None
    engine: str | None = None
    """A name; whether there is such an engine is for the configuration to say."""
    guidance: str = ""
    """Words for the engines, or the note itself."""
    finding: str = ""
    """Of `explain`."""

    def arguments(self) -> dict[str, object]:
        """All but the verb, for JSON."""
        return {
            "paths": list(self.paths),
            "iterations": self.iterations,
            "engine": self.engine,
            "guidance": self.guidance,
            "finding": self.finding,
        }


@dataclass(frozen=True, slots=True)
class Malformed:
    """A command that cannot be followed."""

    reason: Fault


@dataclass(frozen=True, slots=True)
class Unclear:
    """A command that may mean two things."""

    question: Question


Reading = Command | Malformed | Unclear
