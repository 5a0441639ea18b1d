"""The bundle that an OCI runtime is given, without a runtime: its form, and everything that it has to keep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from workers.contract.errors import SandboxUnavailableError
from workers.sandbox import bundle, oci, seccomp
from workers.sandbox.fixed import Fixed
from workers.sandbox.layout import DISKS, GUEST, System
from workers.sandbox.limits import MIB, Limits
from workers.sandbox.unprivileged import Mount

LIMITS = Limits(memory_bytes=600 * MIB, pids=64, tmpfs_bytes=64 * MIB, inodes=5000)
SYSTEM = System((("usr/bin", "/bin"),), ("/etc/alternatives",))


def closed(**fields: Any) -> dict[str, Any]:
    """An object of exactly these fields."""
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


TEXT, NUMBER = {"type": "string", "minLength": 1}, {"type": "integer", "minimum": 0}
NONE = {"type": "array", "maxItems": 0}
PATH = {"type": "string", "pattern": "^/"}


def many(of: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": of}


CALL = {
    "type": "object",
    "properties": {
        "names": {**many(TEXT), "minItems": 1},
        "action": {"const": "SCMP_ACT_ERRNO"},
        "errnoRet": {"type": "integer", "minimum": 1},
        "args": many(
            {
                "type": "object",
                "properties": {
                    "index": NUMBER,
                    "value": NUMBER,
                    "valueTwo": NUMBER,
                    "op": {"enum": ["SCMP_CMP_EQ", "SCMP_CMP_GT", "SCMP_CMP_MASKED_EQ"]},
                },
                "required": ["index", "value", "op"],
                "additionalProperties": False,
            }
        ),
    },
    "required": ["names", "action", "errnoRet"],
    "additionalProperties": False,
}

FORM = closed(
    ociVersion={"const": "1.0.2"},
    process=closed(
        terminal={"const": False},
        user=closed(uid=NUMBER, gid=NUMBER),
        args=many(TEXT),
        env=many({"type": "string", "pattern": "^[A-Z][A-Z_]*="}),
        cwd=PATH,
        capabilities=closed(bounding=NONE, effective=NONE, inheritable=NONE, permitted=NONE, ambient=NONE),
        rlimits=many(closed(type={"type": "string", "pattern": "^RLIMIT_[A-Z]+$"}, soft=NUMBER, hard=NUMBER)),
        noNewPrivileges={"const": True},
    ),
    root=closed(path=TEXT, readonly={"const": True}),
    hostname=TEXT,
    mounts=many(closed(destination=PATH, type=TEXT, source=TEXT, options=many(TEXT))),
    linux=closed(
        namespaces=many(closed(type={"enum": ["pid", "network", "mount", "ipc", "uts", "user", "cgroup"]})),
        uidMappings=many(closed(containerID=NUMBER, hostID=NUMBER, size={"const": 1})),
        gidMappings=many(closed(containerID=NUMBER, hostID=NUMBER, size={"const": 1})),
        maskedPaths=many(PATH),
        readonlyPaths=many(PATH),
        rootfsPropagation={"const": "private"},
        seccomp=closed(defaultAction={"const": "SCMP_ACT_ALLOW"}, syscalls=many(CALL)),
    ),
)
"""The part of the runtime specification that a bundle of ours uses, and no other."""


@pytest.fixture
def config() -> dict[str, Any]:
    mounts = (Mount(Path("/staged/0"), "/a/venv"), Mount(Path("/staged/1"), GUEST))
    command = ("/a/venv/bin/python", f"{GUEST}/driver.py")
    return json.loads(json.dumps(bundle.config(mounts, SYSTEM, LIMITS, Fixed(), command)))


def test_it_has_the_form_of_the_specification(config: dict[str, Any]) -> None:
    jsonschema.validate(config, FORM)

    wrong: tuple[dict[str, Any], ...] = (
        {**config, "hooks": {}},
        {**config, "root": {"path": "rootfs", "readonly": False}},
    )
    for broken in wrong:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, FORM)


def test_every_namespace_is_new(config: dict[str, Any]) -> None:
    assert {one["type"] for one in config["linux"]["namespaces"]} == set(bundle.NAMESPACES)


def test_every_place_that_can_be_written_is_memory_with_a_size(config: dict[str, Any]) -> None:
    writable = [mount for mount in config["mounts"] if "ro" not in mount["options"]]

    assert {mount["destination"] for mount in writable} == {*DISKS, "/proc", "/dev/pts"}
    for mount in writable:
        if mount["destination"] in DISKS:
            assert mount["type"] == "tmpfs"
            assert "nr_inodes=5000" in mount["options"]
            assert any(option.startswith("size=") for option in mount["options"])


def test_what_is_shown_of_the_machine_is_read_only_and_has_no_devices(config: dict[str, Any]) -> None:
    shown = [mount for mount in config["mounts"] if mount["type"] == "bind"]

    assert [mount["destination"] for mount in shown] == ["/usr", "/etc/alternatives", "/a/venv", GUEST]
    assert all({"ro", "nosuid", "nodev"} <= set(mount["options"]) for mount in shown)


def test_the_limits_are_those_of_the_box(config: dict[str, Any]) -> None:
    limits = {one["type"]: one["hard"] for one in config["process"]["rlimits"]}

    assert limits["RLIMIT_AS"] == LIMITS.address_bytes
    assert (limits["RLIMIT_NPROC"], limits["RLIMIT_CORE"], limits["RLIMIT_FSIZE"]) == (64, 0, LIMITS.file_bytes)


def test_the_filter_is_the_one_of_bubblewraps_box(config: dict[str, Any]) -> None:
    told = [
        (name, call["errnoRet"], len(call.get("args", ())))
        for call in config["linux"]["seccomp"]["syscalls"]
        for name in call["names"]
    ]
    ours = [(rule.call, rule.errno, len(rule.arguments)) for group in seccomp.GROUPS for rule in group.rules]

    assert sorted(told) == sorted(ours)
    masked = next(call for call in config["linux"]["seccomp"]["syscalls"] if call["names"] == ["ioctl"])
    assert masked["args"] == [{"index": 1, "op": "SCMP_CMP_MASKED_EQ", "value": 0xFFFFFFFF, "valueTwo": 0x5412}]


def test_every_group_of_the_filter_says_why() -> None:
    assert all(len(group.reason) > 40 and group.rules for group in seccomp.GROUPS)
    assert len({group.name for group in seccomp.GROUPS}) == len(seccomp.GROUPS)


def test_the_first_runtime_that_is_there_is_taken_and_never_from_anybodys_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "runc").write_text("#!/bin/sh\n")
    (tmp_path / "runc").chmod(0o755)

    runtime, path = oci.found(str(tmp_path))

    assert (runtime.name, path) == ("runc", str(tmp_path / "runc"))
    with pytest.raises(SandboxUnavailableError, match="apt-get install crun"):
        oci.found("/nowhere")


@pytest.mark.parametrize("runtime", oci.RUNTIMES, ids=[runtime.name for runtime in oci.RUNTIMES])
def test_files_are_handed_on_only_where_there_are_some(runtime: oci.Runtime) -> None:
    with_files = runtime.command("/usr/bin/x", Path("/stage"), files=True)
    without = runtime.command("/usr/bin/x", Path("/stage"), files=False)

    assert set(with_files) - set(without) == set(runtime.hand_on)
    assert with_files[0] == "/usr/bin/x"
    assert with_files[-3:] == ("--bundle", "/stage", "box")
