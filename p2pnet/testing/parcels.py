"""A drill about frames within frames: what comes in pieces, and what a neighbour passes on."""

from __future__ import annotations

from typing import Final

from p2pnet.core.codec import encode
from p2pnet.core.events import Relayed, StrangerRefused
from p2pnet.core.frame_parts import Channel
from p2pnet.core.messages import Carried, Carry, Frame, Piece, Ping
from p2pnet.core.states import State

from .catalogue import InvariantBroken
from .frames import tag_of
from .ground import HOSTLESS_US, NOTICED_US, SOON_US, Ground
from .hostile import Tape
from .sim_peer import SimPeer

_TAKEN_IN_US: Final = 100_000  # what was said has come, and was passed on
_NOISE: Final = b"\x00" * 9
_CHANNEL: Final = 1_000  # nobody has opened so many


def parcels(ground: Ground) -> None:
    """A member sends pieces that are no frame. Then one client is helped by a neighbour, and what
    does not belong there is to be passed on. In the end that neighbour dies.
    """
    host, liar, client, *others = ground.peers
    for why, frames in _no_frames(ground.settings.frame_bytes_max).items():
        before = len(host.saw(StrangerRefused))
        for frame in frames:
            ground.world.slip(liar, host, encode(frame))
        ground.world.run_for(SOON_US)  # until the two are linked again
        if len(host.saw(StrangerRefused)) == before:
            raise InvariantBroken("S28", f"{host.name} takes in what {why}")
    tape = Tape()
    ground.world.observers.append(tape)
    _nobody_is_a_post(ground, host, liar, tape)
    ground.part([host], [client])
    ground.world.run_for(NOTICED_US)
    *_, helped = client.saw(Relayed)
    bridge = next(peer for peer in ground.peers if peer.id == helped.via)  # type: ignore[attr-defined]
    _goes_one_way(ground, host, client, bridge)
    if others:
        ground.world.crash(bridge)
        ground.world.run_for(HOSTLESS_US)
        if client.core.state is State.FOLLOWING:
            raise InvariantBroken("S30", f"{client.name} keeps its link through {bridge.name}")
    ground.heal()
    ground.settled(client)


def _no_frames(limit: int) -> dict[str, tuple[Frame, ...]]:
    whole = encode(Ping(1))
    return {
        "does not fit to the piece before": (Piece(len(whole), whole[:2]), Piece(0, whole[2:])),
        "is too long as a whole": (Piece(limit, _NOISE),),
        "comes to nothing piece by piece": (Piece(1, b""),),
        "is in pieces itself": (Piece(0, encode(Piece(0, whole))),),
    }


def _nobody_is_a_post(ground: Ground, host: SimPeer, member: SimPeer, tape: Tape) -> None:
    """Who waits for a seat has none, and a member passes nothing on for it."""
    host.choices.approves = True
    comes = ground.world.join(member, "stranger")
    ground.world.run_for(SOON_US)
    ground.world.slip(comes, member, encode(Carry(host.id, Channel(_CHANNEL, True), _NOISE)))
    ground.world.run_for(_TAKEN_IN_US)
    passed = tape.frames.get((member.number, host.number), ())
    if any(data[1] == tag_of(Carried) for data in passed):
        raise InvariantBroken("S29", f"{member.name} passes on what {comes.name} says")
    ground.world.crash(comes)


def _goes_one_way(ground: Ground, host: SimPeer, client: SimPeer, bridge: SimPeer) -> None:
    """Who is helped helps nobody to the same host, and nobody answers what the host never asked."""
    before = len(host.saw(StrangerRefused))
    for speaker, to, frame in (
        (bridge, client, Carry(host.id, Channel(_CHANNEL, True), _NOISE)),
        (bridge, host, Carried(client.id, Channel(_CHANNEL, False), _NOISE)),
    ):
        ground.world.slip(speaker, to, encode(frame))
        ground.world.run_for(_TAKEN_IN_US)
        if len(host.saw(StrangerRefused)) != before:
            text = f"{host.name} heeds what {speaker.name} told {to.name} to be from another one"
            raise InvariantBroken("S29", text)
