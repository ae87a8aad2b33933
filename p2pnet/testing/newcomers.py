"""Drills around newcomers: of whom not everybody has heard, or who are in the wrong place.

Whoever was admitted just before the host was lost may be the only one who holds what came last, and
the heir may not know that it is a member. It is asked all the same. What it says counts if a host
has given it a seat, and who has none is told nothing.
"""

from __future__ import annotations

from typing import Final

import msgspec

from p2pnet.core.codec import encode
from p2pnet.core.credentials import Says, statement
from p2pnet.core.errors import EndReason
from p2pnet.core.events import Joined, PullStarted, SessionEnded, StrangerRefused
from p2pnet.core.frame_parts import Missing
from p2pnet.core.messages import Claim, Pull, Tail, Update
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import HOSTLESS, State
from p2pnet.core.values import Position, SessionId

from .catalogue import InvariantBroken
from .core_world import SESSION
from .engine import FINGERPRINT
from .ground import NOTICED_US, SOON_US, STEP_US, Ground, holds
from .sim_peer import Dials, SimPeer

_ADMITTED_US: Final = 400_000
_FAR_AHEAD: Final = 5
_PATIENCE: Final = 2  # times the time that a link has to come up
_MADE_UP: Final = "made up"
_ANOTHER_SESSION: Final = SessionId("another-session"[:16])


def newcomer(ground: Ground) -> None:
    """Two are left, the host and its heir. Under `majority_only` the heir can't go on alone: not
    with a stranger, but with a newcomer of which it has not heard.
    """
    world, (host, heir, *others) = ground.world, ground.peers
    for other in others:
        world.leave(other)
    world.run_for(SOON_US)
    _stranger(ground, host, heir)
    world.cut(host, heir)
    comes = world.join(host, "newcomer")
    world.run_for(_ADMITTED_US)
    said = ground.say(host, "of which the newcomer alone knows", AckLevel.HOST)
    world.run_for(STEP_US)
    world.crash(host)
    world.run_for(NOTICED_US)
    _goes_on_with_it(ground, heir, comes, said)


def _goes_on_with_it(ground: Ground, heir: SimPeer, comes: SimPeer, said: str) -> None:
    if not ground.world.converged() or len(comes.saw(Joined)) != 1:
        text = f"{comes.name} has a seat, of which {heir.name} had not heard: they are not together"
        raise InvariantBroken("L1", text)
    if not holds(heir, said):
        raise InvariantBroken("S14", f"{heir.name} lacks what the newcomer had")
    for peer in (heir, comes):
        ground.say(peer, "together")
    ground.heal()
    for peer in (heir, comes):
        ground.settled(peer)


def _stranger(ground: Ground, host: SimPeer, heir: SimPeer) -> None:
    """Somebody who has no seat says that it is further on, and asks for what there is."""
    world, reigns = ground.world, ground.watch.reigns
    ground.part([host], [heir])
    world.run_for(NOTICED_US)
    comes = world.join(heir, "stranger")
    world.run_for(_ADMITTED_US)
    core = heir.core
    assert core.reign is not None and core.position is not None and core.session is not None
    epoch, seq = core.position.epoch, core.position.seq
    number, ahead = core.reign.epoch.number + 1, Position(epoch, seq + _FAR_AHEAD)
    says = statement(core.session, Says.CLAIM, (number, epoch, ahead))
    claim = Claim(number, comes.key, core.reign, ahead, comes.credentials.sign(says))
    entry = msgspec.msgpack.encode([("entry", comes.id, _MADE_UP)])
    tail = encode(Tail(Missing((encode(Update(epoch, seq + 1, entry)),))))
    ground.watch.forged.add(tail)
    for data in (encode(Pull(Position(epoch, 0))), encode(claim), tail):
        world.slip(comes, heir, data)
        world.run_for(STEP_US)
    world.run_for(SOON_US)
    if holds(heir, _MADE_UP) or heir.core.state not in HOSTLESS:
        raise InvariantBroken("S24", f"{heir.name} believes {comes.name}, who has no seat")
    ground.same_reign(reigns, f"{heir.name} is one of two")
    world.leave(comes)
    ground.heal()


def late_newcomer(ground: Ground) -> None:
    """While the heir pulls from somebody who is lost over it, a newcomer says that it has more."""
    world, (host, heir, asked, *others) = ground.world, ground.peers
    world.cut(host, heir)
    ground.say(asked, f"what {heir.name} misses", AckLevel.ALL)
    world.run_for(STEP_US)
    for other in (asked, *others):
        world.cut(host, other)
    comes = world.join(host, "newcomer")
    world.run_for(_ADMITTED_US)
    said = ground.say(host, "of which the newcomer alone knows")
    world.run_for(STEP_US)
    if host.settled:
        raise InvariantBroken("S15", f"{comes.name} alone has it, of which nobody else has heard")

    def delay(claimant: SimPeer, event: PullStarted) -> None:
        for other in (asked, *others):
            world.cut(other, heir)
        if comes.core.state is State.DOUBTING:
            ground.want(comes, lambda core, now: core.claim(now))

    ground.on(PullStarted, delay)
    world.crash(host)
    world.run_for(NOTICED_US)
    world.heal()
    world.run_for(NOTICED_US)
    _goes_on_with_it(ground, heir, comes, said)


def strangers(ground: Ground) -> None:
    """Who was invited to something else is told so, and nobody else takes any notice. Who hears
    nothing at all has not to wait for ever.
    """
    players, reigns = list(ground.peers), ground.watch.reigns
    via, other = ground.rng.sample(players, 2)
    _hears_nothing(ground, ground.rng.choice(players[1:]))
    _knocks(ground, via, EndReason.DENIED, session=_ANOTHER_SESSION)
    _knocks(ground, via, EndReason.INCOMPATIBLE, game=f"another {FINGERPRINT}")
    _knocks(ground, via, EndReason.DENIED, expected=other)
    for peer in players:
        ground.say(peer, "as if nothing had happened")
    ground.world.run_for(SOON_US)
    for peer in players:
        ground.settled(peer)
    ground.same_reign(reigns, "strangers have only knocked")


def _hears_nothing(ground: Ground, via: SimPeer) -> None:
    """Whom it asks can't be dialled, or has no idea that it was. If it knows of somebody else as
    well it gets its seat there.
    """
    world, patience_us = ground.core_world, _PATIENCE * ground.settings.connect_us + SOON_US
    via.dials = ground.rng.choice((Dials.REFUSED, Dials.IGNORED, Dials.MUTE))
    comes, lucky = (world.start(name) for name in ("patient", "lucky"))
    world.enter_session(comes, via)
    world.enter_session(lucky, via, others=(ground.peers[0],))
    world.run_for(patience_us)
    via.dials = Dials.WELCOME
    if lucky.core.state is not State.FOLLOWING:
        raise InvariantBroken("L3", f"{lucky.name} asks {via.name}, then the host, in vain")
    world.leave(lucky)
    ends = _ends(comes)
    if ends not in ([EndReason.UNREACHABLE], [EndReason.TIMED_OUT]):
        raise InvariantBroken("L3", f"{comes.name} hears nothing from {via.name}, and ends: {ends}")


def _knocks(
    ground: Ground,
    via: SimPeer,
    reason: EndReason,
    game: str = FINGERPRINT,
    session: SessionId = SESSION,
    expected: SimPeer | None = None,
) -> None:
    world, told = ground.core_world, len(via.saw(StrangerRefused))
    comes = world.start(f"stranger {len(world.peers)}", game=game)
    world.enter_session(comes, via, session, expected.id if expected else None)
    world.run_for(_ADMITTED_US)
    ends = _ends(comes)
    if ends != [reason]:
        raise InvariantBroken("L3", f"{comes.name} is in the wrong place, and hears {ends}")
    if expected is None and len(via.saw(StrangerRefused)) == told:
        raise InvariantBroken("S27", f"{via.name} refused a stranger, and was not told")


def _ends(peer: SimPeer) -> list[EndReason]:
    """Why it is out of the session, as its application was told."""
    return [event.reason for event in peer.saw(SessionEnded) if isinstance(event, SessionEnded)]
