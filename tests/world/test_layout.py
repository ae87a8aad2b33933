from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest

from p2pnet.core.errors import DeclarationError
from p2pnet.world import (
    Change,
    Game,
    NetworkObject,
    Player,
    SyncList,
    World,
    client_rpc,
    command,
    networked,
    sync_list,
    sync_var,
)
from p2pnet.world.hints import Misfit
from p2pnet.world.layout import layout_of
from tests.world.tanks import ANA, Point


@networked
class Vehicle(NetworkObject):
    x: float = sync_var(0.0)
    y: float = sync_var(0.0)

    @command
    def drive(self, dx: float) -> float:
        self.x += dx
        return self.x


@networked
class Truck(Vehicle):
    load: SyncList[str] = sync_list(on_change="load_changed")
    x: float = sync_var(5.0)

    @command
    def drive(self, dx: float) -> float:
        return float(super().drive(dx / 2))

    @command
    def park(self) -> None:
        self.x = 0.0

    def load_changed(self, change: Change) -> None:
        pass


def test_fields_and_commands_of_the_base_come_first_and_keep_their_numbers() -> None:
    layout = layout_of(Truck)
    assert [field.name for field in layout.fields] == ["x", "y", "load"]
    assert [field.index for field in layout.fields] == [0, 1, 2]
    assert [call.name for call in layout.commands] == ["drive", "park"]
    assert layout.commands[0].where == "Truck.drive"
    assert (Truck().x, Vehicle().x) == (5.0, 0.0)


def test_an_overriding_command_may_call_the_one_above() -> None:
    world = World(Game("trucks", player=Player, objects=[Truck]), ANA)
    world.start_reign(migrated=False)
    truck = world.spawn(Truck(), ANA)
    world.submit = lambda payload, ack: world.decode_outcome(payload, world.execute(ANA, payload))
    assert truck.drive(2.0) == 6.0


def test_classes_inside_functions_may_use_names_of_the_function() -> None:
    @attrs.frozen
    class Local:
        a: int

    @networked
    class Ship(NetworkObject):
        at: Local | None = sync_var(None)

        @command
        def move(self, to: Local) -> Local:
            return to

    assert Ship(at=Local(1)).at == Local(1)


def test_objects_compare_by_identity_and_take_keywords_only() -> None:
    one, two = Vehicle(x=1.0), Vehicle(x=1.0)
    assert one != two and len({one, two}) == 2
    with pytest.raises(TypeError):
        Vehicle(1.0)  # type: ignore[call-arg]


def test_validators_and_converters_of_local_fields_do_not_open_a_way_around() -> None:
    @networked
    class Ship(NetworkObject):
        x: float = sync_var(0.0)
        label: str = attrs.field(default="a", converter=str)

    ship = Ship(label=3)  # type: ignore[arg-type]
    assert ship.label == "3"
    ship.x = 2
    assert type(ship.x) is float


def test_masks_name_plain_fields_only() -> None:
    layout = layout_of(Truck)
    assert [field.name for field in layout.vars_in(0b11)] == ["x", "y"]
    for mask in (0, 0b100, 0b1000, -1):
        with pytest.raises(Misfit):
            layout.vars_in(mask)
    assert layout.dump_vars({"x": 1.0, "y": 2.0}, 0b10) == [2.0]


def test_the_text_of_a_layout_tells_all_that_peers_must_agree_on() -> None:
    assert layout_of(Truck).text == (
        "Truck(x: float; y: float; load: SyncList[str, str]; "
        "command drive(dx: float) -> float anyone=False; command park() -> none anyone=False)"
    )


def test_a_forgotten_decorator_is_found() -> None:
    class Bare(NetworkObject):
        x: int = sync_var(0)

    with pytest.raises(DeclarationError, match="put @networked above the class"):
        Bare()
    with pytest.raises(DeclarationError, match="put @networked above it too"):

        @networked
        class Child(Bare):
            pass

    with pytest.raises(DeclarationError, match="derive a class"):
        NetworkObject()


def test_a_field_without_an_annotation_is_found() -> None:
    with pytest.raises(DeclarationError, match=r"Ship\.x: annotate it, as in `x: int = sync_var"):

        @networked
        class Ship(NetworkObject):
            x = sync_var(0)


def test_a_local_field_needs_a_default_that_is_not_shared() -> None:
    with pytest.raises(DeclarationError, match=r"Ship\.x: give it a default"):

        @networked
        class Ship(NetworkObject):
            x: int

    with pytest.raises(DeclarationError, match=r"share one list.*sync_list"):

        @networked
        class Boat(NetworkObject):
            x: list[int] = []


def test_class_variables_are_no_fields() -> None:
    @networked
    class Ship(NetworkObject):
        KINDS: ClassVar[list[str]] = ["a"]
        WHEELS = 4

    assert Ship.KINDS is Ship().KINDS and layout_of(Ship).fields == ()


def test_a_class_has_64_fields_at_most() -> None:
    def ship_with(count: int) -> type[Any]:
        names = [f"x{number}" for number in range(count)]
        body: dict[str, Any] = {name: sync_var(0) for name in names}
        body["__annotations__"] = dict.fromkeys(names, int)
        return networked(type("Ship", (NetworkObject,), body))

    with pytest.raises(DeclarationError, match="at most 64"):
        ship_with(65)
    game = Game("g", player=Player, objects=[ship_with(64)])
    host, client = World(game, ANA), World(game, ANA)
    host.start_reign(migrated=False)
    ship = host.spawn(game.objects[0]())
    client.apply(host.collect())
    ship.x63 = 7
    client.apply(host.collect())
    assert client.dump() == host.dump()


def test_a_command_can_not_take_a_name_of_ours() -> None:
    with pytest.raises(DeclarationError, match="p2pnet's own"):

        @networked
        class Ship(NetworkObject):
            @command
            def despawn(self) -> None:
                pass


def test_overriding_a_command_without_the_decorator_is_found() -> None:
    with pytest.raises(DeclarationError, match=r"overrides a command; put @command above it"):

        @networked
        class Bus(Vehicle):
            def drive(self, dx: float) -> float:
                return dx

    with pytest.raises(DeclarationError, match="in Vehicle it is a command"):

        @networked
        class Tram(Vehicle):
            @client_rpc
            def drive(self, dx: float) -> None:
                pass


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"__init__": lambda self: None}, "__attrs_post_init__"),
        ({"__setattr__": lambda self, name, value: None}, "made by @networked"),
        ({"__slots__": ("a",)}, "__slots__"),
    ],
)
def test_what_the_decorator_makes_can_not_be_defined(body: dict[str, Any], text: str) -> None:
    with pytest.raises(DeclarationError, match=text):
        networked(type("Ship", (NetworkObject,), body))


def test_the_decorator_belongs_on_a_class_of_ours_and_once() -> None:
    with pytest.raises(DeclarationError, match="derive from NetworkObject"):
        networked(type("Ship", (), {}))
    with pytest.raises(DeclarationError, match="twice"):
        networked(Vehicle)
    with pytest.raises(DeclarationError, match="above a class"):
        networked(lambda: None)  # type: ignore[type-var]


def test_mixins_bring_commands() -> None:
    class Talker:
        @command
        def say(self, text: str) -> str:
            return text

    @networked
    class Ship(Talker, NetworkObject):
        pass

    @networked
    class Boat(NetworkObject, Talker):
        at: Point | None = sync_var(None)

    assert [call.name for call in layout_of(Ship).commands] == ["say"]
    assert [call.name for call in layout_of(Boat).commands] == ["say"]
