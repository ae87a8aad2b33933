"""The terminal interface with a picture of the session that stays below what scrolls by."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Final

import trio
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from ..core.events import Event
from ..peer import Peer
from .keys import LineEditor, keys_one_by_one, typed_lines
from .loading import GameName
from .text_front import TextFront
from .words import printable

_LOOK_S: Final = 0.1


class LiveFront(TextFront):
    """What happens scrolls by; below it the peer, the members, and the line that is typed."""

    def __init__(self, game: GameName, console: Console) -> None:
        super().__init__(game)
        self._console = console
        self._editor = LineEditor()
        self._peer: Peer | None = None
        self.run = self._show
        self.closed = trio.sleep_forever  # a terminal that closes sends SIGHUP
        self.finish = trio.lowlevel.checkpoint

    def event(self, peer: Peer, event: Event) -> None:
        self._peer = peer
        super().event(peer, event)

    def lines(self) -> AsyncIterator[str]:
        return typed_lines(self._editor)

    def _say(self, line: str) -> None:
        self._console.print(
            Text(printable(line)), soft_wrap=True
        )  # an invite must stay in one piece

    async def _show(self) -> None:
        with (
            keys_one_by_one(),
            Live(console=self._console, auto_refresh=False, transient=True) as live,
        ):
            while True:
                live.update(self.picture(), refresh=True)
                await trio.sleep(_LOOK_S)

    def picture(self) -> RenderableType:
        """What stays on the screen."""
        typed = Text.assemble(("> ", "bold"), self._editor.typed, ("▏", "blink"))
        if self._peer is None:
            return typed
        return Group(_session(self._peer), typed)


def _session(peer: Peer) -> Panel:
    role = "no role" if peer.role is None else peer.role.value.upper()
    epoch = "-" if peer.epoch is None else peer.epoch.number
    title = Text(f"{peer.name}: {role} · {peer.state.value} · epoch {epoch} · {peer.position}")
    table = Table(box=None, expand=True, pad_edge=False)
    for column in ("rank", "name", "role", "connection", "present", "address"):
        table.add_column(column, no_wrap=True)
    for rank, member in enumerate(peer.roster.members):
        is_host = peer.epoch is not None and member.peer == peer.epoch.host
        old = member.old_connection_id
        # Whatever comes from others is text, and no markup: a name may have brackets.
        table.add_row(
            str(rank),
            Text(f"{member.name} (you)" if member.peer == peer.me else member.name),
            "host" if is_host else "client",
            f"{member.connection_id}" + (f" (was {old})" if old >= 0 else ""),
            "yes" if member.present else "away",
            Text(", ".join(member.addresses)),
            style="bold green" if is_host else ("" if member.present else "dim"),
        )
    return Panel(table, title=title, title_align="left", border_style="blue")
