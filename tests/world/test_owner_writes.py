from __future__ import annotations

import re
from typing import Any

import attrs
import pytest

from p2pnet.core.errors import AuthorityError, DeclarationError, SyncTypeError
from p2pnet.core.values import PeerId
from p2pnet.world import Game, NetworkObject, Player, World, networked, sync_var
from p2pnet.world.wire import Vars, Writes, encode
from tests.world.tanks import ANA, BOB, CAT, Table


@networked
class Runner(Player):
    x: float = sync_var(0.0, owner_writes=True, validate="check_x", on_change="moved")
    y: float = sync_var(0.0, owner_writes=True, latest=True)
    pose: str = sync_var("", owner_writes=True)
    score: int = sync_var(0)
    fuel: int = sync_var(0, latest=True)
    heard: list[Any] = attrs.field(factory=list)

    def check_x(self, old: float, new: float) -> float:
        if abs(new - old) > 100:
            raise ValueError("nobody is that fast")
        return min(new, 50.0)

    def moved(self, old: float, new: float) -> None:
        self.heard.append((old, new))


@networked
class Ball(NetworkObject):
    at: int = sync_var(0, owner_writes=True)


GAME = Game("runners", player=Runner, objects=[Ball])


@pytest.fixture
def table() -> Table:
    return Table(GAME)


def runner(world: World, peer: PeerId = BOB) -> Runner:
    found = world.player_of(peer)
    assert isinstance(found, Runner)
    return found


def exchange(table: Table) -> None:
    """Everybody tells the host what they wrote, and get its update."""
    for world in table.clients:
        if writes := world.collect_writes():
            table.host.write(world.me, writes)
    table.sync()


def test_the_owner_sees_it_at_once_and_all_others_in_time(table: Table) -> None:
    mine = runner(table.bob)
    mine.x = 3.0
    assert mine.x == 3.0 and mine.heard == [(0.0, 3.0)]
    assert runner(table.host).x == 0.0
    exchange(table)
    for world in (table.host, *table.clients):
        assert runner(world).x == 3.0 and runner(world).heard == [(0.0, 3.0)]
    assert not table.bob.mine.overlays


def test_while_the_owner_is_ahead_equal_positions_are_equal_states(table: Table) -> None:
    before = table.host.snapshot()
    runner(table.bob).x = 3.0
    assert table.bob.snapshot() == before and table.bob.dump() == table.host.dump()
    runner(table.host).score = 1
    table.sync()
    assert table.bob.snapshot() == table.host.snapshot() and runner(table.bob).x == 3.0


def test_what_the_host_makes_of_it_counts_and_the_owner_sees_that(table: Table) -> None:
    mine = runner(table.bob)
    mine.x = 80.0
    exchange(table)
    assert mine.x == 50.0 and runner(table.host).x == 50.0
    assert mine.heard == [(0.0, 80.0), (80.0, 50.0)]


def test_what_is_refused_goes_back_and_the_owner_is_told_why(table: Table) -> None:
    told: list[Any] = []
    table.bob.on_refused.append(lambda *what: told.append(what))
    mine = runner(table.bob)
    mine.x, mine.pose = 200.0, "sits"
    exchange(table)
    assert mine.x == 0.0 and mine.pose == "sits"
    assert told == [(mine.object_id, "x", "nobody is that fast")]
    assert mine.heard == [(0.0, 200.0), (200.0, 0.0)]
    assert not table.bob.mine.overlays


def test_a_value_on_its_way_back_does_not_undo_a_newer_one(table: Table) -> None:
    mine = runner(table.bob)
    mine.x = 1.0
    table.host.write(BOB, table.bob.collect_writes())
    mine.x = 2.0
    table.sync()
    assert mine.x == 2.0 and runner(table.host).x == 1.0
    exchange(table)
    assert mine.x == runner(table.host).x == 2.0 and not table.bob.mine.overlays


def test_a_new_host_is_told_all_that_the_lost_one_did_not_answer(table: Table) -> None:
    bob, cat = table.clients
    runner(bob).x = 1.0
    bob.collect_writes()  # goes to a host that dies with it
    runner(bob).pose = "runs"
    for world in table.clients:
        world.lose_host()
    runner(bob).x = 2.0
    cat.start_reign(migrated=True)
    cat.find_host()
    bob.find_host()
    cat.write(BOB, bob.collect_writes())
    bob.apply(cat.collect())
    assert (runner(cat).x, runner(cat).pose) == (2.0, "runs")
    assert bob.snapshot() == cat.snapshot() and not bob.mine.overlays


def test_an_owner_that_becomes_the_host_has_the_last_word(table: Table) -> None:
    bob, cat = table.clients
    runner(bob).x = 9.0
    bob.lose_host()
    bob.start_reign(migrated=True)
    bob.find_host()
    cat.apply(bob.collect())
    assert runner(bob).x == runner(cat).x == 9.0
    assert bob.snapshot() == cat.snapshot() and bob.dump() == cat.dump()


def test_the_hosts_own_player_is_judged_as_any_other(table: Table) -> None:
    told: list[Any] = []
    table.host.on_refused.append(lambda *what: told.append(what))
    own = runner(table.host, ANA)
    own.x = 80.0
    assert own.x == 50.0
    own.x = 900.0
    assert own.x == 50.0 and told == [(own.object_id, "x", "nobody is that fast")]
    table.sync()
    assert runner(table.bob, ANA).x == 50.0
    assert own.heard == [(0.0, 50.0)]


def test_the_rules_of_the_game_are_not_judged(table: Table) -> None:
    def teleport() -> None:
        runner(table.host, ANA).x = 900.0
        runner(table.host, BOB).x = 900.0

    table.host.call_game(teleport)
    runner(table.host, CAT).x = 900.0  # nor is what the host does to others
    table.sync()
    assert [runner(table.bob, peer).x for peer in (ANA, BOB, CAT)] == [900.0] * 3


def test_what_it_brings_along_as_the_new_host_is_judged_too(table: Table) -> None:
    bob, cat = table.clients
    mine = runner(bob)
    mine.x, mine.pose = 500.0, "flies"
    told: list[Any] = []
    bob.on_refused.append(lambda *what: told.append(what))
    bob.start_reign(migrated=True)
    cat.apply(bob.collect())
    assert mine.x == runner(cat).x == 0.0 and runner(cat).pose == "flies"
    assert told == [(mine.object_id, "x", "nobody is that fast")]
    assert mine.heard == [(0.0, 500.0), (500.0, 0.0)]
    assert bob.snapshot() == cat.snapshot()


def test_what_it_adopted_is_undone_like_any_change_that_was_not_sent(table: Table) -> None:
    before = table.bob.snapshot()
    runner(table.bob).x = 9.0
    table.bob.start_reign(migrated=True)
    table.bob.stop_reign()
    assert table.bob.snapshot() == before and runner(table.bob).x == 0.0


def test_a_lost_message_is_made_up_for(table: Table) -> None:
    runner(table.bob).x = 1.0
    assert table.bob.collect_writes()  # and nobody gets it
    for _ in range(40):
        assert table.bob.collect_writes() == b""
    exchange(table)
    assert runner(table.host).x == 1.0 and not table.bob.mine.overlays


def test_another_snapshot_leaves_what_was_written_on_top(table: Table) -> None:
    runner(table.bob).x = 5.0
    runner(table.host).x = 1.0
    table.host.collect()  # this update does not arrive
    table.bob.restore(table.host.snapshot())
    assert runner(table.bob).x == 5.0 and table.bob.snapshot() == table.host.snapshot()
    exchange(table)
    assert runner(table.host).x == 5.0


def test_who_is_not_the_owner_any_more_sees_what_is_agreed(table: Table) -> None:
    ball = table.host.spawn(Ball(at=1), BOB)  # type: ignore[arg-type]
    gone = table.host.spawn(Ball(), BOB)  # type: ignore[arg-type]
    table.sync()
    mine = table.bob.objects[ball.object_id]
    mine.at = 5  # type: ignore[attr-defined]
    table.bob.objects[gone.object_id].at = 6  # type: ignore[attr-defined]
    table.host.assign_authority(ball, CAT)
    table.host.despawn(gone)
    table.sync()
    assert mine.at == 1 and not table.bob.mine.overlays  # type: ignore[attr-defined]
    with pytest.raises(AuthorityError, match="written by the owner"):
        mine.at = 7  # type: ignore[attr-defined]


def test_only_the_owner_writes_only_such_fields_and_only_what_fits(table: Table) -> None:
    with pytest.raises(AuthorityError, match=r"Runner\.x is written by the owner"):
        runner(table.bob, CAT).x = 1.0
    with pytest.raises(AuthorityError, match="not the host"):
        runner(table.bob).score = 1
    with pytest.raises(SyncTypeError, match=r"Runner\.x"):
        runner(table.bob).x = "far"  # type: ignore[assignment]
    assert not table.bob.mine.overlays


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Vars(1, 2, [9.0]), "not yours"),  # Ana's
        (Vars(99, 2, [9.0]), "not yours"),
        (Vars(0, 1, [9]), "not yours"),  # the session's own object
        (Vars(2, 1 << 4, [9]), r"score is not written by its owner"),
        (Vars(2, 1 << 9, [9]), "no fields"),
        (Vars(2, 2, ["far"]), "expected float"),
        (Vars(2, 2, []), "shorter"),
    ],
)
def test_a_peer_that_was_tampered_with_gets_nowhere(table: Table, told: Vars, words: str) -> None:
    assert (runner(table.host, ANA).object_id, runner(table.host).object_id) == (1, 2)
    before = table.host.snapshot()
    table.host.write(BOB, encode(Writes(1, [told])))
    (refusal,) = table.host.journal.wrote[BOB].refused
    assert re.search(words, refusal.text)
    table.sync()
    assert table.host.snapshot() == before
    for nonsense in (b"", b"\xc1", encode([1]), encode(Writes(1, []))[:-1]):
        table.host.write(BOB, nonsense)
    table.sync()
    assert table.host.snapshot() == before


def test_declarations_that_make_no_sense_are_refused() -> None:
    with pytest.raises(DeclarationError, match="validate= is for fields with owner_writes"):
        sync_var(0, validate="check")
    with pytest.raises(DeclarationError, match=r"define `def check\(self, old, new\)`"):

        @networked
        class Wrong(NetworkObject):
            x: int = sync_var(0, owner_writes=True, validate="check")


def test_an_owner_with_messages_under_way_skips_values_of_such_fields_only(table: Table) -> None:
    mine = runner(table.bob)
    messages = []
    for number in range(1, 8):
        mine.y, mine.pose = float(number), str(number)
        messages.append(table.bob.collect_writes())
    for message in messages:
        table.host.write(BOB, message)
    assert runner(table.host).pose == "7" and runner(table.host).y == 4.0
    exchange(table)
    exchange(table)
    assert runner(table.host).y == 7.0 and not table.bob.mine.overlays
