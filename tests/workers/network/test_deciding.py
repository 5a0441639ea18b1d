from __future__ import annotations

import pytest

from workers.contract.network import Host
from workers.network.deciding import (
    Asked,
    Endpoint,
    Headers,
    Refused,
    allowed_host,
    end_to_end,
    endpoint,
    plain_request,
    tunnelled_request,
    within,
)

HOST = Host(name="data.example.org")
PLAIN = Host(name="data.example.org", scheme="http", port=80)
AT = Endpoint("data.example.org", 443)


def headers(**values: str) -> Headers:
    return tuple((name.replace("_", "-").encode(), value.encode()) for name, value in values.items())


def why(made: object) -> str:
    assert isinstance(made, Refused), made
    return made.why


@pytest.mark.parametrize(
    "authority",
    [
        *("data.example.org", "data.example.org:", "data.example.org:443:443", "user@data.example.org:443", ":443"),
        *("[::1]:443", "data.example.org:99999999", "data.example.org:44x", "data.example.org :443", "%64ata.org:443"),
    ],
)
def test_a_tunnel_is_asked_for_by_a_name_and_a_port(authority: str) -> None:
    assert isinstance(endpoint(authority), Refused)


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "2130706433", "0x7f.0x1", "017700000001", "127.1", "localhost", "data", "a.local", "a.0x1"]
)
def test_an_address_in_any_spelling_is_no_name_even_if_a_rule_held_it(name: str) -> None:
    at = endpoint(f"{name}:443")
    assert isinstance(at, Endpoint)

    made = allowed_host(at, [Host(name=name)], "https")

    assert "not the name" in why(made)


def test_only_the_host_the_port_and_the_scheme_that_were_allowed() -> None:
    assert allowed_host(AT, [HOST], "https") is HOST
    assert allowed_host(Endpoint("data.example.org", 8443), [HOST], "https") is not HOST
    assert isinstance(allowed_host(Endpoint("other.example.org", 443), [HOST], "https"), Refused)
    assert isinstance(allowed_host(Endpoint("data.example.org.evil.example", 443), [HOST], "https"), Refused)
    assert isinstance(allowed_host(Endpoint("data.example.org", 80), [HOST], "http"), Refused)
    assert isinstance(allowed_host(AT, [], "https"), Refused)


def test_a_model_api_is_refused_for_want_of_a_door() -> None:
    made = allowed_host(AT, [Host(name="data.example.org", door=True)], "https")

    assert isinstance(made, Refused)
    assert (made.status, "model door" in made.why) == (501, True)


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("/path", headers(host="data.example.org")),
        ("https://data.example.org/", headers(host="data.example.org")),
        ("ftp://data.example.org/", headers(host="data.example.org")),
        ("http://user:pass@data.example.org/", headers(host="data.example.org")),
        ("http://data.example.org/#a", headers(host="data.example.org")),
        ("http://data.example.org/", headers(host="evil.example.org")),
        ("http://data.example.org/", headers(host="data.example.org:81")),
        ("http://data.example.org/", (*headers(host="data.example.org"), *headers(host="data.example.org"))),
        ("http://data.example.org/", headers(host="data.example.org", upgrade="websocket")),
        ("http://data.example.org/", headers(host="data.example.org", transfer_encoding="chunked", content_length="3")),
        ("http:///path", headers(host="data.example.org")),
        ("http://data.example.org:x/", headers(host="data.example.org")),
        ("*", headers(host="data.example.org")),
    ],
)
def test_what_a_proxy_is_asked_for_says_one_thing(target: str, sent: Headers) -> None:
    assert isinstance(plain_request("GET", target, sent), Refused)


def test_a_whole_address_is_read_as_its_parts() -> None:
    made = plain_request("GET", "http://Data.example.org/a?b=c", headers(host="data.example.org"))

    assert isinstance(made, Asked)
    assert (made.at, made.target, made.url) == (
        Endpoint("data.example.org", 80),
        "/a?b=c",
        "http://data.example.org:80/a?b=c",
    )
    assert allowed_host(made.at, [PLAIN], made.scheme) is PLAIN


@pytest.mark.parametrize(
    ("target", "sent"),
    [
        ("http://data.example.org/", headers(host="data.example.org")),
        ("data", headers(host="data.example.org")),
        ("/a b", headers(host="data.example.org")),
        ("/a\x7f", headers(host="data.example.org")),
        ("/", headers(host="evil.example.org")),
        ("/", headers(host="data.example.org:444")),
        ("/", headers(host="data.example.org", upgrade="h2c")),
    ],
)
def test_inside_a_tunnel_there_is_one_host(target: str, sent: Headers) -> None:
    assert isinstance(tunnelled_request("GET", target, sent, AT), Refused)


def test_a_method_that_was_not_allowed_does_not_go_out() -> None:
    asked = tunnelled_request("POST", "/", headers(host="data.example.org"), AT)
    assert isinstance(asked, Asked)

    assert "POST" in why(within(asked, HOST))
    assert within(asked, Host(name="data.example.org", methods=("POST",))) is None


@pytest.mark.parametrize(
    ("path", "passes"),
    [
        ("/v1/items", True),
        ("/v1/items?q=../..", True),
        ("/v1/", True),
        ("/v2/items", False),
        ("/v1/../admin", False),
        ("/v1/%2e%2e/admin", False),
        ("/v1/..%2Fadmin", False),
        ("/v1//admin", False),
        ("/v1/a;b=/admin", False),
        ("/v1/.", False),
        ("/v1\\admin", False),
        ("/V1/items", False),
    ],
)
def test_a_path_is_one_that_was_allowed_to_whoever_reads_it(path: str, *, passes: bool) -> None:
    host = Host(name="data.example.org", paths=("/v1/*",))
    asked = tunnelled_request("GET", path, headers(host="data.example.org"), AT)
    assert isinstance(asked, Asked)

    assert (within(asked, host) is None) is passes


def test_what_is_for_the_next_hop_alone_is_not_passed_on() -> None:
    sent = headers(connection="close, X-Hop", x_hop="1", te="trailers", proxy_authorization="Basic x", accept="*/*")

    assert end_to_end(sent) == headers(accept="*/*")
