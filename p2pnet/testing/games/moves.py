"""What a drawn story is made of: moves that fit any moment, and how each is made.

A move names peers and objects by number, counted round those that are there when its turn comes. So
a story still makes sense when moves are taken out of it, which is how it is made shorter. What was
really done is in the story that the world keeps.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import attrs
import trio

from p2pnet.core.errors import P2PNetError
from p2pnet.peer.peer import Peer
from p2pnet.world.game import Game
from p2pnet.world.objects import NetworkObject

from .story import call_with
from .world import GameWorld

T = TypeVar("T")

_PATIENCE_S: Final = 5.0
"""Virtual time for what takes time and may never come about while peers are cut off."""


class Drop(enum.StrEnum):
    """How a session loses its host."""

    KILL = "kill"  # its process ends
    VANISH = "vanish"  # its machine loses power: silence
    FREEZE = "freeze"  # it stands still, and wakes later
    HAND_OVER = "hand_over"  # it makes another one the host
    ISOLATE = "isolate"  # its network is gone, and comes back later
    LEAVE = "leave"  # it leaves on purpose


class Incident(enum.StrEnum):
    """What else befalls peers."""

    JOIN = "join"
    RESTART = "restart"
    FREEZE_CLIENT = "freeze_client"
    KILL_CLIENT = "kill_client"
    LEAVE_CLIENT = "leave_client"
    PARTITION = "partition"
    HEAL = "heal"


@attrs.frozen
class CommandMove:
    """A peer calls a command on an object that it may call it on."""

    who: int
    cls: str
    command: str
    arguments: Mapping[str, Any]
    which: int = 0

    async def make(self, world: GameWorld) -> None:
        peer = _pick(world.awake, self.who)
        obj = None if peer is None else self._object(world.game, peer)
        if peer is None or obj is None:
            return
        on = {} if obj is peer.player else {"on": obj.object_id}
        args, named = call_with(self.arguments)
        try:
            world.submit(peer, self.command, *args, **on, **named)
        except P2PNetError:  # refused at the caller, as it would be in the game
            return

    def _object(self, game: Game, peer: Peer) -> NetworkObject | None:
        def fits(obj: NetworkObject) -> bool:
            spec = obj.__layout__.call_of.get(self.command)
            is_its = type(obj).__name__ == self.cls and spec is not None
            return is_its and (obj.has_authority or spec.mark.anyone)  # type: ignore[union-attr]

        return _pick([obj for obj in peer.objects.values() if fits(obj)], self.which)


@attrs.frozen
class PauseMove:
    """Time goes by; with no figure, until all is settled."""

    seconds: float | None

    async def make(self, world: GameWorld) -> None:
        if self.seconds is None:
            await world.settle()
        else:
            await world.sleep(self.seconds)


@attrs.frozen
class DropMove:
    """The host is lost."""

    drop: Drop

    async def make(self, world: GameWorld) -> None:
        if not world.has_host or world.host not in world.awake or not await keeps_going(world):
            return
        await lose_host(world, self.drop)


@attrs.frozen
class IncidentMove:
    """Something befalls a peer that is not the host, or the network."""

    incident: Incident
    who: int = 0

    async def make(self, world: GameWorld) -> None:
        with trio.move_on_after(_PATIENCE_S):
            await self._make(world)

    async def _make(self, world: GameWorld) -> None:
        client = _pick([peer for peer in world.clients if peer in world.awake], self.who)
        match self.incident:
            case Incident.HEAL:
                world.heal()
            case Incident.JOIN if len(world.peers) < _PEERS_MAX and world.has_host:
                await _tried(world.join())
            case Incident.RESTART if world.has_host:
                await _restart_one(world, self.who)
            case Incident.PARTITION if client is not None:
                half = world.peers[: max(1, len(world.peers) // 2)]
                world.partition([peer.name for peer in half])
            case _ if client is None or len(world.peers) < _PEERS_MIN:
                return
            case Incident.FREEZE_CLIENT:
                world.freeze(client)
            case Incident.KILL_CLIENT:
                world.kill(client)
            case Incident.LEAVE_CLIENT:
                await world.leave(client)


Move = CommandMove | PauseMove | DropMove | IncidentMove

_PEERS_MAX: Final = 8
_PEERS_MIN: Final = 3
"""No client is taken away from fewer."""


async def lose_host(world: GameWorld, drop: Drop) -> Peer:
    """The host is lost in this way. Returns who it was."""
    host = world.host
    match drop:
        case Drop.KILL:
            world.kill_host()
        case Drop.VANISH:
            world.vanish(host)
        case Drop.FREEZE:
            world.freeze(host)
        case Drop.ISOLATE:
            world.isolate(host)
        case Drop.LEAVE:
            await world.leave(host)
        case Drop.HAND_OVER:
            with trio.move_on_after(_PATIENCE_S):
                await _tried(world.hand_over())
    return host


async def keeps_going(world: GameWorld) -> bool:
    """Whether somebody would be left without the host. Starts one who is gone, if need be."""
    if len(world.awake) < 2:
        with trio.move_on_after(_PATIENCE_S):
            await (_restart_one(world, 0) if world.gone else _tried(world.join()))
    return len(world.awake) >= 2


async def _restart_one(world: GameWorld, who: int) -> None:
    name = _pick(world.gone, who)
    if name is not None:
        await _tried(world.restart(name))


async def _tried(doing: Any) -> None:
    """Do what may turn out to be impossible at this moment."""
    try:
        await doing
    except P2PNetError:
        return


def _pick(those: Sequence[T], number: int) -> T | None:
    return those[number % len(those)] if those else None
