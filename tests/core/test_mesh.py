from __future__ import annotations

import pytest

from p2pnet.core.frame_parts import Channel
from p2pnet.core.link_state import Relayed
from p2pnet.core.mesh import Mesh
from p2pnet.core.settings import Settings
from p2pnet.core.values import LinkId, PeerId

ANA, BO, CY = PeerId("ana"), PeerId("bo"), PeerId("cy")
L1, L2, L3 = LinkId(1), LinkId(2), LinkId(3)
THERE = ("there",)


@pytest.fixture
def mesh() -> Mesh:
    return Mesh(Settings())


def linked(mesh: Mesh, link: LinkId, peer: PeerId, now: int = 0) -> list[LinkId]:
    mesh.opened(now, link, None)
    return mesh.greeted(0, link, peer, 0)


def test_a_link_leads_to_nobody_before_the_greeting(mesh: Mesh) -> None:
    mesh.opened(0, L1, ANA)
    assert mesh.link_to(ANA) is None and list(mesh.peers()) == []
    assert mesh.closed(1, L1) is None


def test_the_newest_greeting_wins(mesh: Mesh) -> None:
    assert linked(mesh, L1, ANA) == []
    assert linked(mesh, L2, ANA) == [L1]
    state = mesh.link_to(ANA)
    assert state is not None and state.id == L2


def test_a_peer_is_lost_with_its_last_link(mesh: Mesh) -> None:
    linked(mesh, L1, ANA)
    linked(mesh, L2, ANA)
    assert mesh.closed(1, L2) is None, "the older one leads there still"
    assert mesh.closed(2, L1) == ANA
    assert mesh.closed(3, L1) is None, "known already"


def test_closing_the_older_link_loses_nobody(mesh: Mesh) -> None:
    linked(mesh, L1, ANA)
    linked(mesh, L2, ANA)
    assert mesh.closed(1, L1) is None
    assert mesh.link_to(ANA) is not None


def test_who_never_greets_and_who_falls_silent_is_overdue(mesh: Mesh) -> None:
    settings = mesh.settings
    linked(mesh, L1, ANA)
    mesh.opened(0, L2, BO, seated=False)
    late_us = settings.heartbeat_us + 1
    assert mesh.overdue(settings.connect_us) == 0
    assert mesh.overdue(settings.connect_us + late_us) == 1
    assert mesh.overdue(settings.dead_link_us + late_us) == 2


def test_nobody_is_dialled_twice_at_once(mesh: Mesh) -> None:
    assert mesh.may_dial(0, ANA)
    mesh.begin_dial(0, ANA, THERE)
    assert not mesh.may_dial(10**9, ANA)


def test_a_dial_is_under_way_until_the_other_end_has_greeted(mesh: Mesh) -> None:
    mesh.begin_dial(0, ANA, THERE)
    mesh.opened(0, L1, ANA)
    assert not mesh.may_dial(10**9, ANA)
    mesh.greeted(0, L1, ANA, 0)
    assert not mesh.may_dial(5, ANA), "linked"
    mesh.closed(5, L1)
    assert mesh.may_dial(5, ANA)


def test_a_link_that_closes_before_the_greeting_is_a_failed_dial(mesh: Mesh) -> None:
    mesh.begin_dial(0, ANA, THERE)
    mesh.opened(0, L1, ANA)
    mesh.closed(100, L1)
    assert not mesh.may_dial(100, ANA)
    assert mesh.may_dial(100 + mesh.settings.redial_us_min, ANA)


def test_beside_a_dead_link_a_new_one_is_dialled(mesh: Mesh) -> None:
    linked(mesh, L1, ANA)
    assert not mesh.may_dial(599_999, ANA)
    assert mesh.may_dial(600_000, ANA)


def test_a_new_link_is_needless_if_the_dead_one_came_back_first(mesh: Mesh) -> None:
    linked(mesh, L1, ANA)
    mesh.begin_dial(700_000, ANA, THERE)
    beside = mesh.opened(750_000, L2, ANA)
    beside.nonce = mesh.links[L1].nonce
    assert not mesh.is_needless(750_000, beside)
    mesh.links[L1].detector.heard(760_000)
    assert mesh.is_needless(770_000, beside)
    beside.nonce += 1  # it leads to another process, which is no less needed
    assert not mesh.is_needless(770_000, beside)


def test_beside_a_dead_link_a_greeting_may_take_its_time(mesh: Mesh) -> None:
    mesh.begin_dial(0, ANA, THERE)
    assert mesh.opened(10_000, L1, ANA).mute_us == 10_000 + 2 * mesh.settings.heartbeat_us
    mesh.greeted(20_000, L1, ANA, 0)
    mesh.begin_dial(700_000, ANA, THERE)
    assert mesh.opened(710_000, L2, ANA).mute_us == 710_000 + mesh.settings.connect_us


def test_a_failed_dial_to_somebody_who_dialled_us_meanwhile_is_forgotten(mesh: Mesh) -> None:
    mesh.begin_dial(0, ANA, THERE)
    linked(mesh, L1, ANA)
    mesh.failed(5, ANA)
    assert ANA not in mesh.dials


def test_a_dead_link_is_not_alive_and_a_missing_one_neither(mesh: Mesh) -> None:
    linked(mesh, L1, ANA)
    assert mesh.alive(100_000, ANA)
    assert not mesh.alive(700_000, ANA)
    assert not mesh.alive(0, BO) and not mesh.alive(0, None)


def test_after_a_sleep_nobody_is_accused(mesh: Mesh) -> None:
    linked(mesh, L1, ANA)
    mesh.forgive(9_000_000)
    assert mesh.alive(9_100_000, ANA)


def test_a_question_waits_for_the_slowest(mesh: Mesh) -> None:
    assert mesh.answer_us() == 150_000
    mesh.opened(0, L1, None).rtt_us = 10_000
    mesh.opened(0, L2, None).rtt_us = 400_000
    assert mesh.answer_us() == 850_000


def test_a_heartbeat_is_due_on_the_link_that_was_silent_longest(mesh: Mesh) -> None:
    assert mesh.heartbeat_due_us() is None
    mesh.opened(70, L1, None)
    mesh.opened(30, L2, None)
    for link, peer in ((L1, ANA), (L2, BO)):
        mesh.greeted(0, link, peer, 0)
    assert mesh.heartbeat_due_us() == 30 + mesh.settings.heartbeat_us


def test_a_link_without_a_greeting_is_due_when_its_time_is_over(mesh: Mesh) -> None:
    mesh.opened(30, L1, None)
    assert mesh.heartbeat_due_us() == 30 + mesh.settings.connect_us


def test_a_peer_that_is_forgotten_is_dialled_no_more(mesh: Mesh) -> None:
    mesh.failed(0, ANA)
    mesh.forget(ANA)
    mesh.forget(BO)
    assert mesh.dials == {}


def test_a_process_without_the_seat_takes_nothing_over_by_greeting() -> None:
    mesh = Mesh(Settings())
    peer = PeerId("p")
    for number, nonce in ((1, 7), (2, 8)):
        mesh.opened(0, LinkId(number), None).nonce = nonce
        assert mesh.greeted(0, LinkId(number), peer, seated=7) == []
    assert mesh.link_to(peer) is mesh.links[L1]
    assert mesh.other_processes(peer, 7) == [2]
    assert mesh.is_here(0, peer, 7) and not mesh.is_here(0, peer, 9)
    mesh.follow_process(peer, 8)
    assert mesh.link_to(peer) is mesh.links[LinkId(2)]


def test_of_two_links_to_a_process_without_the_seat_one_is_replaced() -> None:
    mesh, peer, again = Mesh(Settings()), PeerId("p"), LinkId(3)
    for number, nonce in ((1, 7), (2, 8), (again, 8)):
        mesh.opened(0, LinkId(number), None).nonce = nonce
    for number in (1, 2):
        mesh.greeted(0, LinkId(number), peer, seated=7)
    assert mesh.greeted(0, again, peer, seated=7) == [2]
    mesh.closed(0, again)
    mesh.links[L1].detector.silent_us = -(10**9)  # the process that had it is dead
    mesh.opened(0, again, None).nonce = 8
    assert mesh.greeted(0, again, peer, seated=7) == [1, 2]


def test_who_has_a_seat_gives_a_mute_link_up_soon(mesh: Mesh) -> None:
    beat_us = mesh.settings.heartbeat_us
    mesh.begin_dial(0, ANA, THERE)
    assert mesh.opened(10, L1, ANA).mute_us == 10 + 2 * beat_us
    mesh.begin_dial(0, BO, THERE)
    assert mesh.opened(250_000, L2, BO).mute_us == 750_000, "as far away as the dial says"
    mesh.begin_dial(0, CY, THERE)
    late_us = 5_000_000 + mesh.settings.red_us
    assert mesh.opened(5_000_000, LinkId(9), CY).mute_us == late_us, "the dial was held up"


def test_a_link_through_a_neighbour_is_no_reason_to_wait_long_for_one_of_our_own(
    mesh: Mesh,
) -> None:
    mesh.relayed(0, LinkId(-1), Relayed(ANA, BO, Channel(1, True)), None)
    mesh.greeted(0, LinkId(-1), ANA, 0)
    mesh.begin_dial(0, ANA, THERE)
    assert mesh.opened(10, L1, ANA).mute_us == 10 + 2 * mesh.settings.heartbeat_us


def test_who_was_linked_before_is_not_new(mesh: Mesh) -> None:
    mesh.begin_dial(0, ANA, THERE)
    assert mesh.is_new(ANA)
    linked(mesh, L1, ANA)
    mesh.know(ANA, L1)
    mesh.closed(0, L1)
    mesh.begin_dial(0, ANA, THERE)
    assert not mesh.is_new(ANA)


def test_a_newcomer_has_patience_with_a_busy_host(mesh: Mesh) -> None:
    mesh.begin_dial(0, ANA, THERE)
    assert mesh.opened(10, L1, ANA, seated=False).mute_us == 10 + mesh.settings.connect_us


def test_the_habit_of_a_member_outlives_its_links(mesh: Mesh) -> None:
    peer = PeerId("member")
    for link in (L1, LinkId(2)):
        mesh.opened(0, link, None)
        mesh.greeted(0, link, peer, 0)
        mesh.know(peer, link)
    mesh.links[L1].detector.habit.learn(900_000)
    assert mesh.links[LinkId(2)].detector.habit.longest_us == 900_000
    mesh.forget(peer)
    assert not mesh.habits


def test_who_stalls_now_and_then_is_late_by_habit(mesh: Mesh) -> None:
    peer = PeerId("member")
    mesh.opened(0, L1, None)
    mesh.greeted(0, L1, peer, 0)
    for _ in range(2):
        mesh.links[L1].detector.habit.learn(900_000)
    assert mesh.is_late(0, peer)


def test_a_link_that_speaks_replaces_one_that_is_dead(mesh: Mesh) -> None:
    linked(mesh, L1, ANA)
    linked(mesh, L2, ANA)
    used = mesh.link_to(ANA)
    assert used is not None and used.id == L2
    older = mesh.links[L1]
    assert older.beside and not used.beside
    mesh.heard_beside(500_000, older)
    assert mesh.link_to(ANA) is used, "it was heard lately enough"
    mesh.heard_beside(700_000, older)
    assert mesh.link_to(ANA) is older
    assert used.beside and not older.beside
    mesh.closed(800_000, L1)
    assert mesh.link_to(ANA) is used and not used.beside


def test_after_a_mute_link_the_wait_is_the_shortest(mesh: Mesh) -> None:
    """Time has been lost already, and somebody is there."""
    for _ in range(5):
        mesh.failed(0, ANA)
    mesh.begin_dial(0, ANA, THERE)
    mesh.opened(0, L1, ANA)
    mesh.closed(400_000, L1)
    assert mesh.dials[ANA].next_us == 400_000 + mesh.settings.redial_us_min


def test_it_is_known_whether_links_lead_to_others(mesh: Mesh) -> None:
    counts = [mesh.changes]
    mesh.opened(0, L1, None)
    counts.append(mesh.changes)
    mesh.greeted(0, L1, ANA, 0)
    counts.append(mesh.changes)
    mesh.links[L1].detector.heard(5)
    assert not mesh.links[L1].beside
    assert mesh.changes == counts[-1]
    mesh.closed(9, L1)
    counts.append(mesh.changes)
    assert counts == sorted(set(counts))


def test_who_was_started_again_is_beside_the_process_that_has_the_seat(mesh: Mesh) -> None:
    linked(mesh, L1, ANA)
    assert mesh.other_ends() == []
    mesh.opened(0, L2, None).nonce = 7
    mesh.greeted(0, L2, ANA, 0)
    mesh.opened(0, L3, None)
    mesh.greeted(0, L3, ANA, 0)  # the same process as on the first link
    assert mesh.other_ends() == [L2]
    mesh.follow_process(ANA, 7)
    assert mesh.other_ends() == [L1, L3]
    mesh.closed(1, L2)
    assert mesh.other_ends() == []
