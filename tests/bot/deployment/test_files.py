"""`compose.yaml` and `fly.toml`: they fit their own schemas, and give each process what it needs and may hold."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.settings import KINDS, MAY_HOLD, environment, problems
from tests.bot.deployment.dockerfile import ROOT

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMAS = Path(__file__).parent / "schemas"
SAMPLES = {
    "POSTGRES_PASSWORD": "p" * 20,
    "MENDLOOP_WEBHOOK_SECRET": "w" * 20,
    "MENDLOOP_PAGE_SECRET": "s" * 20,
    "MENDLOOP_BROKER_SECRET": "b" * 20,
    "MENDLOOP_PUBLIC_URL": "https://mendloop.example",
    "MENDLOOP_APP_ID": "7",
    "MENDLOOP_PRIVATE_KEY_FILE": "/on/the/host.pem",
}
SECRETS = {
    "MENDLOOP_LEDGER_URL": "postgresql://mendloop:secret@db.internal/mendloop?sslmode=disable",
    "MENDLOOP_REDIS_URL": "redis://default:secret@redis.internal:6379",
}


def mistakes(document: Any, name: str) -> list[str]:
    """Against a schema, in words."""
    validator: Any = jsonschema.Draft7Validator(json.loads((SCHEMAS / name).read_text()))
    return [error.message for error in validator.iter_errors(document)]


def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "compose.yaml").read_text())


def fly() -> dict[str, Any]:
    return tomllib.loads((ROOT / "fly.toml").read_text())


def filled(value: str, given: Mapping[str, str]) -> str:
    """`${NAME:?why}` and `${NAME:-default}` as compose fills them in."""

    def one(match: re.Match[str]) -> str:
        name, how, rest = match.groups()
        if how == ":?" and not given.get(name):
            raise KeyError(f"{name}: {rest}")
        return given.get(name) or (rest if how == ":-" else "")

    return re.sub(r"\$\{(\w+)(:[?-])([^}]*)\}", one, value)


@pytest.fixture(scope="module")
def key() -> str:
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    return made.private_bytes(*pem).decode()


def test_the_compose_file_fits_the_compose_specification() -> None:
    assert mistakes(compose(), "compose-spec.json") == []


def test_the_fly_file_fits_flys_schema() -> None:
    assert mistakes(fly(), "fly.json") == []


@pytest.mark.parametrize(
    ("name", "document", "path", "value"),
    [
        ("compose-spec.json", compose(), ("services", "loop", "enviroment"), {}),
        ("compose-spec.json", compose(), ("services", "web", "ports"), "8080"),
        ("compose-spec.json", compose(), ("services", "redis", "restart"), 1),
        ("fly.json", fly(), ("kill_signal",), "SIGNAL"),
        ("fly.json", fly(), ("processes", "loop"), 1),
        ("fly.json", fly(), ("deploy", "release"), "migrate"),
    ],
)
def test_the_schemas_find_a_mistake(name: str, document: Any, path: tuple[str, ...], value: Any) -> None:
    broken = copy.deepcopy(document)
    inner = broken
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value

    assert mistakes(broken, name)


@pytest.mark.parametrize("kind", KINDS)
def test_a_service_is_given_what_its_process_needs_and_may_hold(kind: Any, key: str, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(key)
    service = compose()["services"][kind]
    given = {name: filled(str(value), SAMPLES) for name, value in service["environment"].items()}
    if "MENDLOOP_PRIVATE_KEY_FILE" in given:
        given["MENDLOOP_PRIVATE_KEY_FILE"] = str(tmp_path / "key.pem")

    assert set(given) <= set(MAY_HOLD[kind])
    assert service["command"] == [kind]
    assert problems(kind, given | {"MENDLOOP_STATE_DIR": "/var/lib/mendloop"}) == ()


@pytest.mark.parametrize("kind", ["web", "loop"])
def test_no_service_but_github_has_the_key(kind: str) -> None:
    services = compose()["services"]

    assert services["github"]["secrets"] == ["private_key"]
    assert "secrets" not in services[kind]


def test_the_stores_are_reached_from_nowhere_outside() -> None:
    document = compose()

    assert document["networks"]["stores"] == {"internal": True}
    assert document["networks"]["broker"] == {"internal": True}
    assert all("ports" not in document["services"][name] for name in ("postgres", "redis", "github", "loop"))
    assert "broker" not in document["services"]["web"]["networks"]


def test_only_the_loop_is_without_dockers_filters() -> None:
    services = compose()["services"]

    assert [name for name, service in services.items() if "unconfined" in str(service.get("security_opt"))] == ["loop"]
    assert all(services[kind]["cap_drop"] == ["ALL"] for kind in KINDS)
    assert all("no-new-privileges:true" in services[kind]["security_opt"] for kind in KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_fly_machine_becomes_its_process(kind: Any, key: str) -> None:
    document = fly()
    secrets = {
        name: value for name, value in SAMPLES.items() if name.startswith("MENDLOOP_") and not name.endswith("_FILE")
    }
    machine = {**document["env"], **secrets, **SECRETS, "MENDLOOP_PRIVATE_KEY": key.replace("\n", "\\n")}

    assert document["processes"][kind] == kind
    assert problems(kind, machine) == ()
    # Fly gives every secret to every machine; the process itself is given only what it may hold.
    held = environment(kind, machine)
    assert {name for name in held if name.startswith("MENDLOOP_")} <= set(MAY_HOLD[kind])
    assert ("MENDLOOP_PRIVATE_KEY" in held) == (kind == "github")
    assert ("MENDLOOP_WEBHOOK_SECRET" in held) == (kind == "web")


def test_every_fly_process_has_a_machine_of_its_own_size() -> None:
    document = fly()

    sized = [name for vm in document["vm"] for name in vm["processes"]]
    assert sorted(sized) == sorted(document["processes"])
    assert document["http_service"]["processes"] == ["web"]
    assert document["http_service"]["internal_port"] == 8080


def test_the_documentation_names_every_variable() -> None:
    text = (ROOT / "docs" / "deploying.md").read_text()

    assert [name for kind in KINDS for name in MAY_HOLD[kind] if f"`{name}`" not in text] == []
