"""What to do where no box can be started: mostly, who on this machine forbids user namespaces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_SYSCTL = Path("/proc/sys")
_CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What this machine says about user namespaces; None where it has no such setting."""

    unprivileged: str | None
    """Debian's `kernel.unprivileged_userns_clone`."""
    apparmor: str | None
    """Ubuntu's `kernel.apparmor_restrict_unprivileged_userns`, since 23.10."""
    most: str | None
    """`user.max_user_namespaces`."""
    container: bool

    @staticmethod
    def here() -> Host:
        """As it is now."""
        return Host(
            unprivileged=_setting("kernel/unprivileged_userns_clone"),
            apparmor=_setting("kernel/apparmor_restrict_unprivileged_userns"),
            most=_setting("user/max_user_namespaces"),
            container=any(path.exists() for path in _CONTAINER),
        )


def remedy(host: Host) -> str:
    """What to do first, with the command."""
    if host.container:
        return (
            "This is a container whose rules forbid user namespaces: start it with --security-opt seccomp=unconfined"
            " --security-opt apparmor=unconfined --security-opt systempaths=unconfined."
        )
    if host.most == "0":
        return "User namespaces are switched off: sysctl -w user.max_user_namespaces=10000"
    if host.unprivileged == "0":
        return "User namespaces are for root alone: sysctl -w kernel.unprivileged_userns_clone=1"
    if host.apparmor == "1":
        return (
            "AppArmor forbids user namespaces: give bwrap a profile that allows userns (Ubuntu: apt-get install"
            " apparmor-profiles, then enable bwrap-userns-restrict), or sysctl -w"
            " kernel.apparmor_restrict_unprivileged_userns=0"
        )
    return "Try: bwrap --unshare-all --ro-bind / / true; its message says what is missing."


def _setting(name: str) -> str | None:
    try:
        return (_SYSCTL / name).read_text().strip()
    except OSError:
        return None
