"""Looks around inside a box and tells what can be seen and done there, as one JSON line; nothing is judged here.

Reads `{"mounts": [directories shown on purpose]}` from standard input.
"""

import ctypes
import errno
import json
import os
import resource
import socket
import sys

_CLONE_NEWUSER = 0x10000000
_AF_VSOCK = 40
# Set apart for documentation (RFC 5737): nobody answers there.
_ADDRESS = ("192.0.2.1", 80)
_TIMEOUT_S = 2.0
_STATUS = ("Seccomp", "NoNewPrivs", "CapEff", "CapPrm", "CapBnd", "CapInh")
_HOST_ONLY = ("/root", "/home", "/var", "/boot", "/sys", "/etc/shadow", "/etc/machine-id")


def main():
    """Tell everything."""
    mounts = json.loads(sys.stdin.read())["mounts"]
    seen = {
        "processes": sum(name.isdigit() for name in os.listdir("/proc")),
        "interfaces": [name for _, name in socket.if_nameindex()],
        "network": _refusal(_connect),
        "vsock": _refusal(lambda: socket.socket(_AF_VSOCK, socket.SOCK_STREAM).close()),
        "write /usr": _refusal(lambda: os.close(os.open("/usr/mendloop", os.O_WRONLY | os.O_CREAT))),
        "write /": _refusal(lambda: os.mkdir("/mendloop")),
        "write the environment": _refusal(lambda: os.mkdir(os.path.join(sys.prefix, "mendloop"))),
        "unshare": _refusal(_unshare),
        "status": _status(),
        "address_bytes": resource.getrlimit(resource.RLIMIT_AS)[0],
        "pids": resource.getrlimit(resource.RLIMIT_NPROC)[0],
        "host": [path for path in _HOST_ONLY if os.path.exists(path) and not _leads_to(path, mounts)],
        "variables": sorted(os.environ),
        "uid": os.getuid(),
        "system belongs to": os.stat("/usr").st_uid,
    }
    for line in (dict(seen, event="seen"), {"event": "done"}):
        print(json.dumps(line), flush=True)


def _leads_to(path, mounts):
    """True for a directory that is there only because something below it is shown."""
    return any(mount == path or mount.startswith(path + "/") for mount in mounts)


def _refusal(attempt):
    """The name of the error that refuses it; empty when it works."""
    try:
        attempt()
    except socket.timeout:
        return "ETIMEDOUT"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))
    return ""


def _connect():
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.settimeout(_TIMEOUT_S)
        connection.connect(_ADDRESS)


def _unshare():
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "unshare")


def _status():
    with open("/proc/self/status") as file:
        fields = dict(line.split(":", 1) for line in file if ":" in line)
    return {name: fields.get(name, "").strip() for name in _STATUS}


if __name__ == "__main__":
    main()
