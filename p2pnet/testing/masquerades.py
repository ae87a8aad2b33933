"""Drills in which somebody says what is not its to say, or goes by the name of somebody else.

Whoever joined can say anything on its links. What it can't prove, what was true under a reign that
is over, and what only the host may say must come to nothing. And of two processes with one key only
one has the seat.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from p2pnet.core.codec import encode
from p2pnet.core.credentials import Says, statement
from p2pnet.core.errors import EndReason
from p2pnet.core.events import SessionEnded
from p2pnet.core.frame_parts import Missing
from p2pnet.core.messages import (
    Bye,
    Command,
    Condensed,
    Frame,
    Handover,
    Reign,
    Renumber,
    Update,
    Welcome,
    Write,
)
from p2pnet.core.settings import AckLevel
from p2pnet.core.states import State
from p2pnet.core.values import Epoch, Position

from .catalogue import InvariantBroken
from .forgeries import FALSE, LIES, forge
from .ground import HOSTLESS_US, NOTICED_US, SOON_US, Ground, holds
from .hostile import meet_with_old_oaths, proclaim, usurp_by_lineage
from .sim_peer import SimPeer

_ENOUGH: Final = 4  # the host has as many with it as a liar and its friend are, and is older
_TAKEN_IN_US: Final = 300_000  # what was said has come, and so has the answer
_FAR_AHEAD: Final = 1_000  # a command number that nobody has used
_OLD: Final = "said under an older reign"

Word = Callable[[SimPeer, SimPeer], Frame]
"""What somebody says to somebody, as things are when it is said."""


def lies(ground: Ground) -> None:
    """A member tells the host, and another client, what it has no proof of."""
    host, liar, other, *_ = ground.peers
    reigns = ground.watch.reigns
    for target in (host, other):
        for which, lie in enumerate(LIES):
            before = target.core.census["rejected"]
            data = forge(ground.world, liar, target, which)
            if data is not None:
                ground.watch.forged.add(data)
            ground.world.run_for(SOON_US)  # until the two are linked again
            rejects = lie.to_host if target is host else lie.to_client
            if rejects and target.core.census["rejected"] == before:
                raise InvariantBroken("S24", f"{target.name} did not reject lie {which}")
    before = host.core.census["rejected"]
    usurp_by_lineage(ground.world, liar, host, ground.rng.randint(1, 5))
    ground.world.run_for(SOON_US)
    if host.core.census["rejected"] == before:
        raise InvariantBroken("S24", f"{host.name} did not reject what it had never ordered")
    if len(ground.peers) >= _ENOUGH:
        ground.say(host, "what the other side lacks", AckLevel.HOST)
        ground.world.run_for(SOON_US)
        meet_with_old_oaths(ground.world, liar, other, host)
        ground.world.run_for(SOON_US)
        if ground.world.hosts != [host]:
            text = f"{host.name} gives way to {liar.name}, which counts oaths that it was not given"
            raise InvariantBroken("S20", text)
    ground.same_reign(reigns, f"{liar.name} has only lied")


def hollow(ground: Ground) -> None:
    """The host dies, and somebody announces a reign that it does not have: nobody waits for long
    to be welcomed there.
    """
    world, (host, *clients) = ground.world, ground.peers
    world.crash(host)
    world.run_for(ground.rng.randrange(HOSTLESS_US))
    liar = ground.rng.choice(clients)
    proclaim(world, liar, 0)
    world.run_for(2 * NOTICED_US)
    if not world.converged():
        raise InvariantBroken("L1", f"they wait for {liar.name}, which does not reign")
    ground.heal()


def old_words(ground: Ground) -> None:
    """The host role goes there and back, and what was right under the first reign is said again.
    Then another member says what only the host may say.
    """
    world, (host, heir, client) = ground.world, ground.peers[:3]
    first = host.core.reign
    for giver, to in ((host, heir), (heir, host)):
        world.hand_over(giver, to)
        world.run_for(SOON_US)
    reigns, now = ground.watch.reigns, host.core.reign
    if first is None or now is None or host.core.state is not State.REIGNING:
        raise InvariantBroken("L1", f"{host.name} does not reign after a handover there and back")
    for words, name, speaker in ((_old(first, now), "S04", host), (_foreign(now), "S01", heir)):
        for word in words:
            frame = word(speaker, client)
            ground.tell(speaker, client, frame)
            world.run_for(_TAKEN_IN_US)
            if (client.core.epoch, client.core.digest) != (now.epoch, host.core.digest):
                text = f"{client.name} heeded {type(frame).__name__} of {speaker.name}"
                raise InvariantBroken(name, text)
    wants = Command(first.epoch, _FAR_AHEAD, 1, _OLD.encode()), Write(first.epoch, _OLD.encode())
    for frame in wants:
        world.slip(client, host, encode(frame))
        world.run_for(_TAKEN_IN_US)
        ground.tick()
        if holds(host, _OLD):
            raise InvariantBroken("S04", f"{host.name} took an old {type(frame).__name__}")
    ground.heal()
    ground.settled(client)
    ground.same_reign(reigns, "nothing was said that means anything")


def _old(first: Reign, now: Reign) -> tuple[Word, ...]:
    """What the host says as if its first reign were not over."""
    epoch, number = first.epoch, now.epoch.number + 1
    return (
        lambda by, to: Renumber(first),
        lambda by, to: Handover(epoch, number, to.id, _seq(to)),
        lambda by, to: Update(epoch, _seq(to) + 1, b""),
        lambda by, to: Condensed(epoch, _seq(to), _seq(to) + 1, FALSE, b""),
        lambda by, to: Welcome(first, by.core.settings, Missing(), Position(epoch, _seq(to))),
    )


def _foreign(now: Reign) -> tuple[Word, ...]:
    """What a member says as if it were the host."""
    epoch, number = now.epoch, now.epoch.number + 1
    return (
        lambda by, to: Renumber(_own_reign(by, number)),
        lambda by, to: Handover(epoch, number, to.id, _seq(to)),
        lambda by, to: Update(epoch, _seq(to) + 1, b""),
        lambda by, to: Welcome(now, by.core.settings, Missing(), Position(epoch, _seq(to))),
        lambda by, to: Bye(EndReason.SESSION_ENDED),
    )


def _seq(peer: SimPeer) -> int:
    assert peer.core.position is not None
    return peer.core.position.seq


def _own_reign(peer: SimPeer, number: int) -> Reign:
    """A header that holds: everybody can sign for a reign of its own."""
    assert peer.core.session is not None
    fields = Epoch(number, peer.id, 0), peer.core.position
    signature = peer.credentials.sign(statement(peer.core.session, Says.REIGN, fields))
    return Reign(*fields, peer.credentials.public, signature)


def twin(ground: Ground) -> None:
    """Somebody who is cut off is started a second time. The second process has the seat from then
    on, and the first one is told so when it is back.
    """
    world, (host, *clients) = ground.world, ground.peers
    first = ground.rng.choice(clients)
    others = [peer for peer in ground.peers if peer is not first]
    ground.part([first], others)
    for other in others:
        world.reset_links(first, other)
    world.run_for(NOTICED_US)
    second = world.join(host, f"{first.name}'", key=first.key)
    world.run_for(SOON_US)
    if second.core.state is not State.FOLLOWING:
        raise InvariantBroken("L3", f"{second.name} was started anew, and does not get its seat")
    ground.say(second, "started anew")
    ground.heal()
    ground.settled(second)
    ends = [event.reason for event in first.saw(SessionEnded)]  # type: ignore[attr-defined]
    if second.core.state is not State.FOLLOWING or ends != [EndReason.REPLACED]:
        text = f"{first.name} was started twice, and the second has to go on: {ends}"
        raise InvariantBroken("L3", text)
