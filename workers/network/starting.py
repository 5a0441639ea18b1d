"""The worker's end of the proxy: start it for one run, open a way out for each box, hear what did not pass, end it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from workers.contract import children
from workers.contract.domain import NetworkAttempt
from workers.contract.errors import SandboxUnavailableError
from workers.network import talk
from workers.network.outlets import Outlet, cleared, listening

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

    from pydantic import BaseModel

    from workers.contract.canaries import Canaries
    from workers.contract.network import Network
    from workers.network.credentials import Credential

T = TypeVar("T", bound="BaseModel")

PROXY_UID = 60_999
"""A user number that Debian gives to nobody, and no box ever has."""
START_S = 30.0
ORDER_S = 10.0
_WORDS_BYTES = 8192
_ROOT = Path(__file__).parents[2]


@dataclass(slots=True, kw_only=True)
class Proxy:
    """The running proxy of one run."""

    folder: Path
    process: asyncio.subprocess.Process
    control: socket.socket
    certificate: str = ""
    words: bytes = b""
    """The last that it wrote about its own troubles."""
    _outlets: dict[int, Outlet] = field(default_factory=dict[int, Outlet])
    _awaited: dict[tuple[str, int], asyncio.Future[BaseModel]] = field(
        default_factory=dict[tuple[str, int], "asyncio.Future[BaseModel]"]
    )
    _boxes: int = 0

    @asynccontextmanager
    async def box(self, artifact: str) -> AsyncGenerator[Outlet]:
        """A way out for a box that runs `artifact`, closed with the block.

        Raises:
            SandboxUnavailableError: the proxy is gone: whatever ran had no way out, and nothing was learned.
        """
        self._boxes += 1
        number = self._boxes
        outlet = self._outlets[number] = Outlet(folder=self.folder / str(number))
        try:
            with listening(outlet.folder, self.certificate) as listener:
                await self._order(talk.Open(box=number, scope=artifact), ("opened", number), listener)
            try:
                yield outlet
            finally:
                await asyncio.shield(self._order(talk.Close(box=number), ("closed", number)))
        finally:
            del self._outlets[number]
            cleared(outlet.folder)

    async def totals(self) -> Mapping[str, Mapping[str, int]]:
        """What the run sent and received so far, by host.

        Raises:
            SandboxUnavailableError: the proxy is gone.
        """
        told = await self._order(talk.Tell(), ("told", 0))
        return talk.counts(told.hosts) if isinstance(told, talk.Told) else {}

    async def _order(
        self, order: BaseModel, answered_by: tuple[str, int], beside: socket.socket | None = None
    ) -> BaseModel:
        future = self._awaited[answered_by] = asyncio.get_running_loop().create_future()
        try:
            descriptors = [] if beside is None else [beside.fileno()]
            socket.send_fds(self.control, [talk.packed(order)], descriptors)
            async with asyncio.timeout(ORDER_S):
                return await future
        except (OSError, TimeoutError) as error:
            raise SandboxUnavailableError("The proxy for the allowed hosts has ended or does not answer.") from error
        finally:
            self._awaited.pop(answered_by, None)

    def heard(self) -> None:
        """Read what the proxy says. The event loop calls it."""
        try:
            raw = self.control.recv(talk.PACKET_BYTES)
        except BlockingIOError:
            return
        except OSError:
            raw = b""
        if not raw:
            asyncio.get_running_loop().remove_reader(self.control)
            for future in self._awaited.values():
                if not future.done():
                    future.set_exception(ConnectionError("the proxy is gone"))
            return
        event = talk.Event.validate_json(raw)
        if isinstance(event, talk.Refusal):
            self._refused(event)
        future = self._awaited.get((event.said, getattr(event, "box", 0)))
        if future is not None and not future.done():
            future.set_result(event)

    def _refused(self, event: talk.Refusal) -> None:
        outlet = self._outlets.get(event.box)
        if outlet is not None:
            outlet.refusals.append(
                NetworkAttempt(host=event.host, port=event.port, via="proxy", why=event.why, kind=event.kind)
            )

    async def listen(self) -> None:
        """Keep what it writes about its own troubles from filling a pipe, until it ends."""
        assert self.process.stderr is not None  # noqa: S101 - asked for in _started
        while chunk := await self.process.stderr.read(_WORDS_BYTES):
            self.words = (self.words + chunk)[-_WORDS_BYTES:]

    async def expect(self, said: str) -> BaseModel:
        """The next event of that name."""
        future = self._awaited[said, 0] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(START_S):
                return await future
        finally:
            del self._awaited[said, 0]


@asynccontextmanager
async def proxy(  # noqa: PLR0913 - the parts of a way out, each by name
    network: Network,
    *,
    folder: Path,
    canaries: Canaries,
    credentials: Mapping[str, Credential] | None = None,
    recording: Path | None = None,
    trial: talk.Trial | None = None,
) -> AsyncGenerator[Proxy]:
    """A proxy for the boxes of one run; gone, with all connections through it, at the end of the block.

    `folder` exists, is nobody else's, and has a short path: a socket for each box is made in it. `recording` is the file for
    recorded answers: those that it holds are given again, new ones are added. `trial` is for trials of the proxy itself.

    Raises:
        SandboxUnavailableError: it cannot be started.
    """
    ours, theirs = talk.pair()
    with ours:
        running = await _started(theirs, ours, folder, recording)
        listening = asyncio.create_task(running.listen())
        try:
            secrets = talk.Secrets(credentials=talk.known(credentials or {}), canaries=dict(canaries.values))
            await _told(running, _rules(network, trial, recording), secrets)
            yield running
        finally:
            asyncio.get_running_loop().remove_reader(ours)
            await asyncio.shield(_ended(running.process))
            await asyncio.wait({listening})


async def _started(theirs: socket.socket, ours: socket.socket, folder: Path, recording: Path | None) -> Proxy:
    ours.setblocking(False)  # noqa: FBT003 - the standard library's own way
    fds = [theirs.fileno()]
    try:
        if recording is not None:
            fds.append(os.open(recording, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
        process = await children.start(
            *(sys.executable, "-m", "workers.network.proxy", *map(str, fds)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env={"LANG": "C.UTF-8", "PYTHONNOUSERSITE": "1", "PYTHONDONTWRITEBYTECODE": "1"},
            cwd=_ROOT,
            pass_fds=fds,
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxUnavailableError(f"The proxy for the allowed hosts cannot be started: {error}") from error
    finally:
        theirs.close()
        for fd in fds[1:]:
            os.close(fd)
    running = Proxy(folder=folder, process=process, control=ours)
    asyncio.get_running_loop().add_reader(ours, running.heard)
    return running


def _rules(network: Network, trial: talk.Trial | None, recording: Path | None) -> talk.Rules:
    return talk.Rules(
        network=network,
        names=sorted({host.name for host in network.hosts}),
        recording=recording is not None,
        uid=PROXY_UID if os.geteuid() == 0 else None,
        trial=trial,
    )


async def _told(running: Proxy, rules: talk.Rules, secrets: talk.Secrets) -> None:
    """Tell it what it has to know: nothing secret before it is closed to others."""
    try:
        waiting = asyncio.create_task(running.expect("guarded"))
        await asyncio.sleep(0)
        running.control.send(talk.packed(rules))
        guarded = await waiting
        running.certificate = guarded.certificate if isinstance(guarded, talk.Guarded) else ""
        waiting = asyncio.create_task(running.expect("ready"))
        await asyncio.sleep(0)
        running.control.send(talk.packed(secrets))
        await waiting
    except (OSError, TimeoutError) as error:
        said = running.words.decode(errors="replace").strip().rpartition("\n")[2]
        raise SandboxUnavailableError(f"The proxy for the allowed hosts did not start: {said or error}") from error


async def _ended(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
