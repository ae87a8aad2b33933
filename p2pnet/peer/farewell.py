"""What a game is told when the session is over for its peer, and whether its errors end it."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ..core.errors import GameCodeError, GameError
from ..core.events import HookFailed
from .authenticator import Authenticator
from .session_hooks import End, SessionHooks
from .subscription import Fanout


@attrs.define(eq=False)
class Guard:
    """Judges what code of the game raised in a hook."""

    hooks: SessionHooks
    fanout: Fanout
    must_go_on: bool = False
    """The host before died of such an error: one bug must not take down host after host."""

    _told: str = ""

    def judge(self, error: GameCodeError) -> None:
        """Report the error if this peer goes on, else raise it."""
        if not (self.hooks.on_hook_error(error) or self.must_go_on):
            raise error
        if str(error) != self._told:  # the same one may come with every tick
            self._told = str(error)
            self.fanout.put(HookFailed(str(error)))


@attrs.define(eq=False)
class Farewell:
    """The last calls to a game, in order: the end, authentication, the offline scene."""

    hooks: SessionHooks
    authenticator: Authenticator | None
    failure: GameError | None = None
    """What the first of these calls raised that did; all of them are made."""

    def greet(self) -> None:
        """The peer is open. What this raises ends it."""
        if self.authenticator is not None:
            self.authenticator.on_start()

    def tell(self, end: End, was_host: bool) -> None:
        """The session is over; links may still be open."""
        if was_host:
            self._call(lambda: self.hooks.on_stop_host(end))
        self._call(lambda: self.hooks.on_client_disconnect(end))

    def wind_up(self) -> None:
        """All links are closed."""
        if self.authenticator is not None:
            self._call(self.authenticator.on_stop)
        end, self.hooks._offline = self.hooks._offline, None
        if end is not None:
            self._call(lambda: self.hooks.on_offline_scene(end))

    def _call(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  it is raised by open_peer
            self.failure = self.failure or GameError(f"the game raised {error!r}")
            self.failure.__cause__ = error
