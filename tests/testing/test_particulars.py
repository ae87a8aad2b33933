"""Each event is told with something wrong in it, and the watchman has to cry."""

from __future__ import annotations

from typing import Any

import pytest

from p2pnet.core.errors import EndReason, RefuseReason
from p2pnet.core.events import (
    BecameHost,
    ClaimDenied,
    ClaimMade,
    ClientDisconnected,
    Deposed,
    Event,
    HandoverStarted,
    HostLost,
    HostRecovered,
    HostSuspected,
    Isolated,
    LossCause,
    MigrationStarted,
    OnBranch,
    Overslept,
    PeerGone,
    PeerJoined,
    PeerReturned,
    ReignsMet,
    Relayed,
    RoleChanged,
    RosterChanged,
    SeatReclaimed,
    SessionPaused,
    SessionResumed,
)
from p2pnet.core.roster import GivenUp
from p2pnet.core.values import Epoch
from p2pnet.testing.drills import DRILLS
from p2pnet.testing.particulars import check_truth
from p2pnet.testing.scenario import Drill
from simulations.mutants import MUTANTS

from .drilling import found
from .scene import Scene
from .watched import broken


@pytest.mark.parametrize(
    "event",
    [
        HostLost(LossCause.SILENT, "host"),  # type: ignore[arg-type]
        ClaimMade(True),
        ClaimDenied("one", 3, RefuseReason.ALIVE),  # type: ignore[arg-type]
        RoleChanged("host"),  # type: ignore[arg-type]
        ReignsMet(Epoch(2, "x", 1), 1),  # type: ignore[arg-type]
    ],
)
def test_each_field_is_of_its_type(event: Event) -> None:
    s = Scene.set_up()
    broken("S27", lambda: s.tells(s.other, event))


def of_others(s: Scene) -> list[Event]:
    """What is not so, told to `s.other`."""
    me, one, host, epoch = s.other.id, s.one.id, s.host.id, s.reign.epoch
    ids: Any = (1, 1)
    return [
        BecameHost(Epoch(2, one, 1), s.position, True),
        BecameHost(Epoch(2, me, 1), s.position, False),
        ClaimDenied(2, me, RefuseReason.ALIVE),
        ClientDisconnected(one, ids[0], EndReason.LEFT, "", kept=True),
        ClientDisconnected(one, ids[0], EndReason.TIMED_OUT, "", kept=False),
        Deposed(Epoch(2, one, 1), host),
        HandoverStarted(me, 2),
        HostSuspected(one),
        HostRecovered(me),
        HostLost(one, LossCause.SILENT),
        HostLost(host, LossCause.LEFT),
        Isolated(host, host),
        Relayed(host, me),
        MigrationStarted(epoch, one, True),
        MigrationStarted(epoch, me, False),
        OnBranch(2, 4),
        OnBranch(3, 1),
        SessionPaused(3, 4),
        SessionResumed(4, 3),
        Overslept(0),
        ReignsMet(Epoch(2, me, 1), True),
        SeatReclaimed(me, *ids, None),
    ]


def test_what_is_told_fits_to_what_is() -> None:
    s = Scene.set_up()
    seen = s.watch.record.seen(s.other)
    for event in of_others(s):
        broken("S27", lambda event=event: check_truth(s.other, seen, event))  # type: ignore[misc]


def test_a_roster_has_those_who_come_under_the_labels_that_are_told() -> None:
    s = Scene.set_up()
    roster, one = s.other.core.roster, s.other.core.roster.get(s.one.id)
    assert one is not None
    old, new = one.old_connection_id, one.connection_id
    s.watch.record.seen(s.other).members[s.one.id] = False
    s.tells(s.other, PeerReturned(s.one.id, new, old))
    s.tells(s.other, RosterChanged(roster))
    for ids in ((old, new), (new, new)):
        s.watch.record.seen(s.other).members[s.one.id] = False
        s.tells(s.other, PeerReturned(s.one.id, *ids))
        broken("S27", lambda: s.tells(s.other, RosterChanged(roster)))
    s.watch.record.seen(s.other).members.pop(s.one.id)
    s.tells(s.other, PeerJoined(s.one.id, old))
    broken("S27", lambda: s.tells(s.other, RosterChanged(roster)))


@pytest.mark.parametrize("reason", [EndReason.LEFT, EndReason.KICKED, EndReason.SEAT_EXPIRED])
def test_a_roster_says_why_somebody_is_gone(reason: EndReason) -> None:
    s = Scene.set_up()
    roster, one = s.other.core.roster, s.other.core.roster.get(s.one.id)
    assert one is not None
    rosters = {
        EndReason.LEFT: roster.remove(s.one.id),
        EndReason.KICKED: roster.remove(s.one.id, ban=True),
        EndReason.SEAT_EXPIRED: roster.expire(s.one.id),
    }
    assert rosters[EndReason.SEAT_EXPIRED].given_up == (GivenUp(s.one.id, one.addresses),)
    for why, after in rosters.items():
        s.tells(s.other, PeerGone(s.one.id, one.connection_id, reason))
        if why is reason:
            s.tells(s.other, RosterChanged(after))
            s.watch.record.seen(s.other).members[s.one.id] = True
        else:
            broken("S27", lambda after=after: s.tells(s.other, RosterChanged(after)))  # type: ignore[misc]


def test_why_somebody_is_gone_is_told_in_campaigns() -> None:
    assert Drill.SEATS in DRILLS
    with MUTANTS["who_is_gone_has_left"].plant():
        assert found(Drill.SEATS, 5, 4) >= {"S27"}
