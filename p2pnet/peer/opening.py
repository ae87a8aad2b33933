"""The front door: `open_peer`. What it is given is checked before anything begins."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import trio

from ..core.errors import EndReason, OptionError, SessionOver
from ..core.settings import Settings
from ..core.states import Role
from ..core.values import clean_name
from ..links.base import Transport
from ..links.websocket import WebSocketTransport
from ..world.game import Game
from .authenticator import Authenticator
from .hook_checks import check_hooks
from .identity import Identity
from .migration import MigrationManager
from .peer import Peer
from .scenes import SceneManager
from .session_hooks import SessionHooks
from .shell import Shell

PeerTask = Callable[[Peer], Awaitable[None]]


def open_peer(
    game: Game,
    *,
    name: str = "player",
    settings: Settings | None = None,
    identity: Identity | None = None,
    migration: MigrationManager | None = None,
    scenes: SceneManager | None = None,
    hooks: SessionHooks | None = None,
    authenticator: Authenticator | None = None,
    bookmark: str | os.PathLike[str] | None = None,
    transport: Transport | None = None,
    host_task: PeerTask | None = None,
    client_task: PeerTask | None = None,
    can_host: bool = True,
) -> AbstractAsyncContextManager[Peer]:
    """A peer for as long as the context is open; leaving it leaves the session.

    `name` is what others see: one line of at most 32 characters that print; the rest is dropped.
    Without an `identity` a new one is made, which is forgotten afterwards. `bookmark` is a file in
    which the way back to the session is kept for as long as there is one. `host_task` runs while
    this peer is the host, `client_task` while it is a client; the change of role cancels one before
    the other begins. Whatever the game's code raises inside p2pnet ends the peer: the body is
    cancelled and GameError comes out, with the cause. What the body raises comes out as it is.
    Raises OptionError, or DeclarationError for hooks that can't be called.

    With `can_host=False` this peer never hosts: it claims nothing when the host is lost, nobody
    hands over to it, and it is refused if it asks.
    """
    _check("game", game, Game)
    _check("name", name, str)
    _check("settings", settings, Settings, optional=True)
    _check("identity", identity, Identity, optional=True)
    _check("scenes", scenes, SceneManager, optional=True)
    _check("authenticator", authenticator, Authenticator, optional=True)
    _check("transport", transport, Transport, optional=True)
    _check("bookmark", bookmark, (str, os.PathLike), optional=True)
    manager, hooks = migration or MigrationManager(), hooks or SessionHooks()
    check_hooks(manager, MigrationManager, "migration")
    check_hooks(hooks, SessionHooks, "hooks")
    delay_us = hooks.offline_scene_load_delay_us
    if type(delay_us) is not int or delay_us < 0:
        text = "a whole number of microseconds, at least 0"
        raise OptionError(f"hooks: offline_scene_load_delay_us must be {text}, not {delay_us!r}")
    check_hooks(scenes or SceneManager(), SceneManager, "scenes")
    settings = settings or Settings()
    if not manager.host_migration:
        settings = attrs.evolve(settings, host_migration=False)
    shell = Shell(
        game=game,
        name=clean_name(name),
        settings=settings,
        identity=identity or Identity.generate(),
        transport=transport or WebSocketTransport(),
        manager=manager,
        role_tasks={},
        scene_manager=scenes or SceneManager(),
        can_host=can_host,
        session_hooks=hooks,
        authenticator=authenticator,
        bookmark_path=None if bookmark is None else Path(bookmark),
    )
    return hold(Peer(shell), host_task, client_task)


_HINTS = {
    "identity": "; Identity.load_or_create(path) gives one",
    "settings": "; write p2pnet.Settings(...)",
    "game": "; write p2pnet.Game(...)",
}


def _check(
    option: str, value: Any, kind: type | tuple[type, ...], *, optional: bool = False
) -> None:
    if isinstance(value, kind) or (optional and value is None):
        return
    kinds = kind if isinstance(kind, tuple) else (kind,)
    names = " or ".join(each.__name__ for each in kinds)
    raise OptionError(
        f"open_peer: {option} must be of type {names}, not {value!r}{_HINTS.get(option, '')}"
    )


@asynccontextmanager
async def hold(
    peer: Peer, host_task: PeerTask | None = None, client_task: PeerTask | None = None
) -> AsyncIterator[Peer]:
    """Have a peer live for as long as the context is open. See `open_peer`, which makes one."""
    shell = peer._shell
    shell.manager.initialize(peer)
    for role, task in ((Role.HOST, host_task), (Role.CLIENT, client_task)):
        if task is not None:
            shell.role_tasks[role] = partial(task, peer)
    from_body: BaseException | None = None
    async with trio.open_nursery() as nursery:
        body = trio.CancelScope()
        nursery.start_soon(shell.run, body.cancel)
        try:
            with body:
                yield peer
        except BaseException as error:  # noqa: BLE001  # raised below, outside of the nursery
            from_body = error
            shell.hurry()
        shell.shut()
        with trio.CancelScope(shield=True):
            try:
                await shell.stopped.wait()
            finally:
                shell.hurry()  # Ctrl-C gets through a shield
    _raise_first(from_body, shell)


def _raise_first(from_body: BaseException | None, shell: Shell) -> None:
    """What the body raised comes first, unless it only says that this peer failed."""
    echo = isinstance(from_body, SessionOver) and from_body.reason is EndReason.CRASHED
    if from_body is not None and not (echo and shell.failure is not None):
        raise from_body
    if shell.failure is not None:
        raise shell.failure
