"""A run as lines of text that leave nothing out, to find the first place where two runs differ.

`Transcript` is for people and leaves out what says nothing. Here everything has a line: each frame
that is sent or taken in, heartbeats too, with a short hash of its bytes; each event, each receipt,
each step of each core and what it stands at then.
"""

from __future__ import annotations

import hashlib

import attrs

from p2pnet.core.effects import Effect, Emit, Send, Settle

from .catalogue import InvariantBroken
from .playing import finish, prepare
from .scenario import Scenario
from .sim_peer import Observer, SimPeer


@attrs.define(eq=False)
class Telltale(Observer):
    """Writes down all that observers are told."""

    lines: list[str] = attrs.field(factory=list)

    def took(self, now: int, peer: SimPeer, source: int, data: bytes) -> None:
        self.lines.append(f"{now} {peer.name} < {source} {_mark(data)}")

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            names = ",".join(target.name for target in targets)
            self.lines.append(f"{now} {peer.name} > {names} {_mark(effect.data)}")
        elif isinstance(effect, Settle):
            self.lines.append(f"{now} {peer.name} ! {effect.ticket} {effect.outcome!r}")
        elif isinstance(effect, Emit):
            self.lines.append(f"{now} {peer.name} {effect.event}")
        else:
            self.lines.append(f"{now} {peer.name} {effect}")

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        self.lines.append(f"{now} * {'' if peer is None else peer.name} {text}")

    def stepped(self, now: int, peer: SimPeer) -> None:
        core = peer.core
        self.lines.append(f"{now} {peer.name} = {core.state.value} {core.position}")


def _mark(data: bytes) -> str:
    return f"{len(data)} {hashlib.blake2b(data, digest_size=6).hexdigest()}"


def tell(scenario: Scenario) -> list[str]:
    """Play a scenario, and give all that happened in it. The last line says how it ended."""
    telltale = Telltale()
    try:
        finish(prepare(scenario, telltale))
        end = "no violation"
    except InvariantBroken as broken:
        end = str(broken)
    return [*telltale.lines, end]


def first_difference(one: list[str], other: list[str]) -> str | None:
    """The first line at which two runs differ, as each of them has it; None for equal runs."""
    for number, (here, there) in enumerate(zip(one, other, strict=False)):
        if here != there:
            return f"line {number + 1}:\n  {here}\n  {there}"
    if len(one) != len(other):
        longer = one if len(one) > len(other) else other
        rest = longer[min(len(one), len(other))]
        return f"line {min(len(one), len(other)) + 1}: one run is over, the other goes on\n  {rest}"
    return None
