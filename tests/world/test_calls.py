from __future__ import annotations

from collections.abc import Iterator

import pytest

from p2pnet.core.errors import DeclarationError
from p2pnet.world import NetworkObject, client_rpc, command, networked
from p2pnet.world.calls import CallSpec
from p2pnet.world.hints import Misfit
from p2pnet.world.layout import layout_of


@networked
class Gun(NetworkObject):
    @command
    def fire(self, angle: float, shots: int = 1, *, name: str = "bang") -> list[str]:
        return [f"{name} {angle}"] * shots


FIRE: CallSpec = layout_of(Gun).call_of["fire"]


def test_arguments_are_bound_by_place_and_by_name_with_defaults() -> None:
    assert FIRE.bind((1,), {}) == [1.0, 1, "bang"]
    assert FIRE.bind((), {"angle": 2.0, "name": "boo"}) == [2.0, 1, "boo"]
    assert FIRE.bind((1.5, 3), {}) == [1.5, 3, "bang"]


@pytest.mark.parametrize(
    ("args", "kwargs", "text"),
    [
        ((), {}, "angle"),
        ((1.0, 2, "a"), {}, "too many"),
        ((1.0,), {"speed": 2}, "speed"),
        (("a",), {}, r"angle: expected float, got 'a' \(str\)"),
        ((1.0, 1.5), {}, r"shots: expected int, got 1.5 \(float\)"),
        ((1.0,), {"name": None}, r"name: expected str, got None"),
    ],
)
def test_arguments_that_do_not_fit_are_named(
    args: tuple[object, ...], kwargs: dict[str, object], text: str
) -> None:
    with pytest.raises(Misfit, match=text):
        FIRE.bind(args, kwargs)


def test_arguments_from_the_wire_are_checked_again() -> None:
    assert FIRE.load([1, 2, "a"]) == [1.0, 2, "a"]
    for raws in ([1.0], [1.0, 1, "a", 2], "abc", [1.0, "1", "a"], [1.0, 1, None]):
        with pytest.raises(Misfit):
            FIRE.load(raws)


def test_the_method_runs_with_its_arguments_in_place() -> None:
    assert FIRE.run(Gun(), [1.5, 2, "boo"]) == ["boo 1.5", "boo 1.5"]


def test_methods_without_fixed_types_are_refused() -> None:
    with pytest.raises(DeclarationError, match=r"Ship.go\(where\): annotate it"):

        @networked
        class Ship(NetworkObject):
            @command
            def go(self, where):  # type: ignore[no-untyped-def]
                pass

    with pytest.raises(DeclarationError, match=r"no fixed types"):

        @networked
        class Boat(NetworkObject):
            @command
            def go(self, *where: int) -> None:
                pass

    with pytest.raises(DeclarationError, match=r"go\(where\): the default does not fit"):

        @networked
        class Raft(NetworkObject):
            @command
            def go(self, where: int = "here") -> None:  # type: ignore[assignment]
                pass

    with pytest.raises(DeclarationError, match="object_id"):

        @networked
        class Tug(NetworkObject):
            @command
            def pull(self, other: Gun) -> None:
                pass


def test_only_plain_methods_can_be_called_from_afar() -> None:
    with pytest.raises(DeclarationError, match="plain def"):

        @command
        async def go(self: NetworkObject) -> None:
            pass

    with pytest.raises(DeclarationError, match="plain def"):

        @client_rpc  # type: ignore[arg-type]
        def tell(self: NetworkObject) -> Iterator[int]:
            yield 1

    with pytest.raises(DeclarationError, match="above the def"):
        command(property(lambda self: 1))  # type: ignore[call-overload]


def test_an_ack_level_has_to_exist() -> None:
    with pytest.raises(DeclarationError, match="'some' is none of 'host', 'one', 'all'"):
        command(ack="some")


def test_a_client_rpc_returns_nothing_and_has_no_parameter_to() -> None:
    with pytest.raises(DeclarationError, match="returns nothing"):

        @networked
        class Ship(NetworkObject):
            @client_rpc  # type: ignore[arg-type]
            def tell(self) -> int:
                return 1

    with pytest.raises(DeclarationError, match="`to` picks the peer"):

        @networked
        class Boat(NetworkObject):
            @client_rpc
            def tell(self, to: int) -> None:
                pass
