"""The part of the owner's configuration that speaks of the network: hosts that a box may reach through our proxy."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from workers.contract import network


def _name(value: str) -> str:
    name = value.lower().removesuffix(".")
    if not network.outside_name(name):
        raise ValueError(
            "the name of a host on the internet, like data.example.org or *.example.org; no address, no URL"
        )
    return name


def _path(value: str) -> str:
    if any(part in value for part in ("?", "#", "%", "\\", "//", "/../", "/./")) or value.endswith(("/..", "/.")):
        raise ValueError("a path like /v1/* without a query, an escape or dots")
    return value


HostName = Annotated[str, Field(min_length=1, max_length=253), AfterValidator(_name)]
PathPattern = Annotated[
    str, Field(min_length=1, max_length=300, pattern=r"^/[^\x00-\x20\x7f]*$"), AfterValidator(_path)
]
Method = Literal["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
CredentialName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
HeaderName = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
_FRAMING = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "upgrade", "te", "trailer", "expect"}
)


class _Strict(BaseModel):
    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class AllowedHost(_Strict):
    """A host that a box may reach, and how."""

    host: HostName
    """Its name; `*.example.org` stands for every name with one more label."""
    scheme: Literal["https", "http"] = "https"
    """http has nothing secret in it: everybody on the way reads and changes it."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Left out: that of the scheme."""
    methods: tuple[Method, ...] = Field(default=("GET", "HEAD", "OPTIONS"), min_length=1, max_length=7, strict=False)
    """What may be asked of it."""
    paths: tuple[PathPattern, ...] = Field(default=(), max_length=100, strict=False)
    """Paths that may be asked for, `*` for any run of characters; left out every path may."""
    credential: CredentialName | None = None
    """Name of a credential that the machine keeps; it is added outside the box, over https alone."""
    header: HeaderName = "Authorization"
    """Where the credential goes: in Authorization as a bearer token, in any other header as it is."""
    door: bool = False
    """A model API, which is reached through the model door alone."""

    @model_validator(mode="after")
    def _kept_secret(self) -> AllowedHost:
        if self.credential is not None and self.scheme == "http":
            raise ValueError("a credential does not go over http; leave `scheme` out")
        if self.credential is not None and self.host.startswith("*."):
            raise ValueError("a credential goes to one host; write its whole name")
        if self.header.lower() in _FRAMING:
            raise ValueError(f"`header` {self.header} is not one that carries a credential")
        return self

    def rule(self) -> network.Host:
        """As the proxy reads it."""
        return network.Host(
            name=self.host,
            scheme=self.scheme,
            port=self.port or network.PORTS[self.scheme],
            methods=self.methods,
            paths=self.paths,
            credential=self.credential or "",
            header=self.header.lower(),
            door=self.door,
        )


def _as_object(value: object) -> object:
    return {"host": value} if isinstance(value, str) else value


AnyHost = Annotated[AllowedHost, BeforeValidator(_as_object, json_schema_input_type=HostName | AllowedHost)]


class Network(_Strict):
    """Hosts that a box may reach; none by default."""

    hosts: tuple[AnyHost, ...] = Field(default=(), max_length=100)
    """Names, or objects that say more."""
    misses: network.Misses = "record"
    """What becomes of a request that was not recorded when the unchanged artifact ran: `record` asks the host, `replay`
    gives no answer, `fail` also refuses the repair that asked."""
    traffic_mb: int = Field(default=256, ge=1, le=4096)
    """What one run may send and receive together."""

    @model_validator(mode="after")
    def _once(self) -> Network:
        places = [(rule.name, rule.port) for rule in (host.rule() for host in self.hosts)]
        twice = sorted({name for name, port in places if places.count((name, port)) > 1})
        if twice:
            raise ValueError(f"`hosts` names `{twice[0]}` twice; put its methods and paths together")
        return self

    def rules(self) -> network.Network:
        """As a run reads it."""
        return network.Network(
            hosts=tuple(host.rule() for host in self.hosts), misses=self.misses, traffic_mb=self.traffic_mb
        )
