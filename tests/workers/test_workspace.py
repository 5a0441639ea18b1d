import json
import subprocess
from datetime import date
from pathlib import Path

import pytest

from tests.builders import notebook
from workers.contract import config_file
from workers.contract.domain import Errored, Report, Skipped
from workers.contract.errors import ConfigError
from workers.documents.sketch import Sketch, sketch
from workers.settings import Plan, assemble
from workers.workspace import discover, find_repo, inventory, load, load_config, writable_again

NOTEBOOK = notebook("print(1)", ("markdown", "# Title"), "print(2)").raw
MB = 1 << 20


def plan(repo: Path, text: str = "") -> Plan:
    return assemble(config_file.read(text.encode(), "m.yml"), {}, {}, repo=repo, as_of=date(2026, 11, 20))


def put(repo: Path, *paths: str, content: bytes = NOTEBOOK) -> None:
    for path in paths:
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_bytes(content)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    (made / ".git").mkdir(parents=True)
    return made


def found(repo: Path, *paths: str, config: str = "") -> list[str]:
    return list(discover(repo, [repo / path for path in paths or ("",)], plan(repo, config)))


def test_a_folder_is_searched_and_copies_builds_and_environments_are_left_out(repo: Path) -> None:
    put(repo, "a.ipynb", "docs/b.ipynb", "docs/deep/er/c d.ipynb", "docs/readme.md")
    put(
        repo, ".ipynb_checkpoints/a.ipynb", "docs/.ipynb_checkpoints/b.ipynb", "build/x.ipynb", "node_modules/m/x.ipynb"
    )
    put(repo, ".venv/x.ipynb", "venv/x.ipynb", "env/x.ipynb", "lib/site-packages/x.ipynb", ".git/x.ipynb")
    put(repo, "my-python/x.ipynb", "my-python/pyvenv.cfg")

    assert found(repo) == ["a.ipynb", "docs/b.ipynb", "docs/deep/er/c d.ipynb"]
    assert found(repo, "docs") == ["docs/b.ipynb", "docs/deep/er/c d.ipynb"]


def test_a_file_is_taken_as_named_and_each_only_once(repo: Path) -> None:
    put(repo, "build/x.ipynb", "a.ipynb")

    assert found(repo, "build/x.ipynb", "a.ipynb", "") == ["a.ipynb", "build/x.ipynb"]


def test_globs_of_the_configuration_decide_root_by_root(repo: Path) -> None:
    put(repo, "a.ipynb", "drafts/b.ipynb", "docs/c.ipynb", "docs/old/d.ipynb", "docs/tutorial/e.ipynb")
    config = "exclude: [drafts/]\nroots: [{path: docs, include: ['/tutorial/**', 'c.*'], exclude: []}]"

    assert found(repo, config=config) == ["a.ipynb", "docs/c.ipynb", "docs/tutorial/e.ipynb"]


def test_what_git_ignores_is_left_out_exactly_as_git_does(repo: Path) -> None:
    names = [
        "a.ipynb",
        "out/b.ipynb",
        "sub/c.ipynb",
        "sub/keep.ipynb",
        "sub/deep/d.ipynb",
        "tmp_e.ipynb",
        "x/y/z/f.ipynb",
    ]
    names += ["anchored.ipynb", "sub/anchored.ipynb", "info.ipynb", "sub/out/keep.ipynb"]
    (repo / ".git").rmdir()
    subprocess.run(["git", "init", "-q", repo], check=True, timeout=60)
    put(repo, *names)
    put(repo, ".gitignore", content=b"out/\ntmp_*\n/anchored.ipynb\nx/**/f.ipynb\n!\nbroken\\\n")
    put(repo, "sub/.gitignore", content=b"*.ipynb\n!keep.ipynb\n!deep/\n")
    put(repo, ".git/info/exclude", content=b"info.ipynb\n")

    by_git = {
        name
        for name in names
        if subprocess.run(["git", "check-ignore", "-q", name], cwd=repo, check=False, timeout=60).returncode == 1
    }

    assert set(found(repo)) == by_git == {"a.ipynb", "sub/keep.ipynb"}


def test_a_link_out_of_the_repository_is_neither_followed_nor_read(repo: Path, tmp_path: Path) -> None:
    put(tmp_path, "outside/secret.ipynb")
    put(repo, "a.ipynb")
    (repo / "folder").symlink_to(tmp_path / "outside")
    (repo / "file.ipynb").symlink_to(tmp_path / "outside" / "secret.ipynb")
    (repo / "loop").symlink_to(repo)

    assert found(repo) == ["a.ipynb"]
    report = load(repo, "file.ipynb", MB)
    assert isinstance(report, Report)
    assert report.outcome == Skipped(reason="'file.ipynb' leads out of the repository")


def test_a_named_link_that_leads_out_counts_where_it_stands_and_ends_that_artifact_alone(
    repo: Path, tmp_path: Path
) -> None:
    put(tmp_path, "outside/secret.ipynb")
    put(repo, "a.ipynb", "docs/b.ipynb")
    (repo / "folder").symlink_to(tmp_path / "outside")
    (repo / "link.ipynb").symlink_to(tmp_path / "outside" / "secret.ipynb")
    (repo / "circle.ipynb").symlink_to("circle.ipynb")
    (repo / "alias.ipynb").symlink_to("docs/b.ipynb")
    (tmp_path / "entrance").symlink_to(repo)
    names = ("a.ipynb", "link.ipynb", "circle.ipynb", "alias.ipynb", "folder/secret.ipynb", "folder")
    named = [repo / name for name in names] + [tmp_path / "entrance" / "link.ipynb"]

    assert find_repo([repo / "a.ipynb", repo / "link.ipynb"], None) == find_repo(named, repo) == repo
    found = discover(repo, named, plan(repo))

    assert found == ("a.ipynb", "circle.ipynb", "docs/b.ipynb", "folder", "folder/secret.ipynb", "link.ipynb")
    read = {path: isinstance(load(repo, path, MB), Report) for path in found}
    assert {path for path, unread in read.items() if not unread} == {"a.ipynb", "docs/b.ipynb"}


def test_what_lies_elsewhere_is_a_mistake_also_where_a_link_is_on_the_way(repo: Path, tmp_path: Path) -> None:
    put(tmp_path, "outside/secret.ipynb", "outside/deep/x.ipynb")
    (repo / "folder").symlink_to(tmp_path / "outside" / "deep")

    for elsewhere in (tmp_path / "outside/secret.ipynb", repo / "folder/../secret.ipynb"):
        with pytest.raises(ConfigError, match="lies outside the repository"):
            find_repo([elsewhere], repo)


@pytest.mark.parametrize("folder", [".github", "docs/.VSCode/deep", ".jupyter"])
def test_an_artifact_in_a_folder_that_steers_tools_is_skipped(repo: Path, folder: str) -> None:
    put(repo, f"{folder}/a.ipynb")
    (repo / "link").symlink_to(folder)

    for path in (f"{folder}/a.ipynb", "link/a.ipynb"):
        report = load(repo, path, MB)
        assert isinstance(report, Report)
        assert report.outcome == Skipped(reason=f"{path!r} lies in a protected folder; no repair writes there")


def test_the_repository_is_found_upward_or_said(repo: Path, tmp_path: Path) -> None:
    put(repo, "docs/a.ipynb", "b.ipynb")
    put(tmp_path, "loose/c.ipynb", "loose/deep/d.ipynb")

    assert find_repo([repo / "docs/a.ipynb"], None) == repo
    assert find_repo([repo / "docs"], repo / "docs") == repo / "docs"
    assert find_repo([tmp_path / "loose/c.ipynb", tmp_path / "loose/deep"], None) == tmp_path / "loose"
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        find_repo([repo / "missing.ipynb"], None)
    with pytest.raises(ConfigError, match="is not a folder"):
        find_repo([repo / "b.ipynb"], repo / "b.ipynb")


HOSTILE = {
    "not-json": b"{",
    "invalid-utf8": b"\xff\xfe{}",
    "not-a-notebook": b"[]",
    "too-large": b" " * (MB + 1),
}


@pytest.mark.parametrize("code", HOSTILE)
def test_a_file_that_is_no_notebook_is_skipped_with_its_reason(repo: Path, code: str) -> None:
    put(repo, "a.ipynb", content=HOSTILE[code])

    report = load(repo, "a.ipynb", MB)

    assert isinstance(report, Report)
    assert isinstance(report.outcome, Skipped)
    assert report.outcome.reason.startswith(f"{code}: ")
    assert report.artifact.path == "a.ipynb"


def test_other_languages_and_other_files_are_skipped_with_a_reason(repo: Path) -> None:
    kernel = {"name": "ir", "language": "R", "display_name": "R"}
    put(repo, "r.ipynb", content=notebook("1 + 1", kernelspec=kernel, language_info={"name": "R"}).raw)
    put(repo, "page.md", content=b"# Title\n")

    outcomes = [report.outcome for path in ("r.ipynb", "page.md") if isinstance(report := load(repo, path, MB), Report)]

    assert outcomes == [
        Skipped(reason="its kernel speaks 'r'; only Python is run"),
        Skipped(reason="not a notebook: only .ipynb files are read"),
    ]


def test_a_file_that_cannot_be_opened_is_an_operational_error(repo: Path) -> None:
    report = load(repo, "gone.ipynb", MB)

    assert isinstance(report, Report)
    assert report.outcome == Errored(reason="unreadable: gone.ipynb cannot be read: No such file or directory")


def test_a_notebook_of_python_is_read_and_counted(repo: Path) -> None:
    put(repo, "docs/a b.ipynb")

    document = load(repo, "docs/a b.ipynb", MB)

    assert not isinstance(document, Report)
    (item,) = inventory([document])
    assert (item.path, item.name, item.cells, item.code_cells, item.language) == (
        "docs/a b.ipynb",
        "a b",
        3,
        2,
        "python",
    )


def test_the_configuration_is_read_from_the_repository_or_from_where_it_is_said(repo: Path, tmp_path: Path) -> None:
    assert load_config(repo, None) is None
    put(repo, ".github/mendloop.yml", content=b"jobs: 3\n")
    put(tmp_path, "other.yml", content=b"jobs: 4\n")

    chosen = [load_config(repo, None), load_config(repo, tmp_path / "other.yml")]

    assert [file.config.jobs for file in chosen if file] == [3, 4]
    with pytest.raises(ConfigError, match=r"missing.yml cannot be read"):
        load_config(repo, tmp_path / "missing.yml")
    put(repo, ".github/mendloop.yml", content=b"#" * 100_000)
    with pytest.raises(ConfigError, match=r"more than the 0\.0625 MB allowed"):
        load_config(repo, None)


def test_a_file_that_changed_since_it_was_read_is_not_overwritten(repo: Path) -> None:
    put(repo, "a.ipynb")
    document = load(repo, "a.ipynb", MB)
    assert not isinstance(document, Report)

    assert writable_again(repo, document) == repo / "a.ipynb"
    put(repo, "a.ipynb", content=NOTEBOOK + b" ")
    with pytest.raises(ConfigError, match="has changed since it was read; nothing was written to it"):
        writable_again(repo, document)
    (repo / "a.ipynb").unlink()
    with pytest.raises(ConfigError, match="has changed since it was read"):
        writable_again(repo, document)


def test_an_ignore_file_that_is_no_text_or_endless_is_overlooked(repo: Path) -> None:
    put(repo, "a.ipynb")
    put(repo, ".gitignore", content=b"\xff\xfe\n" + b"*" * 10_000 + b"\n" + json.dumps({"a": 1}).encode())
    assert found(repo) == ["a.ipynb"]

    with (repo / ".gitignore").open("wb") as file:
        file.truncate(1 << 40)
    assert found(repo) == ["a.ipynb"]


def test_who_looks_at_sources_alone_reads_no_further(repo: Path) -> None:
    (repo / "a.ipynb").write_bytes(notebook("a = 1").raw)
    (repo / "b.ipynb").write_text("{")

    drawn, whole = load(repo, "a.ipynb", MB, sketch), load(repo, "a.ipynb", MB)

    assert isinstance(drawn, Sketch)
    assert not isinstance(whole, Report)
    assert drawn.cells == whole.cells
    assert load(repo, "b.ipynb", MB, sketch) == load(repo, "b.ipynb", MB)
