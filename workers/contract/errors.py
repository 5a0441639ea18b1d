"""Errors by whose fault they are: theirs (a file, a configuration), or ours and the weather's (no box)."""

from __future__ import annotations


class MendloopError(Exception):
    """Base of every error that mendloop raises on purpose. The message names the value and what to do."""


class DocumentError(MendloopError):
    """Theirs: a file that is not a document we can read.

    `code` is a short stable name, e.g. `invalid-utf8`, `too-large`, `not-json`, `nesting`, `not-a-notebook`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class EditError(MendloopError):
    """A bug or a stale proposal: an edit that does not fit the text it was made for."""


class ConfigError(MendloopError):
    """Theirs: a configuration, flag or path that cannot be used. Exit code 2."""


class RunStoreError(ConfigError):
    """No run can be kept where runs are kept: theirs on a command line, ours or the weather's in a service."""


class EnvironmentBuildError(MendloopError):
    """Theirs: the interpreter or the requirements cannot be used; the message has the resolver's own words."""


class SandboxUnavailableError(MendloopError):
    """Ours or the weather's: no box could be started. Nothing was learned about the artifact."""
