"""Drills in which the games decide who follows a lost host, by hand or by an election."""

from __future__ import annotations

from itertools import combinations
from typing import Final

from p2pnet.core.events import (
    ClaimGranted,
    ClaimRefused,
    HostAnnounced,
    NewHostUnreachable,
    PullStarted,
)
from p2pnet.core.proofs import NUMBERS_AHEAD_MAX
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State

from .catalogue import InvariantBroken
from .ground import NOTICED_US, SOON_US, STEP_US, Ground, holds
from .hostile import usurp
from .sim_peer import SimPeer

_LONG_US: Final = 4_000_000  # after so long without a host all that are missing are dialled
_AT_ONCE_US: Final = 400_000  # by then a host that died in order has a successor


def by_hand(ground: Ground) -> None:
    """The game decides who follows a lost host: nobody does by itself, and all find whom it wants.

    Meanwhile all links break. Nobody has a host that would dial the others.
    """
    world, (host, *clients) = ground.world, ground.peers
    for peer in ground.peers:
        peer.choices.automatic = False
    reigns = ground.watch.reigns
    world.crash(host, silent=ground.rng.random() < 0.5)
    world.run_for(ground.rng.choice((SOON_US, NOTICED_US)))  # before that is long, or after it
    for one, other in combinations(clients, 2):
        world.reset_links(one, other)
    world.run_for(_LONG_US)
    ground.same_reign(reigns, "the game has not said that anybody shall reign")
    for client in clients:
        if client.core.census["links"] < len(clients) - 1:
            raise InvariantBroken("L1", f"{client.name} has no host for long, and looks for nobody")
    heir, *others = ground.rng.sample(clients, len(clients))
    first = others[: ground.rng.choice((0, 1))]
    usurp(world, others[0], 2 * NUMBERS_AHEAD_MAX)
    for other in first:
        ground.want(other, lambda core, now: core.follow(now, heir.id))
    ground.want(heir, lambda core, now: core.claim(now))
    world.run_for(SOON_US)
    alone = ground.say(heir, "reigns")
    world.run_for(SOON_US)
    ground.settled(heir)
    for other in others:
        follows = other.core.host_peer == heir.id and other.core.state is State.FOLLOWING
        if follows is not (other in first) or not (follows or other.saw(HostAnnounced)):
            raise InvariantBroken("S27", f"{other.name} decides by hand whether to follow")
        if not follows:
            ground.want(other, lambda core, now: core.follow(now, heir.id))
    world.run_for(NOTICED_US)
    ground.same_reign(reigns + 1, f"{heir.name} was chosen by hand")
    if not world.converged() or not all(holds(other, alone) for other in others):
        raise InvariantBroken("L1", f"all follow {heir.name} by hand, and are not together")
    for peer in clients:
        peer.choices.automatic = True
    ground.heal()


def second_thoughts(ground: Ground) -> None:
    """The game has somebody claim by hand, and follows another one before it has what it lacks.

    That other one has it, and does not answer for a while.
    """
    world, (host, claimant, other, *rest) = ground.world, ground.peers
    for peer in ground.peers:
        peer.choices.automatic = False
    for peer in rest:
        world.leave(peer)
    world.run_for(SOON_US)
    world.cut(host, claimant)
    said = ground.say(host, f"what {claimant.name} misses", AckLevel.HOST)
    world.run_for(STEP_US)
    world.crash(host)
    world.run_for(SOON_US)
    reigns = ground.watch.reigns

    def change(puller: SimPeer, event: PullStarted) -> None:
        world.pause(other)
        ground.want(claimant, lambda core, now: core.follow(now, other.id))

    ground.on(PullStarted, change)
    ground.want(claimant, lambda core, now: core.claim(now))
    world.run_for(NOTICED_US)
    ground.same_reign(reigns, f"the game wants {other.name}, which stands still")
    world.resume(other)
    world.run_for(SOON_US)
    ground.want(other, lambda core, now: core.claim(now))
    world.run_for(SOON_US)
    ground.same_reign(reigns + 1, f"{other.name} was chosen by hand")
    if not world.converged() or not holds(claimant, said):
        raise InvariantBroken(
            "L1", f"{claimant.name} follows {other.name} by hand, and is not there"
        )
    for peer in ground.peers:
        peer.choices.automatic = True
    ground.heal()


def rivals(ground: Ground) -> None:
    """Two players want to be the next host at one time: one of them is, and the other is told. If
    one of them lacks something it gives way. Who would rather follow it, and it dies, is told as
    well.
    """
    world, (host, *clients) = ground.world, ground.peers
    for peer in ground.peers:
        peer.choices.automatic = False
    two, uneven = ground.rng.sample(clients, 2), ground.rng.random() < 0.5
    if uneven:
        world.cut(host, two[0])
        ground.say(host, f"what {two[0].name} misses", AckLevel.HOST)
        world.run_for(STEP_US)
    world.crash(host)
    world.run_for(SOON_US if uneven else _AT_ONCE_US)
    reigns = ground.watch.reigns
    for peer in two:
        ground.want(peer, lambda core, now: core.claim(now))
        if not uneven:
            world.run_for(ground.rng.choice((0, ground.rng.randrange(STEP_US))))
    world.run_for(SOON_US)
    ground.same_reign(reigns + 1, f"{two[0].name} and {two[1].name} claim by hand")
    if uneven and world.hosts != [two[1]]:
        raise InvariantBroken("S25", f"{two[1].name} has more, and does not go before")
    heir = ground.only_host()
    loser = two[0] if heir is two[1] else two[1]
    if not loser.saw(ClaimRefused) and not loser.saw(ClaimGranted):
        raise InvariantBroken("S27", f"{loser.name} is not told why it does not reign")
    mistaken = next(client for client in clients if client not in two)
    ground.want(mistaken, lambda core, now: core.follow(now, loser.id))
    world.crash(loser)
    world.run_for(STEP_US)
    if not mistaken.saw(NewHostUnreachable):
        raise InvariantBroken("S27", f"{mistaken.name} is not told that {loser.name} is dead")
    for client in clients:
        if client.alive and client is not heir:
            ground.want(client, lambda core, now: core.follow(now, heir.id))
    world.run_for(SOON_US)
    if not world.converged():
        raise InvariantBroken("L1", f"all follow {heir.name} by hand, and are not together")
    for peer in ground.peers:
        peer.choices.automatic = True
    ground.heal()


def chosen(ground: Ground) -> None:
    """The games of all say who shall follow the host that is lost: that one does, and at once. The
    host may say that it crashes, or just be gone.

    If it died before the host, the next in rank follows as soon as if nobody had been chosen.
    """
    world, (host, *clients) = ground.world, ground.peers
    heir, dies = ground.rng.choice(clients), ground.rng.random() < 0.4
    for client in clients:
        client.choices.elect = lambda: heir.id
    reigns = ground.watch.reigns
    if dies:
        world.crash(heir)
        world.run_for(ground.rng.choice((0, STEP_US)))
        world.crash(host)
        world.run_for(_AT_ONCE_US)
    elif ground.rng.random() < 0.5:
        ground.want(host, lambda core, now: core.crash(now, "a mistake in the game"))
        world.run_for(_AT_ONCE_US)
    else:
        world.crash(host, silent=ground.rng.random() < 0.5)
        world.run_for(SOON_US)
    ground.same_reign(reigns + 1, "all want the same one")
    if not dies and world.hosts != [heir]:
        raise InvariantBroken("S25", f"{world.hosts[0].name} reigns, and {heir.name} was chosen")
    ground.heal()
