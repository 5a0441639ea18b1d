from __future__ import annotations

import json

from tests.workers.environments.repositories import opener, requirements, whys
from workers.environments.declared.locks import read_pipfile_lock, read_toml

DIGEST = f"sha256:{'a' * 64}"
NOTHING = opener({})


def test_uv_lock_is_versions_and_digests_under_their_conditions() -> None:
    lock = f"""
version = 1
requires-python = ">=3.10"
[[package]]
name = "project"
version = "0.1"
source = {{ editable = "." }}
[[package]]
name = "NumPy"
version = "1.26.4"
source = {{ registry = "https://example.invalid/simple" }}
resolution-markers = ["python_full_version < '3.11'"]
sdist = {{ url = "https://example.invalid/n.tar.gz", hash = "{DIGEST}" }}
wheels = [{{ url = "https://example.invalid/n.whl", hash = "sha256:{"b" * 64}" }}, {{ hash = "md5:1" }}]
[[package]]
name = "forked"
version = "2"
source = {{ git = "https://example.invalid/forked?rev=1#1" }}
"""

    said = read_toml(lock.encode(), "uv.lock", NOTHING)

    assert requirements(said.constraints) == ['numpy==1.26.4; python_full_version < "3.11"']
    assert said.constraints[0].hashes == (DIGEST, f"sha256:{'b' * 64}")
    assert (said.python, said.members, said.asked) == (">=3.10", {"project"}, ())
    assert [each.name for each in said.refused] == ["forked"]
    assert "example.invalid" not in repr(said.constraints)


def test_poetry_lock_old_and_new_is_read() -> None:
    new = f'[[package]]\nname="six"\nversion="1.17.0"\nfiles=[{{file="six.whl",hash="{DIGEST}"}}]\n[metadata]\npython-versions="^3.9"\n'
    old = f'[[package]]\nname="six"\nversion="1.17.0"\n[metadata.files]\nsix=[{{file="six.whl",hash="{DIGEST}"}}]\n'

    found = [read_toml(text.encode(), "poetry.lock", NOTHING) for text in (new, old)]

    assert [[(each.requirement, each.hashes) for each in said.constraints] for said in found] == [
        [("six==1.17.0", (DIGEST,))],
        [("six==1.17.0", (DIGEST,))],
    ]
    assert found[0].python == "<4.0,>=3.9"


def test_a_checkout_in_poetry_lock_is_refused_by_name() -> None:
    lock = '[[package]]\nname="lux"\nversion="1"\n[package.source]\ntype="git"\nurl="https://example.invalid/lux"\n'

    said = read_toml(lock.encode(), "poetry.lock", NOTHING)

    assert (said.constraints, [each.name for each in said.refused]) == ((), ["lux"])


def test_an_index_of_its_own_in_poetry_lock_is_no_reason_to_refuse() -> None:
    lock = (
        '[[package]]\nname="torch"\nversion="2.1"\n[package.source]\ntype="legacy"\nurl="https://example.invalid/whl"\n'
    )

    assert requirements(read_toml(lock.encode(), "poetry.lock", NOTHING).constraints) == ["torch==2.1"]


def test_pylock_is_read() -> None:
    lock = f'lock-version="1.0"\n[[packages]]\nname="six"\nversion="1.17.0"\nwheels=[{{name="s.whl",hashes={{sha256="{"a" * 64}"}}}}]\n'

    said = read_toml(lock.encode(), "pylock.toml", NOTHING)

    assert [(each.requirement, each.hashes) for each in said.constraints] == [("six==1.17.0", (DIGEST,))]


def test_pipfile_lock_is_read() -> None:
    lock = {
        "_meta": {"requires": {"python_version": "3.9"}},
        "default": {
            "six": {"version": "==1.17.0", "hashes": [DIGEST, "md5:1"], "markers": "python_version >= '3'"},
            "mine": {"git": "https://example.invalid/mine"},
        },
        "develop": {"six": {"version": "==1.0"}, "pytest": {"version": "==8.0"}},
    }

    said = read_pipfile_lock(json.dumps(lock).encode(), "Pipfile.lock", NOTHING)

    assert requirements(said.constraints) == ['six==1.17.0; python_version >= "3"', "pytest==8.0"]
    assert said.constraints[0].hashes == (DIGEST,)
    assert said.python == "==3.9.*"
    assert list(whys(said)) == ["mine"]


def test_a_broken_lock_is_refused_and_holds_nothing() -> None:
    for said in (
        read_toml(b"[[package", "uv.lock", NOTHING),
        read_pipfile_lock(b"[" * 100_000, "Pipfile.lock", NOTHING),
        read_pipfile_lock(b'{"default": ' + b"9" * 5000 + b"}", "Pipfile.lock", NOTHING),
    ):
        assert said.constraints == ()
        assert len(said.refused) == 1
