"""Whether what an application is told is true in its particulars (S27): who, which, how many.

That it is told at all, and not twice, is the subject of `announcements`. Here each field of an
event has to be of the type that its class says, and to fit to the others and to what is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin

import attrs

from p2pnet.core.errors import EndReason
from p2pnet.core.events import (
    BecameHost,
    ClaimDenied,
    ClaimGranted,
    ClaimRefused,
    ClientDisconnected,
    Deposed,
    Event,
    HandoverFailed,
    HandoverStarted,
    HostChanged,
    HostLost,
    HostRecovered,
    HostSuspected,
    Isolated,
    Joined,
    LossCause,
    MigrationStarted,
    OnBranch,
    Overslept,
    PeerGone,
    PeerJoined,
    PeerLost,
    PeerReturned,
    ReignsMet,
    Relayed,
    RosterChanged,
    SeatReclaimed,
    SessionPaused,
    SessionResumed,
)
from p2pnet.core.roster import Roster

from .catalogue import InvariantBroken
from .record import Seen
from .sim_peer import SimPeer

_OfAMember = PeerJoined | PeerLost | PeerReturned | PeerGone
_Fits = Callable[[object], bool]
_True = Callable[[SimPeer, Seen, Any], bool]

_EXACT: Final = (int, str, bool)  # what other types derive from that mean something else
_SHAPES: Final[dict[type[Event], tuple[tuple[str, _Fits], ...]]] = {}  # as they are needed
_GOOD_BYES: Final = frozenset({LossCause.LEFT, LossCause.AWAY})


def check_types(peer: SimPeer, event: Event) -> None:
    """Raises `InvariantBroken` if a field is not of its type."""
    for name, fits in _shape(type(event)):
        if not fits(getattr(event, name)):
            raise InvariantBroken("S27", f"{peer.name} is told {event}: that is no {name}")


def check_truth(peer: SimPeer, seen: Seen, event: Event) -> None:
    """Raises `InvariantBroken` for an event that can't be right."""
    is_true = _TRUE.get(type(event))
    if is_true is not None and not is_true(peer, seen, event):
        raise InvariantBroken("S27", f"{peer.name} is told {event}, and it is not so")


# --- types ----------------------------------------------------------------------------------------


def _shape(kind: type[Event]) -> tuple[tuple[str, _Fits], ...]:
    """The fields of a class of events, each with what takes its values."""
    if (shape := _SHAPES.get(kind)) is None:
        attrs.resolve_types(kind)
        shape = tuple((field.name, _fitting(field.type)) for field in attrs.fields(kind))
        _SHAPES[kind] = shape
    return shape


def _fitting(hint: Any) -> _Fits:
    """What takes the values of a type, and no others."""
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        options = [_fitting(option) for option in get_args(hint)]
        return lambda value: any(fits(value) for fits in options)
    plain: type = NoneType if hint is None else origin or hint
    if plain in _EXACT:
        return lambda value: type(value) is plain
    return lambda value: isinstance(value, plain)


# --- and what they say ----------------------------------------------------------------------------


def _is_its_host(
    peer: SimPeer, seen: Seen, event: HostSuspected | HostRecovered | HostLost
) -> bool:
    return event.host in {epoch.host for epoch in (seen.told, seen.epoch, peer.core.epoch) if epoch}


def _is_lost(peer: SimPeer, seen: Seen, event: HostLost) -> bool:
    said_so = event.cause not in _GOOD_BYES or bool(seen.good_byes)
    return said_so and _is_its_host(peer, seen, event)


def _is_another(peer: SimPeer, seen: Seen, event: Any) -> bool:
    """Whoever it is about is not this peer."""
    names = ("peer", "host", "claimant", "by", "target", "via")
    return peer.id not in [getattr(event, name, None) for name in names]


def _is_relayed(peer: SimPeer, seen: Seen, event: Isolated | Relayed) -> bool:
    return event.host != event.via and _is_another(peer, seen, event)


def _is_hosted(peer: SimPeer, seen: Seen, event: HostChanged | Deposed) -> bool:
    return event.epoch.host == event.host != peer.id


def _hosts(peer: SimPeer, seen: Seen, event: BecameHost) -> bool:
    return event.epoch.host == peer.id and event.migrated is (event.epoch.number > 1)


def _migrates(peer: SimPeer, seen: Seen, event: MigrationStarted) -> bool:
    return event.you is (event.successor == peer.id)


def _met(peer: SimPeer, seen: Seen, event: ReignsMet) -> bool:
    return event.theirs.host != peer.id


def _are_few(peer: SimPeer, seen: Seen, event: OnBranch | SessionPaused) -> bool:
    """Half of them may have to stand still as well."""
    less = isinstance(event, OnBranch)
    return event.present > 0 and 2 * event.present + less <= event.seats


def _are_here(peer: SimPeer, seen: Seen, event: SessionResumed) -> bool:
    return 0 < event.present <= event.seats


def _is_noted(peer: SimPeer, seen: Seen, event: _OfAMember) -> bool:
    """The roster that this is about comes right behind it, and maybe others."""
    seen.of_members.append(event)
    return True


def _is_that_roster(peer: SimPeer, seen: Seen, event: RosterChanged) -> bool:
    told, seen.of_members = seen.of_members, []
    return all(_fits_to(event.roster, each) for each in told)


def _fits_to(roster: Roster, event: Any) -> bool:
    """Whether it says how a member is in this roster, or why it is not there any more."""
    member = roster.get(event.peer)
    if isinstance(event, PeerGone):
        expired = event.peer in {gone.peer for gone in roster.given_up}
        expected = EndReason.SEAT_EXPIRED if expired else EndReason.LEFT
        expected = EndReason.KICKED if event.peer in roster.banned else expected
        return member is None and event.reason is expected
    if member is None or event.connection_id != member.connection_id:
        return False
    is_back = isinstance(event, PeerReturned)
    return not is_back or event.old_connection_id == member.old_connection_id


def _is_out(peer: SimPeer, seen: Seen, event: ClientDisconnected) -> bool:
    """Who is kept has a seat for as long as that."""
    kept = event.reason not in (EndReason.LEFT, EndReason.KICKED, EndReason.SEAT_EXPIRED)
    return event.kept is kept and event.peer != peer.id


def _joins(peer: SimPeer, seen: Seen, event: Joined) -> bool:
    labels = event.connection_id, event.old_connection_id
    return labels == (peer.core.connection_id, peer.core.old_connection_id)


def _slept(peer: SimPeer, seen: Seen, event: Overslept) -> bool:
    return event.slept_us > 0


_TRUE: Final[Mapping[type[Event], _True]] = MappingProxyType(
    {
        BecameHost: _hosts,
        ClaimDenied: _is_another,
        ClaimGranted: _is_another,
        ClaimRefused: _is_another,
        ClientDisconnected: _is_out,
        Deposed: _is_hosted,
        HandoverFailed: _is_another,
        HandoverStarted: _is_another,
        HostChanged: _is_hosted,
        HostLost: _is_lost,
        HostRecovered: _is_its_host,
        HostSuspected: _is_its_host,
        Isolated: _is_relayed,
        Joined: _joins,
        MigrationStarted: _migrates,
        OnBranch: _are_few,
        Overslept: _slept,
        PeerGone: _is_noted,
        PeerJoined: _is_noted,
        PeerLost: _is_noted,
        PeerReturned: _is_noted,
        ReignsMet: _met,
        Relayed: _is_relayed,
        RosterChanged: _is_that_roster,
        SeatReclaimed: _is_another,
        SessionPaused: _are_few,
        SessionResumed: _are_here,
    }
)
