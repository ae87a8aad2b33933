"""The part of a peer's door that is about the course of the game: its time, and saving it."""

from __future__ import annotations

import os
from typing import Any

from ..core.errors import LocalProtocolError, OptionError
from ..core.states import Role
from ..core.values import PeerId
from ..world.objects import NetworkObject
from ..world.requests import Request
from ..world.rules import Absence, Vote
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

    # --- scenes ---

    @property
    def scenes(self) -> tuple[str, ...]:
        """The scenes of the session, in the order in which they were loaded."""
        return tuple(self.world.scenes.wanted)

    @property
    def loaded_scenes(self) -> frozenset[str]:
        """The scenes that are loaded on this peer."""
        return frozenset(self._shell.scenes.loaded) - self._shell.scenes.vetoed

    def load_scene(self, name: str, *, additive: bool = True) -> None:
        """Have all peers load a scene. On the host. See `World.load_scene`."""
        self.world.load_scene(name, additive)

    def unload_scene(self, name: str) -> None:
        """Have all peers unload a scene. On the host."""
        self.world.unload_scene(name)

    async def scenes_ready(self) -> None:
        """Wait until all scenes of the session are loaded on this peer.

        Raises SessionOver if the session is over for this peer.
        """
        await self._shell.scenes.ready()

    # --- while somebody is away ---

    @property
    def paused(self) -> bool:
        """Whether the game stands still, because somebody is missing or the host wants it."""
        return self.world.absences.paused

    @property
    def missing(self) -> tuple[PeerId, ...]:
        """Who is away, but for those without whom the others go on."""
        return self.world.absences.missing

    @property
    def absence(self) -> Absence:
        """The rule for players who are away."""
        return self.world.session.absence

    def set_absence(self, rule: Absence) -> None:
        """Another rule from now on. On the host."""
        self.world.absences.set_rule(rule)

    def set_grace(self, who: PeerId | int | NetworkObject, seconds: float | None) -> None:
        """For how long one player's seat is kept; `math.inf` for ever, None as the rule says.

        On the host. `who` is a peer id, a connection id, or an object of the player's.
        """
        peer = self.world.peer_named(who)
        if peer is None:
            raise LocalProtocolError(f"{who!r} belongs to nobody")
        self.world.absences.set_grace(peer, seconds)

    def pause_game(self) -> None:
        """Let the game stand still until `go_on`, under the next host too. On the host."""
        self.world.absences.hold()

    def go_on(self) -> None:
        """End a pause of any kind. Whoever is away now is not waited for. On the host."""
        self.world.absences.go_on()

    def vote(self, vote: Vote | str) -> Any:
        """Vote on whether to go on without the missing. Gives a receipt.

        It raises CommandRefused if there is no vote. The last vote of each counts. Raises
        OptionError for what is neither `"go_on"` nor `"wait"`.
        """
        try:
            choice = Vote(vote)
        except ValueError:
            known = " or ".join(repr(each.value) for each in Vote)
            raise OptionError(f"vote with {known}, not {vote!r}") from None
        return self.world.request(Request.VOTE, 0, choice.value)

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
