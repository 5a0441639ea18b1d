from __future__ import annotations

import pytest

from workers.contract import config_file
from workers.contract.errors import ConfigError
from workers.contract.network import Host, Network


def network(text: str) -> Network:
    return config_file.read(f"network:\n  {text}".encode(), "f.yml").config.network.rules()


def test_nothing_is_allowed_by_default() -> None:
    assert config_file.read(b"", "f.yml").config.network.rules() == Network()
    assert Network().hosts == ()


def test_a_bare_name_may_be_read_from_over_https() -> None:
    assert network("hosts: [Data.Example.org.]").hosts == (
        Host(name="data.example.org", methods=("GET", "HEAD", "OPTIONS"), port=443, scheme="https"),
    )


def test_an_object_says_more() -> None:
    asked = "{host: api.example.org, port: 8443, methods: [POST], paths: ['/v1/*'], credential: key, header: X-Api-Key}"

    assert network(f"hosts: [{asked}]").hosts == (
        Host(
            name="api.example.org", port=8443, methods=("POST",), paths=("/v1/*",), credential="key", header="x-api-key"
        ),
    )


@pytest.mark.parametrize(
    "name",
    [
        "localhost",
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "[::1]",
        "::1",
        "169.254.169.254",
        "example",
        "metadata.google.internal",
        "printer.local",
        "*",
        "*.org*",
        "a.*.org",
        "https://example.org",
        "example.org/path",
        "example.org:443",
        "user@example.org",
        "exämple.org",
        "example.org\n",
        "a..org",
        "-a.org",
        "1.0.0.127.in-addr.arpa",
    ],
)
def test_what_is_no_name_of_the_outside_cannot_be_allowed(name: str) -> None:
    with pytest.raises(ConfigError, match="hosts"):
        network(f"hosts: [{name!r}]")


@pytest.mark.parametrize(
    "host",
    [
        "{host: a.example.org, scheme: http, credential: key}",
        "{host: '*.example.org', credential: key}",
        "{host: a.example.org, credential: key, header: Host}",
        "{host: a.example.org, paths: ['v1']}",
        "{host: a.example.org, paths: ['/v1/../*']}",
        "{host: a.example.org, paths: ['/a?b']}",
        "{host: a.example.org, methods: [CONNECT]}",
        "{host: a.example.org, methods: []}",
        "{host: a.example.org, port: 0}",
    ],
)
def test_what_would_give_something_away_cannot_be_written(host: str) -> None:
    with pytest.raises(ConfigError):
        network(f"hosts: [{host}]")


def test_a_host_stands_once() -> None:
    with pytest.raises(ConfigError, match="twice"):
        network("hosts: [a.example.org, {host: a.example.org, methods: [POST]}]")


def test_a_star_is_one_label_and_the_port_counts() -> None:
    host = network("hosts: ['*.example.org']").hosts[0]

    assert host.holds("a.example.org", 443)
    assert not host.holds("example.org", 443)
    assert not host.holds("a.b.example.org", 443)
    assert not host.holds("a.example.org", 80)
    assert not host.holds("a.evilexample.org", 443)
