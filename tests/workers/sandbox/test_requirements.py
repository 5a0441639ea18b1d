from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.requirements import Requirement

from workers.contract.errors import EnvironmentBuildError
from workers.sandbox.requirements import normalised, parse, read

if TYPE_CHECKING:
    from pathlib import Path

DIGEST = "a" * 64

HOSTILE = {
    "a file of the process": "-r /proc/self/environ",
    "a file by its long name": "--requirement=/etc/shadow",
    "constraints": "-c http://example.invalid/constraints.txt",
    "an index": "--index-url http://example.invalid/simple",
    "an index, short": "-i http://example.invalid/simple",
    "one more index": "--extra-index-url=http://example.invalid/simple",
    "trust": "--trusted-host example.invalid",
    "links": "-f file:///etc",
    "a checkout": "-e .",
    "a checkout elsewhere": "--editable git+https://example.invalid/x.git#egg=x",
    "the folder": ".",
    "a path": "./wheels/six-1.0-py3-none-any.whl",
    "an absolute path": "/etc/passwd",
    "a home": "~/x",
    "a Windows path": "\\\\server\\share",
    "a wheel by name": "six-1.0-py3-none-any.whl",
    "an archive by name": "six-1.0.tar.gz",
    "a file address": "file:///etc/passwd",
    "a bare address": "https://example.invalid/x-1.0-py3-none-any.whl",
    "a repository": "git+https://example.invalid/x.git",
    "a direct reference": "six @ https://example.invalid/six-1.0-py3-none-any.whl",
    "a direct reference to a file": "six @ file:///etc/passwd",
    "a direct reference to a path": "six @ ../six",
    "an option behind a requirement": 'six --global-option="--help"',
    "a short option behind": "six -i http://example.invalid",
    "an option of its own, continued": "--index-\\\nurl http://example.invalid/simple",
    "a broken hash": "six --hash=sha256:zz",
    "a hash of a weak kind": f"six --hash=md5:{'a' * 32}",
    "a variable": 'six; python_version > "${HOME}"',
    "a null": "six\0",
    "an escape": "six\x1b[31m",
    "a separator": "six\u2028-r /etc/shadow",
    "an invisible letter": "si\u200bx",
    "a carriage return inside": "six\r-r /etc/shadow",
    "a very long line": "six" + ",>1" * 400_000,
    "a shell": "$(touch /tmp/x)",
    "deep brackets": "six; " + "(" * 20_000,
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_line_that_is_no_plain_requirement_is_refused_by_number_and_text(line: str) -> None:
    started = time.monotonic()

    with pytest.raises(EnvironmentBuildError) as refused:
        parse(f"numpy==2.1.0\n# a comment\n{line}\n", "requirements.txt")

    assert "line 3 of requirements.txt" in str(refused.value)
    assert len(str(refused.value)) < 500
    assert time.monotonic() - started < 2


def test_a_plain_file_comes_out_normalised_and_each_requirement_once() -> None:
    text = """\
# what the notebooks need
NumPy == 2.1.0   # pinned
pandas[performance,excel]>=2.2,<3
tomli ; python_version < "3.11"
numpy==2.1.0

Some_Thing.else
scipy \\
    >=1.11
"""

    assert parse(text, "r") == (
        "numpy==2.1.0",
        "pandas[excel,performance]<3,>=2.2",
        'tomli; python_version < "3.11"',
        "some-thing-else",
        "scipy>=1.11",
    )


def test_hashes_stay_with_their_requirement() -> None:
    text = f"six==1.17.0 \\\n    --hash=sha256:{DIGEST} \\\n    --hash=sha512:{'b' * 128}\nwheel\n"

    assert parse(text, "r") == (f"six==1.17.0 --hash=sha256:{DIGEST} --hash=sha512:{'b' * 128}", "wheel")


def test_options_that_ask_for_what_is_done_anyway_are_passed_over() -> None:
    assert parse("--prefer-binary\n--only-binary=:all:\n--only-binary :all:\n--require-hashes\nsix\n", "r") == ("six",)


def test_a_file_with_a_byte_order_mark_and_windows_line_ends_is_read(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_bytes(b"\xef\xbb\xbfsix\r\nwheel\r\n")

    assert read(path) == ("six", "wheel")


def test_a_file_that_ends_within_a_line_is_refused() -> None:
    with pytest.raises(EnvironmentBuildError, match=r"line 2 of r ends in a backslash"):
        parse("six\nwheel \\", "r")


def test_an_empty_file_asks_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "requirements.txt"
    path.write_text("\n# nothing yet\n\n")

    assert read(path) == ()


def test_what_is_no_text_file_is_refused_and_shows_nothing_of_it(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary-5f3e: not yours\n")
    link, pipe, binary, large = (tmp_path / name for name in ("link", "pipe", "binary", "large"))
    link.symlink_to(secret)
    os.mkfifo(pipe)
    binary.write_bytes(b"\xff\xfe\x00")
    large.write_text("#" * 2_000_000)

    for path in (link, pipe, binary, large, tmp_path, tmp_path / "missing"):
        with pytest.raises(EnvironmentBuildError) as refused:
            read(path)
        assert str(path) in str(refused.value)
        assert "canary" not in str(refused.value)


def test_more_requirements_than_anyone_needs_are_refused() -> None:
    with pytest.raises(EnvironmentBuildError, match="more than"):
        parse("\n".join(f"package-{number}" for number in range(5000)), "r")


def test_requirements_given_one_by_one_are_held_to_the_same() -> None:
    assert normalised(("NumPy==2.1.0", " six ", "numpy==2.1.0")) == ("numpy==2.1.0", "six")
    for line in HOSTILE.values():
        with pytest.raises(EnvironmentBuildError):
            normalised((line,))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=60) | st.sampled_from([*list(HOSTILE.values()), "six", "a[b]>1;python_version>'3'"])))
def test_whatever_the_text_only_plain_requirements_come_out(lines: list[str]) -> None:
    try:
        found = parse("\n".join(lines), "r")
    except EnvironmentBuildError:
        return

    for line in found:
        requirement = Requirement(line.split(" --hash=", 1)[0])
        assert requirement.url is None
        assert not line.startswith(("-", ".", "/"))
        assert "\n" not in line
        assert "${" not in line
