from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.network.addresses import INSIDE, Lookup, NotOutsideError, is_outside

if TYPE_CHECKING:
    from collections.abc import Sequence

INSIDE_ADDRESSES = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "169.254.170.2", "100.100.100.200", "100.64.0.1", "192.0.0.192", "198.18.0.1", "224.0.0.1"),
    *("239.255.255.250", "240.0.0.1", "255.255.255.255", "192.0.2.1", "203.0.113.7", "192.88.99.1"),
    *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808"),
    *("64:ff9b:1::1", "2002:7f00:1::", "2001:0:7f00:1::", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1"),
    *("fd00:ec2::254", "ff02::1", "2001:db8::1", "100::1", "5f00::1", "3fff::1", "4000::1"),
]
OUTSIDE_ADDRESSES = ["8.8.8.8", "1.1.1.1", "140.82.121.4", "2606:4700:4700::1111", "2a00:1450:4001:82a::200e"]


class Answers:
    """A resolver that gives these answers in turn."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers, self.asked = list(answers), 0

    async def __call__(self, name: str, port: int) -> Sequence[str]:
        self.asked += 1
        return self.answers[min(self.asked, len(self.answers)) - 1]


@pytest.mark.parametrize("address", INSIDE_ADDRESSES)
async def test_an_address_of_the_inside_is_never_dialled(address: str) -> None:
    with pytest.raises(NotOutsideError, match="not outside"):
        await Lookup(resolver=Answers([address])).addresses("data.example.org", 443)


@pytest.mark.parametrize("address", OUTSIDE_ADDRESSES)
async def test_an_address_of_the_outside_is(address: str) -> None:
    assert await Lookup(resolver=Answers([address])).addresses("data.example.org", 443) == (address,)


async def test_of_several_addresses_those_of_the_outside_are_dialled_and_no_other() -> None:
    lookup = Lookup(resolver=Answers(["10.0.0.1", "8.8.8.8", "::1", "nonsense"]))

    assert await lookup.addresses("data.example.org", 443) == ("8.8.8.8",)


async def test_a_name_is_asked_for_once_for_each_connection_and_what_was_checked_is_what_is_dialled() -> None:
    resolver = Answers(["8.8.8.8"], ["127.0.0.1"])

    first = await Lookup(resolver=resolver).addresses("data.example.org", 443)

    assert (first, resolver.asked) == (("8.8.8.8",), 1)


async def test_loopback_is_dialled_only_where_code_asks_for_it() -> None:
    assert await Lookup(resolver=Answers(["127.0.0.1"]), loopback=True).addresses("a.example.org", 1) == ("127.0.0.1",)
    with pytest.raises(NotOutsideError):
        await Lookup(resolver=Answers(["10.0.0.1"]), loopback=True).addresses("a.example.org", 1)


@given(st.ip_addresses())
def test_no_address_is_both_inside_and_outside(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    inside = any(address in network for network in INSIDE if network.version == address.version)

    assert not (inside and is_outside(address))
    assert not (is_outside(address) and not address.is_global)


@given(st.ip_addresses(v=4))
def test_an_address_of_the_inside_stays_inside_in_every_wrapping(address: ipaddress.IPv4Address) -> None:
    number = int(address)
    wrapped = (
        f"::ffff:{address}",
        f"64:ff9b::{address}",
        str(ipaddress.IPv6Address((0x2002 << 112) | (number << 80))),
        str(ipaddress.IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF))),
    )

    assert not any(is_outside(ipaddress.ip_address(text)) for text in wrapped)
