"""Commands that every world has, whatever the game: for players and for authority.

They go the way of any other command, so they run on the host exactly once, are answered, and
survive its loss. On the wire they are calls of a class that no game has.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

import msgspec

from ..core.errors import CommandRefusal, CommandRefused
from ..core.values import PeerId, clean_name
from .rules import Vote

if TYPE_CHECKING:
    from .objects import NetworkObject
    from .world import World

CLASS_INDEX: Final = -1
CONTROLLERS_MAX: Final = 32


class Request(enum.IntEnum):
    """What can be asked for."""

    ADD_PLAYER = 0
    REMOVE_PLAYER = 1
    RECLAIM = 2
    REQUEST_AUTHORITY = 3
    GIVE_AUTHORITY = 4
    LOCK_AUTHORITY = 5
    VOTE = 6
    SCENES_READY = 7


def run(world: World, origin: PeerId, request: int, object_id: int, arguments: list[Any]) -> Any:
    """Do what a member asks for, on the host. Raises `CommandRefused`."""
    try:
        shape, act = _REQUESTS[Request(request)]
        values = msgspec.convert(arguments, shape)
    except (ValueError, msgspec.ValidationError) as error:
        raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, str(error)) from None
    return act(world, origin, object_id, *values)


def _add_player(
    world: World, origin: PeerId, _: int, controller: int, name: str, extra: bytes | None
) -> int:
    players = world.players.of(origin)
    if origin in world.players.unclaimed and players:
        world.players.reclaim(origin, extra)
        return next(iter(players.values())).object_id
    if not 0 <= controller <= CONTROLLERS_MAX:
        text = f"a controller id is a number from 0 to {CONTROLLERS_MAX}, not {controller}"
        raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, text)
    if controller in players:
        text = f"controller {controller} has a player already"
        raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, text)
    world.players.unclaimed.discard(origin)
    world.wake(origin)
    return world.players.add(origin, clean_name(name), controller).object_id


def _remove_player(world: World, origin: PeerId, _: int, controller: int) -> None:
    player = world.players.of(origin).get(controller)
    if player is None:
        text = f"controller {controller} has no player"
        raise CommandRefused(CommandRefusal.NO_SUCH_OBJECT, text)
    world.despawn(player)


def _reclaim(world: World, origin: PeerId, _: int, extra: bytes | None) -> bool:
    if origin not in world.players.unclaimed or not world.registry.owned_by(origin):
        return False
    world.players.reclaim(origin, extra)
    return True


def _find(world: World, object_id: int) -> NetworkObject:
    obj = world.objects.get(object_id)
    if obj is None:
        raise CommandRefused(CommandRefusal.NO_SUCH_OBJECT, f"there is no object {object_id}")
    return obj


def _request(world: World, origin: PeerId, object_id: int) -> bool:
    return world.custody.request(origin, _find(world, object_id))


def _give(world: World, origin: PeerId, object_id: int, to: str | None) -> None:
    world.custody.give(origin, _find(world, object_id), None if to is None else PeerId(to))


def _lock(world: World, origin: PeerId, object_id: int, locked: bool) -> None:
    world.custody.lock(origin, _find(world, object_id), locked)


def _vote(world: World, origin: PeerId, _: int, vote: Vote) -> None:
    world.absences.cast(origin, vote)


def _scenes_ready(
    world: World, origin: PeerId, _: int, version: int, nonce: int, keeps: bool
) -> bool:
    return world.scenes.report(origin, version, nonce, keeps)


_REQUESTS: Final[dict[Request, tuple[Any, Callable[..., Any]]]] = {
    Request.ADD_PLAYER: (tuple[int, str, bytes | None], _add_player),
    Request.REMOVE_PLAYER: (tuple[int], _remove_player),
    Request.RECLAIM: (tuple[bytes | None], _reclaim),
    Request.REQUEST_AUTHORITY: (tuple[()], _request),
    Request.GIVE_AUTHORITY: (tuple[str | None], _give),
    Request.LOCK_AUTHORITY: (tuple[bool], _lock),
    Request.VOTE: (tuple[Vote], _vote),
    Request.SCENES_READY: (tuple[int, int, bool], _scenes_ready),
}
