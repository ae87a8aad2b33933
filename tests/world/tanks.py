"""The game that the tests of `p2pnet.world` play, and a table of worlds to play it on."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

import attrs

from p2pnet.core.values import PeerId
from p2pnet.world import (
    Change,
    Game,
    NetworkObject,
    Player,
    Scene,
    SyncDict,
    SyncList,
    SyncSet,
    World,
    client_rpc,
    command,
    networked,
    sync_dict,
    sync_list,
    sync_set,
    sync_var,
)

ANA, BOB, CAT = PeerId("ana"), PeerId("bob"), PeerId("cat")


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Point:
    x: float
    y: float


@networked
class Tank(Player):
    x: float = sync_var(0.0)
    gold: int = sync_var(0, on_change="gold_changed")
    colour: Colour = sync_var(Colour.RED)
    target: Point | None = sync_var(None)
    seen: datetime | None = sync_var(None)
    bag: SyncList[str] = sync_list(on_change="bag_changed")
    marks: SyncDict[str, Point] = sync_dict(on_change="marks_changed")
    friends: SyncSet[int] = sync_set(on_change="friends_changed")
    heading: int = sync_var(0, owner_writes=True, latest=True)
    heard: list[Any] = attrs.field(factory=list)  # local: what hooks were called with

    def ring(self, gold: int) -> None:
        self.gold += gold

    def gold_changed(self, old: int, new: int) -> None:
        self.heard.append(("gold", old, new))

    def bag_changed(self, change: Change) -> None:
        self.heard.append(change)

    def marks_changed(self, change: Change) -> None:
        self.heard.append(change)

    def friends_changed(self, change: Change) -> None:
        self.heard.append(change)

    @command
    def drive(self, dx: float, *, times: int = 1) -> float:
        self.x += dx * times
        return self.x

    @command(ack="all")
    def aim(self, at: Point | None) -> Point | None:
        self.target = at
        return at

    @command(anyone=True)
    def give(self, gold: int) -> int:
        self.gold += gold
        return self.gold

    @command
    def fail(self, text: str) -> None:
        self.gold = 99
        raise KeyError(text)

    @command
    def lie(self) -> int:
        return "no int"  # type: ignore[return-value]

    @command
    def drive_twice(self, dx: float) -> float:
        self.drive(dx)
        result: float = self.drive(dx)
        return result

    @command
    def who(self) -> str:
        return str(self.world.caller)

    @client_rpc
    def honk(self, times: int) -> None:
        self.heard.append(("honk", times))

    def on_start_server(self, migrated: bool) -> None:
        self.heard.append(("start_server", migrated))

    def on_stop_server(self) -> None:
        self.heard.append("stop_server")

    def on_start_client(self) -> None:
        self.heard.append("start_client")

    def on_stop_client(self) -> None:
        self.heard.append("stop_client")

    def on_start_authority(self) -> None:
        self.heard.append("start_authority")

    def on_suspended(self) -> None:
        self.heard.append("suspended")

    def on_resumed(self) -> None:
        self.heard.append("resumed")

    def on_tick(self, dt: float) -> None:
        self.x += dt


@networked
class Crate(NetworkObject):
    weight: float = sync_var(1.0)
    items: SyncList[int] = sync_list()
    heard: list[Any] = attrs.field(factory=list)

    def on_start_authority(self) -> None:
        self.heard.append("start_authority")

    def on_stop_authority(self) -> None:
        self.heard.append("stop_authority")


SCENES = [Scene("yard", objects={"a": Crate, "b": Crate}), Scene("sky")]
GAME = Game("tanks", player=Tank, objects=[Crate], scenes=SCENES)


class Table:
    """A host and two clients, with a player each, and what goes on between them."""

    def __init__(self, game: Game = GAME) -> None:
        self.host = World(game, ANA)
        self.clients = [World(game, BOB), World(game, CAT)]
        self.host.start_reign(migrated=False)
        for number, world in enumerate([self.host, *self.clients]):
            self.host.admit(world.me, world.me)
            for other in [self.host, *self.clients]:
                other.connections[world.me] = number  # type: ignore[assignment]
        for world in [self.host, *self.clients]:
            world.submit = self._submit_for(world)
        self.acks: list[Any] = []
        self.sync()
        for world in [self.host, *self.clients]:
            for tank in world.objects.values():
                if isinstance(tank, Tank):
                    tank.heard.clear()

    @property
    def bob(self) -> World:
        return self.clients[0]

    def tank(self, world: World, peer: PeerId = BOB) -> Tank:
        found = world.player_of(peer)
        assert isinstance(found, Tank)
        return found

    def sync(self) -> bytes:
        """The update that brought the clients to where the host is."""
        update = self.host.collect()
        for client in self.clients:
            client.apply(update)
        for client in self.clients:
            assert client.dump() == self.host.dump()
        return update

    def _submit_for(self, world: World) -> Any:
        def submit(payload: bytes, ack: Any) -> Any:
            self.acks.append(ack)
            outcome = self.host.execute(world.me, payload)
            self.sync()
            return world.decode_outcome(payload, outcome)

        return submit
