"""Each invariant of reigns is broken here by hand, and the watchman has to cry."""

from __future__ import annotations

from msgspec.structs import replace

from p2pnet.core.errors import EndReason
from p2pnet.core.events import (
    BecameHost,
    ClaimDenied,
    ClaimMade,
    HandoverStarted,
    Overslept,
    PullStarted,
    ReignsMet,
    SessionEnded,
    StateChanged,
)
from p2pnet.core.frame_parts import Missing
from p2pnet.core.history import Lineage
from p2pnet.core.messages import (
    Header,
    Heartbeat,
    Meeting,
    Refuse,
    RefuseReason,
    Reign,
    Update,
    Welcome,
    Yield,
)
from p2pnet.core.states import State
from p2pnet.core.values import Epoch, Position

from .scene import Scene
from .watched import broken


def test_nobody_speaks_for_the_reign_of_another() -> None:
    s = Scene.set_up()
    update = Update(s.reign.epoch, 99, b"")
    broken("S01", lambda: s.says(s.one, update, s.other))
    broken("S01", lambda: s.tells(s.one, BecameHost(s.reign.epoch, s.position, True)))


def test_nobody_follows_a_reign_that_nobody_began() -> None:
    s = Scene.set_up()
    s.one.core._s.set_reign(replace(s.reign, epoch=Epoch(7, s.other.id, 1)))
    broken("S02", lambda: s.watch.stepped(s.world.now, s.one))


def test_an_adopted_epoch_never_goes_back() -> None:
    s = Scene.set_up()
    s.one.core._s.set_reign(replace(s.reign, epoch=Epoch(0, s.one.id, 1)))
    broken("S03", lambda: s.watch.stepped(s.world.now, s.one))


def test_a_frame_of_an_older_reign_changes_nothing() -> None:
    s = Scene.set_up()
    old = Heartbeat(Epoch(0, s.host.id, 1), 5)
    s.takes(s.one, s.host, old)
    s.one.core._s.history.append(b"an update")
    broken("S04", lambda: s.takes(s.one, s.host, old))


def test_a_word_is_given_once_and_never_for_less() -> None:
    s = Scene.set_up()
    s.says(s.other, s.grant(2), s.one)
    s.says(s.other, s.grant(2), s.one)
    broken("S05", lambda: s.says(s.other, s.grant(2), s.host))
    broken("S05", lambda: s.says(s.other, s.grant(1), s.one))


def test_a_number_that_was_given_away_is_spent() -> None:
    s = Scene.set_up()
    s.tells(s.host, HandoverStarted(s.one.id, 2))
    broken("S05", lambda: s.tells(s.host, ClaimMade(2)))
    s.tells(s.host, ClaimMade(3))


def test_who_asks_whether_it_rules_waits_for_an_answer() -> None:
    s = Scene.set_up()
    s.tells(s.host, StateChanged(State.REIGNING, State.PROBATION))
    again = StateChanged(State.PROBATION, State.REIGNING)
    broken("S09", lambda: s.tells(s.host, again))
    s.world.run_for(s.world.settings.answer_us_min)
    s.tells(s.host, again)


def test_who_is_behind_asks_the_freshest_first() -> None:
    s = Scene.set_up(together=True)
    behind = replace(s.position, seq=s.position.seq - 1)
    s.tells(s.one, ClaimMade(2))
    seen = s.watch.record.seen(s.one)
    seen.state = State.CLAIMING
    seen.heard = {s.host.number: s.position, s.other.number: behind}
    s.tells(s.one, PullStarted(s.host.id, s.position))
    broken("S14", lambda: s.tells(s.one, PullStarted(s.other.id, behind)))


def test_nobody_wants_to_be_led_by_who_said_that_it_can_not() -> None:
    s = Scene.set_up()
    session = s.other.core._s
    members = (replace(m, can_host=m.peer != s.one.id) for m in session.roster.members)
    session.set_roster(replace(session.roster, members=tuple(members)))
    broken("S34", lambda: s.says(s.other, s.grant(2), s.one))


def test_nobody_reigns_over_fresh_proof_that_the_host_lives() -> None:
    s = Scene.set_up()
    seen = s.watch.record.seen(s.one)
    s.tells(s.one, ClaimMade(2))
    seen.state = State.CLAIMING
    s.takes(s.one, s.other, Refuse(2, RefuseReason.ALIVE))
    crown = BecameHost(Epoch(2, s.one.id, 1), s.position, True)
    broken("S06", lambda: s.tells(s.one, crown))


def test_a_veto_is_never_from_memory() -> None:
    s = Scene.set_up()
    s.tells(s.host, ClaimDenied(2, s.one.id, RefuseReason.ALIVE))
    s.says(s.host, Refuse(2, RefuseReason.ALIVE), s.one)
    broken("S07", lambda: s.says(s.other, Refuse(2, RefuseReason.ALIVE), s.one))


def test_a_host_of_an_older_reign_has_no_veto() -> None:
    s = Scene.set_up()
    newer = replace(s.reign, epoch=Epoch(2, s.other.id, 1))
    s.takes(s.host, s.one, s.claim(3, newer))
    broken("S07", lambda: s.says(s.host, Refuse(3, RefuseReason.ALIVE), s.one))


def test_a_number_is_at_most_one_above_a_proved_one() -> None:
    s = Scene.set_up()
    s.says(s.other, s.grant(2), s.one)
    broken("S08", lambda: s.says(s.other, s.grant(9), s.one))


def test_who_overslept_orders_claims_and_welcomes_nobody_before_it_asked() -> None:
    s = Scene.set_up()
    s.oversleeps()
    update = Update(s.reign.epoch, s.position.seq + 1, b"")
    welcome = Welcome(s.reign, s.world.settings, Missing(), s.position)
    broken("S09", lambda: s.says(s.host, update, s.one))
    broken("S09", lambda: s.says(s.host, welcome, s.one))
    broken("S09", lambda: s.tells(s.host, ClaimMade(2)))
    s.tells(s.host, Overslept(3_000_000))
    s.tells(s.host, StateChanged(State.PROBATION, State.REIGNING))
    s.says(s.host, update, s.one)


def test_who_hands_over_orders_nothing_any_more() -> None:
    s = Scene.set_up()
    s.tells(s.host, HandoverStarted(s.one.id, 2))
    update = Update(s.reign.epoch, s.position.seq + 1, b"")
    broken("S10", lambda: s.says(s.host, update, s.one))


def test_a_reign_starts_from_the_freshest_of_those_who_granted_it() -> None:
    s = Scene.set_up(together=True)
    s.tells(s.one, ClaimMade(2))
    s.one.core._s.state = State.CLAIMING
    ahead = Position(s.position.epoch, s.position.seq + 3)
    s.takes(s.one, s.other, s.grant(2, ahead))
    epoch = Epoch(2, s.one.id, 1)
    s.one.core._s.set_reign(replace(s.reign, epoch=epoch, parent=s.position))
    s.host.alive = False
    broken("S14", lambda: s.tells(s.one, BecameHost(epoch, s.position, True)))


def test_one_loss_leads_to_one_reign() -> None:
    s = Scene.set_up(together=True)
    s.watch.complete()
    epoch = Epoch(2, s.one.id, 1)
    s.one.core._s.set_reign(replace(s.reign, epoch=epoch, parent=s.position))
    broken("L5", lambda: s.tells(s.one, BecameHost(epoch, s.position, True)))


def test_a_host_that_leaves_hands_over_first() -> None:
    s = Scene.set_up(together=True)
    broken("S10", lambda: s.tells(s.host, SessionEnded(EndReason.LEFT, "")))


def test_a_host_that_nobody_can_follow_leaves_at_once() -> None:
    s = Scene.set_up(together=True)
    for peer in (s.one, s.other):
        peer.core._s.state = State.DOUBTING
    s.tells(s.host, SessionEnded(EndReason.LEFT, ""))


def header(epoch: Epoch, position: Position, lineage: Lineage) -> Header:
    return Header(Reign(epoch, None, b"", b""), position, position, lineage, (), b"")


def test_an_ancestor_gives_way_to_its_descendant() -> None:
    s = Scene.set_up()
    theirs = Epoch(2, s.one.id, 1)
    at = Position(theirs, s.position.seq + 1)
    lineage = (*s.host.core.lineage, (theirs, s.position.seq))
    s.takes(s.host, s.one, Meeting(header(theirs, at, lineage), False, ()))
    broken("S19", lambda: s.tells(s.host, ReignsMet(theirs, ours=True)))


def test_both_hosts_come_to_one_verdict() -> None:
    s = Scene.set_up()
    theirs = Epoch(2, s.one.id, 1)
    at = Position(theirs, 3)
    s.takes(s.host, s.one, Meeting(header(theirs, at, ((theirs, 0),)), False, ()))
    s.tells(s.host, ReignsMet(theirs, ours=True))
    broken("S20", lambda: s.tells(s.host, ReignsMet(theirs, ours=False)))


def test_a_yield_that_comes_again_begins_no_reign_again() -> None:
    s = Scene.set_up()
    lost = Epoch(1, s.one.id, 1)
    for number in (3, 4):
        s.takes(s.host, s.one, Yield(lost, lost, b""))
        s.host.core._s.set_reign(replace(s.reign, epoch=Epoch(number, s.host.id, 1)))
        if number == 3:
            s.watch.stepped(s.world.now, s.host)
    broken("S20", lambda: s.watch.stepped(s.world.now, s.host))


def test_nobody_claims_again_and_again_in_one_second() -> None:
    s = Scene.set_up()
    for number in range(2, 22):
        s.tells(s.one, ClaimMade(number))
    broken("L6", lambda: s.tells(s.one, ClaimMade(22)))
