"""Drills around a command that hosts are lost over, and a reign that took another number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs

from p2pnet.core.effects import Effect, Send
from p2pnet.core.events import BranchDiscarded
from p2pnet.core.messages import Update
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import Position

from .catalogue import InvariantBroken
from .frames import read, tag_of
from .ground import NOTICED_US, SOON_US, UNDER_WAY_US, Ground, holds
from .journal import REFUSED
from .sim_peer import Observer, SimPeer

_MANY: Final = 5  # players: a host, the next one, who calls the command, one silent, one told late
_UNHEARD_US: Final = 300_000  # shorter than a silence that counts as death
_TOLD_US: Final = 32_000  # what a host has said has come to all, and what it says next has not
_VOID: Final = "written during a pause"


@attrs.define(eq=False)
class Clerk(Observer):
    """Has something done when a host first says that it is about to try a command."""

    heartbeats, sends = False, frozenset({tag_of(Update)})

    do: Callable[[SimPeer], None]
    tried: bool = False

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if self.tried or not isinstance(effect, Send) or effect.data[1] != tag_of(Update):
            return
        frame = read(effect.data)
        if isinstance(frame, Update) and any(line.trial for line in frame.executed):
            self.tried = True
            self.do(peer)


@attrs.define(eq=False)
class _Last(Observer):
    """Has something done as soon as a host goes on under another number."""

    heartbeats, sends = False, frozenset[int]()

    host: SimPeer
    do: Callable[[], None]
    _first: int = 0

    def stepped(self, now: int, peer: SimPeer) -> None:
        if peer is self.host and peer.core.epoch is not None and peer.alive:
            self._first = self._first or peer.core.epoch.number
            if peer.core.epoch.number > self._first:
                self.do()


@attrs.frozen
class Trial:
    """Two commands of a client that a host was lost over. The next host has the first on trial."""

    heir: SimPeer
    client: SimPeer
    first: str
    second: str
    tickets: list[object]


def _put_on_trial(ground: Ground) -> Trial:
    """The host hears commands, and dies; the next one says that it is about to try them."""
    world, (host, _, _, *others) = ground.world, ground.peers
    client = ground.rng.choice(others)  # neither the next host nor, as a rule, the one after that
    first, second = f"over which hosts are lost of {client.name}", f"and then of {client.name}"
    begun: list[SimPeer] = []

    def tries(heir: SimPeer) -> None:
        if holds(heir, first):
            raise InvariantBroken("S17", f"{heir.name} tries what nobody else knows to be tried")
        begun.append(heir)

    world.observers.append(Clerk(tries))
    world.cut(client, host)
    tickets = [world.submit(client, text, AckLevel.HOST) for text in (first, second)]
    world.run_for(UNDER_WAY_US)
    world.crash(host)
    if not world.run_while(lambda: not begun, NOTICED_US):
        raise InvariantBroken("S17", "a host was lost over a command, and it is run like others")
    return Trial(begun[0], client, first, second, tickets)


def on_trial(ground: Ground) -> None:
    """A host is lost over a command. The next one says so before it tries it, and is lost as well,
    or hands over, or lives.
    """
    world, trial = ground.world, _put_on_trial(ground)
    client, first = trial.client, trial.first
    lost = _is_lost_later if len(ground.peers) >= _MANY else _is_lost
    end = ground.rng.choice((_lives, *2 * (_lives_unheard, lost), *3 * (_hands_over,)))
    third = ground.say(client, "behind those two")  # over which nobody was lost
    end(ground, trial.heir, client)
    world.run_for(NOTICED_US)
    ground.settled(client)
    outcomes = [client.settled[int(str(ticket))].outcome for ticket in trial.tickets]
    runs = end is not lost
    living = [peer for peer in ground.peers if peer.alive]
    if (outcomes[0] != REFUSED) is not runs or any(holds(p, first) is not runs for p in living):
        text = f"{'not ' * runs}one more host was lost over it, and it came to {outcomes[0]!r}"
        raise InvariantBroken("S17", text)
    if not all(holds(peer, text) for peer in living for text in (trial.second, third)):
        raise InvariantBroken("L4", f"{client.name} did more after that, and it was not run")
    ground.heal()


def two_outcomes(ground: Ground) -> None:
    """A command on trial is run where its owner is, and the others lose the host that tries it:
    they refuse it, and are more. What each of them does has the number that it has.
    """
    world, trial = ground.world, _put_on_trial(ground)
    client, others = trial.client, _others(ground, trial.heir, trial.client)
    ground.say(client, "behind those two")
    world.run_for(_TOLD_US)
    ground.part([trial.heir, client], others)
    for other in others:
        ground.say(other, "on the larger side")
    world.run_for(NOTICED_US)
    ground.heal()
    ground.settled(client)
    lost = [ticket for ticket, text in client.sent.items() if not holds(others[0], text)]
    named = [n for event in client.saw(BranchDiscarded) for n in event.tickets]  # type: ignore[attr-defined]
    if named != lost:
        raise InvariantBroken("S16", f"{client.name} lost {lost}, and {named} are named")


def _lives(ground: Ground, heir: SimPeer, client: SimPeer) -> None:
    """Its owner asks for its seat again in between, and nobody else is left."""
    for other in _others(ground, heir, client):
        ground.world.crash(other)
    ground.world.reset_links(heir, client)


def _lives_unheard(ground: Ground, heir: SimPeer, client: SimPeer) -> None:
    """Its owner asks for its seat again, and it is not decided: nobody says that it has heard."""
    for other in _others(ground, heir, client):
        ground.world.cut(other, heir)
    ground.world.reset_links(heir, client)
    ground.world.run_for(_UNHEARD_US)
    ground.world.heal()


def _is_lost(ground: Ground, heir: SimPeer, client: SimPeer) -> None:
    ground.world.crash(heir)


def _is_lost_later(ground: Ground, heir: SimPeer, client: SimPeer) -> None:
    """It waits for one of them to say that it has heard. All others missed what was said, and one
    is told of it with all else. That one is the next host.
    """
    world, (mute, *others) = ground.world, _others(ground, heir, client)
    for silent in (mute, client):
        world.cut_both(heir, silent)
    for other in (*others, client):
        world.reset_links(heir, other)
    at = heir.core.position
    missed = (*others, client)  # who may ask through a neighbour
    world.run_while(lambda: not any(_is_there(other, at) for other in missed), _UNHEARD_US)
    for dies in (mute, heir):
        world.crash(dies)


def _is_there(peer: SimPeer, at: Position | None) -> bool:
    return at is not None and peer.core.position is not None and peer.core.position >= at


def _hands_over(ground: Ground, heir: SimPeer, client: SimPeer) -> None:
    ground.world.hand_over(heir, client)


def _others(ground: Ground, heir: SimPeer, client: SimPeer) -> list[SimPeer]:
    return [peer for peer in ground.peers if peer.alive and peer not in (heir, client)]


def renumbered(ground: Ground) -> None:
    """Two sides meet, and the host that goes on takes another number. It dies before it has ordered
    anything under that, and the first in rank has not heard of it.
    """
    world, (host, heir, *others) = ground.world, ground.peers
    alone = others.pop()
    ground.part([alone], [host, heir, *others])
    world.run_for(NOTICED_US)
    ground.say(alone, "on the other side", AckLevel.HOST)
    for peer in (host, heir):
        ground.say(peer, "on the larger side")
    world.run_for(SOON_US)

    world.observers.append(_Last(host, lambda: world.crash(host, silent=True, lost_for=[heir])))
    world.heal()
    world.run_for(NOTICED_US)
    ground.heal()
    for peer in (heir, *others):
        ground.settled(peer)
        if peer.saw(BranchDiscarded):
            raise InvariantBroken("S16", f"{peer.name} lost something, and was with most others")


def paused(ground: Ground) -> None:
    """A host with few stands still. What is done there meanwhile is done when it goes on, or with
    the others. And if it becomes the host once more nothing is left of its pause.
    """
    world, (host, client, *others) = ground.world, ground.peers
    ground.tick()
    ground.part([host, client], others)
    world.run_for(NOTICED_US)
    world.write(client, _VOID)
    said = [ground.say(peer, "meanwhile", AckLevel.HOST) for peer in (client, host)]
    world.run_for(SOON_US)
    if any(holds(peer, text) for peer in (host, client) for text in said):
        raise InvariantBroken("S33", "two of many play on, though they have to stand still first")
    ground.tick()
    if ground.rng.random() < 0.7:
        world.run_for(ground.settings.pause_us)
        ground.tick()
        if not all(holds(peer, text) for peer in (host, client) for text in said):
            raise InvariantBroken("S33", "a pause is over, and what was done meanwhile is not done")
    if holds(host, _VOID):
        raise InvariantBroken("S33", "something was written while all stood still")
    ground.heal()
    if world.hosts != [host]:
        world.hand_over(world.hosts[0], host)
        world.run_for(SOON_US)
    after = [ground.say(peer, "after all") for peer in ground.peers]
    world.run_for(SOON_US)
    for peer in ground.peers:
        ground.settled(peer)
        if not all(holds(peer, text) for text in after):
            raise InvariantBroken("S33", f"{host.name} has all others with it, and stands still")
