"""Bugs in what comes in pieces, and in what a neighbour passes on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

from p2pnet.core import routing
from p2pnet.core.codec import encode
from p2pnet.core.mesh import Mesh
from p2pnet.core.messages import Carried, Carry, Piece
from p2pnet.core.pieces import Assembly
from p2pnet.core.relay import Relay
from p2pnet.core.states import State

from .planting import Bed, always, deaf, patched, rerouted

BED: Final = Bed()
Planted = AbstractContextManager[None]


@BED.plants("S28", "pieces fit to one another")
def pieces_need_not_fit() -> Planted:
    def wrap(original: Any) -> Any:
        def add(assembly: Assembly, piece: Piece, limit: int) -> Any:
            assembly.rest = len(piece.data) + piece.rest
            return original(assembly, piece, limit)

        return add

    return patched((Assembly, "add", wrap))


@BED.plants("S28", "a frame in pieces is no longer than the limit")
def pieces_without_end() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda assembly, piece, limit: original(assembly, piece, 1 << 62)

    return patched((Assembly, "add", wrap))


@BED.plants("L5", "who follows gets a long change in pieces")
def long_changes_are_not_taken_in() -> Planted:
    return deaf(Piece, State.FOLLOWING)


@BED.plants("L3", "who is let in gets a long history in pieces")
def long_histories_are_not_taken_in() -> Planted:
    return deaf(Piece, State.JOINING)


@BED.plants("S28", "a piece is a part of something")
def pieces_of_nothing() -> Planted:
    def wrap(original: Any) -> Any:
        def add(assembly: Assembly, piece: Piece, limit: int) -> Any:
            return original(assembly, piece, limit) if piece.data else None

        return add

    return patched((Assembly, "add", wrap))


@BED.plants("S28", "no piece is in pieces")
def pieces_of_pieces() -> Planted:
    def on_piece(router: Any, link: Any, frame: Piece, data: bytes) -> None:
        whole = link.pieces.add(frame, router.session.settings.frame_bytes_max)
        if whole is not None:
            router.take(link, whole)

    states, fenced, _ = routing._ROUTES[Piece]
    return rerouted(routing._ROUTES, {Piece: (states, fenced, on_piece)})


def _carries(members_only: bool, own_links_only: bool) -> Planted:
    def on_carry(relay: Relay, link: Any, frame: Carry) -> None:
        s = relay.session
        onward = s.mesh.link_to(frame.far)
        if onward is None or (own_links_only and onward.relay is not None):
            return
        if not members_only or (s.roster.get(link.peer) and s.roster.get(frame.far)):
            carried = Carried(link.peer, frame.channel, frame.data)
            s.send_on((onward.id,), encode(carried))

    return patched((Relay, "on_carry", lambda original: on_carry))


@BED.plants("S29", "only members are helped")
def strangers_are_helped() -> Planted:
    return _carries(members_only=False, own_links_only=True)


@BED.plants("S29", "who is helped itself helps nobody to the same host")
def helps_in_circles() -> Planted:
    return _carries(members_only=True, own_links_only=False)


@BED.plants("S29", "nobody answers on a channel that was never opened")
def answers_what_was_never_asked() -> Planted:
    def accept(relay: Relay, way: Any) -> Any:
        return None if relay.session.roster.get(way.far) is None else relay._begin(way, None)

    return patched((Relay, "_accept", lambda original: accept))


@BED.plants("S30", "with a neighbour goes what it passed on")
def relayed_links_outlast_the_neighbour() -> Planted:
    return patched((Mesh, "through", always(())))
