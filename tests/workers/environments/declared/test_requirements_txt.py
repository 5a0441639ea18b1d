from __future__ import annotations

import time

import pytest

from tests.workers.environments.repositories import opener, requirements, whys
from workers.environments.declared.requirements_txt import read
from workers.environments.declared.said import MAX_ITEMS, Said

DIGEST = "a" * 64


def read_text(text: str | bytes, path: str = "requirements.txt", **files: str) -> Said:
    raw = text if isinstance(text, bytes) else text.encode()
    return read(raw, path, opener({name.replace("__", "/") + ".txt": content for name, content in files.items()}))


def test_plain_lines_come_out_normalised_with_their_line() -> None:
    said = read_text("# needed\nNumPy == 2.1.0  # pinned\npandas[performance,excel]>=2.2\nscipy \\\n  >=1.11\n")

    assert requirements(said.asked) == ["numpy==2.1.0", "pandas[excel,performance]>=2.2", "scipy>=1.11"]
    assert [each.origin for each in said.asked] == [f"requirements.txt:{line}" for line in (2, 3, 4)]
    assert said.refused == said.missing == said.notes == ()


def test_hashes_stay_with_their_requirement_and_weak_ones_do_not_count() -> None:
    said = read_text(f"six==1.17.0 --hash=sha256:{DIGEST} \\\n --hash=sha512:{'b' * 128}\n")

    assert [(each.requirement, each.hashes) for each in said.asked] == [("six==1.17.0", (f"sha256:{DIGEST}",))]


def test_a_line_that_is_not_followed_does_not_take_the_others_with_it() -> None:
    said = read_text("numpy\n--index-url https://u:secret@example.invalid/simple\n-f ./wheels\nthis is none\npandas\n")

    assert requirements(said.asked) == ["numpy", "pandas"]
    assert [each.origin for each in said.refused] == [f"requirements.txt:{line}" for line in (2, 3, 4)]
    assert "secret" not in repr(said)


@pytest.mark.parametrize(
    "line",
    [
        "-r /proc/self/environ",
        "-r ../secrets.txt",
        "--requirement=/etc/shadow",
        "-c https://example.invalid/constraints.txt",
        "-i https://example.invalid/simple",
        "--extra-index-url=https://example.invalid/simple",
        "--trusted-host example.invalid",
        "-e ../elsewhere",
        "/etc/passwd",
        "~/x",
        "..",
        "\\\\server\\share",
        "file:///etc/passwd",
        "six @ file:///etc/passwd",
        "git+ssh://git@example.invalid/x.git",
        "six @ https://user:pass@example.invalid/six-1.0.tar.gz",
        'six; python_version > "${HOME}"',
        "si\u200bx",
        "six\x1b[31m",
        "$(touch x)",
        "six; " + "(" * 20_000,
    ],
)
def test_a_hostile_line_is_refused_and_asks_for_nothing(line: str) -> None:
    said = read_text(f"{line}\n")

    assert said.asked == said.folders == said.constraints == ()
    assert len(said.refused) == 1
    assert len(said.refused[0].text) <= 200


def test_an_option_behind_a_requirement_is_refused_and_the_requirement_stands() -> None:
    said = read_text('six --global-option="--help"\n')

    assert requirements(said.asked) == ["six"]
    assert list(whys(said)) == ['--global-option="--help"']


def test_an_address_is_kept_apart_until_somebody_allows_it() -> None:
    said = read_text(
        "git+https://example.invalid/o/clip.git@main#egg=clip\nwheels/six-1.0-py3-none-any.whl\n", "sub/r.txt"
    )

    assert [(each.requirement, each.address) for each in said.asked] == [
        ("clip", "git+https://example.invalid/o/clip.git@main#egg=clip"),
        ("six", "repo:sub/wheels/six-1.0-py3-none-any.whl"),
    ]


def test_files_of_the_repository_are_included_from_where_they_are_named() -> None:
    said = read_text(
        "-r base.txt\n-c pins.txt\n",
        "docs/r.txt",
        docs__base="numpy\n-r ../more.txt\n",
        docs__pins="numpy==1.26.4",
        more="six",
    )

    assert requirements(said.asked) == ["numpy", "six"]
    assert requirements(said.constraints) == ["numpy==1.26.4"]
    assert [each.origin for each in said.asked] == ["docs/base.txt:1", "more.txt:1"]


def test_files_that_include_each_other_are_read_once() -> None:
    said = read_text("-r b.txt\nsix\n", "a.txt", b="-r a.txt\n-r b.txt\nwheel\n")

    assert requirements(said.asked) == ["wheel", "six"]


def test_a_missing_include_is_told() -> None:
    said = read_text("-r gone.txt\nsix\n")

    assert requirements(said.asked) == ["six"]
    assert "No such file" in whys(said)["gone.txt"]


def test_the_repository_itself_is_a_folder_to_install() -> None:
    said = read_text("-e .[test]\n./lib\n", "docs/requirements.txt")

    assert said.folders == ("docs", "docs/lib")


def test_a_frozen_list_out_of_conda_is_read_as_what_it_is() -> None:
    said = read_text(
        "# platform: linux-64\nnumpy=1.19.2=py37h54aff64_0\npython=3.7.9=h7579374_0\n_libgcc_mutex=0.1=main\n"
        "certifi @ file:///tmp/build/80754af9/certifi_1617\nmylib @ file:///home/me/mylib\n"
    )

    assert requirements(said.asked) == ["numpy==1.19.2", "certifi"]
    assert said.python == "==3.7.*"
    assert [each.name for each in said.missing] == ["_libgcc_mutex"]
    assert [each.name for each in said.refused] == ["mylib"]


def test_a_list_written_by_powershell_is_read() -> None:
    assert requirements(read_text(b"\xff\xfe" + "six\r\nwheel\r\n".encode("utf-16-le")).asked) == ["six", "wheel"]


def test_what_is_no_text_is_refused_by_name() -> None:
    said = read_text(b"\x80\x81six\n")

    assert "not UTF-8" in whys(said)["requirements.txt"]
    assert not said.usable


def test_a_huge_list_is_cut_and_that_is_said() -> None:
    said = read_text("-x\n" * 300_000)

    assert len(said.refused) <= MAX_ITEMS
    assert any(f"Only the first {MAX_ITEMS}" in note for note in said.notes)


def test_a_line_of_nothing_but_blanks_costs_no_time() -> None:
    started = time.monotonic()

    read_text(("six" + " " * 60_000 + "x\n") * 5)

    assert time.monotonic() - started < 60
