"""The scenes on this peer: loaded and unloaded as the session says, one at a time.

The keeper is a task of its own, so that a long load keeps nobody waiting: frames, heartbeats, even
a change of host go on beside it. It compares what is loaded here with what the session wants until
there is no difference, and then says so to the host. It never loads what is loaded.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, Final, Self

import attrs
import trio

from ..core.errors import CommandRefused, GameError, SessionOver, TooManyInFlight
from ..core.events import Event, SceneLoaded, SceneLoading, SceneUnloaded, SceneVetoed
from ..world.requests import Request
from ..world.scenes import Loader, Scene, Unloader
from ..world.session_state import Ready
from ..world.world import World

_AGAIN_S: Final = 0.5  # before what the host could not be told is told again


class SceneManager:
    """What a game may say about the scenes of one peer. Subclass it, hand it to `open_peer`."""

    unload_on_disconnect: bool = False
    """Unload all scenes when the host is lost and when the session is over, to load them anew."""

    loaded: dict[str, int]
    """What was dealt with on this machine, each with the number of its loading. Outlives a peer, so
    that one which comes back with the same manager loads nothing twice."""

    vetoed: set[str]
    """Those of them that are not loaded, because the game did not want to."""

    def __new__(cls, *args: object, **kwargs: object) -> Self:
        manager = super().__new__(cls)
        manager.loaded, manager.vetoed = {}, set()
        return manager

    def verify_scene_before_loading(self, scene: Scene) -> bool:
        """Whether to load this scene here. One that is not loaded counts as dealt with."""
        return True


@attrs.define(eq=False)
class SceneKeeper:
    """Keeps the scenes of one peer in line with those of its session."""

    world: World
    manager: SceneManager
    tell: Callable[[Event], None]
    is_playing: Callable[[], bool]
    check_not_over: Callable[[], None]

    _news: trio.Event = attrs.field(factory=trio.Event, init=False)
    _done: trio.lowlevel.ParkingLot = attrs.field(factory=trio.lowlevel.ParkingLot, init=False)
    _telling: int | None = attrs.field(default=None, init=False)

    def poke(self) -> None:
        """Something may have changed."""
        self._news.set()
        self._done.unpark_all()

    async def run(self) -> None:
        """Go on until cancelled. Raises GameError for what the game's loaders raise."""
        async with trio.open_nursery() as nursery:
            while True:
                self._news = trio.Event()
                while (step := self._next_step()) is not None:
                    await step()
                    self._done.unpark_all()
                if self._is_to_tell():
                    self._telling = self.world.scenes.version
                    nursery.start_soon(self._tell_host, self._telling)
                await self._news.wait()

    async def ready(self) -> None:
        """Wait until all scenes of the session are here. Raises SessionOver if it ends first."""
        await trio.lowlevel.checkpoint()
        while not self.is_ready:
            self.check_not_over()
            await self._done.park()

    @property
    def is_ready(self) -> bool:
        """Whether all scenes of the session are here, or were kept out."""
        return self.loaded == dict(self.world.scenes.wanted)

    async def aclose(self) -> None:
        """The session is over for this peer."""
        if self.manager.unload_on_disconnect:
            for name in list(self.loaded):
                await self._unload(name)
        self._done.unpark_all()

    @property
    def loaded(self) -> dict[str, int]:
        return self.manager.loaded

    @property
    def vetoed(self) -> set[str]:
        return self.manager.vetoed

    # --- one step ---

    def _wanted(self) -> dict[str, int]:
        if self.is_playing():
            return dict(self.world.scenes.wanted)
        # Without a host nothing is known to be unwanted.
        return {} if self.manager.unload_on_disconnect else dict(self.loaded)

    def _next_step(self) -> Callable[[], Any] | None:
        wanted = self._wanted()
        for name, number in self.loaded.items():
            if wanted.get(name) != number:
                return partial(self._unload, name)
        for name, number in wanted.items():
            if name not in self.loaded:
                return partial(self._load, self.world.game.scene(name), number)
        return None

    async def _load(self, scene: Scene, number: int) -> None:
        if not self.manager.verify_scene_before_loading(scene):
            self.vetoed.add(scene.name)
            self.loaded[scene.name] = number
            self.tell(SceneVetoed(scene.name))
            return
        self.tell(SceneLoading(scene.name, 0.0))
        if scene.load is not None:
            await self._run_loader(scene, scene.load)
        self.loaded[scene.name] = number
        self.tell(SceneLoaded(scene.name))

    async def _run_loader(self, scene: Scene, load: Loader) -> None:
        def progress(share: float) -> None:
            self.tell(SceneLoading(scene.name, min(1.0, max(0.0, float(share)))))

        def from_thread(share: float) -> None:
            trio.from_thread.run_sync(progress, share)

        try:
            if inspect.iscoroutinefunction(load):
                await load(progress)
            else:
                await _in_thread(partial(load, from_thread))
        except Exception as error:
            raise GameError(f"the loader of the scene {scene.name!r} raised {error!r}") from error

    async def _unload(self, name: str) -> None:
        del self.loaded[name]
        if name in self.vetoed:
            self.vetoed.discard(name)
            return
        unload: Unloader | None = self.world.game.scene(name).unload
        try:
            if inspect.iscoroutinefunction(unload):
                await unload()
            elif unload is not None:
                await _in_thread(unload)
        except Exception as error:
            raise GameError(f"unloading the scene {name!r} raised {error!r}") from error
        self.tell(SceneUnloaded(name))

    # --- the host ---

    def _mine(self) -> Ready:
        keeps = not self.manager.unload_on_disconnect
        nonce = self.world.processes.get(self.world.me, 0)
        return Ready(nonce, self.world.scenes.version, keeps)

    def _is_to_tell(self) -> bool:
        """Whether the session does not know that all scenes are here."""
        mine = self._mine()
        return (
            bool(self.loaded)
            and self.is_ready
            and self.is_playing()
            and self.world.me in self.world.processes
            and self._telling != mine.version
            and self.world.session.ready.get(self.world.me) != mine
        )

    async def _tell_host(self, version: int) -> None:
        mine = self._mine()
        try:
            await self.world.request(Request.SCENES_READY, 0, version, mine.nonce, mine.keeps)
        except (TooManyInFlight, CommandRefused):
            await trio.sleep(_AGAIN_S)
        except SessionOver:
            return
        if self._telling == version:
            self._telling = None
        self.poke()


async def _in_thread(function: Callable[[], Any]) -> None:
    found = await trio.to_thread.run_sync(function, abandon_on_cancel=True)
    if inspect.isawaitable(found):  # an async function that does not look like one
        await found
