"""A session of somebody's game that is watched as those of scenarios are: for pictures of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.values import LinkId
from p2pnet.peer.peer import Peer

from .sim_peer import Listening
from .trio_peer import TrioPeer
from .trio_world import TrioWorld
from .watched_shell import WatchedShell
from .witness import LaneWitness


class WatchedWorld(TrioWorld):
    """Tells its observers what its peers do. They may not raise."""

    shell_type = WatchedShell

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.refused = 0
        self._listening = Listening()

    def launch(
        self, name: str, enter: Callable[[Peer], Awaitable[object]], **options: Any
    ) -> TrioPeer:
        process = super().launch(name, enter, **options)
        assert isinstance(process.shell, WatchedShell)
        process.shell.watched.witness = LaneWitness(self, process)
        return process

    # --- what a witness asks for ---

    def listeners(self) -> Listening:
        """Who is told of what, sorted anew whenever an observer has come or gone."""
        if self._listening.count != len(self.observers):
            self._listening = Listening.of(self.observers)
        return self._listening

    def far_peer(self, peer: TrioPeer, link: LinkId) -> int | None:
        """Who is at the other end of what the core of a peer calls so."""
        assert isinstance(peer.shell, WatchedShell)
        return peer.shell.watched.remotes.get(link)

    def contained(self, do: Callable[[], object]) -> None:
        """Have an observer look."""
        do()

    # --- what the bytes mean that the protocol carries ---

    def command_text(self, payload: bytes) -> str:
        """The command as it was called."""
        try:
            past = self.peers[0].peer.world.describe(payload)
        except RemoteProtocolError:
            return ""
        told = ", ".join(f"{name}={value!r}" for name, value in past.arguments.items())
        return f"{past.name}({told})"

    def outcome_text(self, outcome: bytes) -> str:
        """What came of a command is for its game to know."""
        return ""

    def update_lines(self, update: bytes) -> list[tuple[str, str, str]]:
        """So is what an update changes."""
        return []
