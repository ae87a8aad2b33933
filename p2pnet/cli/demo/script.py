"""What happens in the demo, in the order of the flow in the manual of UNet's host migration.

MachineA hosts, the others join, and all play. MachineA is killed, MachineB becomes the host.
MachineA comes back as a client, MachineB is killed, and the next one hosts. Then all stop and
their states are compared.
"""

from __future__ import annotations

import string
from functools import partial
from pathlib import Path
from typing import Final

import attrs

from .cast import Cast
from .digging import Digging
from .evidence import Failover, Record, Run

PEERS_MIN: Final = 2
PEERS_MAX: Final = 16

_GAME: Final = "p2pnet.cli.demo.game:game"
_VOLLEY: Final = 40  # commands of each survivor that meet a host in the middle of its work


def peer_names(count: int) -> tuple[str, ...]:
    """MachineA, MachineB, …"""
    return tuple(f"Machine{letter}" for letter in string.ascii_uppercase[:count])


@attrs.define(eq=False)
class Script:
    """One performance. Leaves all it learns in `cast.evidence`."""

    cast: Cast
    digging: Digging
    folder: Path  # for the identities of the peers
    names: tuple[str, ...]
    act: int  # results that each peer has to see before the next thing happens

    async def perform(self) -> None:
        """All of it."""
        host = await self._gather()
        heir = await self._fail_over(host)
        await self._come_back(host.peer, heir)
        await self._fail_over(heir)
        await self.digging.until_played(self.digging.runs, self.act)
        await self._compare()

    async def _gather(self) -> Run:
        first, *others = self.names
        self.cast.audience.step(f"{first} hosts a game, {' and '.join(others)} join it, all play")
        host, ready = await self.cast.start(first, "host", _GAME, *self._options(first))
        await self.digging.begin(host)
        for name in others:
            run, _ = await self.cast.start(name, "join", ready["invite"], *self._options(name))
            await self.digging.begin(run)
        await self.digging.until_played(self.digging.runs, self.act)
        return host

    def _options(self, name: str) -> list[str]:
        """Loopback, any free port, and an identity that outlives the process."""
        identity = self.folder / f"{name}.identity"
        return ["--address", "127.0.0.1", "--port", "0", "--identity", str(identity)]

    async def _fail_over(self, victim: Run) -> Run:
        """Kill the host while commands are on their way to it. Returns the new host."""
        self.digging.stop(victim)
        survivors = self.digging.runs
        (before,) = (await self.cast.dumps(survivors[:1])).values()
        heir = next_in_rank(before)
        self.cast.audience.step(f"{victim.peer} is killed while commands are on their way to it")

        evidence = self.cast.evidence
        volley = await self.digging.volley(survivors, _VOLLEY)
        await self.cast.until(
            f"{victim} to answer the first of a volley", lambda: any(o.settled for o in volley)
        )
        self.cast.freeze(victim)
        # What is submitted from here on lies in the socket of a host that will never read it.
        late = await self.digging.volley(survivors, _VOLLEY)
        await self.cast.until(
            "the survivors to submit a volley",
            lambda: all(order.submitted_ms is not None for order in late),
        )
        in_flight = [
            order.ticket
            for run in survivors
            for order in evidence.of(run)
            if order.submitted_ms is not None and not order.settled
        ]
        failover = Failover(
            victim=victim,
            heir=heir,
            survivors=survivors,
            epoch=before["epoch"],
            before=before,
            killed_ms=self.cast.kill(victim),
            in_flight=tuple(in_flight),
        )
        evidence.failovers.append(failover)
        await self._until_playing(failover)
        failover.after = await self.cast.dumps(survivors)
        return next(run for run in survivors if run.peer == heir)

    async def _until_playing(self, failover: Failover) -> None:
        evidence, since_ms = self.cast.evidence, failover.killed_ms
        for run in failover.survivors:
            kind = "became_host" if run.peer == failover.heir else "host_changed"
            await self.cast.until(
                f"{run} to say {kind} after the kill of {failover.victim}",
                partial(evidence.first, run, kind, since_ms),
            )
            await self.cast.until(
                f"{run} to play again after the kill of {failover.victim}",
                partial(evidence.first_result_ms, run, since_ms),
            )

    async def _come_back(self, name: str, host: Run) -> None:
        self.cast.audience.step(f"{name} starts again and joins {host.peer}'s game as a client")
        await self.digging.until_played(self.digging.runs, self.act)
        (dump,) = (await self.cast.dumps([host])).values()
        run, ready = await self.cast.start(name, "join", dump["invite"], *self._options(name))
        self.cast.evidence.returns.append((run, ready))
        await self.digging.begin(run)
        await self.digging.until_played(self.digging.runs, self.act)

    async def _compare(self) -> None:
        """Stop, let everything settle, and take the state of everybody at one position."""
        self.cast.audience.step("all stop, and their states are compared")
        runs = self.digging.runs
        for run in runs:
            self.digging.stop(run)
        await self.cast.until(
            "the results of all commands",
            lambda: not any(self.cast.evidence.unsettled(run) for run in runs),
        )
        self.cast.evidence.final = await self.cast.equal_dumps(runs)
        host = next(run for run, dump in self.cast.evidence.final.items() if dump["role"] == "host")
        await self.cast.end(host)


def next_in_rank(dump: Record) -> str:
    """The name of the first member that is present and can host, the host itself left out."""
    return next(
        str(seat["name"])
        for seat in dump["roster"]
        if seat["present"] and seat["can_host"] and seat["peer"] != dump["host"]
    )
