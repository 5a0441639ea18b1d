"""What of an owner's wishes a machine grants: where it serves several owners, its operator has a say in every host."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from workers.contract.deployment import BOX_CREDENTIALS, BOX_HOSTS
from workers.contract.errors import ConfigError
from workers.contract.network import outside_name
from workers.network.credentials import Credential, read, usable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.network import Host, Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a machine's operator lets boxes reach."""

    hosts: frozenset[str] | None = frozenset()
    """Names, `*.example.org` for every name with one more label. None: the repository's owner is the machine's, and decides."""
    credentials: Mapping[str, Credential] = field(default_factory=lambda: MappingProxyType({}))
    """As `credentials.read` gives them."""

    @classmethod
    def of_list(cls, text: str, credentials: Mapping[str, Credential] | None = None) -> Allowance:
        """Hosts as an operator's variable names them, with commas; empty grants nothing.

        Raises:
            ConfigError: one of them is not a name of the outside.
        """
        names = [name.strip().lower() for name in text.split(",") if name.strip()]
        wrong = next((name for name in names if not outside_name(name)), None)
        if wrong is not None:
            raise ConfigError(f"{wrong[:100]!r} is not the name of a host on the internet")
        return cls(hosts=frozenset(names), credentials=credentials or {})


def of_machine(environ: Mapping[str, str], *, shared: bool) -> Allowance:
    """What the variables of a machine say. On one that is not `shared` the owner's configuration decides about hosts.

    Raises:
        ConfigError: a host is no name of the outside, or the file of credentials cannot be used.
    """
    place = environ.get(BOX_CREDENTIALS, "").strip()
    known = read(Path(place)) if place else {}
    return Allowance.of_list(environ.get(BOX_HOSTS, ""), known) if shared else Allowance(hosts=None, credentials=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a run may reach, and why not more."""

    network: Network
    credentials: Mapping[str, Credential] = field(repr=False)
    refused: tuple[str, ...] = ()
    """A sentence for each host that the owner wants and the machine does not grant."""


def granted(network: Network, allowance: Allowance, repository: str | None = None) -> Granted:
    """The part of an owner's wishes that holds here. `repository` is `owner/name` where the machine is not its owner's."""
    known = usable(allowance.credentials, repository if allowance.hosts is not None else None)
    judged = [(host, _why_not(host, allowance, known)) for host in network.hosts]
    return Granted(
        network=replace(network, hosts=tuple(host for host, why in judged if not why)),
        credentials={host.credential: known[host.credential] for host, why in judged if host.credential and not why},
        refused=tuple(f"{host.name}: {why}" for host, why in judged if why),
    )


def _why_not(host: Host, allowance: Allowance, known: Mapping[str, Credential]) -> str:
    if allowance.hosts is not None and not _covered(host.name, allowance.hosts):
        return "whoever runs this machine has not allowed it"
    if host.credential and (host.credential not in known or host.name not in known[host.credential].hosts):
        return f"this machine keeps no credential `{host.credential}` for it"
    return ""


def _covered(name: str, allowed: frozenset[str]) -> bool:
    return name in allowed or (not name.startswith("*.") and f"*.{name.partition('.')[2]}" in allowed)
