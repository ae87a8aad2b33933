"""The part of a peer's door that is about the course of the game: its time, and saving it."""

from __future__ import annotations

import os
from typing import Any

from ..core.errors import LocalProtocolError
from ..core.states import Role
from ..world.objects import NetworkObject
from ..world.world import World
from .inputs import Save
from .receipts import Receipt
from .saves import write_save
from .shell import Shell


class Running:
    """What `Peer` inherits."""

    _shell: Shell

    @property
    def world(self) -> World:
        """The replicated objects."""
        return self._shell.world

    # --- time ---

    @property
    def time_s(self) -> float:
        """The time of the game in seconds, over any number of hosts. See `World.time_s`."""
        return self.world.time_s

    def after(
        self, seconds: float, method: str, *arguments: Any, on: NetworkObject | None = None
    ) -> int:
        """Have a method of `on`, by default this peer's player, called later. See `World.after`."""
        target = on if on is not None else self.world.player_of(self.world.me)
        if target is None:
            raise LocalProtocolError("this peer has no player yet: say on= which object")
        return self.world.after(target, seconds, method, *arguments)

    def cancel_timer(self, number: int) -> bool:
        """Forget a timer. On the host. False if it has fired, or never was."""
        return self.world.cancel_timer(number)

    # --- saving ---

    async def save(self, path: str | os.PathLike[str]) -> None:
        """Write the whole session to a file, for `host(resume=path)` on another day. On the host.

        A file that is there is replaced in one step. Raises LocalProtocolError on a client, OSError
        if the file can't be written.
        """
        self._need_host("save the session")
        saved: Receipt[bytes] = Receipt()
        self._shell.post(Save(saved))
        await write_save(path, await saved)

    def _need_host(self, what: str) -> None:
        if self._shell.role is not Role.HOST:
            raise LocalProtocolError(f"only the host can {what}")
