"""The owner wishes, the machine grants: hosts by name, credentials to the hosts they are for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from workers.contract.errors import ConfigError
from workers.contract.network import Host, Network
from workers.network.allowing import Allowance, granted
from workers.network.credentials import Credential, read

if TYPE_CHECKING:
    from pathlib import Path

DATA, API = Host(name="data.example.org"), Host(name="api.example.org", credential="key")
WISHED = Network(hosts=(DATA, API))
KEY = Credential(value="sesame-12345678", hosts=frozenset({"api.example.org"}), repositories=frozenset({"ada/notes"}))


def names(network: Network) -> list[str]:
    return [host.name for host in network.hosts]


def test_where_a_machine_serves_strangers_nothing_is_granted_unless_its_operator_said_so() -> None:
    nothing = granted(WISHED, Allowance(), "ada/notes")
    data = granted(WISHED, Allowance.of_list(" Data.example.org, "), "ada/notes")

    assert names(nothing.network) == []
    assert len(nothing.refused) == 2
    assert names(data.network) == ["data.example.org"]
    assert data.refused == ("api.example.org: whoever runs this machine has not allowed it",)


def test_an_operators_star_is_one_label_and_covers_no_star_of_an_owner() -> None:
    allowance = Allowance.of_list("*.example.org")
    deeper = Network(hosts=(Host(name="a.b.example.org"), Host(name="*.example.org"), Host(name="*.b.example.org")))

    assert names(granted(WISHED, allowance, "ada/notes").network) == ["data.example.org"]
    assert names(granted(deeper, allowance, "ada/notes").network) == ["*.example.org"]


def test_the_owner_of_the_machine_decides_alone() -> None:
    made = granted(WISHED, Allowance(hosts=None, credentials={"key": KEY}))

    assert names(made.network) == ["data.example.org", "api.example.org"]
    assert made.credentials == {"key": KEY}
    assert made.refused == ()


@pytest.mark.parametrize(
    ("host", "repository"),
    [
        (Host(name="evil.example.org", credential="key"), "ada/notes"),
        (Host(name="api.example.org", credential="other"), "ada/notes"),
        (Host(name="api.example.org", credential="key"), "mallory/notes"),
    ],
)
def test_a_credential_goes_to_its_hosts_for_its_repositories(host: Host, repository: str) -> None:
    allowance = Allowance.of_list("api.example.org,evil.example.org", {"key": KEY})

    assert names(granted(Network(hosts=(API,)), allowance, "ada/notes").network) == ["api.example.org"]
    made = granted(Network(hosts=(host,)), allowance, repository)
    assert (names(made.network), made.credentials) == ([], {})
    assert "keeps no credential" in made.refused[0]


@pytest.mark.parametrize("text", ["localhost", "10.0.0.1", "a.example.org;b", "*"])
def test_an_operator_cannot_allow_the_inside(text: str) -> None:
    with pytest.raises(ConfigError, match="not the name of a host"):
        Allowance.of_list(text)


def kept(place: Path, content: object, mode: int = 0o600) -> Path:
    place.write_text(json.dumps(content))
    place.chmod(mode)
    return place


def test_credentials_are_read_from_a_file_that_nobody_else_reads(tmp_path: Path) -> None:
    content = {
        "credentials": {"key": {"value": KEY.value, "hosts": ["API.example.org"], "repositories": ["ada/notes"]}}
    }

    assert read(kept(tmp_path / "a", content)) == {"key": KEY}
    with pytest.raises(ConfigError, match="chmod 600"):
        read(kept(tmp_path / "b", content, 0o644))
    with pytest.raises(ConfigError, match="No such file"):
        read(tmp_path / "none")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    with pytest.raises(ConfigError):
        read(tmp_path / "link")


@pytest.mark.parametrize(
    "entry",
    [
        {"value": "sesame\r\nX: y", "hosts": ["a.example.org"]},
        {"value": "sesame-12345678", "hosts": []},
        {"value": "sesame-12345678"},
        {"value": "sesame", "hosts": ["a.example.org"]},
        {"value": "sesame-12345678", "hosts": ["a.example.org"], "more": 1},
    ],
)
def test_a_file_that_is_wrong_is_told_without_the_value(tmp_path: Path, entry: dict[str, object]) -> None:
    with pytest.raises(ConfigError) as raised:
        read(kept(tmp_path / "a", {"credentials": {"key": entry}}))

    assert "sesame" not in str(raised.value)


def test_no_credential_is_shown_by_what_holds_it() -> None:
    assert KEY.value not in repr(KEY)
    assert KEY.value not in repr(granted(WISHED, Allowance(hosts=None, credentials={"key": KEY})))
