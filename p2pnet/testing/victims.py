"""Who a role means at this moment, and which phase a session has come to."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

import attrs

from p2pnet.core.effects import Effect, Emit
from p2pnet.core.events import (
    BecameHost,
    ClaimGranted,
    ClaimMade,
    Event,
    HandoverStarted,
    HostChanged,
    MigrationStarted,
    PullStarted,
    ReignsMet,
)
from p2pnet.core.states import State
from p2pnet.core.values import Epoch, PeerId, Position

from .scenario import Phase, Victim
from .sim_peer import Observer, SimPeer
from .sim_world import SimWorld


@attrs.define(eq=False)
class Stage(Observer):
    """Knows who plays which part, and tells of each phase as it begins."""

    heartbeats, sends = False, frozenset[int]()

    world: SimWorld
    on_phase: Callable[[Phase], None]
    pulled_from: PeerId | None = None
    target: PeerId | None = None  # of the latest handover
    returned: int | None = None  # the process that was welcomed last
    met: tuple[PeerId, PeerId] | None = None  # the host that met another one last, and that one
    _welcomed: Epoch | None = None  # the reign of the latest welcome

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Emit) and type(effect.event) in _PHASES:
            self._remember(peer, effect.event)
            phase = _PHASES[type(effect.event)]
            if phase is Phase.CROWNED and not effect.event.migrated:  # type: ignore[attr-defined]
                return
            if phase is not Phase.WELCOMING or self._is_first(effect.event):
                self.on_phase(phase)

    def _remember(self, peer: SimPeer, event: Event) -> None:
        if isinstance(event, PullStarted):
            self.pulled_from = event.source
        elif isinstance(event, HandoverStarted):
            self.target = event.target
        elif isinstance(event, HostChanged):
            self.returned = peer.number
        elif isinstance(event, ReignsMet):
            self.met = peer.id, event.theirs.host

    def _is_first(self, event: Event) -> bool:
        """Whether this is the first welcome of a reign: others come after it."""
        assert isinstance(event, HostChanged)
        first, self._welcomed = event.epoch != self._welcomed, event.epoch
        return first

    # --- who ---

    def find(self, victim: Victim) -> SimPeer | None:
        """Who plays this part now; None for nobody."""
        return _ROLES[victim](self)

    def _host(self) -> SimPeer | None:
        return next(iter(self.world.hosts), None)

    def _ranked(self) -> list[SimPeer]:
        """The living members but the host, best successor first, as the host sees it."""
        members = self.world.members
        host = self._host() or (members[0] if members else None)
        if host is None:
            return []
        return [p for p in self.world.ranked(host) if p.core.state is not State.REIGNING]

    def _in_rank(self, place: int) -> SimPeer | None:
        ranked = self._ranked()
        return ranked[place] if -len(ranked) <= place < len(ranked) else None

    def _claimant(self) -> SimPeer | None:
        claiming = (State.CLAIMING, State.PULLING)
        found = [peer for peer in self.world.members if peer.core.state in claiming]
        return found[0] if found else self._in_rank(0)

    def _freshest(self) -> SimPeer | None:
        stands = [(p.core.position, p.number, p) for p in self._ranked() if p.core.position]
        return max(stands, key=_place)[2] if stands else None

    def _by_id(self, peer: PeerId | None) -> SimPeer | None:
        return next((p for p in self.world.members if p.id == peer), None)

    def _bridge(self) -> SimPeer | None:
        def cuts(peer: SimPeer) -> tuple[int, int]:
            return sum(peer.number in way for way in self.world.network.cuts), peer.number

        return min(self._ranked(), key=cuts, default=None)

    def _slowest(self) -> SimPeer | None:
        network = self.world.network

        def delay(peer: SimPeer) -> tuple[int, int]:
            ways = [high for way, (_, high) in network.ways.items() if peer.number in way]
            lags = [lag for way, lag in network.lags.items() if peer.number in way]
            return peer.slow_us + max(ways, default=0) + max(lags, default=0), peer.number

        return max(self.world.members, key=delay, default=None)

    def _returned(self) -> SimPeer | None:
        return next((p for p in self.world.members if p.number == self.returned), None)


def _place(stand: tuple[Position, int, SimPeer]) -> tuple[Position, int]:
    return stand[0], -stand[1]


_ROLES: Final[MappingProxyType[Victim, Callable[[Stage], SimPeer | None]]] = MappingProxyType(
    {
        Victim.HOST: Stage._host,
        Victim.SUCCESSOR: lambda stage: stage._in_rank(0),
        Victim.SECOND: lambda stage: stage._in_rank(1),
        Victim.CLAIMANT: Stage._claimant,
        Victim.FRESHEST: Stage._freshest,
        Victim.PULLED_FROM: lambda stage: stage._by_id(stage.pulled_from),
        Victim.TARGET: lambda stage: stage._by_id(stage.target),
        Victim.BRIDGE: Stage._bridge,
        Victim.LAST: lambda stage: stage._in_rank(-1),
        Victim.SLOWEST: Stage._slowest,
        Victim.RETURNED: Stage._returned,
        Victim.MET: lambda stage: stage._by_id(stage.met[0] if stage.met else None),
        Victim.RIVAL: lambda stage: stage._by_id(stage.met[1] if stage.met else None),
    }
)

_PHASES: Final[MappingProxyType[type[Event], Phase]] = MappingProxyType(
    {
        MigrationStarted: Phase.LOST,
        ClaimMade: Phase.CLAIMED,
        ClaimGranted: Phase.GRANTED,
        PullStarted: Phase.PULLING,
        BecameHost: Phase.CROWNED,
        HostChanged: Phase.WELCOMING,
        HandoverStarted: Phase.HANDING_OVER,
        ReignsMet: Phase.MEETING,
    }
)
