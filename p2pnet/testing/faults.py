"""What each kind of step does to a world, and how it is undone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from functools import partial
from types import MappingProxyType
from typing import Final, Protocol

from p2pnet.core.errors import LocalProtocolError
from p2pnet.core.values import PeerId

from .forgeries import forge
from .hostile import Tape, garbage, proclaim, usurp
from .scenario import Kind, Step, Victim
from .sim_peer import Dials, SimPeer
from .sim_world import SimWorld
from .streams import stream
from .watch import Watch

Undo = Callable[[], None]
"""Ends a fault."""


class Play(Protocol):
    """What a fault needs to know of the run that it happens in."""

    world: SimWorld
    tape: Tape
    watch: Watch
    is_healed: bool
    writes: int

    def pick(self, who: int | Victim) -> SimPeer | None:
        """Whom a step means."""

    def submit(self, peer: SimPeer, step: Step) -> None:
        """A player does something."""


Doing = Callable[[Play, Step, SimPeer], Undo | None]


# --- processes ------------------------------------------------------------------------------------


def _submit(play: Play, step: Step, peer: SimPeer) -> None:
    play.submit(peer, step)


def _write(play: Play, step: Step, peer: SimPeer) -> None:
    play.writes += 1
    play.world.write(peer, f"w{play.writes}")


def _end(play: Play, step: Step, peer: SimPeer) -> None:
    """Budget: somebody is left to go on."""
    others = [other for other in play.world.members if other is not peer]
    seated = [other for other in others if other.core.roster.get(other.id) is not None]
    if not seated:
        return
    other = play.pick(step.other)
    if step.kind is Kind.TEAR and other is not None and other is not peer:
        _tear(play, peer, other, step.amount)
    else:
        play.world.crash(peer, step.kind is Kind.VANISH)


def _tear(play: Play, peer: SimPeer, other: SimPeer, window_us: int) -> None:
    """Whatever is sent to `other` from now on comes too late, and then it is lost.

    Who dies in this way already loses what it says to one more.
    """
    world, dies = play.world, bool(peer.torn)
    peer.torn.append(other)

    def end() -> None:
        torn, peer.torn = peer.torn, []
        for one in torn:
            world.network.lags.pop((peer.number, one.number), None)
        if peer.alive and len(world.members) > 1 and not play.is_healed:
            world.crash(peer, lost_for=torn)

    if window_us:
        world.network.lags[peer.number, other.number] = 2 * window_us
    if not dies:
        world.after(window_us, end)


def _pause(play: Play, step: Step, peer: SimPeer) -> Undo | None:
    if peer.paused:
        return None
    play.world.pause(peer)
    return partial(play.world.resume, peer)


def _resume(play: Play, step: Step, peer: SimPeer) -> None:
    for other in play.world.peers:
        play.world.resume(other)


def _slow(play: Play, step: Step, peer: SimPeer) -> Undo:
    play.world.befall(peer, f"takes everything in {step.amount} us late")
    peer.slow_us = step.amount
    return partial(setattr, peer, "slow_us", 0)


def _restart(play: Play, step: Step, peer: SimPeer) -> None:
    running = {p.key for p in play.world.members}
    dead = list({p.key: p for p in play.world.peers if p.key not in running}.values())
    there = play.world.hosts or play.world.members
    if dead and there:
        again = dead[step.peer % len(dead) if isinstance(step.peer, int) else 0]
        play.world.befall(None, f"{again.name} is started again")
        at = again if step.for_us % 2 == 0 else None  # as a rule it listens where it did before
        play.world.join(there[0], f"{again.name}'", key=again.key, at=at)


# --- membership -----------------------------------------------------------------------------------


def _join(play: Play, step: Step, peer: SimPeer) -> None:
    name = f"peer{len(play.world.peers)}"
    play.world.befall(None, f"{name} asks {peer.name} for a seat")
    play.world.join(peer, name)


def _leave(play: Play, step: Step, peer: SimPeer) -> None:
    if len(play.world.members) > 1 and not peer.paused:
        play.world.leave(peer)


def _kick(play: Play, step: Step, peer: SimPeer) -> None:
    for host in play.world.hosts[:1]:
        if host is not peer and not host.paused and host.core.roster.get(peer.id) is not None:
            play.world.kick(host, peer)


def _hand_over(play: Play, step: Step, peer: SimPeer) -> None:
    for host in play.world.hosts[:1]:
        if not host.paused:
            with contextlib.suppress(LocalProtocolError):  # nobody, or none that follows
                play.world.hand_over(host, peer)


# --- links and topology ---------------------------------------------------------------------------


def _between(play: Play, step: Step, peer: SimPeer) -> Undo | None:
    other = play.pick(step.other)
    if other is None or other is peer:
        return None
    if step.kind is Kind.RESET:
        play.world.reset_links(peer, other)
    elif step.kind is Kind.HALF_CLOSE:
        play.world.half_close(peer, other)
    elif step.kind is Kind.CUT:
        return _cut(play.world, [(peer, other)])
    else:
        return _cut(play.world, [(peer, other), (other, peer)])
    return None


def _cut(world: SimWorld, ways: Iterable[tuple[SimPeer, SimPeer]]) -> Undo:
    cut = [(one.number, other.number) for one, other in ways if one is not other]
    for source, target in cut:
        world.cut(world.peers[source], world.peers[target])

    def undo() -> None:
        for way in cut:
            world.network.heal(*way)

    return undo


def _isolate(play: Play, step: Step, peer: SimPeer) -> Undo:
    others = [other for other in play.world.peers if other is not peer]
    return _cut(play.world, [(peer, o) for o in others] + [(o, peer) for o in others])


def _part(play: Play, step: Step, peer: SimPeer) -> Undo:
    """Two sides, by rank; with a bridge there is somebody who is on both."""
    ranked = _ranked(play.world)
    bridge = peer if step.kind is Kind.BRIDGE else None
    here = ranked[: step.amount % len(ranked) or 1]
    there = [other for other in ranked if other not in here]
    sides = [(a, b) for a in here for b in there if bridge not in (a, b)]
    return _cut(play.world, sides + [(b, a) for a, b in sides])


def _ranked(world: SimWorld) -> list[SimPeer]:
    """Everybody who lives, as ranked by the host, and those it does not know after them."""
    members = world.members
    ids: list[PeerId] = []
    for host in (world.hosts or members)[:1]:
        ids = [member.peer for member in host.core.roster.members]
    return sorted(members, key=lambda p: (ids.index(p.id) if p.id in ids else len(ids), p.number))


def _ring(play: Play, step: Step, peer: SimPeer) -> Undo:
    ranked = _ranked(play.world)
    size = len(ranked)
    far = [
        (one, other)
        for i, one in enumerate(ranked)
        for j, other in enumerate(ranked)
        if (i - j) % size not in (0, 1, size - 1)
    ]
    return _cut(play.world, far)


def _scatter(play: Play, step: Step, peer: SimPeer) -> Undo:
    members = play.world.members
    return _cut(play.world, [(one, other) for one in members for other in members])


def _heal(play: Play, step: Step, peer: SimPeer) -> None:
    play.world.heal()


def _lag(play: Play, step: Step, peer: SimPeer) -> Undo | None:
    other = play.pick(step.other)
    if other is None or other is peer:
        return None
    lags = play.world.network.lags
    ways = (peer.number, other.number), (other.number, peer.number)
    play.world.befall(peer, f"and {other.name} are {step.amount} us further apart")
    for way in ways:
        lags[way] = step.amount

    def undo() -> None:
        for way in ways:
            lags.pop(way, None)

    return undo


def _stalls(play: Play, step: Step, peer: SimPeer) -> Undo:
    play.world.befall(None, f"{step.amount} in 1000 segments are lost and sent again")
    play.world.network.lost_permille = step.amount
    return partial(setattr, play.world.network, "lost_permille", 0)


_DIALS: Final = MappingProxyType(
    {
        Kind.REFUSE_DIALS: Dials.REFUSED,
        Kind.IGNORE_DIALS: Dials.IGNORED,
        Kind.MUTE_DIALS: Dials.MUTE,
    }
)


def _dials(play: Play, step: Step, peer: SimPeer) -> Undo:
    peer.dials = _DIALS[step.kind]
    play.world.befall(peer, f"can't be dialled ({peer.dials.name.lower()})")
    return partial(setattr, peer, "dials", Dials.WELCOME)


# --- time -----------------------------------------------------------------------------------------


def _drift(play: Play, step: Step, peer: SimPeer) -> Undo:
    play.world.befall(peer, f"has a clock that is wrong by {step.amount} in 1000")
    play.world.set_clock_rate(peer, 1000 + step.amount)
    return partial(play.world.set_clock_rate, peer, 1000)


def _late_timers(play: Play, step: Step, peer: SimPeer) -> Undo:
    play.world.befall(peer, f"wakes up to {step.amount} us late")
    peer.late_timers_us = step.amount
    return partial(setattr, peer, "late_timers_us", 0)


def _nudge(play: Play, step: Step, peer: SimPeer) -> None:
    play.world.wake_early(peer)


# --- frames and strangers -------------------------------------------------------------------------


def _say(play: Play, step: Step, peer: SimPeer) -> None:
    other = play.pick(step.other)
    if other is None or other is peer:
        return
    if step.kind is Kind.GARBAGE:
        data: bytes | None = garbage(stream(play.world.now, "garbage", peer.number))
    else:
        tape = play.tape
        rng = stream(play.world.now, "tape", peer.number)
        data = tape.last(peer, other) if step.kind is Kind.DUPLICATE else tape.any(rng, peer, other)
    if data is not None:
        play.world.befall(peer, f"says to {other.name} what it should not ({step.kind.value})")
        play.world.slip(peer, other, data)


def _impostor(play: Play, step: Step, peer: SimPeer) -> None:
    other = play.pick(step.other)
    if other is not None and other is not peer:
        play.world.befall(peer, f"has its seat claimed at {other.name} by an impostor")
        play.world.impostor(peer, other)


def _forge(play: Play, step: Step, peer: SimPeer) -> None:
    other = play.pick(step.other)
    if other is not None and other is not peer:
        data = forge(play.world, peer, other, step.amount)
        if data is not None:
            play.world.befall(peer, f"tells {other.name} what it can't prove")
            play.watch.forged.add(data)


def _usurp(play: Play, step: Step, peer: SimPeer) -> None:
    play.world.befall(peer, f"claims out of turn, {step.amount} above the right number")
    usurp(play.world, peer, step.amount)


def _proclaim(play: Play, step: Step, peer: SimPeer) -> None:
    play.world.befall(peer, f"announces a reign, {step.amount} above the right number")
    proclaim(play.world, peer, step.amount)


DOINGS: Final[MappingProxyType[Kind, Doing]] = MappingProxyType(
    {
        Kind.SUBMIT: _submit,
        Kind.WRITE: _write,
        Kind.CRASH: _end,
        Kind.VANISH: _end,
        Kind.TEAR: _end,
        Kind.PAUSE: _pause,
        Kind.RESUME: _resume,
        Kind.SLOW: _slow,
        Kind.RESTART: _restart,
        Kind.JOIN: _join,
        Kind.LEAVE: _leave,
        Kind.KICK: _kick,
        Kind.HAND_OVER: _hand_over,
        Kind.CUT: _between,
        Kind.CUT_BOTH: _between,
        Kind.ISOLATE: _isolate,
        Kind.HALVES: _part,
        Kind.BRIDGE: _part,
        Kind.RING: _ring,
        Kind.SCATTER: _scatter,
        Kind.HEAL: _heal,
        Kind.RESET: _between,
        Kind.HALF_CLOSE: _between,
        Kind.LAG: _lag,
        Kind.STALLS: _stalls,
        Kind.REFUSE_DIALS: _dials,
        Kind.IGNORE_DIALS: _dials,
        Kind.MUTE_DIALS: _dials,
        Kind.DRIFT: _drift,
        Kind.LATE_TIMERS: _late_timers,
        Kind.NUDGE: _nudge,
        Kind.DUPLICATE: _say,
        Kind.REPLAY: _say,
        Kind.GARBAGE: _say,
        Kind.IMPOSTOR: _impostor,
        Kind.FORGE: _forge,
        Kind.USURP: _usurp,
        Kind.PROCLAIM: _proclaim,
    }
)
