from __future__ import annotations

import pytest

from p2pnet.core.roster import Roster
from p2pnet.core.values import ConnectionId, PeerId

ANA, BO, CY, DI = (PeerId(name) for name in ("ana", "bo", "cy", "di"))


@pytest.fixture
def roster() -> Roster:
    """Three members; ana, who opened the session, hosts."""
    roster = Roster()
    for peer in (ANA, BO, CY):
        roster = roster.admit(peer, peer.encode(), f"the {peer}", (f"{peer}:1",))
    return roster


def labels(roster: Roster) -> dict[str, tuple[int, int]]:
    return {m.peer: (m.connection_id, m.old_connection_id) for m in roster.members}


def test_labels_count_from_zero_in_order_of_admission(roster: Roster) -> None:
    assert labels(roster) == {"ana": (0, -1), "bo": (1, -1), "cy": (2, -1)}
    assert roster.by_connection(ConnectionId(2)) == roster.get(CY)
    assert roster.get(DI) is None and roster.by_connection(ConnectionId(9)) is None


def test_a_peer_has_one_seat(roster: Roster) -> None:
    with pytest.raises(AssertionError):
        roster.admit(BO, b"", "again", ())


def test_each_change_is_a_new_version_and_the_old_one_stays_as_it_was(roster: Roster) -> None:
    before = roster.digest()
    later = roster.lose(BO)
    assert later.version == roster.version + 1
    assert roster.digest() == before != later.digest()


def test_equal_rosters_have_equal_digests() -> None:
    one, other = (Roster().admit(ANA, b"k", "n", ("a:1",)) for _ in range(2))
    assert one.digest() == other.digest() and len(one.digest()) == 8


def test_the_order_of_succession_is_the_order_of_admission(roster: Roster) -> None:
    assert [m.peer for m in roster.successors(ANA)] == [BO, CY]
    assert roster.rank(BO) < roster.rank(CY) < roster.rank(DI) == 3


def test_who_is_away_or_can_not_host_is_no_successor(roster: Roster) -> None:
    roster = roster.admit(DI, b"", "", (), can_host=False).lose(BO)
    assert [m.peer for m in roster.successors(ANA)] == [CY]


def test_who_was_lost_keeps_its_label_and_stays_behind_those_who_stayed(roster: Roster) -> None:
    roster = roster.lose(BO)
    assert [m.peer for m in roster.successors(ANA)] == [CY]
    roster = roster.restore(BO)
    assert [m.peer for m in roster.successors(ANA)] == [CY, BO]
    assert labels(roster)["bo"] == (1, -1)


def test_who_comes_back_as_another_process_listens_elsewhere_and_goes_last(roster: Roster) -> None:
    roster = roster.relocate(BO, ("bo:2",))
    member = roster.get(BO)
    assert member is not None and member.addresses == ("bo:2",) and member.present
    assert [m.peer for m in roster.successors(ANA)] == [CY, BO]


def test_a_crown_gives_label_zero_to_the_new_host_and_a_new_one_to_the_old(roster: Roster) -> None:
    crowned = roster.crown(BO)
    assert labels(crowned) == {"ana": (3, 0), "bo": (0, 1), "cy": (2, 2)}
    assert [m.peer for m in crowned.members if m.present] == [BO]


def test_labels_are_never_used_again(roster: Roster) -> None:
    used = {0, 1, 2}
    for host in (BO, CY, ANA, BO, CY):
        roster = roster.crown(host)
        new = {m.connection_id for m in roster.members} - used
        assert len(new) == 1, "the one for the former host"
        used |= new
    roster = roster.remove(ANA).admit(DI, b"", "", ())
    assert roster.get(DI) is not None and roster.get(DI).connection_id not in used  # type: ignore[union-attr]


def test_a_second_crown_of_the_same_host_takes_no_label_from_anybody(roster: Roster) -> None:
    again = roster.crown(ANA)
    assert labels(again) == {"ana": (0, 0), "bo": (1, 1), "cy": (2, 2)}


def test_a_ban_outlives_the_seat_and_every_crown(roster: Roster) -> None:
    roster = roster.remove(CY, ban=True).remove(CY, ban=True).crown(BO)
    assert roster.banned == (CY,) and roster.get(CY) is None


def test_only_a_member_can_be_lost(roster: Roster) -> None:
    with pytest.raises(AssertionError):
        roster.lose(DI)
    with pytest.raises(AssertionError):
        roster.relocate(DI, ())
