"""Why a run ended: stale code, or something that no edit of the notebook can bring (network, data, a key, a package)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.contract.domain import Cause, CellError, IssueType
from workers.environments.names import is_known
from workers.knowledge.distributions import distribution, left_the_standard_library

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Where the fault lies, and what would unlock it where no repair is ours."""

    cause: Cause
    issue_type: IssueType
    unlock: str = ""


CODE = Verdict(cause=Cause.CODE, issue_type=IssueType.BROKEN_EXECUTION)


def judge(error: CellError, source: str) -> Verdict:
    """The verdict on `error`, which ended a cell with `source`."""
    return next((verdict for rule in _RULES if (verdict := rule(error, source)) is not None), CODE)


def limited(ended: str) -> Verdict | None:
    """The verdict on a run that a limit ended, whatever error it ended with; None where no limit did."""
    unlock = _PASSED.get(ended)
    return None if unlock is None else _environment(unlock, IssueType.RUNTIME_RISK)


def _line(error: CellError, source: str) -> str:
    lines = source.split("\n")
    return lines[error.line - 1] if error.line and 0 < error.line <= len(lines) else ""


def _environment(unlock: str, issue_type: IssueType = IssueType.SETUP_GAP) -> Verdict:
    return Verdict(cause=Cause.ENVIRONMENT, issue_type=issue_type, unlock=unlock)


_PASSED = {
    "timeout": "more time, or less work in the cell",
    "memory": "more memory, or less work in the cell",
    "pids": "fewer processes and threads, or a box that allows more",
    "disk": "more disk, or fewer and smaller files",
    "output": "less output from the cell",
}
"""What would unlock a run, by how it ended (`Execution.ended`)."""

_LIMITS = {
    "Timeout": "more time, or less work in the cell",
    "Killed": "more memory, or less work in the cell",
    "MemoryError": "more memory, or less work in the cell",
    "KernelDied": "an environment in which the kernel survives the cell",
    "OutputLimit": "less output from the cell",
}


def _limits(error: CellError, _source: str) -> Verdict | None:
    name = error.name.removeprefix("numpy.").removeprefix("_Array")
    if name in _LIMITS and "exit()" not in error.message:
        return _environment(_LIMITS[name], IssueType.RUNTIME_RISK)
    if error.name in {"BlockingIOError", "OSError"} and "Resource temporarily unavailable" in error.message:
        return _environment("more processes than the box allows", IssueType.RUNTIME_RISK)
    return None


_SECRET_NAME = re.compile(r"(?i)(?:^|_)(?:api_?key|key|token|secret|passw(?:or)?d|credentials?|auth)(?:_|$)")
_SECRET_WORDS = re.compile(
    r"(?i)api[_ -]?key|access token|credentials?\b|\btoken (?:is |was )?(?:required|missing|not)|unauthorized|log ?in to"
    r"|\b401\b"
)
_SECRET_ERRORS = re.compile(
    r"(?i)^(?:Authentication(?:Error|Failed)|PermissionDeniedError|DefaultCredentialsError|NoCredentialsError|"
    r"\w*Credentials?(?:NotFound)?Error|Unauthorized\w*|LocalTokenNotFoundError|GatedRepoError|SecretNotFoundError|"
    r"NotebookAccessError|OpenAIError)$"
)


_SPOKEN = frozenset(
    {"ValueError", "ValidationError", "TypeError", "RuntimeError", "Exception", "UsageError", "HTTPError"}
)
"""Errors that are about a secret only if their message says so."""
_ASKED = re.compile(r"\b(?:environ|userdata|secrets)\b")
_OS_FILE = re.compile(r"(?:^|/)os\.py$|<frozen os>")
_QUOTES = "'\""


def _secrets(error: CellError, source: str) -> Verdict | None:
    if error.name == "KeyError":
        asked = _ASKED.search(_line(error, source)) or any(_OS_FILE.search(file) for file, _, _ in error.frames)
        return _secret(f"the environment variable {error.message.strip()[:100].strip(_QUOTES)}") if asked else None
    by_words = error.name in _SPOKEN and _SECRET_WORDS.search(error.message) and not _unexpected(error.message)
    if by_words or _SECRET_ERRORS.match(error.name):
        return _secret(_variable(error.message) or "the service's key")
    return None


_NO_SECRETS = (
    "artifacts are run without any: end its run before that (`run` with `until_cell`), or leave it out (`exclude`)"
)


def _secret(unlock: str) -> Verdict:
    return Verdict(cause=Cause.SECRET, issue_type=IssueType.SETUP_GAP, unlock=f"needs {unlock}, and {_NO_SECRETS}")


def _variable(message: str) -> str:
    found = next((name for name in re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", message) if _SECRET_NAME.search(name)), None)
    return f"the environment variable {found}" if found else ""


def _unexpected(message: str) -> bool:
    """`got an unexpected keyword argument 'api_key'` is about code."""
    return "argument" in message and "unexpected" in message


def _person(error: CellError, source: str) -> Verdict | None:
    if error.name != "StdinNotImplementedError" and not (
        error.name == "EOFError" and "reading a line" in error.message
    ):
        return None
    if re.search(r"getpass|api_?key|token|passw", _line(error, source), re.IGNORECASE):
        return _secret("a key that a person types in")
    return _environment("a person who answers input()", IssueType.RUNTIME_RISK)


_NETWORK_ERRORS = re.compile(
    r"^(?:gaierror|URLError|(?:API)?Connect(?:ion)?(?:Error|Timeout|TimeoutError)|ConnectionRefusedError|"
    r"ConnectionResetError|Read(?:Timeout|Error)|MaxRetryError|NewConnectionError|NameResolutionError|ProxyError|SSLError|"
    r"Client(?:Connector|OS|Connection)\w*Error|LocalEntryNotFoundError|OfflineModeIsEnabled|ServiceUnavailable|"
    r"ServerNotFoundError|TransportError|ServerSelectionTimeoutError|RetryError|ServiceRequestError|herror|RemoteDisconnected)$"
)
_NETWORK_WORDS = re.compile(
    r"name resolution|Name or service not known|nodename nor servname|Network is unreachable|getaddrinfo failed|"
    r"Failed to (?:resolve|establish a new connection)|Max retries exceeded|No address associated|No route to host|"
    r"(?i:couldn'?t connect|could ?n[o']t (?:reach|connect)|cannot connect to host|offline mode|check your internet)|"
    r"\[Errno (?:101|110|111|113|-2|-3)\]"
)
_ALLOW = "allow the host (`network.hosts`), or keep what it loads in the repository"
_SOCKET_FILES = re.compile(r"(?:^|/)(?:socket|ssl)\.py$|/(?:urllib3?|httpx|httpcore|requests|aiohttp)/")


def _network(error: CellError, _source: str) -> Verdict | None:
    refused = error.name in {"PermissionError", "OSError"} and any(
        _SOCKET_FILES.search(file) for file, _, _ in error.frames
    )
    wanted = _NETWORK_ERRORS.match(error.name) or _NETWORK_WORDS.search(error.message) or refused
    if not wanted:
        return None
    host = _host(f"{error.message}\n{error.traceback[-4000:]}")
    needs = f"needs network ({host})" if host else "needs network"
    return _environment(f"{needs}: {_ALLOW}", IssueType.RUNTIME_RISK)


_HOST = re.compile(
    r"host='([\w.-]+)'|Failed to resolve '([\w.-]+)'|connect to host ([\w.-]+)|\bhttps?://([\w.-]+\.\w+)"
)


def _host(text: str) -> str:
    found = _HOST.search(text)
    return next((group for group in found.groups() if group), "") if found else ""


def _http(error: CellError, _source: str) -> Verdict | None:
    status = re.search(r"\b(?:HTTP Error |status(?:_code)?[ =:]+)?([45]\d\d)\b", error.message)
    if error.name not in {"HTTPError", "HTTPStatusError", "NotFoundError", "ClientResponseError"} or status is None:
        return None
    if status[1] in {"401", "403", "407"}:
        return _secret("access to what it downloads")
    host = _host(f"{error.message}\n{error.traceback[-4000:]}")
    unlock = f"the address answers {status[1]}" + (f" ({host})" if host else "")
    return Verdict(cause=Cause.UPSTREAM, issue_type=IssueType.BROKEN_EXECUTION, unlock=unlock)


_GPU_WORDS = re.compile(r"CUDA|cuda(?:Error)?\b|cuDNN|NVIDIA|nvidia-smi|No GPU|GPU (?:is )?not")


def _gpu(error: CellError, _source: str) -> Verdict | None:
    speaks = error.name in {"RuntimeError", "AssertionError", "ValueError", "SystemError", "OSError"}
    if speaks and _GPU_WORDS.search(error.message) and not _unexpected(error.message):
        return _environment("needs a GPU", IssueType.RUNTIME_RISK)
    return None


def _data(error: CellError, _source: str) -> Verdict | None:
    missing = error.name in {"FileNotFoundError", "NotADirectoryError"} or re.search(
        r"No such file or directory|(?:File|file) b?'?\S+ does not exist|unable to open (?:database )?file"
        r"|Dataset not found|Resource .{1,80} not found",
        error.message,
    )
    if not missing or error.name in {"ModuleNotFoundError", "ImportError"}:
        return None
    quoted = re.search(r"b?'([^']{1,200})'", error.message)
    what = quoted[1] if quoted else "the file it reads"
    if any(file.endswith("subprocess.py") for file, _, _ in error.frames):
        return _environment(f"the program {what} is not installed")
    return Verdict(cause=Cause.DATA, issue_type=IssueType.SETUP_GAP, unlock=f"needs {what}: keep it in the repository")


_NAME_IT = "name it in the requirements of the artifact (`requirements`), or an interpreter that has it (`python`)"


def _modules(error: CellError, _source: str) -> Verdict | None:
    if error.name not in {"ModuleNotFoundError", "ImportError"}:
        return None
    # Python 2 and C extensions say it without quotes; optional dependencies are announced by the library that wants them.
    found = re.search(r"No module named '?([\w.]+)'?", error.message) or re.search(
        r"Missing (?:optional )?dependency '([\w.-]+)'", error.message
    )
    if found is None:
        return _unfitting(error)
    module = found[1]
    if "." in module:
        return _unfitting(error)
    if left_the_standard_library(module):
        return _unfitting(error)
    guess = "" if is_known(module) else f" (a guess by its name: which package brings `{module}` is not known)"
    return _environment(f"the package {distribution(module)} is not installed{guess}: {_NAME_IT}")


def _unfitting(error: CellError, _source: str = "") -> Verdict | None:
    """A library that itself uses what another no longer has: the versions do not fit, the cell is not at fault."""
    named = re.search(r"module '([\w.]+)' has no attribute|from '([\w.]+)'|No module named '([\w.]+)'", error.message)
    if named is None or error.name not in {"AttributeError", "ImportError", "ModuleNotFoundError"}:
        return None
    top = next(group for group in named.groups() if group).partition(".")[0]
    user = next((file for file, _, _ in reversed(error.frames) if not _within(file, top)), "")
    package = re.search(r"(?:site|dist)-packages/(\w+)", user)
    if package is None:
        return None
    return _environment(f"versions of {package[1]} and {top} that fit each other")


def _within(file: str, package: str) -> bool:
    return f"-packages/{package}/" in file or f"-packages/{package}.py" in file or file.startswith("<")


_INSTALL = re.compile(r"^\s*[%!]*\s*(?:pip3?|conda|mamba|apt(?:-get)?|brew|uv)\b", re.MULTILINE)
_COMMAND_ERRORS = frozenset(
    {"CalledProcessError", "ValueError", "RuntimeError", "OSError", "UsageError", "NotImplementedError"}
)


def _shell(error: CellError, source: str) -> Verdict | None:
    if error.name in _COMMAND_ERRORS and _INSTALL.search(_line(error, source) or source):
        return _environment("what the install command installs, in the environment beforehand")
    if error.name == "UsageError" and "not found" in error.message:
        return _environment("the extension that brings the magic")
    if error.name == "CalledProcessError":
        return _environment("the commands the cell runs", IssueType.RUNTIME_RISK)
    return None


def _system(error: CellError, _source: str) -> Verdict | None:
    if re.search(r"Read-only file system|No space left on device", error.message) or error.name == "PermissionError":
        return _environment("a place where the cell may write", IssueType.RUNTIME_RISK)
    if re.search(
        r"Can't find model '|cannot open shared object file|no display name|cannot connect to (?:X|display)",
        error.message,
    ):
        return _environment(error.message.strip().split("\n")[0][:200])
    return None


_RULES: tuple[Callable[[CellError, str], Verdict | None], ...] = (
    _limits,
    _person,
    _http,
    _secrets,
    _shell,
    _network,
    _gpu,
    _data,
    _modules,
    _unfitting,
    _system,
)
"""The first that knows decides."""
