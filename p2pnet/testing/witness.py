"""Tells the observers of a lane what one peer does. What they find ends the run, not the peer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Protocol

import attrs

from p2pnet.core.effects import Effect, Emit, Send, Settle
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import LinkId

from .catalogue import InvariantBroken
from .sim_peer import Listening, Observer, SimPeer
from .trio_peer import TrioPeer


class Stage(Protocol):
    """Where a peer plays that is watched."""

    @property
    def now(self) -> int: ...
    @property
    def observers(self) -> list[Observer]: ...
    @property
    def peers(self) -> Sequence[SimPeer]: ...

    refused: int

    def listeners(self) -> Listening:
        """Who is told of what."""

    def far_peer(self, peer: TrioPeer, link: LinkId) -> int | None:
        """Who is at the other end of what the core of a peer calls so; None if it is gone."""

    def command_text(self, payload: bytes) -> str:
        """What was submitted."""

    def contained(self, do: Callable[[], object]) -> None:
        """Have an observer look."""


@attrs.frozen(eq=False)
class LaneWitness:
    """Tells the observers of a lane what one peer does."""

    lane: Stage
    peer: TrioPeer

    @property
    def is_alive(self) -> bool:
        return self.peer.alive

    def took(self, source: int, data: bytes, plain: bool) -> None:
        listeners = self.lane.listeners()
        for observer in listeners.to_plain_heartbeats if plain else listeners.to_frames:
            self._tell(observer.took, self.peer, source, data)

    def did(self, effects: Iterable[Effect]) -> None:
        for effect in effects:
            if isinstance(effect, Send):
                self._sent(effect)
                continue
            for observer in self.lane.listeners().to_effects:
                self._tell(observer.did, self.peer, effect, ())
            if isinstance(effect, Emit):
                self.peer.events.append((self.lane.now, effect.event))
            elif isinstance(effect, Settle):
                self.peer.settled[effect.ticket] = effect
        for observer in self.lane.listeners().to_steps:
            self._tell(observer.stepped, self.peer)

    def _sent(self, send: Send) -> None:
        told = self.lane.listeners().to_sends(send.data[1])
        if told:
            far = (self.lane.far_peer(self.peer, link) for link in send.links)
            targets = tuple(self.lane.peers[number] for number in far if number is not None)
            for observer in told:
                self._tell(observer.did, self.peer, send, targets)

    def submitted(self, ticket: int, payload: bytes, ack: AckLevel) -> None:
        self.peer.sent[ticket] = self.lane.command_text(payload)
        self.peer.levels[ticket] = ack
        for observer in self.lane.observers:
            self._tell(observer.submitted, self.peer, ticket)

    def refused(self) -> None:
        self.lane.refused += 1

    def amiss(self, text: str) -> None:
        def find() -> None:
            raise InvariantBroken("S30", f"{self.peer.name}: {text}")

        self.lane.contained(find)

    def _tell(self, told: Callable[..., None], *details: Any) -> None:
        self.lane.contained(partial(told, self.lane.now, *details))
