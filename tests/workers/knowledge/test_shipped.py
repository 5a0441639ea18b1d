from importlib import resources
from pathlib import Path

from workers.knowledge import packs, shipped


def test_every_shipped_file_is_part_of_the_digest(tmp_path: Path) -> None:
    files = [entry for entry in resources.files("workers.knowledge").iterdir() if entry.name.endswith(".yml")]
    for entry in files:
        (tmp_path / entry.name).write_bytes(entry.read_bytes())

    seen = {shipped.digest_of(tmp_path)}
    for entry in files:
        with (tmp_path / entry.name).open("ab") as file:
            file.write(b"# one more line\n")
        seen.add(shipped.digest_of(tmp_path))

    assert {entry.name for entry in files} == {f"{name}.yml" for name in (*packs.SHIPPED, "models", "shapes")}
    assert shipped.digest() in seen
    assert len(seen) == len(files) + 1


def test_other_files_do_not_matter(tmp_path: Path) -> None:
    before = shipped.digest_of(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")

    assert shipped.digest_of(tmp_path) == before
