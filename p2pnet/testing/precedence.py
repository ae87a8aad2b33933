"""Drills about the order of succession: who goes before whom, and whom nobody waits for."""

from __future__ import annotations

from typing import Final

from p2pnet.core.errors import LocalProtocolError
from p2pnet.core.events import ClaimGranted, HostLost, MigrationStarted, PeerLost
from p2pnet.core.ranking import RANK_EVERY_US

from .catalogue import InvariantBroken
from .ground import NOTICED_US, SOON_US, Ground
from .hostile import usurp
from .sim_peer import SimPeer

_FAR_US: Final = 60_000  # longer, one way, than to all others
_LOOKS: Final = 4  # at round trips, until it is clear that somebody has moved away
_HEARD_US: Final = 35_000  # what is said has come, and nobody's turn has
_BACK_US: Final = 300_000  # whose link broke has another one


def ranked(ground: Ground) -> None:
    """Who is near goes before who is far, and who can't host goes last. Who is away for good keeps
    its place, and is nobody's heir.
    """
    world, (host, *others) = ground.world, list(ground.peers)
    spectator = world.join(host, "spectator", can_host=False)
    far = _far(ground, host)
    world.run_for(SOON_US)
    others.append(world.join(host, "late"))
    world.run_for(RANK_EVERY_US)  # the order is looked at
    _have_order(host, [*others, far, spectator])
    _can_not_be_heir(ground, host, spectator)
    gone, *rest = others
    world.crash(gone, silent=True)
    world.run_for(SOON_US)
    for peer in (spectator, far, *rest):  # each is away for a moment, and goes last by that
        world.reset_links(host, peer)
        world.run_for(_BACK_US)
    _have_order(host, [gone, spectator, far, *rest])
    world.crash(host, silent=ground.rng.random() < 0.5)
    world.run_for(NOTICED_US)
    for peer in (spectator, far, *rest):
        *_, started = peer.saw(MigrationStarted)
        if started.successor != far.id:  # type: ignore[attr-defined]
            raise InvariantBroken("S25", f"{peer.name} expects another host than {far.name}")
    if world.hosts != [far]:
        raise InvariantBroken("S25", f"{far.name} is the first that can host, and is not the host")
    ground.heal()


def _far(ground: Ground, host: SimPeer) -> SimPeer:
    """Somebody who joins from far away, or is there and moves away."""
    world, number, moves = ground.world, len(ground.peers), ground.rng.random() < 0.7
    far = world.join(host, "far") if moves else None
    if moves:
        world.run_for(SOON_US)
    for way in ((host.number, number), (number, host.number)):
        world.network.lags[way] = _FAR_US
    if moves:
        world.run_for(_LOOKS * RANK_EVERY_US)  # one long round trip may be a mishap
    return far or world.join(host, "far")


def out_of_turn(ground: Ground) -> None:
    """The last in rank claims as soon as the host is lost. The first one stands still, and for all
    that the others know it is about to claim: they do not stand behind the last.
    """
    world, host = ground.world, ground.peers[0]
    heir, *others, last = [peer for peer in world.ranked(host) if peer is not host]
    world.pause(heir)
    world.crash(host)
    world.run_while(lambda: not all(peer.saw(HostLost) for peer in (*others, last)), NOTICED_US)
    usurp(world, last, 0)
    world.run_for(_HEARD_US)
    for peer in others:
        if any(event.claimant == last.id for event in peer.saw(ClaimGranted)):  # type: ignore[attr-defined]
            raise InvariantBroken("S25", f"{peer.name} lets {last.name} go before {heir.name}")
    world.resume(heir)
    ground.heal()


def asleep(ground: Ground) -> None:
    """The only one that can host was given up while it stood still, as somebody else has heard. It
    wakes up when the host dies, hosts, and has its player back.
    """
    world, (host, heir, *others) = ground.world, ground.peers
    for other in others:
        world.leave(other)
    world.join(host, "spectator", can_host=False)
    world.run_for(SOON_US)
    world.pause(heir)
    world.run_while(lambda: not host.saw(PeerLost), NOTICED_US)
    world.run_for(_HEARD_US)
    world.crash(host, silent=ground.rng.random() < 0.5)
    world.resume(heir)
    world.run_for(NOTICED_US)
    if world.hosts != [heir]:
        raise InvariantBroken("L1", f"{heir.name} is awake, and nobody else can host")
    ground.heal()


def _have_order(host: SimPeer, order: list[SimPeer]) -> None:
    names = {peer.id: peer.name for peer in order}
    found = [member.peer for member in host.core.roster.members if member.peer in names]
    if found != [peer.id for peer in order]:
        text = f"{', '.join(names[peer] for peer in found)} is not the order of succession"
        raise InvariantBroken("S25", text)


def _can_not_be_heir(ground: Ground, host: SimPeer, spectator: SimPeer) -> None:
    try:
        ground.want(host, lambda core, now: core.hand_over(now, spectator.id))
    except LocalProtocolError:
        return
    raise InvariantBroken("S34", f"{host.name} hands over to {spectator.name}, which can't host")
