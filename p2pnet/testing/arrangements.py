"""Drills in which a game has arranged things otherwise than most: what it decides by itself, what
its settings say, and what it writes to a file.
"""

from __future__ import annotations

from typing import Final

from p2pnet.core.errors import CommandRefused, DenyReason, EndReason, TooManyInFlight
from p2pnet.core.events import (
    ApprovalRequested,
    BranchDiscarded,
    ClientDisconnected,
    HandoverFailed,
    JoinDenied,
    JoinPending,
    SessionEnded,
    StateChanged,
)
from p2pnet.core.saving import load
from p2pnet.core.settings import AckLevel, WhileDown
from p2pnet.core.states import HOSTLESS, SETTLED, State
from p2pnet.core.values import LinkId

from .catalogue import InvariantBroken
from .engine import FINGERPRINT
from .ground import HOSTLESS_US, NOTICED_US, SOON_US, STEP_US, Ground, holds
from .sim_peer import SimPeer

_ASKED_US: Final = 500_000  # a request for a seat has come, and its answer
_SEATED_US: Final = 95_000  # who is told to has asked for its seat, and got it
_FEW: Final = 4  # updates: a tail of so many is shorter than what is kept back
_KEPT: Final = 2
_APPROVAL_US: Final = 2_000_000
_IDLE_US: Final = 4_000_000


# --- approval -------------------------------------------------------------------------------------


def approval(ground: Ground) -> None:
    """The game on the host decides about newcomers: yes, no, nothing in time, or too late."""
    world, (host, client, *_) = ground.world, ground.peers
    for peer in ground.peers:
        peer.choices.approves = True
    ends = [_is_not, _is_forgotten, _goes_away]
    ground.rng.shuffle(ends)
    for end in (*ends, ground.rng.choice((_is_let_in, _has_another_host, _has_another_host))):
        comes = _waits(ground, host, client)
        late = world.join(host, f"peer{len(ground.peers)}")  # the seat is kept for the one before
        world.run_for(_ASKED_US)
        if [event.reason for event in late.saw(JoinDenied)] != [DenyReason.FULL]:  # type: ignore[attr-defined]
            raise InvariantBroken("S28", f"{late.name} asks for a seat that is kept for another")
        end(ground, host, comes)
    ground.heal()


def _waits(ground: Ground, host: SimPeer, via: SimPeer) -> SimPeer:
    comes = ground.world.join(via, f"peer{len(ground.peers)}")
    ground.world.run_for(_ASKED_US)
    asked = [event for event in host.saw(ApprovalRequested) if event.peer == comes.id]  # type: ignore[attr-defined]
    if host.core.roster.get(comes.id) is not None or not comes.saw(JoinPending) or len(asked) != 1:
        raise InvariantBroken("S23", f"{comes.name} was not approved, and is let in or not told")
    return comes


def _is_let_in(ground: Ground, host: SimPeer, comes: SimPeer) -> None:
    ground.want(host, lambda core, now: core.approve(now, comes.id))
    ground.world.run_for(_ASKED_US)
    if comes.core.state is not State.FOLLOWING:
        raise InvariantBroken("L3", f"{comes.name} was approved, and has no seat")
    ground.say(comes, "approved")
    ground.world.run_for(_APPROVAL_US)
    ground.settled(comes)


def _is_not(ground: Ground, host: SimPeer, comes: SimPeer) -> None:
    ground.want(host, lambda core, now: core.deny(now, comes.id, DenyReason.APPROVAL, "no"))
    ground.world.run_for(_ASKED_US)
    _is_denied(host, comes)


def _is_forgotten(ground: Ground, host: SimPeer, comes: SimPeer) -> None:
    ground.world.run_for(_APPROVAL_US)
    _is_denied(host, comes)


def _is_denied(host: SimPeer, comes: SimPeer) -> None:
    reasons = [event.reason for event in comes.saw(JoinDenied)]  # type: ignore[attr-defined]
    if reasons != [DenyReason.APPROVAL] or host.core.roster.get(comes.id) is not None:
        raise InvariantBroken("S23", f"{comes.name} was not approved, and was told {reasons}")


def _goes_away(ground: Ground, host: SimPeer, comes: SimPeer) -> None:
    """It waits no more, and what the game says about it means nothing."""
    ground.world.crash(comes)
    ground.world.run_for(_ASKED_US)
    other = _waits(ground, host, host)  # there is a seat for it
    ground.want(host, lambda core, now: core.approve(now, comes.id))
    if host.core.roster.get(comes.id) is not None:
        raise InvariantBroken("L3", f"{comes.name} is gone, and gets a seat")
    _is_not(ground, host, other)


def _has_another_host(ground: Ground, host: SimPeer, comes: SimPeer) -> None:
    """The host hands over: whoever waits for it asks the next one, and has its word."""
    heir = ground.peers[1]
    ground.world.hand_over(host, heir)
    ground.world.run_for(SOON_US)
    if host.core.roster.get(comes.id) is not None:
        raise InvariantBroken("S23", f"{comes.name} was not approved, and is let in")
    ground.want(host, lambda core, now: core.approve(now, comes.id))  # it is not the host's to say
    ground.world.run_for(_ASKED_US)
    if heir.core.roster.get(comes.id) is not None:
        raise InvariantBroken("S23", f"{comes.name} was approved by whom it is no business of")
    _is_let_in(ground, heir, comes)


# --- settings -------------------------------------------------------------------------------------


def refused_meanwhile(ground: Ground) -> None:
    """While there is no host so many commands are kept, or none. The others are refused."""
    world, client = ground.world, ground.peers[-1]
    settings = ground.settings
    for time in (1, 2):  # and the next time it is the same
        done, refused = [], 0
        world.crash(world.hosts[0])
        world.run_for(HOSTLESS_US)
        if client.core.state not in HOSTLESS:
            break  # it has found another one already, or is the next one itself
        for number in range(_KEPT + 1):
            try:
                done.append(ground.say(client, f"kept number {number}, time {time}"))
            except (CommandRefused, TooManyInFlight):
                refused += 1
        keeps = _KEPT if settings.while_down is WhileDown.KEEP else 0
        if len(done) != keeps or refused != _KEPT + 1 - keeps:
            raise InvariantBroken("S28", f"{client.name} keeps {len(done)} commands, not {keeps}")
        world.run_for(SOON_US)
        ground.settled(client)
    ground.heal()


def idle(ground: Ground) -> None:
    """Who calls no command for long is disconnected, and nobody else. Its seat is kept, and so is
    that of somebody who goes away for a while.
    """
    world, (host, lazy, *busy) = ground.world, ground.peers
    for _ in range(2 * _IDLE_US // SOON_US):
        for peer in busy:
            ground.say(peer, f"at {world.now}")
        world.run_for(SOON_US)
    ends = [event.reason for event in lazy.saw(SessionEnded)]  # type: ignore[attr-defined]
    gone = [event.peer for event in host.saw(ClientDisconnected)]  # type: ignore[attr-defined]
    if ends != [EndReason.INACTIVE] or gone != [lazy.id]:
        raise InvariantBroken("S30", f"{lazy.name} did nothing, and {gone} were disconnected")
    if host.core.roster.get(lazy.id) is None:
        raise InvariantBroken("L3", f"{lazy.name} did nothing, and lost its seat")
    for peer in busy:
        ground.settled(peer)
    ground.want(busy[0], lambda core, now: core.leave(now, reason=EndReason.AWAY))
    world.run_for(SOON_US)
    if host.core.roster.get(busy[0].id) is None:
        raise InvariantBroken("L3", f"{busy[0].name} will be back, and lost its seat")


def no_migration(ground: Ground) -> None:
    """The session ends for all with its host, or, whether others could host it or not, because
    its host says so.
    """
    world, (host, *clients) = ground.world, ground.peers
    reigns, reason = ground.watch.reigns, EndReason.HOST_LOST
    if ground.settings.host_migration or ground.rng.random() < 0.1:
        reason = EndReason.SESSION_ENDED
        for peer in ground.peers:
            ground.say(peer, "at last")
        world.run_for(ground.rng.randrange(STEP_US))
        ground.want(host, lambda core, now: core.end_session(now))
    else:
        world.crash(host, silent=ground.rng.random() < 0.5)
    world.run_for(NOTICED_US)
    for peer in (host, *clients) if host.alive else clients:
        ends = [event.reason for event in peer.saw(SessionEnded)]  # type: ignore[attr-defined]
        if ends != [reason] or peer.core.state is not State.LEFT:
            raise InvariantBroken("S27", f"{peer.name} lost its host for good, and hears {ends}")
        ground.settled(peer)
    ground.same_reign(reigns, "the session was to end with its host")


# --- files ----------------------------------------------------------------------------------------


def saved(ground: Ground) -> None:
    """A session is saved, and ends. Another day its host goes on with it, and all come back."""
    world, (host, kicked, *others) = ground.core_world, list(ground.peers)
    for peer in ground.peers:
        ground.say(peer, "before")
    world.kick(host, kicked)
    world.run_for(SOON_US)
    before = ground.say(host, "at last", AckLevel.HOST)
    world.write(host, "written at last")  # it has not gone out with a tick
    files: list[bytes] = []
    ground.want(host, lambda core, now: files.append(core.save(now)))
    lost = ground.say(host, "after that", AckLevel.HOST)
    epoch, roster = host.core.epoch, host.core.roster
    for peer in ground.peers:
        world.crash(peer, silent=True)
    world.run_for(_ASKED_US)
    again = world.start(f"{host.name}'", key=host.key)
    file = load(files[0], FINGERPRINT, again.credentials)
    ground.want(again, lambda core, now: core.resume(now, file))
    if again.core.epoch is None or epoch is None or again.core.epoch.number <= epoch.number:
        raise InvariantBroken("S03", f"a session that was resumed goes back to {again.core.epoch}")
    if again.core.settings != world.settings:
        raise InvariantBroken("S11", "a session that was resumed has other settings")
    if not holds(again, before) or not holds(again, "written at last") or holds(again, lost):
        raise InvariantBroken("S16", "a session that was resumed is not the one that was saved")
    back = [world.join(again, f"{peer.name}'", key=peer.key) for peer in others]
    out = world.join(again, f"{kicked.name}'", key=kicked.key)
    world.run_for(SOON_US)
    if out.core.state is not State.LEFT:
        raise InvariantBroken("S24", f"{kicked.name} was kicked, and came back another day")
    for peer in back:
        member = again.core.roster.get(peer.id)
        old = roster.get(peer.id)
        if peer.core.state not in SETTLED or member is None or old is None:
            raise InvariantBroken("L3", f"{peer.name} is not back another day")
        if member.connection_id != old.connection_id:
            raise InvariantBroken("S21", f"{peer.name} has another label than before")
    for peer in (again, *back):
        ground.say(peer, "another day")
    world.run_for(SOON_US)
    for peer in (again, *back):
        ground.settled(peer)


# --- slow links -----------------------------------------------------------------------------------


def crowded(ground: Ground) -> None:
    """More waits on links of the host than they can carry. Who is at the end of one gets less, and
    in the end all: when the link is free again, and when there is another host.
    """
    for peer in ground.peers:
        ground.say(peer, "before")  # which all of them get one by one
        ground.world.run_for(STEP_US)
    few = ground.settings.tail_updates_max <= _FEW
    ends = _is_free_again, _gets_another_host, _is_asked
    for end in (_is_free_again, _is_asked) if few else ends:  # who lacks too much is no heir
        (host,) = ground.world.hosts
        *_, second, slow = [peer for peer in ground.peers if peer is not host]
        link = _crowd(ground, host, second, slow)
        end(ground, host, slow, link)
    ground.heal()
    for peer in ground.peers:
        if peer.alive:
            ground.settled(peer)
        if peer.saw(BranchDiscarded):
            raise InvariantBroken("S16", f"{peer.name} lost something, though all went well")


def _crowd(ground: Ground, host: SimPeer, second: SimPeer, slow: SimPeer) -> LinkId:
    """Two get nothing for a while, though all are at work. Returns the link to the first one."""
    world = ground.world
    links = [world.network.links_between(host.number, peer.number)[-1] for peer in (second, slow)]
    world.run_for(STEP_US)  # nothing is under way to them
    ground.want(host, lambda core, now: core.crowd(now, frozenset(links)))
    position = slow.core.position
    for _ in range(ground.rng.randint(2, 5)):
        for peer in ground.peers:
            ground.say(peer, f"at {world.now}")
        world.run_for(STEP_US)
    world.run_for(SOON_US)
    if slow.core.position != position:
        raise InvariantBroken("S12", f"{slow.name} gets what its link can't carry")
    return links[0]


def _hears_of_somebody(ground: Ground, host: SimPeer, slow: SimPeer) -> None:
    """What changes the seats is said at once."""
    comes = ground.world.join(host, f"peer{len(ground.peers)}")
    ground.world.run_for(_ASKED_US)
    if slow.core.roster.get(comes.id) is None:
        raise InvariantBroken("S25", f"{slow.name} does not hear of {comes.name}")
    ground.say(comes, "somebody new")
    ground.world.run_for(STEP_US)


def _is_free_again(ground: Ground, host: SimPeer, slow: SimPeer, crowded: LinkId) -> None:
    """One of the two links can carry all from now on, and then the other as well.

    Where the tail is too short for what was kept back, who lacks it gets its seat anew.
    """
    reigns, changes = ground.watch.reigns, len(slow.saw(StateChanged))
    few = ground.settings.tail_updates_max <= _FEW
    if ground.rng.random() < 0.5 and not few:
        _hears_of_somebody(ground, host, slow)
    for links in (frozenset({crowded}), frozenset[LinkId]()):
        ground.want(host, lambda core, now, links=links: core.crowd(now, links))  # type: ignore[misc]
        ground.world.run_for(_SEATED_US)
        _has_caught_up(host, slow)
        ground.say(host, f"with {len(links)} that wait")
        ground.world.run_for(SOON_US)
        _has_caught_up(host, slow)
    ground.same_reign(reigns, "links of the host were crowded")
    if len(slow.saw(StateChanged)) != changes and not few:
        raise InvariantBroken("S12", f"{slow.name} missed something on a link that is whole")


def _has_caught_up(host: SimPeer, slow: SimPeer) -> None:
    if (slow.core.position, slow.core.digest) != (host.core.position, host.core.digest):
        raise InvariantBroken("S11", f"{slow.name} has not caught up, and its link is free")


def _is_asked(ground: Ground, host: SimPeer, slow: SimPeer, crowded: LinkId) -> None:
    """Who got many updates as one can't pass them on one by one, and is asked for them."""
    world = ground.world
    for other in ground.peers:
        if other not in (host, slow):
            world.cut(host, other)
    ground.say(host, "which the others miss", AckLevel.HOST)
    world.run_for(STEP_US)
    ground.want(host, lambda core, now: core.crowd(now, frozenset({crowded})))
    world.run_for(STEP_US)
    world.crash(host)
    world.run_for(NOTICED_US)


def _gets_another_host(ground: Ground, host: SimPeer, slow: SimPeer, crowded: LinkId) -> None:
    """Nothing is kept back from anybody by a host that hands over."""
    ground.world.hand_over(host, slow)
    ground.world.run_for(SOON_US)
    if ground.world.hosts != [slow] or host.saw(HandoverFailed):
        raise InvariantBroken(
            "S10", f"{host.name} handed over to {slow.name}, which lacks something"
        )
