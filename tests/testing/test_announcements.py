"""Each invariant of what is told is broken here by hand, and the watchman has to cry."""

from __future__ import annotations

from p2pnet.core.errors import EndReason, RefuseReason
from p2pnet.core.events import (
    ClaimDenied,
    ClaimMade,
    ClaimRefused,
    Deposed,
    HostChanged,
    HostLost,
    JoinFailed,
    LossCause,
    MigrationStarted,
    Overslept,
    PeerLost,
    PeerReturned,
    RoleChanged,
    SeatReclaimed,
    SessionEnded,
    StateChanged,
)
from p2pnet.core.messages import Refuse
from p2pnet.core.states import Role, State
from p2pnet.core.values import Epoch

from .scene import Scene
from .watched import broken


def test_a_reign_is_told_once_and_none_after_a_newer_one() -> None:
    s = Scene.set_up()
    told = HostChanged(Epoch(5, s.one.id, 1), s.one.id, s.position)
    s.tells(s.other, told)
    broken("S27", lambda: s.tells(s.other, told))
    older = HostChanged(Epoch(4, s.one.id, 1), s.one.id, s.position)
    broken("S27", lambda: s.tells(s.other, older))


def test_a_loss_comes_before_a_migration_and_once() -> None:
    s = Scene.set_up()
    migration = MigrationStarted(s.reign.epoch, s.one.id, False)
    broken("S27", lambda: s.tells(s.other, migration))
    s.tells(s.other, HostLost(s.host.id, LossCause.SILENT))
    broken("S27", lambda: s.tells(s.other, HostLost(s.host.id, LossCause.SILENT)))
    s.tells(s.other, migration)


def test_a_host_that_is_one_no_more_is_told() -> None:
    s = Scene.set_up()
    seen, epoch = s.watch.record.seen(s.host), Epoch(5, s.one.id, 1)
    seen.role, s.host.journal.is_host = Role.CLIENT, False
    s.tells(s.host, RoleChanged(Role.CLIENT))
    s.host.core._s.state = State.JOINING
    broken("S27", lambda: s.watch.stepped(s.world.now, s.host))
    s.tells(s.host, Deposed(epoch, s.one.id))
    s.watch.stepped(s.world.now, s.host)


def test_who_is_out_is_told_once_and_why() -> None:
    s = Scene.set_up()
    s.watch.record.seen(s.one).role = None
    s.tells(s.one, RoleChanged(None))
    s.one.core._s.state = State.LEFT
    broken("S27", lambda: s.watch.stepped(s.world.now, s.one))
    broken("S27", lambda: s.tells(s.one, SessionEnded(EndReason.KICKED, "")))
    s.tells(s.one, SessionEnded(EndReason.LEFT, ""))
    s.watch.stepped(s.world.now, s.one)
    broken("S27", lambda: s.tells(s.one, SessionEnded(EndReason.LEFT, "")))


def test_who_is_out_hears_of_all_that_it_had_called() -> None:
    s = Scene.set_up()
    seen = s.watch.record.seen(s.other)
    seen.role = seen.told_role = None
    seen.ended, s.other.core._s.state = True, State.LEFT
    s.watch.stepped(s.world.now, s.other)
    seen.state = State.FOLLOWING
    s.other.sent[7] = "never answered"
    broken("L4", lambda: s.watch.stepped(s.world.now, s.other))


def test_a_newcomer_had_no_host_before() -> None:
    s = Scene.set_up()
    s.watch.record.seen(s.one).told = None
    told = HostChanged(s.reign.epoch, s.host.id, s.position)
    broken("S27", lambda: s.tells(s.one, told))


def test_who_changes_its_role_is_told() -> None:
    s = Scene.set_up()
    s.watch.record.seen(s.host).role, s.host.journal.is_host = Role.CLIENT, False
    s.tells(s.host, Deposed(Epoch(5, s.one.id, 1), s.one.id))
    s.host.core._s.state = State.JOINING
    broken("S27", lambda: s.watch.stepped(s.world.now, s.host))
    s.tells(s.host, RoleChanged(Role.CLIENT))
    s.watch.stepped(s.world.now, s.host)


def test_who_gets_no_seat_is_told() -> None:
    s = Scene.set_up()
    out = SessionEnded(EndReason.UNREACHABLE, "nobody is there")
    broken("S27", lambda: s.tells(s.one, out))
    s.tells(s.one, JoinFailed(EndReason.UNREACHABLE, "nobody is there"))
    s.tells(s.one, out)


def test_who_claims_is_told() -> None:
    s = Scene.set_up()
    s.one.journal.lose_host()
    s.one.core._s.state = State.CLAIMING
    broken("S27", lambda: s.watch.stepped(s.world.now, s.one))
    s.tells(s.one, ClaimMade(2))
    s.watch.stepped(s.world.now, s.one)


def test_whose_claim_is_refused_is_told_at_once() -> None:
    s = Scene.set_up()
    seen = s.watch.record.seen(s.one)
    seen.state = s.one.core._s.state = State.CLAIMING
    s.tells(s.one, ClaimMade(2))
    refusal = Refuse(2, RefuseReason.PROMISED, None, b"")
    s.takes(s.one, s.other, refusal)
    broken("S27", lambda: s.watch.stepped(s.world.now, s.one))
    s.takes(s.one, s.other, refusal)
    s.tells(s.one, ClaimRefused(2, s.other.id, RefuseReason.PROMISED))
    s.watch.stepped(s.world.now, s.one)


def test_who_refuses_a_claim_is_told() -> None:
    s = Scene.set_up()
    refusal = Refuse(2, RefuseReason.PROMISED, None, b"")
    broken("S27", lambda: s.says(s.other, refusal, s.one))
    s.tells(s.other, ClaimDenied(2, s.one.id, RefuseReason.PROMISED))
    s.says(s.other, refusal, s.one)


def test_who_overslept_is_told_before_anything_else() -> None:
    s = Scene.set_up()
    s.oversleeps()
    changed = StateChanged(State.REIGNING, State.PROBATION)
    broken("S27", lambda: s.tells(s.host, changed))
    s.tells(s.host, Overslept(3_000_000))
    s.tells(s.host, changed)


def test_the_game_of_a_host_hears_who_is_back_and_what_it_brings() -> None:
    s = Scene.set_up()
    peer, label = s.one.id, s.one.core.connection_id
    for reclaims in (False, True):
        s.tells(s.host, PeerLost(peer, label))
        s.tells(s.host, PeerReturned(peer, label, label))
        if reclaims:
            s.tells(s.host, SeatReclaimed(peer, label, label, None))
            s.watch.stepped(s.world.now, s.host)
        else:
            broken("S27", lambda: s.watch.stepped(s.world.now, s.host))
