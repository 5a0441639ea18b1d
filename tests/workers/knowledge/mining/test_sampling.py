"""Which releases are read."""

from __future__ import annotations

import pytest
from packaging.version import Version

from workers.contract.errors import ConfigError
from workers.knowledge.mining.sampling import MOST, asked, sample


def _versions(*texts: str) -> list[Version]:
    return [Version(text) for text in texts]


def test_of_each_minor_release_the_first_and_the_last_patch_are_read() -> None:
    versions = _versions("1.0.0", "1.0.1", "1.0.2", "1.1.0", "2.0.0rc1", "2.0.0", "2.0.4")

    assert sample(versions, asked("lib==..")) == tuple(_versions("1.0.0", "1.0.2", "1.1.0", "2.0.0", "2.0.4"))


def test_an_end_means_all_its_patches() -> None:
    versions = _versions("1.9", "2.0.0", "2.1.7", "2.2.0")

    assert sample(versions, asked("Lib_Name==2.0..2.1")) == tuple(_versions("2.0.0", "2.1.7"))


def test_a_minor_release_of_hundreds_of_patches_is_looked_at_in_between() -> None:
    found = sample([Version(f"0.0.{patch}") for patch in range(350)], asked("lib==.."))

    assert len(found) == 7
    assert (str(found[0]), str(found[-1])) == ("0.0.0", "0.0.349")


def test_very_many_minor_releases_are_thinned_and_keep_their_ends() -> None:
    found = sample([Version(f"1.{minor}.{patch}") for minor in range(200) for patch in (0, 1)], asked("lib==.."))

    assert len(found) == MOST
    assert (str(found[0]), str(found[-1])) == ("1.0.1", "1.199.1")


@pytest.mark.parametrize("text", ["pandas", "pandas>=1", "pandas==1.0", "==1..2", "pandas==one..two"])
def test_what_is_no_range_is_named_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ConfigError, match=r"write it as pandas==1\.0\.\.2\.2"):
        asked(text)
