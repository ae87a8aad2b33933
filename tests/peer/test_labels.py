"""The view of the labels follows the roster."""

from __future__ import annotations

import pytest

from p2pnet.core.roster import Roster
from p2pnet.core.values import PeerId
from p2pnet.peer.labels import Labels, Processes


def test_it_shows_the_roster_of_the_moment() -> None:
    rosters = [Roster()]
    labels = Labels(lambda: rosters[-1])
    assert len(labels) == 0
    rosters.append(rosters[-1].admit(PeerId("ana"), b"a", "Ana", ()))
    rosters.append(rosters[-1].admit(PeerId("ben"), b"b", "Ben", ()))
    assert dict(labels) == {"ana": 0, "ben": 1}


def test_a_stranger_has_no_label() -> None:
    with pytest.raises(KeyError):
        Labels(Roster)[PeerId("eva")]


def test_processes_are_those_that_have_the_seats_at_this_moment() -> None:
    roster = Roster().admit(PeerId("a"), b"k", "a", (), nonce=7)
    processes = Processes(lambda: roster)
    assert dict(processes) == {"a": 7} and len(processes) == 1
    roster = roster.relocate(PeerId("a"), (), nonce=9)
    assert processes[PeerId("a")] == 9
    with pytest.raises(KeyError):
        processes[PeerId("b")]
