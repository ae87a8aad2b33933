"""What a game is told when the session is over for its peer, and whether its errors end it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
import trio

from ..core.errors import EndReason, GameCodeError, GameError
from ..core.events import HookFailed
from ..links.base import US_PER_S
from .authenticator import Authenticator
from .session_hooks import End, SessionHooks
from .subscription import Fanout

_WISHED: Final = frozenset({EndReason.LEFT, EndReason.AWAY})
"""The ends that a player brings about itself."""


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

    def judge_in_task(self, error: GameCodeError) -> None:
        """The same in the task of a link. Raises GameError unless this peer goes on."""
        try:
            self.judge(error)
        except GameCodeError:
            raise GameError(f"the game raised {error}") from error.errors[0]


@attrs.define(eq=False)
class Farewell:
    """The last calls to a game, in order: the end, authentication, the offline scene."""

    hooks: SessionHooks
    authenticator: Authenticator | None
    failure: GameError | None = None
    """What the first of these calls raised that did; all of them are made."""

    is_last: Callable[[End], bool] = lambda end: True
    """Whether this is the end for the player, too. If another stay follows, no menu is shown."""

    _delay: trio.CancelScope = attrs.field(factory=lambda: trio.CancelScope(shield=True))

    def greet(self) -> None:
        """The peer is open. What this raises ends it."""
        if self.authenticator is not None:
            self.authenticator.on_start()

    def tell(self, end: End, was_host: bool) -> None:
        """The session is over; links may still be open. `was_host`: and this peer stopped it."""
        if was_host or end.reason in _WISHED:
            self.hurry()
        if was_host:
            self._call(lambda: self.hooks.on_stop_host(end))
        self._call(lambda: self.hooks.on_client_disconnect(end))

    async def wind_up(self) -> None:
        """All links are closed."""
        if self.authenticator is not None:
            self._call(self.authenticator.on_stop)
        end, self.hooks._offline = self.hooks._offline, None
        if end is None or not self.is_last(end):
            return
        try:
            with self._delay:
                await trio.sleep(self.hooks.offline_scene_load_delay_us / US_PER_S)
        finally:
            self._call(lambda: self.hooks.on_offline_scene(end))

    def hurry(self) -> None:
        """The offline scene need not wait, or not any more."""
        self._delay.cancel()

    def _call(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001  it is raised by open_peer
            self.failure = self.failure or GameError(f"the game raised {error!r}")
            self.failure.__cause__ = error
