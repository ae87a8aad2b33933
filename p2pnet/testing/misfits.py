"""A drill in which what the host says does not fit to what its client has.

Nobody means harm: one of the two has made a mistake, and nobody knows which. To ask for the same
again would bring the same again, so the client asks for everything.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from p2pnet.core.frame_parts import Executed, Missing
from p2pnet.core.messages import Condensed, Frame, Reign, Rejoin, Update, Welcome
from p2pnet.core.values import Position

from .catalogue import InvariantBroken
from .frames import read
from .ground import SOON_US, Ground
from .hostile import Tape
from .sim_peer import SimPeer

_ASKED_US: Final = 200_000  # what was said has come, and who it came to has asked for what it needs

_Words = Callable[[SimPeer, SimPeer, Reign, int], Frame]
"""What the host says to its client, in its reign, to go on from what both have."""


def misfits(ground: Ground) -> None:
    """The host says what can't be true of a history that goes on from where its client is."""
    world, (host, client) = ground.world, ground.peers[:2]
    ground.say(client, "run once")
    world.run_for(SOON_US)
    for words in ground.rng.sample(_WORDS, len(_WORDS)):
        reign, at = host.core.reign, client.core.position
        assert reign is not None and at is not None
        frame, tape = words(host, client, reign, at.seq), Tape()
        world.observers.append(tape)
        ground.watch.forged.add(ground.tell(host, client, frame))
        world.run_for(_ASKED_US)
        said = map(read, tape.frames.get((client.number, host.number), ()))
        if not any(isinstance(frame, Rejoin) and frame.whole for frame in said):
            text = f"{client.name} asks for the same again, and {type(frame).__name__} did not fit"
            raise InvariantBroken("S12", text)
        world.run_for(SOON_US)
    ground.heal()
    ground.settled(client)


def _run_twice(client: SimPeer) -> tuple[Executed, ...]:
    nonce, seq = client.core.marks[client.id]
    return (Executed(client.id, nonce, seq, 1, b""),)


def _update(host: SimPeer, client: SimPeer, reign: Reign, seq: int) -> Update:
    return Update(reign.epoch, seq + 1, b"", _run_twice(client))


def _condensed(host: SimPeer, client: SimPeer, reign: Reign, seq: int) -> Condensed:
    return Condensed(reign.epoch, seq, seq + 2, host.core.digest, b"", _run_twice(client))


def _welcome(host: SimPeer, client: SimPeer, reign: Reign, seq: int) -> Welcome:
    return Welcome(reign, host.core.settings, Missing(), Position(reign.epoch, seq + 1))


_WORDS: Final[tuple[_Words, ...]] = (_update, _condensed, _welcome)
