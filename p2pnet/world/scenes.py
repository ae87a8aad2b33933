"""Scenes: which of them are loaded is part of the state, and each peer loads them for itself.

The host says which scenes are loaded, and each peer brings what it has in line with that: it loads
what is missing, once, and unloads what is not wanted any more. A peer then says how far it has got,
and that is replicated too. A member that is back stays away, for the game, until it has all scenes.

The objects of a scene are objects like any other. They are spawned by the host that loads it, once,
so they keep their numbers and their state when another peer becomes the host, and what was
despawned does not come back. Their places in the scene are kept beside them, so that a peer
finds the one that belongs to the door in its own copy of the level.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import attrs

from ..core.errors import CommandRefusal, CommandRefused, DeclarationError
from ..core.values import PeerId
from .objects import NetworkObject
from .session_state import Ready

if TYPE_CHECKING:
    from .world import World

Progress = Callable[[float], None]
"""Called by a loader with how much is done, from 0 to 1."""

Loader = Callable[[Progress], Awaitable[None] | None]
Unloader = Callable[[], Awaitable[None] | None]


def _name(scene: object, field: object, value: Any) -> None:
    if not isinstance(value, str) or not value.strip():
        raise DeclarationError(f"Scene: the name must be a text that is not empty, not {value!r}")


def _function(scene: object, field: attrs.Attribute[Any], value: Any) -> None:
    if value is not None and not callable(value):
        raise DeclarationError(f"Scene: {field.name} must be a function, not {value!r}")


def _makers(value: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, maker in value.items():
        if not isinstance(name, str) or not callable(maker):
            raise DeclarationError(
                f"Scene: objects= maps a place to a class or to a function that makes an object, "
                f"not {name!r} to {maker!r}"
            )
    return MappingProxyType(dict(value))


@attrs.frozen(eq=False)
class Scene:
    """A part of the game that is loaded as a whole: a level, an arena.

    `load` and `unload` are the game's own, for what is not replicated: models, sounds, the map. An
    async function runs beside the session; a plain one runs in a thread, so that it keeps nobody
    waiting. `load` gets a function to report its progress with, from 0 to 1.
    """

    name: str = attrs.field(validator=_name)
    load: Loader | None = attrs.field(default=None, kw_only=True, validator=_function)
    unload: Unloader | None = attrs.field(default=None, kw_only=True, validator=_function)
    objects: Mapping[str, Callable[[], NetworkObject]] = attrs.field(
        factory=dict, kw_only=True, converter=_makers
    )
    """What the host spawns with it: what makes each object, by its place in the scene."""


def _made(obj: Any, scene: Scene, place: str) -> NetworkObject:
    if not isinstance(obj, NetworkObject) or obj.is_spawned:
        raise DeclarationError(
            f"the scene {scene.name!r} has to make a new object for {place!r}, not {obj!r}"
        )
    return obj


@attrs.define(eq=False)
class Scenes:
    """The scenes of one world."""

    world: World
    arriving: set[PeerId] = attrs.field(factory=set, init=False)
    """On the host: members that are back and have not loaded all scenes."""

    # --- reading ---

    @property
    def wanted(self) -> Mapping[str, int]:
        """The scenes of the session, each with the number of its loading."""
        return self.world.session.scenes

    @property
    def version(self) -> int:
        """Counts what was loaded and unloaded in this session."""
        return self.world.session.scene_version

    def is_ready(self, peer: PeerId) -> bool:
        """Whether the process that has this seat now has all scenes."""
        if not self.wanted:
            return True
        ready = self.world.session.ready.get(peer)
        nonce = self.world.processes.get(peer, 0)
        return ready is not None and (ready.nonce, ready.version) == (nonce, self.version)

    def placed(self, scene: str, place: str) -> NetworkObject | None:
        """The object that was spawned at this place of a scene; None if it is gone."""
        for number, where in self.world.session.placed.items():
            if where == (scene, place):
                return self.world.objects.get(number)
        return None

    # --- on the host ---

    def load(self, name: str, additive: bool) -> None:
        """Have all peers load a scene. Does nothing if it is loaded."""
        self.world.check_host("load a scene")
        scene = self.world.game.scene(name)
        session = self.world.session
        for other in [other for other in session.scenes if other != name and not additive]:
            self.unload(other)
        if name in session.scenes:
            return
        call = self.world.call_game
        made = {place: _made(call(make), scene, place) for place, make in scene.objects.items()}
        session.scene_version += 1
        session.scenes[name] = session.scene_version
        for place, obj in made.items():
            session.placed[self.world.registry.next_id] = (name, place)  # for its start hooks
            self.world.spawn(obj)

    def unload(self, name: str) -> None:
        """Have all peers unload a scene; its objects go. Does nothing if it is not loaded."""
        self.world.check_host("unload a scene")
        self.world.game.scene(name)
        session = self.world.session
        if name not in session.scenes:
            return
        for number in [n for n, (scene, _) in session.placed.items() if scene == name]:
            self.world.despawn(self.world.objects[number])
        session.scene_version += 1
        del session.scenes[name]
        for peer in [peer for peer in self.arriving if self.is_ready(peer)]:
            self.world.wake(peer)

    def forget(self, obj: NetworkObject) -> None:
        """The object is about to be despawned."""
        self.world.session.placed.pop(obj.object_id, None)

    # --- who has loaded them, on the host ---

    def admits(self, peer: PeerId) -> bool:
        """Whether a member that is back may go on. If not, it may when it has all scenes."""
        if self.is_ready(peer):
            self.arriving.discard(peer)
            return True
        self.arriving.add(peer)
        return False

    def lose(self, peer: PeerId) -> None:
        """A member is away."""
        self.arriving.discard(peer)
        ready = self.world.session.ready.get(peer)
        if ready is not None and not ready.keeps:
            del self.world.session.ready[peer]

    def remove(self, peer: PeerId) -> None:
        """A seat was given up."""
        self.arriving.discard(peer)
        self.world.session.ready.pop(peer, None)

    def report(self, origin: PeerId, version: int, nonce: int, keeps: bool) -> bool:
        """A member has all scenes, as of this version. Whether that is the newest."""
        if not 0 <= version <= self.version:
            raise CommandRefused(CommandRefusal.BAD_ARGUMENTS, f"there is no version {version}")
        self.world.session.ready[origin] = Ready(nonce, version, keeps)
        if origin in self.arriving and self.is_ready(origin):
            self.world.wake(origin)
        return version == self.version
