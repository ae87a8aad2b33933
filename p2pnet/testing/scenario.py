"""What is done to a session, as plain data: it can be drawn, shrunk, written down and replayed.

A scenario has two lives. First its steps happen, faults at will. Then everything heals, and the
session has to converge.
"""

from __future__ import annotations

import contextlib
import enum
from collections.abc import Callable
from typing import Final

import attrs

from p2pnet.core.errors import LocalProtocolError
from p2pnet.core.settings import AckLevel

from .core_world import CoreWorld
from .invariants import (
    InvariantBroken,
    Watch,
    acknowledged_survive,
    at_most_once,
    equal_states,
    everything_settled,
    in_session,
    in_submit_order,
    nothing_lost_in_silence,
    nothing_piles_up,
    same_owners,
)
from .sim_peer import SimPeer

HOST: Final = -1
"""As the peer of a step: whoever hosts when it is taken."""

CONVERGE_US: Final = 30_000_000
"""Time that a healed session has to come together."""

_SETTLE_US: Final = 3_000_000  # time for the last receipts


class Kind(enum.StrEnum):
    """What a step does."""

    SUBMIT = "submit"
    CRASH = "crash"  # the process ends, its links close
    VANISH = "vanish"  # the machine is gone, nobody is told
    TEAR = "tear"  # as crash, and what was on its way to `other` is lost
    PAUSE = "pause"
    RESUME = "resume"
    RESTART = "restart"  # a dead peer comes back with its key and nothing else
    JOIN = "join"
    LEAVE = "leave"
    KICK = "kick"
    HAND_OVER = "hand_over"  # to `peer`
    CUT = "cut"  # one way, to `other`
    CUT_BOTH = "cut_both"
    ISOLATE = "isolate"
    HEAL = "heal"
    RESET = "reset"  # the links to `other` break, both ends notice
    HALF_CLOSE = "half_close"  # they break, and only this end notices


CRASHES: Final = (Kind.CRASH, Kind.VANISH, Kind.TEAR)
"""Ways to die."""

_TOGETHER: Final = frozenset(
    {*CRASHES, Kind.SUBMIT, Kind.RESTART, Kind.JOIN, Kind.LEAVE, Kind.HAND_OVER}
)
"""What parts nobody from anybody who lives."""


@attrs.frozen
class Step:
    """One thing that is done, so many microseconds after the one before.

    `peer` and `other` count those who are alive, from 0 and around; `HOST` is the host. For
    `RESTART` they count the dead.
    """

    kind: Kind
    after_us: int = 0
    peer: int = HOST
    other: int = 0
    ack: AckLevel = AckLevel.ONE  # of a command


@attrs.frozen
class Scenario:
    """A session of so many players, and what is done to it."""

    players: int
    steps: tuple[Step, ...]
    seed: int = 0
    delay_us: tuple[int, int] = (20_000, 30_000)


@attrs.define
class Run:
    """A scenario while it is played, and afterwards."""

    scenario: Scenario
    world: CoreWorld
    watch: Watch
    healed_us: int = 0
    converged_us: int | None = None  # how long it took from there
    _commands: int = 0

    # --- who ---

    def _pick(self, index: int) -> SimPeer:
        living = in_session(self.world)
        hosts = self.world.hosts
        if index == HOST and hosts:
            return hosts[0]
        return living[index % len(living)]

    def _dead(self) -> list[SimPeer]:
        """Peers of which no process is alive, each once."""
        running = {p.key for p in self.world.peers if p.alive}
        return list({p.key: p for p in self.world.peers if p.key not in running}.values())

    # --- what ---

    def take(self, step: Step) -> None:
        """Let the time of a step pass, then do it. Does nothing where it would make no sense."""
        self.world.run_for(step.after_us)
        if in_session(self.world):
            _DOINGS[step.kind](self, step)

    def _submit(self, step: Step) -> None:
        peer = self._pick(step.peer)
        if not peer.paused and peer.core.roster.get(peer.id) is not None:
            self._commands += 1
            self.world.submit(peer, f"c{self._commands}", step.ack)

    def _end(self, step: Step) -> None:
        if len(in_session(self.world)) == 1:
            return
        victim, other = self._pick(step.peer), self._pick(step.other)
        torn = (other,) if step.kind is Kind.TEAR and other is not victim else ()
        self.world.crash(victim, step.kind is Kind.VANISH, torn)

    def _pause(self, step: Step) -> None:
        self.world.pause(self._pick(step.peer))

    def _resume(self, step: Step) -> None:
        for peer in self.world.peers:
            if peer.alive and peer.paused:
                self.world.resume(peer)

    def _restart(self, step: Step) -> None:
        dead, hosts = self._dead(), self.world.hosts
        if dead and hosts:
            again = dead[step.peer % len(dead)]
            self.world.join(hosts[0], f"{again.name}'", key=again.key)

    def _join(self, step: Step) -> None:
        if self.world.hosts:
            self.world.join(self.world.hosts[0], f"peer{len(self.world.peers)}")

    def _leave(self, step: Step) -> None:
        peer = self._pick(step.peer)
        if len(in_session(self.world)) > 1 and not peer.paused:
            self.world.leave(peer)

    def _kick(self, step: Step) -> None:
        peer, hosts = self._pick(step.peer), self.world.hosts
        if hosts and hosts[0] is not peer and not hosts[0].paused:
            host = hosts[0]
            if host.core.roster.get(peer.id) is not None:
                self.world.kick(host, peer)

    def _hand_over(self, step: Step) -> None:
        hosts, heir = self.world.hosts, self._pick(step.peer)
        if hosts and not hosts[0].paused:
            with contextlib.suppress(LocalProtocolError):  # nobody, or none that follows
                self.world.hand_over(hosts[0], heir)

    def _between(self, step: Step) -> None:
        one, other = self._pick(step.peer), self._pick(step.other)
        if one is other:
            return
        doing = {
            Kind.CUT: self.world.cut,
            Kind.CUT_BOTH: self.world.cut_both,
            Kind.RESET: self.world.reset_links,
            Kind.HALF_CLOSE: self.world.half_close,
        }
        doing[step.kind](one, other)

    def _isolate(self, step: Step) -> None:
        self.world.isolate(self._pick(step.peer))

    def _heal(self, step: Step) -> None:
        self.world.heal()

    # --- the second life ---

    def heal(self) -> None:
        """End all faults, and wait until the session has come together."""
        self.world.heal()
        for peer in self.world.peers:
            if peer.alive and peer.paused:
                self.world.resume(peer)
        self.healed_us = self.world.now
        if self.world.run_while(self._apart, CONVERGE_US):
            self.converged_us = self.world.now - self.healed_us

    def _apart(self) -> bool:
        return bool(in_session(self.world)) and not self.world.converged()

    def check(self) -> None:
        """Raise `InvariantBroken` for the first thing that does not hold in the end."""
        world = self.world
        if not in_session(world):
            return  # all left, or were sent away
        if self.converged_us is None:
            states = ", ".join(f"{p.name} {p.core.state.value}" for p in in_session(world))
            raise InvariantBroken("L1", f"not together {CONVERGE_US} us after all healed: {states}")
        world.run_for(_SETTLE_US)
        if not world.run_while(self._apart, CONVERGE_US):
            raise InvariantBroken("L5", "the session fell apart again")
        for invariant in (equal_states, at_most_once, in_submit_order, everything_settled):
            invariant(world)
        nothing_lost_in_silence(world, self.watch)
        nothing_piles_up(world)
        same_owners(world)
        if all(step.kind in _TOGETHER for step in self.scenario.steps):
            acknowledged_survive(world, self.watch)


_DOINGS: Final[dict[Kind, Callable[[Run, Step], None]]] = {
    Kind.SUBMIT: Run._submit,
    Kind.CRASH: Run._end,
    Kind.VANISH: Run._end,
    Kind.TEAR: Run._end,
    Kind.PAUSE: Run._pause,
    Kind.RESUME: Run._resume,
    Kind.RESTART: Run._restart,
    Kind.JOIN: Run._join,
    Kind.LEAVE: Run._leave,
    Kind.KICK: Run._kick,
    Kind.HAND_OVER: Run._hand_over,
    Kind.CUT: Run._between,
    Kind.CUT_BOTH: Run._between,
    Kind.RESET: Run._between,
    Kind.HALF_CLOSE: Run._between,
    Kind.ISOLATE: Run._isolate,
    Kind.HEAL: Run._heal,
}


def play(scenario: Scenario) -> Run:
    """Play a scenario to its end and check everything.

    Raises `InvariantBroken` with the name of what does not hold.
    """
    world = CoreWorld(seed=scenario.seed, delay_us=scenario.delay_us)
    watch = Watch(world)
    world.observers.append(watch)
    world.game(scenario.players)
    run = Run(scenario, world, watch)
    for step in scenario.steps:
        run.take(step)
    run.heal()
    run.check()
    return run
