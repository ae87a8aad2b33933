from __future__ import annotations

import pytest

from p2pnet.core.errors import (
    AuthorityError,
    CommandRefusal,
    CommandRefused,
    DeclarationError,
    SyncTypeError,
)
from p2pnet.core.values import PeerId
from p2pnet.world import Game, NetworkObject, OwnerLost, networked, sync_var
from tests.world.tanks import ANA, BOB, CAT, Crate, Table, Tank

SECOND_US = 1_000_000


@networked
class Flag(NetworkObject):
    on_owner_lost = OwnerLost.TO_HOST
    colour: str = sync_var("red")


@networked
class Ball(NetworkObject):
    on_owner_lost = OwnerLost.TO_ANYONE


@networked
class Tree(NetworkObject):
    on_owner_lost = OwnerLost.UNOWNED


@networked
class Door(NetworkObject):
    willing: bool = sync_var(False)

    def on_authority_request(self, peer: PeerId) -> bool | str:
        return self.willing or "knock first"


GAME = Game("custody", player=Tank, objects=[Crate, Flag, Ball, Tree, Door])


@pytest.fixture
def table() -> Table:
    return Table(GAME)


def lose(table: Table, peer: PeerId = BOB, us: int = SECOND_US) -> None:
    table.host.suspend(peer)
    table.host.tick(us)
    table.sync()


# --- owners that are lost ---


@pytest.mark.parametrize(("cls", "heir"), [(Flag, ANA), (Ball, CAT), (Tree, None)])
def test_what_its_owner_leaves_goes_where_its_rule_says_and_back(
    table: Table, cls: type[NetworkObject], heir: PeerId | None
) -> None:
    thing = table.host.spawn(cls(), BOB)
    table.sync()
    lose(table)
    assert thing.owner == heir and not thing.suspended
    assert table.clients[1].objects[thing.object_id].owner == heir
    table.host.resume(BOB)
    table.sync()
    assert thing.owner == BOB and not thing.suspended


def test_by_default_what_is_owned_sleeps_and_goes_with_the_seat(table: Table) -> None:
    crate = table.host.spawn(Crate(), BOB)
    table.sync()
    lose(table, us=100 * SECOND_US)
    assert crate.owner == BOB and crate.suspended
    table.host.remove(BOB)
    table.sync()
    assert not crate.is_spawned and table.host.player_of(BOB) is None


def test_what_has_a_rule_outlives_the_seat_and_stays_where_it_went(table: Table) -> None:
    flag = table.host.spawn(Flag(), BOB)
    table.sync()
    table.host.remove(BOB)  # it left for good, without being away first
    table.sync()
    assert flag.owner == ANA
    table.host.admit(BOB, "bob")  # a newcomer with the same key: it gave its seat up
    table.host.resume(BOB)
    table.sync()
    assert flag.owner == ANA


def test_a_short_absence_moves_nothing(table: Table) -> None:
    flag = table.host.spawn(Flag(), BOB)
    table.sync()
    for _ in range(3):
        lose(table, us=SECOND_US - 1)
        assert flag.owner == BOB and flag.suspended
        table.host.resume(BOB)
        table.host.tick(1)
        table.sync()


def test_a_new_host_counts_the_absence_anew_and_knows_whose_it_was(table: Table) -> None:
    flag = table.host.spawn(Flag(), BOB)
    table.sync()
    lose(table)
    heir = table.clients[1]
    heir.lose_host()
    heir.start_reign(migrated=True)
    heir.suspend(ANA)
    heir.find_host()
    copy = heir.objects[flag.object_id]
    heir.tick(SECOND_US // 2)
    assert copy.owner == ANA
    heir.tick(SECOND_US // 2)
    assert copy.owner == CAT
    heir.resume(BOB)
    assert copy.owner == BOB


def test_one_object_has_a_rule_of_its_own_that_its_class_has_not(table: Table) -> None:
    ours, theirs = Crate(), Crate()
    ours.on_owner_lost = OwnerLost.UNOWNED  # type: ignore[misc]
    table.host.spawn(ours, BOB)
    table.host.spawn(theirs, BOB)
    table.sync()
    theirs.on_owner_lost = OwnerLost.TO_HOST  # type: ignore[misc]
    table.sync()
    heir = table.clients[1]
    heir.restore(table.host.snapshot())  # a late joiner knows it too
    heir.start_reign(migrated=True)
    heir.suspend(BOB)
    heir.tick(SECOND_US)
    assert heir.objects[ours.object_id].owner is None
    assert heir.objects[theirs.object_id].owner == CAT


def test_what_is_no_rule_is_refused(table: Table) -> None:
    crate = table.host.spawn(Crate())
    with pytest.raises(SyncTypeError, match=r"OwnerLost\.TO_HOST"):
        crate.on_owner_lost = "to_host"  # type: ignore[misc, assignment]
    with pytest.raises(AuthorityError, match="player"):
        table.tank(table.host).on_owner_lost = OwnerLost.UNOWNED  # type: ignore[misc]
    table.sync()
    with pytest.raises(AuthorityError, match="only the host"):
        table.bob.objects[crate.object_id].on_owner_lost = OwnerLost.UNOWNED  # type: ignore[misc]


def test_a_class_can_not_have_what_is_no_rule() -> None:
    @networked
    class Bad(NetworkObject):
        on_owner_lost = "unowned"  # type: ignore[assignment]

    with pytest.raises(DeclarationError, match="OwnerLost"):
        Game("bad", player=Tank, objects=[Bad])


def test_a_deposed_host_undoes_ties_as_well(table: Table) -> None:
    flag = table.host.spawn(Flag(), BOB)
    table.sync()
    before = table.host.snapshot()
    table.host.suspend(BOB)
    table.host.tick(SECOND_US)
    assert flag.owner == ANA
    table.host.stop_reign()
    assert table.host.snapshot() == before and flag.owner == BOB


# --- authority that is asked for ---


def copy_of(table: Table, thing: NetworkObject, who: int = 0) -> NetworkObject:
    return table.clients[who].objects[thing.object_id]


def test_what_nobody_owns_is_had_for_the_asking(table: Table) -> None:
    crate = table.host.spawn(Crate())
    table.sync()
    assert copy_of(table, crate).request_authority() is True
    assert crate.owner == BOB
    assert copy_of(table, crate).request_authority() is True, "it has it already"


def test_the_game_decides_and_its_reason_arrives(table: Table) -> None:
    door = table.host.spawn(Door())
    table.sync()
    with pytest.raises(CommandRefused, match="knock first") as refusal:
        copy_of(table, door).request_authority()
    assert refusal.value.reason is CommandRefusal.DECLINED
    door.willing = True
    table.sync()
    assert copy_of(table, door).request_authority() is True


def test_by_default_nothing_is_taken_from_its_owner(table: Table) -> None:
    crate = table.host.spawn(Crate(), CAT)
    table.sync()
    with pytest.raises(CommandRefused) as refusal:
        copy_of(table, crate).request_authority()
    assert refusal.value.reason is CommandRefusal.DECLINED


def test_an_owner_gives_locks_and_unlocks(table: Table) -> None:
    door = table.host.spawn(Door(willing=True), BOB)  # type: ignore[arg-type]
    table.sync()
    copy_of(table, door).lock_authority()
    assert door.authority_locked and copy_of(table, door, 1).authority_locked
    for act in (copy_of(table, door, 1).request_authority, copy_of(table, door).give_authority):
        with pytest.raises(CommandRefused) as refusal:
            act()
        assert refusal.value.reason is CommandRefusal.LOCKED
    copy_of(table, door).lock_authority(False)
    copy_of(table, door).give_authority(CAT)
    assert door.owner == CAT
    copy_of(table, door, 1).give_authority()
    assert door.owner is None


@pytest.mark.parametrize("act", ["give_authority", "lock_authority"])
def test_only_the_owner_gives_and_locks(table: Table, act: str) -> None:
    crate = table.host.spawn(Crate(), CAT)
    table.sync()
    with pytest.raises(CommandRefused) as refusal:
        getattr(copy_of(table, crate), act)()
    assert refusal.value.reason is CommandRefusal.NO_AUTHORITY


@pytest.mark.parametrize("act", ["request_authority", "give_authority", "lock_authority"])
def test_players_stay_with_their_members(table: Table, act: str) -> None:
    with pytest.raises(CommandRefused, match="player") as refusal:
        getattr(table.tank(table.bob, CAT), act)()
    assert refusal.value.reason is CommandRefusal.NO_AUTHORITY


def test_a_stranger_can_not_be_given_anything(table: Table) -> None:
    crate = table.host.spawn(Crate(), BOB)
    table.sync()
    with pytest.raises(CommandRefused) as refusal:
        copy_of(table, crate).give_authority(PeerId("nobody"))
    assert refusal.value.reason is CommandRefusal.BAD_ARGUMENTS


def test_what_was_locked_meanwhile_is_not_handed_back(table: Table) -> None:
    ball = table.host.spawn(Ball(), BOB)
    table.sync()
    lose(table)
    copy_of(table, ball, 1).lock_authority()
    table.host.resume(BOB)
    table.sync()
    assert ball.owner == CAT


def test_what_was_given_away_meanwhile_is_not_handed_back(table: Table) -> None:
    ball = table.host.spawn(Ball(), BOB)
    table.sync()
    lose(table)
    table.host.assign_authority(ball, ANA)
    table.host.resume(BOB)
    table.sync()
    assert ball.owner == ANA


# --- held back ---


def test_an_object_is_held_back_although_its_owner_is_there(table: Table) -> None:
    tank = table.tank(table.host)
    table.host.custody.hold(tank)
    table.sync()
    assert tank.suspended and table.tank(table.bob).suspended
    assert table.tank(table.bob).heard[-1] == "suspended"
    table.host.custody.release(tank)
    table.sync()
    assert not table.tank(table.bob).suspended
    with pytest.raises(AuthorityError):
        table.bob.custody.hold(table.tank(table.bob))
