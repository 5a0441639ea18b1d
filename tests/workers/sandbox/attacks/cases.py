"""The cases: what is tried, by which probe, and what has to be seen. A number names an attack for good."""

from __future__ import annotations

import errno
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.workers.sandbox.attacks.ground import refusals
from workers.sandbox import seccomp
from workers.sandbox.layout import DISKS
from workers.sandbox.limits import MIB

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.workers.sandbox.attacks.ground import Ground

KERNELS_OWN = frozenset(
    (
        *("PWD", "TERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER", "MPLBACKEND", "PYTHONPATH"),
        *("PYDEVD_USE_FRAME_EVAL", "JPY_SESSION_NAME", "JPY_PARENT_PID", "SHLVL", "OLDPWD", "_", "LC_CTYPE"),
    )
)
"""What a shell, Python and ipykernel set for themselves."""

_FILES = {"passwd", "group", "hosts", "ld.so.cache", "alternatives", "fonts"}
_DEVICES = {
    *("console", "core", "fd", "full", "mqueue", "null", "ptmx", "pts", "random", "shm"),
    *("stderr", "stdin", "stdout", "tty", "urandom", "zero"),
}
_OWN_MOUNTS = {"tmpfs", "proc", "devpts", "devtmpfs", "mqueue"}
_PROCESSES = 8
_MARGIN_MIB = 2


@dataclass(frozen=True, slots=True)
class Case:
    """One attack."""

    number: str
    holds: str
    """What is true of a box, as a sentence."""
    probe: str
    """The function of `probes` that tries."""
    judge: Callable[[Any, Ground], bool]

    @property
    def name(self) -> str:
        """One word and the number, for a report."""
        return f"{self.number} {self.probe.partition(':')[0]}"


def _nothing(seen: Any, _: Ground) -> bool:
    return seen in ([], False, None)


def _variables(seen: Any, ground: Ground) -> bool:
    told = {name: value for name, value in seen.items() if name not in KERNELS_OWN}
    expected = ground.variables
    return set(told) == set(expected) and all(told[name] == value for name, value in expected.items() if name != "PATH")


def _namespaces(seen: Any, _: Ground) -> bool:
    return all(namespace != str(Path("/proc/self/ns", name).readlink()) for name, namespace in seen.items())


def _descriptors(seen: Any, _: Ground) -> bool:
    inside = ("pipe:", "socket:", "anon_inode:", "/dev/null", "/proc/", "/run/kernel/", "/tmp/", "/repository")
    return all(leads.startswith(inside) for leads in seen)


def _group(name: str) -> Callable[[Any, Ground], bool]:
    def judge(seen: Any, _: Ground) -> bool:
        wanted = {call: errno.errorcode[number] for call, number in refusals()[name].items()}
        return seen == wanted and bool(wanted)

    return judge


def _limits(name: str) -> Callable[[Any, Ground], bool]:
    def judge(seen: Any, ground: Ground) -> bool:
        limits = ground.limits
        wanted = {
            "AS": limits.address_bytes,
            "NPROC": limits.pids,
            "FSIZE": limits.file_bytes,
            "NOFILE": limits.nofile,
            "CPU": limits.cpu_s,
            "CORE": 0,
        }
        return wanted[name] <= seen[name] <= wanted[name] + (2 if name == "CPU" else 0)

    return judge


def _disks(seen: Any, ground: Ground) -> bool:
    return set(seen) == set(DISKS) and all(
        0 < written <= ground.told["disks"][disk] // MIB + _MARGIN_MIB for disk, written in seen.items()
    )


def _root(seen: Any, ground: Ground) -> bool:
    system = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr"}
    above = {mount.parts[1] for mount in ground.place.environment.mounts}
    return set(seen) <= system | above | {"etc", "opt", "proc", "dev", "run", "tmp", "repository"}


def _powerless(seen: Any, _: Ground) -> bool:
    capabilities = [value for name, value in seen.items() if name.startswith("Cap")]
    return bool(capabilities) and all(int(value, 16) == 0 for value in capabilities)


def _hidden_file(seen: Any, ground: Ground) -> bool:
    return seen == [] and ground.token not in str(seen)


SEEN = (
    Case("X136", "the variables are an exact list", "environment", _variables),
    Case("X136", "no process of the machine is seen", "processes", lambda seen, _: 0 < seen <= _PROCESSES),
    Case(
        "X136",
        "no variable and no command line of any process tells a secret or a path of the machine",
        "first_process",
        lambda seen, _: seen == {"tokens": [], "shown": False},
    ),
    Case("X136", "every namespace is the box's own", "namespaces", _namespaces),
    Case("X137", "famous places of the machine are absent", "files_of_the_machine", _nothing),
    Case("X137", "the root directory shows the system and nothing else", "root_directory", _root),
    Case("X137", "of /etc there are only files of ours", "etc", lambda seen, _: set(seen) <= _FILES),
    Case("X137", "of the devices there are only the harmless ones", "devices", lambda seen, _: set(seen) <= _DEVICES),
    Case("X137", "no hardware and no control group is shown", "hardware", _nothing),
    Case("X137", "the machine's name is not told", "host_name", lambda seen, _: seen == "box"),
    Case("X137", "a file of the machine is not there by its path", "told_path", _hidden_file),
    Case("X137", "the kernel's talk about the machine is empty", "told_by_the_kernel", _nothing),
    Case("X138", "no memory of another process can be opened", "memory_of_others", _nothing),
    Case("X138", "nothing of the driver that speaks for the box can be opened", "driver", _nothing),
    Case("X138", "the way out by which the driver speaks can be opened nowhere", "voices", _nothing),
    Case("X138", "an abstract socket of the machine is not there", "abstract_socket", lambda seen, _: seen != ""),
    Case("X138", "a port of the machine is not there", "listening_port", lambda seen, _: seen != ""),
    Case("X139", "processes are limited", "limits:NPROC", _limits("NPROC")),
    Case("X140", "address space is limited", "limits:AS", _limits("AS")),
    Case("X140", "more than the address space cannot be mapped", "address_space", lambda seen, _: seen == "ENOMEM"),
    Case("X140", "the size of a file is limited", "limits:FSIZE", _limits("FSIZE")),
    Case("X140", "a sparse file of 10 TB is refused", "sparse_file", lambda seen, _: seen == "EFBIG"),
    Case("X140", "every place that can be written has a size", "disks", _disks),
    Case("X140", "open files are limited", "limits:NOFILE", _limits("NOFILE")),
    Case("X140", "no more files can be opened", "open_files", lambda seen, ground: 0 < seen < ground.limits.nofile),
    Case("X144", "processor time is limited", "limits:CPU", _limits("CPU")),
    *(
        Case("X145", f"refused: {group.name} ({len(group.rules)} rules)", f"calls:{group.name}", _group(group.name))
        for group in seccomp.GROUPS
    ),
    Case("X145", "no user namespace within the box", "user_namespace", lambda seen, _: seen == "EPERM"),
    Case("X145", "32-bit calls end the process", "other_instructions", lambda seen, _: seen == "SIGSYS"),
    Case("X145", "nobody in the box has any capability", "status:capabilities", _powerless),
    Case("X145", "no new privileges", "status:privileges", lambda seen, _: seen["NoNewPrivs"] == "1"),
    Case("X145", "the filter is on", "status:filter", lambda seen, _: seen["Seccomp"] == "2"),
    Case("X145", "set-user-id programs give no other user", "set_user_programs", lambda seen, _: seen[0] == seen[1]),
    Case(
        "X145",
        "the system's files belong to nobody in the box",
        "owner_of_the_system",
        lambda seen, _: seen[1] == 65534 and seen[0] != seen[1],
    ),
    Case("X145", "no setting of the kernel can be written", "settings_of_the_kernel", _nothing),
    Case("X146", "the session began inside", "session", lambda seen, _: seen > 0),
    Case("X146", "there is no terminal", "terminal", lambda seen, _: seen != ""),
    Case("X145", "descriptors lead nowhere outside", "descriptors", _descriptors),
    Case("X155", "system, environment and layers are read-only", "places_that_can_be_written", _nothing),
    Case(
        "X156",
        "what can be written is memory of the box alone",
        "mounts_that_can_be_written",
        lambda seen, _: all(kind in _OWN_MOUNTS for _, kind in seen),
    ),
    Case("X158", "no proxy and no index is named", "proxies", _nothing),
    Case("X158", "there is no interface but lo", "interfaces", lambda seen, _: set(seen) <= {"lo"}),
    Case("X158", "there is no way to any other address", "metadata_service", _nothing),
    Case("X160", "shared memory is the box's own and empty", "shared_memory", _nothing),
    Case("X164", "hostile names can be written and nobody outside looks", "hostile_names", lambda seen, _: seen == 9),
    Case("X168", "the clock cannot be set", "clock", lambda seen, _: seen == "EPERM"),
    Case("X169", "a crash leaves no memory behind", "core_dump", lambda seen, _: seen is False),
    Case("X169", "the limit on core dumps is zero", "limits:CORE", _limits("CORE")),
    Case("G89", "there is no .git beside the artifact", "git_folder", _nothing),
    Case("G96", "no link of the repository leads out of it", "canary_files", _nothing),
)
"""Judged by what a probe told. None disturbs another, so they share one box."""

ELSEWHERE = {
    "X139": ("test_x139_a_fork_bomb_stops_at_the_limit",),
    "X140": ("test_x140_memory_is_bounded_over_all_processes", "test_x140_a_million_small_files_end_the_run"),
    "X142": ("test_x142_what_would_survive_is_dead", "test_x142_two_hundred_runs_with_strays_leave_nothing"),
    "X143": ("test_x143_a_worker_that_is_killed_takes_its_box_with_it",),
    "X144": ("test_x144_the_clock_outside_ends_whatever_does_not_end",),
    "X146": ("test_x146_escape_sequences_do_not_leave_the_box",),
    "X148": ("test_x148_x149_x150_nothing_of_the_repository_runs_before_the_first_cell",),
    "X149": ("test_x149_the_places_of_configuration_are_ours_and_empty",),
    "X150": ("test_x148_x149_x150_nothing_of_the_repository_runs_before_the_first_cell",),
    "X151": (
        "test_a_line_that_is_no_plain_requirement_is_refused_by_number_and_text",
        "test_what_is_no_text_file_is_refused_and_shows_nothing_of_it",
    ),
    "X152": ("test_settings_of_a_project_or_home_do_not_reach_the_installer",),
    "X154": ("test_a_source_distribution_is_never_built",),
    "X155": ("test_a_wheels_start_up_files_do_not_run_while_its_environment_is_built",),
    "X157": ("test_a_line_that_is_no_plain_requirement_is_refused_by_number_and_text",),
    "X160": ("test_boxes_run_beside_each_other",),
    "X161": ("test_x161_every_case_holds_in_the_box_of_an_oci_runtime",),
    "X162": ("test_x162_without_bubblewrap_nothing_runs_and_the_command_to_install_it_is_named",),
    "X163": ("test_x163_two_hundred_boxes_at_once_wait_for_their_turn",),
    "X166": ("test_what_no_edit_can_bring_is_not_called_stale_code",),
    "X167": ("test_x167_a_second_run_finds_nothing_of_the_first",),
    "X168": ("test_x168_a_notebook_that_turns_its_clock_back_does_not_change_how_long_it_took",),
    "X170": ("test_x170_a_plain_process_fails_at_least_twenty_cases",),
    "R127": ("test_r127_magics_run_in_the_box_alone",),
    "R128": ("test_r128_a_flood_is_ended_and_costs_the_worker_nothing",),
}
"""Cases that end the run, or belong to another part: the tests that hold them, by name."""

NUMBERS = tuple(f"X{number}" for number in range(136, 171) if number not in (141, 147, 153, 159, 165))
"""Every number there is; they have gaps."""
