"""Drills in which nobody waits for what can't come any more, nor goes on without what will.

That a session comes together in the end would be so as well if each question was waited for until
its time is up. But a game stands still meanwhile.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Final

from p2pnet.core.events import (
    ClaimGranted,
    ClaimMade,
    Event,
    HandoverFailed,
    HostSuspected,
    Isolated,
    StateChanged,
)
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State

from .catalogue import InvariantBroken
from .ground import NOTICED_US, SOON_US, STEP_US, Ground
from .sim_peer import SimPeer

_ONE_WAY_US: Final = 35_000  # what is on its way arrives, and somebody acts on it
_SLEEP_US: Final = 2_000_000  # longer than anybody waits for a claimant
_FAR_US: Final = 190_000  # so much longer at most, one way, than between two cities
_LATE_US: Final = (200_000, 330_000)  # so an answer is under way while the host is given up
_WOKEN_US: Final = 300_000  # whoever sleeps has asked who is there, and had the time for answers


def prompt(ground: Ground) -> None:
    """A host hands over. Then the next one is lost, and whoever is asked about it, or has the word
    of others, is gone, stands still or gives up. Or nobody does anything any more, and all get
    their receipts.
    """
    _hands_over(ground)
    often = _gives_up, _gives_up  # which comes to nothing now and then
    ground.rng.choice((*often, _dies, _stands_still, _is_alone, _is_quiet))(ground)
    ground.heal()


def _hands_over(ground: Ground) -> None:
    """The host that was asks for its seat as it names the next one, which gives it at once."""
    world, (host, *clients) = ground.world, ground.peers
    world.hand_over(host, ground.rng.choice(clients))
    world.run_for(SOON_US)
    changes = [(us, event.new) for us, event in host.events if isinstance(event, StateChanged)]
    since_us = next((us for us, state in changes if state is State.JOINING), 0)
    if (State.FOLLOWING, True) not in ((s, us < since_us + _ONE_WAY_US) for us, s in changes):
        raise InvariantBroken("L3", f"{host.name} handed over, and asks for its seat after that")


def _gives_up(ground: Ground) -> None:
    """Two lose the host, and one of them is told that it lives when it has the word of the other.
    That one asks at once, and plays on through a neighbour as well.
    """
    world, (host,) = ground.world, ground.world.hosts
    ranked = [peer for peer in world.ranked(host) if peer is not host]
    two, witnesses = ranked[:2], ranked[2:]
    ground.part([host], two)
    world.run_while(lambda: not all(peer.saw(HostSuspected) for peer in two), NOTICED_US)
    ground.part(witnesses, two)  # or they are told that it lives before they have lost it
    world.run_while(lambda: not _saw(two, ClaimGranted), NOTICED_US)
    for witness, client in product(witnesses, two):
        world.network.heal(witness.number, client.number)
        world.network.heal(client.number, witness.number)
    if not world.run_while(lambda: not _saw(two, Isolated), NOTICED_US):
        return  # the word of the other was enough
    world.run_for(8 * _ONE_WAY_US)  # of which it takes six to hear that, to ask, and for the answer
    for peer in two:
        if peer.saw(ClaimGranted) and not peer.saw(Isolated):
            raise InvariantBroken("L4", f"{peer.name} waits for who has given up its claim")


def _dies(ground: Ground) -> None:
    """Whoever is asked dies, and all others have answered."""
    world, (host,) = ground.world, ground.world.hosts

    def die(claimant: SimPeer, event: ClaimMade) -> None:
        others = [peer for peer in world.ranked(host) if peer not in (host, claimant)]
        world.crash(ground.rng.choice(others))

    ground.on(ClaimMade, die)
    world.crash(host)
    world.run_while(lambda: not _saw(world.members, ClaimMade), NOTICED_US)
    world.run_for(4 * _ONE_WAY_US)  # there and back, and who is dead does not answer at all
    if not world.hosts:
        raise InvariantBroken("L4", "all have answered who can, and nobody reigns")


def _stands_still(ground: Ground) -> None:
    """Whoever claims stands still for good, and has the word of all others."""
    world, (host,) = ground.world, ground.world.hosts
    ground.on(ClaimMade, lambda claimant, event: world.pause(claimant))
    world.crash(host, silent=ground.rng.random() < 0.5)
    world.run_for(_SLEEP_US)
    if not world.hosts:
        raise InvariantBroken("L2", "whoever claims stands still, and all others wait for it")
    for peer in world.members:
        world.resume(peer)


def _is_alone(ground: Ground) -> None:
    """Who has given its word to somebody sleeps, and is alone when it wakes up."""
    world, (host,) = ground.world, ground.world.hosts
    asleep: list[SimPeer] = []

    def fall_asleep(grantor: SimPeer, event: ClaimGranted) -> None:
        asleep.append(grantor)
        world.pause(grantor)
        ground.bereave(grantor)

    ground.on(ClaimGranted, fall_asleep)
    world.crash(host, silent=True)
    world.run_for(_SLEEP_US)
    for peer in asleep:
        world.resume(peer)
    world.run_for(_WOKEN_US)
    if not world.hosts:
        raise InvariantBroken("L2", f"{asleep[0].name} has asked who is there, and waits for more")


def _is_quiet(ground: Ground) -> None:
    """The host dies over what somebody has just done, and nobody does anything after that."""
    world, (host,) = ground.world, ground.world.hosts
    client = ground.rng.choice([peer for peer in ground.peers if peer is not host])
    ground.say(client, "at last", AckLevel.ALL)
    world.run_for(STEP_US)  # all have it, and the host knows that of few
    world.crash(host, silent=ground.rng.random() < 0.5)
    world.run_for(NOTICED_US)
    ground.settled(client)


def stale_proof(ground: Ground) -> None:
    """Whoever is asked about a dead host hears what that one answered before it died, and has it
    from another question. That proves nothing.
    """
    world, (host, claimant, grantor, *_) = ground.world, ground.peers
    world.cut(host, claimant)
    world.run_while(lambda: not claimant.saw(HostSuspected), NOTICED_US)
    world.network.lags[host.number, grantor.number] = ground.rng.randrange(*_LATE_US)
    world.run_for(2 * _ONE_WAY_US)  # the host is asked whether it lives, and has answered
    world.crash(host, silent=True)
    world.run_for(NOTICED_US)
    ground.heal()


def _saw(peers: Sequence[SimPeer], kind: type[Event]) -> bool:
    return any(peer.saw(kind) for peer in peers)


def redialled(ground: Ground) -> None:
    """The link of two breaks, and both live. However far apart they are, they find one another
    again before anybody begins a reign. And each can hand over to the other.
    """
    world, (host, *clients) = ground.world, ground.peers
    for client in clients:
        world.leave(client)  # so there is no witness
    far_us, number = min(ground.rng.randrange(2 * _FAR_US), _FAR_US), len(ground.peers)
    for way in ((host.number, number), (number, host.number)):
        world.network.lags[way] = far_us
    far = world.join(host, "far")
    world.run_for(SOON_US)
    reigns = ground.watch.reigns
    ground.rng.choice((world.reset_links, world.half_close))(host, far)
    world.run_for(NOTICED_US)
    ground.same_reign(reigns, f"{host.name} lives, and can be dialled")
    ground.say(far, "as if nothing had happened")
    for here, there in ((host, far), (far, host)):
        world.hand_over(here, there)
        world.run_for(NOTICED_US)
        if here.saw(HandoverFailed) or world.hosts != [there]:
            raise InvariantBroken("L1", f"{there.name} lives, and does not take over")
    ground.heal()
    ground.settled(far)
