"""Whose fault it is that an environment cannot be had."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.builders import notebook
from tests.workers.running.commissions import TODAY
from workers.contract import config_file
from workers.contract.domain import Errored, Unrepaired
from workers.contract.errors import EnvironmentBuildError, SandboxUnavailableError
from workers.contract.redact import redactor
from workers.environments.errors import IndexUnreachable, NoRoom, TookTooLong
from workers.running.environments import Unusable, refuse_mistakes, refuse_programs
from workers.running.prepared import Prepared
from workers.settings import Plan, Root, assemble

if TYPE_CHECKING:
    from collections.abc import Callable

REPO = Path("/srv/repo")
UNREACHABLE = """Using Python 3.11.7 environment at: /cache/venv
error: Request failed after 3 retries in 9.0s
  cause: Failed to fetch: http://127.0.0.1:9/simple/numpy/
  cause: error sending request for url (http://127.0.0.1:9/simple/numpy/)
  cause: client error (Connect)
  cause: Connection refused (os error 111)"""
UNSATISFIABLE = """Using Python 3.11.7 environment at: /cache/venv
error: No solution found when resolving dependencies
  cause: Because only numpy<=2.4 is available and you require numpy==99, your requirements are unsatisfiable."""


def plan(text: str, **flags: str) -> Plan:
    given = {f"--{name}": value for name, value in flags.items()}
    return assemble(config_file.read(text.encode(), "m.yml"), {}, given, repo=REPO, as_of=TODAY)


def root(text: str = "requirements: r.txt", **flags: str) -> Root:
    return plan(text, **flags).roots[0]


def unusable(of: Root, words: str) -> Unusable:
    return Unusable(root=of, error=EnvironmentBuildError(words), repo=REPO)


def test_requirements_that_nothing_satisfies_are_the_owners_to_change_in_the_resolvers_words() -> None:
    report = unusable(root(), UNSATISFIABLE).report(notebook("print(1)"))

    assert isinstance(report.outcome, Unrepaired)
    (found,) = report.outcome.remaining
    assert "your requirements are unsatisfiable" in found.message
    assert "/cache" not in found.message
    assert found.unlock == "Change the requirements so that an environment can be made of them."


@pytest.mark.parametrize(
    "error",
    [
        IndexUnreachable(UNREACHABLE),
        TookTooLong("uv was still working after 1800 s and was stopped."),
        NoRoom("error: Failed to write\n  cause: No space left on device (os error 28)"),
    ],
)
def test_an_index_out_of_reach_and_a_full_disk_are_not_shown_as_the_owners_fault(error: EnvironmentBuildError) -> None:
    words = str(error)
    report = Unusable(root=root(), error=error, repo=REPO).report(notebook("print(1)"))

    assert isinstance(report.outcome, Errored)
    assert words.splitlines()[-1].strip() in report.outcome.reason
    assert report.findings == ()


def test_what_fails_where_the_owner_named_nothing_is_ours() -> None:
    assert not unusable(root(""), UNSATISFIABLE).theirs
    assert not Unusable(root=root(), error=SandboxUnavailableError("No box"), repo=REPO).theirs
    assert not Unusable(root=root(), error=OSError("no file handles"), repo=REPO).theirs


def prepared(of: Plan, *paths: str) -> Prepared:
    documents = tuple(notebook("print(1)", path=path) for path in paths)
    return Prepared(repo=REPO, plan=of, documents=documents, unread=(), redactor=redactor({}))


def test_a_typed_mistake_ends_a_command_only_where_no_root_can_be_run() -> None:
    typed = plan("roots: [{path: docs}]", python="/nowhere/python")
    failed = [unusable(each, "not there") for each in typed.roots]

    with pytest.raises(EnvironmentBuildError, match="not there"):
        refuse_mistakes(failed, 2)
    with pytest.raises(EnvironmentBuildError, match="not there"):
        refuse_mistakes(failed[:1], 1)
    assert not is_refused(refuse_mistakes, failed[:1], 2)
    assert not is_refused(refuse_mistakes, [], 0)


def is_refused(refuse: Callable[..., None], *arguments: Any) -> bool:
    try:
        refuse(*arguments)
    except EnvironmentBuildError:
        return True
    return False


def test_requirements_that_stand_in_the_repository_are_no_mistake_in_what_was_typed() -> None:
    configured = plan("requirements: r.txt")

    assert not is_refused(refuse_mistakes, [unusable(configured.roots[0], UNSATISFIABLE)], 1)


@pytest.mark.parametrize(
    "name", ["/usr/bin/env", "reboot", "python3.12/../reboot", "python3.12\n", "pypy3", "~/python3"]
)
def test_where_the_machine_is_not_the_owners_no_program_of_it_is_theirs_to_name(name: str) -> None:
    named = Root(
        path=".", include=(), exclude=(), python=name, requirements=None, settings=root("").settings, typed=False
    )

    with pytest.raises(EnvironmentBuildError, match="may name a version such as"):
        refuse_programs(named)


@pytest.mark.parametrize("name", ["python", "python3", "python3.12"])
def test_a_version_may_be_named_anywhere_and_what_the_operator_typed_too(name: str) -> None:
    assert not is_refused(refuse_programs, root(f"python: {name}"))
    assert not is_refused(refuse_programs, root("", python="/opt/python/bin/python"))
    assert not is_refused(refuse_programs, root(""))
