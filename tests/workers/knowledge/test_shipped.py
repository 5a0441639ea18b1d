from pathlib import Path

from workers.knowledge import packs, shipped

KNOWLEDGE = Path(shipped.__file__).parent


def test_every_shipped_file_is_part_of_the_digest(tmp_path: Path) -> None:
    files = [path for kind in ("yml", "toml", "json") for path in sorted(KNOWLEDGE.rglob(f"*.{kind}"))]
    copies = [tmp_path / path.relative_to(KNOWLEDGE) for path in files]
    for path, copy in zip(files, copies, strict=True):
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(path.read_bytes())

    seen = {shipped.digest_of(tmp_path)}
    for copy in copies:
        with copy.open("ab") as file:
            file.write(b"# one more line\n")
        seen.add(shipped.digest_of(tmp_path))

    assert shipped.digest() in seen
    assert len(seen) == len(files) + 1


def test_every_pack_is_read() -> None:
    others = {"models.yml", *(path.name for path in KNOWLEDGE.glob("shapes*.yml"))}

    assert {path.name for path in KNOWLEDGE.glob("*.yml")} == {file.name for file in packs.files()} | others


def test_other_files_do_not_matter(tmp_path: Path) -> None:
    before = shipped.digest_of(tmp_path)
    (tmp_path / "notes.txt").write_text("nothing")

    assert shipped.digest_of(tmp_path) == before
