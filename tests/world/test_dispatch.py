from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from p2pnet.core.errors import (
    AuthorityError,
    CommandFailed,
    CommandRefusal,
    CommandRefused,
    LocalProtocolError,
    RemoteProtocolError,
    SyncTypeError,
)
from p2pnet.core.settings import AckLevel
from p2pnet.world import Game, NetworkObject, Player, World, client_rpc, command, networked
from p2pnet.world.wire import OUTCOME, Call, Done, Failed, Refused, encode
from tests.world.tanks import ANA, BOB, CAT, Crate, Point, Table, Tank


def refusal_of(table: Table, origin: Any, payload: bytes) -> CommandRefusal:
    outcome = OUTCOME.decode(table.host.execute(origin, payload))
    assert isinstance(outcome, Refused)
    return outcome.reason


# --- commands ---


def test_the_owner_calls_and_the_host_runs() -> None:
    table = Table()
    assert table.tank(table.bob).drive(1.5) == 1.5
    assert table.tank(table.bob).drive(dx=1, times=2) == 3.5
    assert table.tank(table.host).x == table.tank(table.bob).x == 3.5


def test_the_host_calls_commands_of_its_own_player_the_same_way() -> None:
    table = Table()
    assert table.tank(table.host, ANA).drive(1.0) == 1.0
    with pytest.raises(CommandRefused) as caught:
        table.tank(table.host, BOB).drive(1.0)
    assert caught.value.reason is CommandRefusal.NO_AUTHORITY


def test_results_come_back_with_their_types() -> None:
    table = Table()
    assert table.tank(table.bob).aim(Point(1.0, 2.0)) == Point(1.0, 2.0)
    assert table.tank(table.bob).aim(None) is None
    assert table.tank(table.bob).target is None


def test_the_ack_level_of_a_command_goes_along() -> None:
    table = Table()
    table.tank(table.bob).aim(None)
    table.tank(table.bob).drive(1.0)
    assert table.acks == [AckLevel.ALL, None]


def test_only_the_owner_may_call_unless_anyone_may() -> None:
    table = Table()
    with pytest.raises(CommandRefused, match=r"owned by the peer cat.*anyone=True"):
        table.tank(table.bob, CAT).drive(1.0)
    assert table.acks == []
    assert table.tank(table.bob, CAT).give(3) == 3


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda tank: tank.drive(), "missing a required argument: 'dx'"),
        (lambda tank: tank.drive("far"), r"Tank\.drive: dx: expected float, got 'far' \(str\)"),
        (lambda tank: tank.drive(1.0, speed=3), "unexpected keyword argument 'speed'"),
        (lambda tank: tank.aim((1.0, 2.0)), "at: expected Point"),
        (lambda tank: tank.fail("x" * 70_000), "at most 65536"),
    ],
)
def test_wrong_arguments_are_refused_at_the_caller(call: Any, text: str) -> None:
    table = Table()
    with pytest.raises(CommandRefused, match=text) as caught:
        call(table.tank(table.bob))
    assert caught.value.reason is CommandRefusal.BAD_ARGUMENTS and table.acks == []


def test_a_command_without_a_session_is_a_mistake_of_the_caller() -> None:
    table = Table()
    table.bob.submit = None
    with pytest.raises(LocalProtocolError, match="in no session"):
        table.tank(table.bob).drive(1.0)
    with pytest.raises(LocalProtocolError, match="spawn it first"):
        Tank().drive(1.0)


def test_the_host_judges_again() -> None:
    table = Table()
    drive, give = encode(Call(0, 0, 2, [1.0, 1])), encode(Call(0, 2, 2, [5]))
    assert OUTCOME.decode(table.host.execute(BOB, drive)) == Done(1.0)
    assert OUTCOME.decode(table.host.execute(CAT, give)) == Done(5)
    assert refusal_of(table, CAT, drive) is CommandRefusal.NO_AUTHORITY
    cases = [
        (Call(0, 0, 99, [1.0, 1]), CommandRefusal.NO_SUCH_OBJECT),
        (Call(0, 99, 2, []), CommandRefusal.NO_SUCH_COMMAND),
        (Call(9, 0, 2, []), CommandRefusal.NO_SUCH_COMMAND),
        (Call(1, 0, 2, []), CommandRefusal.NO_SUCH_COMMAND),
        (Call(0, -1, 2, []), CommandRefusal.NO_SUCH_COMMAND),
        (Call(0, 0, 2, ["far", 1]), CommandRefusal.BAD_ARGUMENTS),
        (Call(0, 0, 2, [1.0]), CommandRefusal.BAD_ARGUMENTS),
        (Call(0, 0, 2, [1.0, 1, 1]), CommandRefusal.BAD_ARGUMENTS),
        (Call(0, 1, 2, [{"x": 1.0}]), CommandRefusal.BAD_ARGUMENTS),
    ]
    for call, reason in cases:
        assert refusal_of(table, BOB, encode(call)) is reason
    assert refusal_of(table, BOB, b"\xc1") is CommandRefusal.BAD_ARGUMENTS
    assert refusal_of(table, BOB, b"\x91" * 5000) is CommandRefusal.BAD_ARGUMENTS
    assert refusal_of(table, BOB, b"\x00" * 70_000) is CommandRefusal.BAD_ARGUMENTS


def test_a_command_of_another_class_is_refused() -> None:
    @networked
    class Base(NetworkObject):
        @command(anyone=True)
        def poke(self) -> int:
            return 1

    @networked
    class Derived(Base):
        @command(anyone=True)
        def poke(self) -> int:
            return 2

    world = World(Game("g", player=Player, objects=[Base, Derived]), ANA)
    world.start_reign(migrated=False)
    derived = world.spawn(Derived())
    base_call = encode(Call(1, 0, derived.object_id, []))
    outcome = OUTCOME.decode(world.execute(BOB, base_call))
    assert isinstance(outcome, Refused) and outcome.reason is CommandRefusal.NO_SUCH_COMMAND
    right_call = encode(Call(2, 0, derived.object_id, []))
    assert OUTCOME.decode(world.execute(BOB, right_call)) == Done(2)


def test_a_command_that_raises_fails_and_is_not_undone() -> None:
    table = Table()
    with pytest.raises(CommandFailed, match="KeyError on the host: 'oops'") as caught:
        table.tank(table.bob).fail("oops")
    assert (caught.value.error, caught.value.text) == ("KeyError", "'oops'")
    assert table.tank(table.bob).gold == 99


def test_an_error_that_can_not_be_told_breaks_nothing() -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    @networked
    class Ship(Player):
        @command
        def sink(self) -> None:
            raise Silent

        @command
        def drown(self) -> None:
            raise ValueError("\ud800" + "x" * 10_000)

    world = World(Game("g", player=Ship), ANA)
    world.start_reign(migrated=False)
    world.admit(ANA, "ana")
    assert OUTCOME.decode(world.execute(ANA, encode(Call(0, 0, 1, [])))) == Failed("Silent", "")
    drowned = OUTCOME.decode(world.execute(ANA, encode(Call(0, 1, 1, []))))
    assert isinstance(drowned, Failed) and len(drowned.text) == 2000


def test_a_result_that_does_not_fit_its_annotation_is_a_failure() -> None:
    table = Table()
    with pytest.raises(CommandFailed, match=r"Tank\.lie: the result does not fit: expected int"):
        table.tank(table.bob).lie()


def test_a_result_without_an_annotation_is_explained() -> None:
    @networked
    class Ship(Player):
        @command
        def count(self):  # type: ignore[no-untyped-def]
            return 3

    world = World(Game("g", player=Ship), ANA)
    world.start_reign(migrated=False)
    world.admit(ANA, "ana")
    outcome = OUTCOME.decode(world.execute(ANA, encode(Call(0, 0, 1, []))))
    assert isinstance(outcome, Failed) and "annotate what it returns" in outcome.text


def test_commands_called_by_commands_are_plain_calls() -> None:
    table = Table()
    assert table.tank(table.bob).drive_twice(1.0) == 2.0
    assert table.acks == [None]


def test_the_caller_is_known_while_a_command_runs() -> None:
    table = Table()
    assert table.tank(table.bob).who() == "bob"
    assert table.host.caller is None


def test_an_outcome_can_be_read_when_the_object_is_gone() -> None:
    table = Table()
    payload = encode(Call(0, 1, 2, [{"x": 1.0, "y": 2.0}]))
    outcome = table.host.execute(BOB, payload)
    table.host.remove(BOB)
    table.sync()
    assert table.bob.decode_outcome(payload, outcome) == Point(1.0, 2.0)


def test_an_outcome_that_is_none_is_an_error_of_the_other_side() -> None:
    table = Table()
    payload = encode(Call(0, 0, 2, [1.0, 1]))
    for outcome in (b"", b"\xc1", encode(Done("far")), encode([7])):
        with pytest.raises(RemoteProtocolError):
            table.bob.decode_outcome(payload, outcome)
    with pytest.raises(RemoteProtocolError):
        table.bob.decode_outcome(encode(Call(9, 0, 2, [])), encode(Done(None)))


@given(st.binary(max_size=100))
def test_no_bytes_break_the_host(payload: bytes) -> None:
    outcome = OUTCOME.decode(_TABLE.host.execute(BOB, payload))
    assert isinstance(outcome, Refused)


_TABLE = Table()

# --- client rpcs ---


def test_a_client_rpc_runs_once_on_every_peer() -> None:
    table = Table()
    table.tank(table.host).honk(2)
    assert table.tank(table.host).heard == [("honk", 2)]
    table.sync()
    table.sync()
    for client in table.clients:
        assert table.tank(client).heard == [("honk", 2)]


def test_a_client_rpc_can_be_for_one_peer() -> None:
    table = Table()
    tank = table.tank(table.host)
    tank.honk(1, to=CAT)
    tank.honk(2, to=1)  # the connection id of bob
    tank.honk(3, to=0)  # of the host
    assert tank.heard == [("honk", 3)]
    table.sync()
    assert [table.tank(client).heard for client in table.clients] == [[("honk", 2)], [("honk", 1)]]
    tank.honk(3, to=ANA)
    assert table.sync() == b""
    with pytest.raises(LocalProtocolError, match="connection id 9"):
        tank.honk(1, to=9)


def test_a_client_rpc_is_called_on_the_host_with_arguments_that_fit() -> None:
    table = Table()
    with pytest.raises(AuthorityError, match="called on the host"):
        table.tank(table.bob).honk(1)
    with pytest.raises(SyncTypeError, match=r"Tank\.honk: times: expected int"):
        table.tank(table.host).honk("a")
    with pytest.raises(SyncTypeError, match="missing"):
        table.tank(table.host).honk()
    with pytest.raises(LocalProtocolError):
        Tank().honk(1)
    assert table.sync() == b""


def test_arguments_of_a_client_rpc_are_taken_when_it_is_called() -> None:
    @networked
    class Ship(Player):
        def __attrs_post_init__(self) -> None:
            self.got: list[list[int]] = []

        @client_rpc
        def tell(self, numbers: list[int]) -> None:
            self.got.append(list(numbers))
            numbers.append(99)

    @networked
    class Steamer(Ship):
        @client_rpc
        def tell(self, numbers: list[int]) -> None:
            super().tell(numbers)
            self.got.append([0])

    game = Game("g", player=Steamer)
    host, client = World(game, ANA), World(game, BOB)
    host.start_reign(migrated=False)
    host.admit(ANA, "ana")
    ship: Any = host.player_of(ANA)
    numbers = [1, 2]
    ship.tell(numbers)
    numbers.append(3)
    client.apply(host.collect())
    copy: Any = client.player_of(ANA)
    assert ship.got == copy.got == [[1, 2], [0]]


def test_authority_moves_what_a_peer_may_call() -> None:
    @networked
    class Door(NetworkObject):
        @command
        def open(self) -> str:
            return str(self.world.caller)

    game = Game("g", player=Tank, objects=[Door, Crate])
    table = Table(game)
    door = table.host.spawn(Door())
    table.sync()
    copy: Any = table.bob.objects[door.object_id]
    with pytest.raises(CommandRefused, match="owned by nobody"):
        copy.open()
    table.host.assign_authority(door, BOB)
    table.sync()
    assert copy.open() == "bob"


# --- reports ---


def test_a_command_can_be_told_from_its_bytes() -> None:
    table = Table()
    sent: list[bytes] = []
    table.bob.submit = lambda payload, ack: sent.append(payload)
    bobs = table.tank(table.bob)
    bobs.drive(1.5, times=2)
    told = table.bob.describe(sent[0])
    assert (told.object_id, told.name) == (bobs.object_id, "drive")
    assert told.arguments["dx"] == 1.5 and told.arguments["times"] == 2


@pytest.mark.parametrize(
    "payload", [b"", b"\xc1", encode(Call(99, 0, 1, [])), encode(Call(0, 99, 1, []))]
)
def test_other_bytes_are_no_command(payload: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        Table().bob.describe(payload)
