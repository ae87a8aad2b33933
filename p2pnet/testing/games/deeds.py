"""Which code of the game runs: one call of it on one peer, and on which peers such code runs."""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs

from p2pnet.world.calls import CallKind, CallSpec
from p2pnet.world.objects import NetworkObject, Player
from p2pnet.world.world import World


class DeedKind(enum.StrEnum):
    """What the game is called for. The value is how it reads in a message."""

    COMMAND = "the command"
    TICK = "the tick hook"
    START = "the start hook"
    STOP = "the stop hook"
    SETUP = "the setup function"
    LATER = "the method"
    ON_CHANGE = "the on_change hook"
    CLIENT_RPC = "the client rpc"
    APPEAR = "the appearance hook"
    HOOK = "the hook"


ON_HOST_ONLY: Final = frozenset(
    {
        *(DeedKind.COMMAND, DeedKind.TICK, DeedKind.START, DeedKind.STOP, DeedKind.SETUP),
        DeedKind.LATER,  # what a timer calls, or what judges the writes of an owner
    }
)
"""What these do happens on one peer. Everything else runs on every peer that it concerns."""

REPEATED: Final = frozenset({DeedKind.ON_CHANGE, DeedKind.CLIENT_RPC})
"""What these do, all peers do, for the same reason and with the same arguments."""

_BY_NAME: Final = {
    "on_start_server": DeedKind.START,
    "on_stop_server": DeedKind.STOP,
    "on_tick": DeedKind.TICK,
    "on_bot_tick": DeedKind.TICK,
    "on_forfeit": DeedKind.LATER,
    "on_start_client": DeedKind.APPEAR,
    "on_start_authority": DeedKind.APPEAR,
}
_BY_CALL: Final = {
    CallKind.COMMAND: DeedKind.COMMAND,
    CallKind.CLIENT_RPC: DeedKind.CLIENT_RPC,
}


@attrs.frozen(eq=False)
class Deed:
    """One call of code of the game."""

    kind: DeedKind
    name: str
    """`Tank.drive`."""

    world: World
    obj: NetworkObject | None
    function: Callable[..., Any]
    args: Sequence[Any] = ()

    @property
    def is_host_only(self) -> bool:
        """Whether no other peer runs the same."""
        return self.kind in ON_HOST_ONLY

    def __str__(self) -> str:
        return f"{self.kind.value} {self.name}"


def deed_of(world: World, function: Callable[..., Any], args: Sequence[Any]) -> Deed | None:
    """What a call of the world to the game is; None for what is not the game's own code."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, CallSpec):
        obj, values = args
        kind = _BY_CALL[owner.mark.kind]
        return Deed(kind, owner.where, world, obj, owner.mark.function, values)
    if isinstance(owner, NetworkObject):
        return _deed_of_hook(world, owner, function, args)
    if world.game.setup is not None and function is world.game.setup:
        name = getattr(function, "__name__", "setup")
        return Deed(DeedKind.SETUP, name, world, None, function, args)
    return None


def _deed_of_hook(
    world: World, obj: NetworkObject, hook: Callable[..., Any], args: Sequence[Any]
) -> Deed | None:
    name = hook.__name__
    if getattr(NetworkObject, name, None) is getattr(hook, "__func__", hook):
        return None  # which does nothing
    if any(field.on_change == name for field in obj.__layout__.fields):
        kind = DeedKind.ON_CHANGE
    elif hasattr(Player, name):
        kind = _BY_NAME.get(name, DeedKind.HOOK)
    else:
        kind = DeedKind.LATER
    return Deed(kind, f"{type(obj).__name__}.{name}", world, obj, hook, args)
