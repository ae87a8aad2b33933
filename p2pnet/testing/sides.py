"""Drills in which a session falls into parts: who goes on, who stands still, and who wins."""

from __future__ import annotations

from itertools import product
from typing import Final

from p2pnet.core.events import (
    BecameHost,
    BranchDiscarded,
    ClaimGranted,
    HostSuspected,
    OnBranch,
    PullStarted,
    ReignsMet,
    SessionPaused,
)
from p2pnet.core.settings import AckLevel, Policy
from p2pnet.core.states import State

from .catalogue import InvariantBroken
from .ground import NOTICED_US, SOON_US, STEP_US, Ground, holds
from .sim_peer import SimPeer

_HARDLY_US: Final = 350_000  # more than it takes to be missed
_WELCOMED_US: Final = (280_000, 320_000)  # so late, and it is no silence that counts as death
_MORE: Final = 8  # commands …
_EVERY_US: Final = 100_000  # … of which one comes at least as often
_NOT_LONG_US: Final = 1_100_000  # they know that they are too few


def two_sides(ground: Ground) -> None:
    """One of two sides is small: who may go on does, and the larger one wins in the end.

    Once it has the host, and once it has not.
    """
    for has_host in ground.rng.sample((True, False), 2):
        host = ground.world.hosts[0]
        peers = [peer for peer in ground.peers if peer is not host]
        ground.rng.shuffle(peers)
        peers.insert(0 if has_host else len(peers), host)
        most = (len(peers) - has_host) // 2 or 1  # if they are alike the host's side wins anyway
        count = ground.rng.randint(1, most)
        _fall_apart(ground, host, peers[:count], peers[count:])


def _fall_apart(ground: Ground, host: SimPeer, small: list[SimPeer], large: list[SimPeer]) -> None:
    peers, settings, count = [*small, *large], ground.settings, len(small)
    what = f"apart, {'with' if host in small else 'without'} the host,"
    told, met = (sum(len(p.saw(kind)) for p in peers) for kind in (OnBranch, ReignsMet))
    ground.part(small, large)
    ground.world.run_for(NOTICED_US)
    done = {peer: ground.say(peer, what, AckLevel.HOST) for peer in peers}
    ground.world.run_for(SOON_US)
    stops = settings.policy is Policy.MAJORITY_ONLY
    small_goes = settings.policy is Policy.CONTINUE or (not stops and 2 * count == len(peers))
    large_goes = not stops or 2 * count < len(peers)
    _goes(small, done, small_goes)
    on_branch = settings.policy is Policy.CONTINUE and 2 * count < len(peers)
    if on_branch and sum(len(peer.saw(OnBranch)) for peer in peers) == told:
        raise InvariantBroken("S27", f"{count} of {len(peers)} play on, and are not told")
    _goes(large, done, large_goes)
    if settings.policy is Policy.PAUSE_MINORITY and not small_goes:
        ground.world.run_for(settings.pause_us)
        _goes(small, done, small_goes := True)
    ground.heal()
    if small_goes and large_goes and sum(len(peer.saw(ReignsMet)) for peer in peers) == met:
        raise InvariantBroken("S27", "two reigns have met, and nobody is told")
    loses = large if len(small) == len(large) and host in small else small
    _merged(ground, loses, done, small_goes and large_goes)


def _goes(side: list[SimPeer], done: dict[SimPeer, str], goes: bool) -> None:
    """S33: a side of this size runs what its players do, or it does not."""
    for peer in side:
        if holds(peer, done[peer]) is not goes:
            text = f"{peer.name} is one of {len(side)}, and {'stands still' if goes else 'goes on'}"
            raise InvariantBroken("S33", text)


def _merged(ground: Ground, loses: list[SimPeer], done: dict[SimPeer, str], both: bool) -> None:
    """S20: of two that have worked the larger goes on, of two alike the older one."""
    for peer in ground.peers:
        ground.settled(peer)
        for other in done:
            if holds(peer, done[other]) is (both and other in loses):
                text = f"{len(loses)} of {len(ground.peers)} have to give way: {done[other]}"
                raise InvariantBroken("S20", text)
        named = [n for event in peer.saw(BranchDiscarded) for n in event.tickets]  # type: ignore[attr-defined]
        lost = [ticket for ticket, text in peer.sent.items() if not holds(peer, text)]
        if named != lost:
            raise InvariantBroken("S16", f"{peer.name} lost {lost}, and {named} are named")


def too_few(ground: Ground) -> None:
    """The host dies, and no part has a majority of the seats: they wait, and find one another.

    Or the host is started again, and one part is large enough with it.
    """
    world, (host, *clients) = ground.world, ground.peers
    ground.rng.shuffle(clients)
    half = len(ground.peers) // 2
    one, other = clients[:half], clients[half:]
    world.crash(host, silent=ground.rng.random() < 0.5)
    ground.part(one, other)
    if ground.rng.random() < 0.5:
        for here, there in product(one, other):
            world.reset_links(here, there)
    long = ground.rng.random() < 0.5
    world.run_for(NOTICED_US if long else _NOT_LONG_US)
    done = {peer: ground.say(peer, "while too few") for peer in clients}
    if ground.rng.random() < 0.6:
        again = world.join(one[0], f"{host.name}'", key=host.key)
        ground.part([again], other)
        world.run_for(NOTICED_US)
        _goes(one, done, True)
        _goes(other, done, False)
        return ground.heal()
    world.run_for(ground.settings.dead_link_us if long else STEP_US)
    _goes(clients, done, False)
    world.heal()
    world.run_for(NOTICED_US if long else SOON_US)
    _goes(clients, done, True)
    ground.heal()


def scattered(ground: Ground) -> None:
    """Nobody hears anybody, and that again: each time all stand still and are told so, once."""
    world, peers = ground.world, ground.peers
    for time in (1, 2):
        ground.scatter()
        world.run_for(NOTICED_US + ground.rng.randrange(NOTICED_US))
        for peer in peers:
            told = len(peer.saw(SessionPaused))
            if told != time:
                text = f"{peer.name} was alone {time} times, and heard of {told} pauses"
                raise InvariantBroken("S33", text)
        ground.heal()


def far_apart(ground: Ground) -> None:
    """Most are linked to the host and its first successors alone, and all those die, in silence or
    not. The others find one another before anybody begins a reign of its own.
    """
    world, (host, *_) = ground.world, ground.peers
    heirs = [peer for peer in world.ranked(host) if peer is not host][: ground.settings.successors]
    reigns, silent = ground.watch.reigns, ground.rng.random() < 0.5
    for peer in (*heirs, host):
        world.crash(peer, silent)
    world.run_for(NOTICED_US)
    ground.same_reign(reigns + 1, "they had to find one another first")
    ground.heal()


def upstarts(ground: Ground) -> None:
    """The smaller side lets so many newcomers in that it is the larger one. That does not count:
    who had no seat when the two parted has no say in which of them goes on.
    """
    world, peers = ground.world, list(ground.peers)
    count = ground.rng.choice((1, (len(peers) - 1) // 2))
    small, large = peers[-count:], peers[:-count]  # who came last knows least of who had a seat
    if ground.rng.random() < 0.3:
        small, large = peers[:count], peers[count:]
    ground.part(small, large)
    world.run_for(NOTICED_US)
    if not any(peer.saw(OnBranch) for peer in small):
        raise InvariantBroken("S27", f"{count} of {len(peers)} play on, and are not told")
    via = next(host for host in world.hosts if host in small)
    done = {peer: ground.say(peer, "apart", AckLevel.HOST) for peer in peers}
    for number in range(len(large) - len(small) + 1):
        comes = world.join(via, f"upstart{number}")
        ground.part([comes], large)
    world.run_for(SOON_US)
    _merged_after(ground, small, done)


def torn(ground: Ground) -> None:
    """The host is not heard any more, and hears all others, who have another host soon. It counts
    on none of them when the two meet: each has sworn to the later one.
    """
    world, (host, *clients) = ground.world, ground.peers
    for client in clients:
        world.cut(host, client)
    world.run_for(_NOT_LONG_US)
    done = {peer: ground.say(peer, "apart", AckLevel.HOST) for peer in ground.peers}
    world.run_for(ground.rng.randrange(SOON_US))
    _merged_after(ground, [host], done)


def ahead(ground: Ground) -> None:
    """Of two sides the one that gives way has ordered more. It is welcomed late, and has nothing of
    what the other side orders meanwhile: for all it says until then, no receipt says that all have.
    """
    world, (host, *others, alone) = ground.world, ground.peers
    ground.part([alone], [host, *others])
    world.run_for(NOTICED_US)
    ground.say(host, "on the other side", AckLevel.HOST)
    for number in range(_MORE):
        ground.say(alone, f"number {number}", AckLevel.HOST)
        world.run_for(STEP_US)
    for way in ((host.number, alone.number), (alone.number, host.number)):
        world.network.heal(*way)
    world.run_while(lambda: alone.core.state is not State.JOINING, NOTICED_US)
    world.network.lags[host.number, alone.number] = ground.rng.randrange(*_WELCOMED_US)
    for number in range(_MORE):
        ground.say(host, f"number {number} before it is back", AckLevel.ALL)
        world.run_for(ground.rng.randrange(_EVERY_US))
    world.run_for(SOON_US)
    world.network.lags.clear()
    ground.heal()
    ground.settled(host)


def missed(ground: Ground) -> None:
    """The host is cut off for so short a time that the others only just have another one. Nothing
    is lost that it did meanwhile, unless it was back with somebody before it heard of that one.
    """
    world, (host, *clients) = ground.world, ground.peers
    ground.part([host], clients)
    for peer in ground.peers:
        ground.say(peer, "cut off")
    world.run_for(ground.settings.red_us + ground.rng.randrange(_HARDLY_US))
    ground.heal()
    for line in ground.watch.acknowledged:
        if len(line.holders) == 1 and not all(holds(peer, line.text) for peer in ground.peers):
            text = f"{host.name} was cut off for a moment: {line.text!r} was acknowledged, and lost"
            raise InvariantBroken("S15", text)


def heard_again(ground: Ground) -> None:
    """Two lose the host, and one of them hears it again after it has given its word to the other.
    That one is told so before the answers of all others, which are late, and does not reign.
    """
    world, host = ground.world, ground.peers[0]
    ranked = [peer for peer in world.ranked(host) if peer is not host]
    two, witnesses = ranked[:2], ranked[2:]  # nobody but those two is asked about the host
    for client in two:
        world.cut(host, client)
    world.run_while(lambda: not all(peer.saw(HostSuspected) for peer in two), NOTICED_US)
    world.run_for(STEP_US)  # they are told who else is there, and hear no more of those
    for witness, client in product(witnesses, two):
        world.cut(witness, client)
    if not world.run_while(lambda: not any(peer.saw(ClaimGranted) for peer in two), NOTICED_US):
        return ground.heal()  # now and then one of them had just been told that the host lives
    grantor = next(peer for peer in two if peer.saw(ClaimGranted))
    claimant = next(peer for peer in two if peer is not grantor)
    world.network.heal(host.number, grantor.number)
    world.run_while(lambda: claimant.core.state is State.CLAIMING, NOTICED_US)
    if claimant.saw(BecameHost):
        raise InvariantBroken("S06", f"{claimant.name} reigns, and {grantor.name} hears the host")
    ground.heal()


def called_off(ground: Ground) -> None:
    """All lose the host, and the first in rank fetches what it lacks from one that stands still.
    Somebody else who had given it its word hears the host again: it does not reign.
    """
    world, host = ground.world, ground.peers[0]
    claimant, *others = [peer for peer in world.ranked(host) if peer is not host]
    world.cut(host, claimant)
    ground.say(host, f"what {claimant.name} misses", AckLevel.HOST)
    world.run_for(STEP_US)
    for other in others:
        world.cut(host, other)

    def meanwhile(puller: SimPeer, event: PullStarted) -> None:
        for other in others:
            if other.id == event.source:
                world.pause(other)
            else:
                world.network.heal(host.number, other.number)
        ground.say(host, "is heard again")

    ground.on(PullStarted, meanwhile)
    world.run_for(NOTICED_US)
    if any(peer.saw(BecameHost) for peer in (claimant, *others)):
        raise InvariantBroken("S06", f"{claimant.name} was told that {host.name} lives, and reigns")
    for other in others:
        world.resume(other)
    ground.heal()


def _merged_after(ground: Ground, loses: list[SimPeer], done: dict[SimPeer, str]) -> None:
    ground.heal()
    _merged(ground, loses, done, both=True)
