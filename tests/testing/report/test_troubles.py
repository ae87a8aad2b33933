"""Troubles have a beginning and an end."""

from __future__ import annotations

from p2pnet.testing.report.picture import Lane, Spell, Trouble
from p2pnet.testing.report.troubles import Cuts, Troubles

LANES = [Lane("a"), Lane("b"), Lane("c")]


def test_what_is_not_over_lasts_until_now() -> None:
    troubles = Troubles()
    troubles.begin(0, Spell.PAUSED, 5)
    troubles.begin(1, Spell.PAUSED, 6)
    troubles.end(1, Spell.PAUSED, 8)
    troubles.end(2, Spell.PAUSED, 9)
    found = {(t.lane, t.from_us, t.to_us) for t in troubles.all(20)}
    assert found == {(0, 5, 20), (1, 6, 8)}


def test_cuts_are_told_for_each_peer_and_change_with_those_who_are_cut_off() -> None:
    cuts = Cuts()
    cuts.look(12, {(0, 1), (1, 0)}, since_us=10)
    cuts.look(20, {(0, 1), (1, 0), (0, 2)}, since_us=20)
    cuts.look(30, set(), since_us=20)
    told = list(cuts.troubles(50, LANES))
    first = [t for t in told if t.lane == 0]
    assert first == [
        Trouble(0, Spell.CUT, 10, 20, "cut off from b"),
        Trouble(0, Spell.CUT, 20, 30, "cut off from b; is not heard by c"),
    ]
    assert [t.text for t in told if t.lane == 2] == ["does not hear a"]
