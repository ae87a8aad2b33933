"""Drills in which somebody falls asleep, falls silent, or is started anew."""

from __future__ import annotations

from itertools import combinations
from typing import Final

from p2pnet.core.events import (
    BranchDiscarded,
    ClaimGranted,
    ClaimMade,
    Event,
    HandoverStarted,
    HostLost,
    Isolated,
    MigrationStarted,
    PullStarted,
    ReignsMet,
)
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.core.values import RECONNECT_ID_HOST

from .catalogue import InvariantBroken
from .ground import NOTICED_US, SOON_US, STEP_US, UNDER_WAY_US, Ground, holds
from .sim_peer import Dials, SimPeer

_OTHERWISE: Final = 0.2
_SLEEP_US: Final = (900_000, 3_000_000)  # longer than anybody waits for a claimant
_HABIT_US: Final = (350_000, 350_000, 350_000)  # so a silence of a second is no sign of death
_STILL_US: Final = 320_000  # and as long again
_DEAF_US: Final = 1_700_000  # all have lost the host, and nobody knows whether that is so
_STALLS_US: Final = 8 * (450_000,)  # so nobody believes a silence of seconds, …
_LOSSY_US: Final = 4_000_000  # … such as this
_DOUBTED_US: Final = 700_000  # a host that is silent for so long is looked for in vain
_SHORT_US: Final = 10_000  # between two updates that are on their way at one time
_COMES_US: Final = 300_000  # a newcomer has its seat, or what it does is done


def alone(ground: Ground) -> None:
    """All links break, and for a while nobody can be dialled. Then all find one another, though
    nothing else happens that anybody would wake up for.
    """
    world = ground.world
    for peer in ground.peers:
        peer.dials = Dials.REFUSED
    for one, other in combinations(ground.peers, 2):
        world.reset_links(one, other)
    world.run_for(NOTICED_US)
    for peer in ground.peers:
        peer.dials = Dials.WELCOME
    world.run_for(NOTICED_US)
    if not world.converged():
        raise InvariantBroken("L1", "everybody can be dialled again, and they are not together")
    for peer in ground.peers:
        ground.say(peer, "no more alone")
    world.run_for(SOON_US)
    for peer in ground.peers:
        ground.settled(peer)


def drowsy(ground: Ground) -> None:
    """Whoever claims, pulls, grants or waits for its turn falls asleep over it. The others find a
    host without it, and what was said to it before it slept counts for nothing when it wakes up.
    """
    kinds: tuple[type[Event], ...] = (ClaimMade, PullStarted, ClaimGranted, MigrationStarted)
    for kind in ground.rng.sample(kinds, min(len(kinds), len(ground.peers) - 2)):
        _sleeps_over(ground, kind)
        ground.heal()
        for peer in ground.world.members:
            ground.settled(peer)


def _sleeps_over(ground: Ground, kind: type[Event]) -> None:
    world, (host,) = ground.world, ground.world.hosts
    heir = next(peer for peer in world.ranked(host) if peer is not host)
    if kind is PullStarted:
        world.cut(host, heir)
        ground.say(host, f"what {heir.name} misses", AckLevel.HOST)
        world.run_for(STEP_US)
    reigns, slept_us = ground.watch.reigns, ground.rng.randrange(*_SLEEP_US)

    def fall_asleep(peer: SimPeer, event: Event) -> None:
        if isinstance(event, MigrationStarted) and event.you:
            return  # it waits for nobody
        world.pause(peer)
        world.after(slept_us, lambda: world.resume(peer))

    ground.on(kind, fall_asleep, times=1 + (kind is MigrationStarted))
    world.crash(host, silent=ground.rng.random() < 0.5)
    world.run_for(NOTICED_US + slept_us)
    world.run_while(lambda: ground.watch.reigns == reigns, NOTICED_US)  # silence is usual by now
    ground.same_reign(reigns + 1, "there was one loss of a host")
    for peer in world.members:
        ground.say(peer, f"awake, without {host.name}")


def mute(ground: Ground) -> None:
    """All others die in silence, just as a claimant asks one of them for what it lacks."""
    world, (host, heir, *_) = ground.world, ground.peers
    world.cut(host, heir)
    ground.say(host, f"what {heir.name} misses", AckLevel.HOST)
    world.run_for(STEP_US)

    def die(claimant: SimPeer, event: PullStarted) -> None:
        ground.bereave(claimant)

    ground.on(PullStarted, die)
    world.crash(host, silent=True)
    world.run_for(NOTICED_US)
    if not world.hosts:
        raise InvariantBroken("L1", "the last one that is left does not go on")
    ground.heal()


def forgetful(ground: Ground) -> None:
    """Somebody missed so much that it gets everything anew. Then it is asked by who missed a little
    less, and does not take what it kept from before for what came since.
    """
    world, (host, heir, late, *_) = ground.world, ground.peers
    for number in range(ground.settings.tail_updates_max):
        ground.say(host, f"early number {number}", AckLevel.HOST)
        world.run_for(STEP_US)
    world.cut(host, late)
    for number in range(ground.settings.tail_updates_max + 1):
        ground.say(host, f"number {number}", AckLevel.HOST)
        world.run_for(_SHORT_US)
    world.run_for(STEP_US)
    world.cut(host, heir)
    last = ground.say(host, "at last", AckLevel.HOST)
    world.reset_links(host, late)
    world.network.heal(host.number, late.number)
    world.run_while(lambda: not holds(late, last), _COMES_US)
    world.crash(host, silent=True)
    world.run_for(NOTICED_US)
    for peer in (heir, late):
        if not holds(peer, last):
            raise InvariantBroken("S14", f"{peer.name} lacks what {late.name} had")
    ground.heal()


def one_works(ground: Ground) -> None:
    """Of two sides one does something, and the other does not: that one has nothing to lose, so it
    gives way, however many they are.
    """
    world, (host, *clients) = ground.world, ground.peers
    ground.rng.shuffle(clients)
    count = ground.rng.randint(1, len(ground.peers) // 2)
    busy, idle = clients[:count], [*clients[count:], host]  # which is older, and seldom smaller
    if ground.rng.random() < _OTHERWISE:
        busy, idle = idle, busy
    ground.part(busy, idle)
    world.run_for(NOTICED_US)
    said = [ground.say(peer, "meanwhile", AckLevel.HOST) for peer in busy]
    world.run_for(SOON_US)
    world.heal()
    world.run_for(NOTICED_US)  # so long nobody does anything
    for peer in ground.peers:
        if not all(holds(peer, text) for text in said):
            raise InvariantBroken("S19", f"{peer.name} lacks what the one side did that did any")
    ground.heal()


def isolated(ground: Ground) -> None:
    """Whoever has lost the host alone, and was told that it lives, is the only one left. It looks
    again whether that is so.
    """
    _loses_all(ground, ground.rng.choice(ground.peers[2:]), Isolated)
    ground.world.run_for(3 * NOTICED_US)
    ground.only_host()


def bereft(ground: Ground) -> None:
    """Whoever has lost the host, or gave way to another one, is the only one left. Or whoever was
    to be the next host dies as soon as the host that leaves has named it.
    """
    world, (host, heir, *others) = ground.world, ground.peers
    how = ground.rng.choice((MigrationStarted, ReignsMet, None))
    if how is not None:
        _loses_all(ground, ground.rng.choice(others), how)
    else:
        ground.on(HandoverStarted, lambda peer, event: world.crash(heir, silent=True))
        world.leave(host)
    world.run_for(3 * NOTICED_US)
    roster = ground.only_host().core.roster
    if host.core.state is State.LEFT and roster.get(host.id) is not None:
        raise InvariantBroken("S30", f"{host.name} left, and has a seat")


def _loses_all(ground: Ground, client: SimPeer, when: type[Event]) -> None:
    """All others die in silence as a client hears of this, and it may fall asleep over that."""
    world, (host, *_) = ground.world, ground.peers
    sleeps = when is MigrationStarted or ground.rng.random() < 0.5

    def die(peer: SimPeer, event: Event) -> None:
        if peer is not client or len(world.members) == 1 or peer.core.state is State.REIGNING:
            return
        ground.bereave(client)
        if sleeps:
            world.pause(client)
            world.after(ground.rng.randrange(*_SLEEP_US), lambda: world.resume(client))

    ground.on(when, die, times=len(ground.peers))
    if when is MigrationStarted:
        world.crash(host, silent=ground.rng.random() < 0.5)
    elif when is Isolated:
        ground.part([client], [host])
    else:
        ground.part([client], [peer for peer in ground.peers if peer is not client])
        world.run_for(NOTICED_US)
        world.heal()


def anew(ground: Ground) -> None:
    """A client dies with commands under way, and is started again, with numbers from 1 on. What
    the first process had done is not taken for what the second one does.
    """
    world, (host, heir, client, *_) = ground.world, ground.peers
    for number in range(3):
        ground.say(client, f"number {number}", AckLevel.ALL)
    world.run_for(STEP_US)
    world.crash(client, silent=ground.rng.random() < 0.5)
    world.run_for(ground.rng.choice((STEP_US, SOON_US)))
    if ground.rng.random() < 0.5:
        _loses_its_host(ground, host, heir, client)
    else:
        _loses_its_branch(ground, host, heir, client)


def comes_back(ground: Ground) -> None:
    """The host dies and is started again, sooner or later, where it was or elsewhere: it gets its
    seat from whoever follows it, and is known as the former host.
    """
    world, (host, *clients) = ground.world, ground.peers
    reigns, soon_us = ground.watch.reigns, ground.rng.choice((STEP_US, _DOUBTED_US))
    world.crash(host, silent=ground.rng.random() < 0.5)
    world.run_for(ground.rng.randrange(soon_us))
    via, at = ground.rng.choice(clients), ground.rng.choice((host, host, None))
    again = world.join(via, f"{host.name}'", key=host.key, at=at)
    world.run_for(NOTICED_US)
    if not world.converged():
        raise InvariantBroken("L1", f"{again.name} is started again, and they are not together")
    ground.same_reign(reigns + 1, f"{host.name} was lost once")
    if again.core.old_connection_id != RECONNECT_ID_HOST:
        raise InvariantBroken("S21", f"{again.name} was the host, and is back as somebody else")
    if again.core.census["links"] != len(world.members) - 1:
        raise InvariantBroken("L1", f"{again.name} is back, and not linked to all, once to each")
    ground.say(again, "back again")
    ground.heal()
    ground.settled(again)


def _loses_its_host(ground: Ground, host: SimPeer, heir: SimPeer, client: SimPeer) -> None:
    """What the second process does first dies with the host, and is sent again."""
    world = ground.world
    at = ground.rng.choice((client, None))
    second = world.join(host, f"{client.name}'", key=client.key, at=at)
    world.run_for(SOON_US)
    _is_dialled(ground, second)
    world.cut(second, host)
    said = ground.say(second, "started anew")
    world.run_for(UNDER_WAY_US)
    world.crash(host)
    world.run_for(NOTICED_US)
    _is_done(ground, second, heir, said)
    ground.heal()


def _is_dialled(ground: Ground, second: SimPeer) -> None:
    """All know where the second process listens: it can't dial them, and they can dial it."""
    for other in ground.peers:
        if other is not second:
            other.dials = Dials.REFUSED
            ground.world.reset_links(second, other)
    ground.world.run_for(SOON_US)
    for other in ground.peers:
        other.dials = Dials.WELCOME
    if not ground.world.converged():
        raise InvariantBroken("L1", f"{second.name} can be dialled, and is not with the others")


def _loses_its_branch(ground: Ground, host: SimPeer, heir: SimPeer, client: SimPeer) -> None:
    """What the second process does is lost with the smaller side, and it is told of each of it."""
    world = ground.world
    larger = [peer for peer in ground.peers if peer not in (heir, client)]
    ground.part([heir], larger)
    world.run_for(NOTICED_US)
    for peer in larger:
        ground.say(peer, "on the other side", AckLevel.HOST)
    second = world.join(heir, f"{client.name}'", key=client.key)
    ground.part([second], larger)
    world.run_for(SOON_US)
    for number in range(2):
        ground.say(second, f"lost number {number}", AckLevel.HOST)
    world.run_for(SOON_US)
    ground.settled(second)
    ground.heal()
    lost = [ticket for ticket, text in second.sent.items() if not holds(host, text)]
    named = [n for event in second.saw(BranchDiscarded) for n in event.tickets]  # type: ignore[attr-defined]
    if named != lost or not lost:
        raise InvariantBroken("S16", f"{second.name} lost {lost}, and {named} are named")
    said = ground.say(second, "with the others again")
    world.run_for(SOON_US)
    _is_done(ground, second, host, said)


def _is_done(ground: Ground, peer: SimPeer, host: SimPeer, said: str) -> None:
    ground.settled(peer)
    if not holds(host, said):
        raise InvariantBroken("S16", f"{peer.name} was told that it was done, and was not: {said}")


def sleeper(ground: Ground) -> None:
    """A client stands still for a while: that is nobody's fault but its own."""
    client, reigns = ground.rng.choice(ground.peers[1:]), ground.watch.reigns
    stay = list(ground.peers)
    ground.world.pause(client)
    ground.world.run_for(ground.rng.randrange(300_000, 3_000_000))
    _comes_and_goes(ground)
    ground.world.resume(client)
    ground.world.run_for(1)
    ground.say(client, "awake")
    ground.heal()
    ground.settled(client)
    ground.same_reign(reigns, f"only {client.name} slept")
    ground.seated(stay)


def _comes_and_goes(ground: Ground) -> None:
    """Somebody of whom who sleeps hears when it is over."""
    comes = ground.world.join(ground.peers[0], "passer-by")
    ground.world.run_for(_COMES_US)
    ground.say(comes, "in passing")
    ground.world.run_for(_COMES_US)
    ground.world.leave(comes)
    ground.world.run_for(_COMES_US)


def patient(ground: Ground) -> None:
    """A host often stands still, then for longer than it may. Its clients did not give it up. Nor
    do they when nobody hears anybody for a while, or all the network stalls again and again.
    """
    world, (host, *clients) = ground.world, ground.peers
    reigns = ground.watch.reigns
    for still_us in (*_HABIT_US, 0):
        world.pause(host)
        world.run_for(still_us or _STILL_US)
        if not still_us:
            for client in clients:
                ground.say(client, "meanwhile")
            world.run_for(_STILL_US)
        world.resume(host)
        world.run_for(SOON_US)
    for client in clients:
        ground.settled(client)
    ground.same_reign(reigns, "nobody had given the host up")
    if ground.rng.random() < 0.5:
        _nobody_is_heard(ground, _DEAF_US)
        if not all(client.saw(HostLost) for client in clients):
            raise InvariantBroken("S27", "nobody was heard for long, and somebody was not told")
    else:
        for stall_us in (*_STALLS_US, _LOSSY_US):
            _nobody_is_heard(ground, stall_us)
            world.run_for(_COMES_US)
    world.run_for(SOON_US)
    ground.same_reign(reigns, "in a network that stalls now and then nobody was heard for a while")


def _nobody_is_heard(ground: Ground, us: int) -> None:
    ground.scatter()
    ground.world.run_for(us)
    ground.world.heal()


def unreachable(ground: Ground) -> None:
    """All links to one peer break, and nobody can dial it: it has to look for the others itself.

    At first it hears nothing on the links that it opens.
    """
    world, victim = ground.world, ground.rng.choice(ground.peers)
    others = [peer for peer in ground.peers if peer is not victim]
    victim.dials = ground.rng.choice((Dials.REFUSED, Dials.IGNORED))
    breaks = ground.rng.choice((world.reset_links, world.half_close))
    for other in others:
        breaks(victim, other)
        other.dials = Dials.MUTE
    world.run_for(SOON_US)
    for other in others:
        other.dials = Dials.WELCOME
    world.run_for(NOTICED_US)
    if not world.converged():
        raise InvariantBroken("L1", f"{victim.name} can dial all others, and is not with them")
    ground.say(victim, "found them")
    world.run_for(SOON_US)
    ground.settled(victim)
    ground.heal()
