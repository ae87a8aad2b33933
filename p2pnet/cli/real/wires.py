"""The network of a run with real processes: what they are connected by, and how it is cut.

Each peer gets a network namespace of its own, with one cable to a switch in one more. To take the
switch's end of a cable down is to pull the plug: nobody is told, packets are gone. The namespaces
have no names: each lasts for as long as a process in it does, which reads from a pipe of this
process and ends with it, however that ends.

Where namespaces can't be made all peers are on the loopback interface, and no cable is pulled.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final, Protocol

import attrs
import trio

_ANCHOR: Final = ("sh", "-c", "echo; exec cat")  # says when it is there, and ends with its pipe
_NET: Final = "10.77.0"
_WAYS_IN: Final = (
    (("unshare", "--net"), ("--net",)),  # as root
    (
        ("unshare", "--user", "--map-root-user", "--net"),
        ("--user", "--preserve-credentials", "--net"),
    ),
)
"""How to make a namespace, and how to enter it."""


class Unavailable(Exception):
    """This machine does not allow it. The text says why."""


class Wires(Protocol):
    """How the peers are connected. `why_not` is why no cable can be pulled, empty if it can."""

    @property
    def why_not(self) -> str: ...

    def address(self, peer: str) -> str:
        """Where a peer listens."""

    def prefix(self, peer: str) -> tuple[str, ...]:
        """What its command begins with."""

    async def pull(self, peer: str) -> None:
        """Nothing gets to this peer or from it."""

    async def plug(self, peer: str) -> None:
        """It is connected again."""


@attrs.frozen
class Loopback:
    """Everybody on one interface."""

    why_not: str

    def address(self, peer: str) -> str:
        return "127.0.0.1"

    def prefix(self, peer: str) -> tuple[str, ...]:
        return ()

    async def pull(self, peer: str) -> None:
        raise Unavailable(self.why_not)

    async def plug(self, peer: str) -> None:
        raise Unavailable(self.why_not)


@attrs.define
class Cables:
    """A namespace for each peer, and one for the switch."""

    nursery: trio.Nursery
    make: tuple[str, ...]
    enter: tuple[str, ...]
    peers: tuple[str, ...]
    why_not: str = ""
    _switch: int = 0  # the process in the namespace of the switch
    _anchors: dict[str, int] = attrs.field(factory=dict)

    def address(self, peer: str) -> str:
        return f"{_NET}.{self.peers.index(peer) + 1}"

    def prefix(self, peer: str) -> tuple[str, ...]:
        return self._into(self._anchors[peer])

    async def pull(self, peer: str) -> None:
        await self._on_switch("ip", "link", "set", self._port(peer), "down")

    async def plug(self, peer: str) -> None:
        await self._on_switch("ip", "link", "set", self._port(peer), "up")

    async def lay(self) -> None:
        """Make all of it. Raises `Unavailable`."""
        self._switch = await self.nursery.start(_hold, self.make)
        await self._on_switch("ip", "link", "add", "switch", "type", "bridge")
        await self._on_switch("ip", "link", "set", "switch", "up")
        for peer in self.peers:
            into = self._into(self._switch)
            anchor: int = await self.nursery.start(_hold, (*into, "unshare", "--net"))
            self._anchors[peer] = anchor
            port, end = self._port(peer), ("name", "eth0", "netns", str(anchor))
            await self._on_switch("ip", "link", "add", port, "type", "veth", "peer", *end)
            await self._on_switch("ip", "link", "set", port, "master", "switch", "up")
            own = self.prefix(peer)
            await _run(*own, "ip", "address", "add", f"{self.address(peer)}/24", "dev", "eth0")
            await _run(*own, "ip", "link", "set", "eth0", "up")
            await _run(*own, "ip", "link", "set", "lo", "up")

    def _into(self, process: int) -> tuple[str, ...]:
        return ("nsenter", "--target", str(process), *self.enter, "--")

    def _port(self, peer: str) -> str:
        return f"port{self.peers.index(peer) + 1}"

    async def _on_switch(self, *command: str) -> None:
        await _run(*self._into(self._switch), *command)


async def _run(*command: str) -> None:
    """Raises `Unavailable` with what the command said if it did not work."""
    try:
        await trio.run_process(command, capture_stderr=True, capture_stdout=True)
    except OSError as error:
        raise Unavailable(f"{command[0]} can't be run: {error.strerror}") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Unavailable(said[0] if said else f"{command[0]} failed") from None


async def _hold(
    make: Sequence[str], *, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
) -> None:
    """A process in a new namespace, until cancelled. Tells its number."""
    pipe = subprocess.PIPE
    try:
        process = await trio.lowlevel.open_process(
            [*make, *_ANCHOR], stdin=pipe, stdout=pipe, stderr=pipe, process_group=0
        )
    except OSError as error:
        raise Unavailable(f"{make[0]} can't be run: {error.strerror}") from None
    stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
    assert stdin is not None and stdout is not None and stderr is not None
    try:
        async with stdin, stdout, stderr:
            if not await stdout.receive_some(1):
                said = (await stderr.receive_some(1000)).decode("utf-8", "replace")
                raise Unavailable(said.strip() or f"{make[0]} failed")
            task_status.started(process.pid)
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
        with trio.CancelScope(shield=True):
            await process.wait()


@asynccontextmanager
async def open_wires(peers: tuple[str, ...]) -> AsyncIterator[Wires]:
    """Cables if this machine allows them, else the loopback interface."""
    reasons = []
    async with trio.open_nursery() as nursery:
        for make, enter in _WAYS_IN if sys.platform == "linux" else ():
            cables = Cables(nursery, make, enter, peers)
            try:
                await cables.lay()
            except Unavailable as error:
                reasons.append(str(error))
                continue
            yield cables
            nursery.cancel_scope.cancel()
            return
        why = "; ".join(dict.fromkeys(reasons)) or "there are no network namespaces but on Linux"
        yield Loopback(why)
        nursery.cancel_scope.cancel()
