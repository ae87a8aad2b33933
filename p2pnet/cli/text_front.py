"""The terminal interface for people: what happens in words, and commands typed by name."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator, Callable, Coroutine
from datetime import datetime
from typing import Any, Final

import trio

from ..core.errors import EndReason, P2PNetError
from ..core.events import Event
from ..peer import Peer, Receipt
from .calling import NoSuchCommand, Word, call, usages
from .complaints import one_line
from .invites import with_hint
from .jsonable import fields_of, kind_of
from .loading import GameName
from .pipes import LineWriter, read_lines
from .words import describe, printable

_HELP: Final = "also: players, objects, invite, status, save FILE, quit"


_Doing = Callable[[], Coroutine[Any, Any, None]]


class TextFront:
    """Plain lines, one for each thing that happens."""

    def __init__(self, game: GameName) -> None:
        self._game = game
        self._names: dict[str, str] = {}
        self._writer = LineWriter()
        self.run: _Doing = self._writer.run
        self.closed: _Doing = self._writer.closed.wait
        self.finish: _Doing = self._writer.drain

    # --- out ---

    def opened(self, peer: Peer) -> None:
        self._say(self._status(peer))
        self._say("others join with:")
        self._say(f"    p2pnet join {with_hint(peer.invite, self._game)}")
        self._say("type `help` for what you can do, `quit` to leave")

    def event(self, peer: Peer, event: Event) -> None:
        self._names.update({member.peer: member.name for member in peer.roster.members})
        kind, fields = kind_of(event), fields_of(event)
        words = describe(kind, fields, self._names)
        if words is not None and fields.get("who") != peer.me:
            self._say(f"{datetime.now():%H:%M:%S}  {peer.name} {words}")
        if kind == "host_changed" or fields.get("migrated"):
            self._say(self._status(peer))

    def ended(self, reason: EndReason, text: str) -> None:
        pass  # the event said it

    def _say(self, line: str) -> None:
        self._writer.write(printable(line))

    def _status(self, peer: Peer) -> str:
        epoch = "-" if peer.epoch is None else peer.epoch.number
        present = [member.name for member in peer.roster.members if member.present]
        role = "nobody" if peer.role is None else peer.role.value
        return (
            f"== {peer.name}: {role} · {peer.state.value} · connection {peer.connection_id} · "
            f"epoch {epoch} · position {peer.position} · {len(present)} present: "
            f"{', '.join(present)}"
        )

    # --- in ---

    def lines(self) -> AsyncIterator[str]:
        return read_lines()

    async def order(self, peer: Peer, line: str, calls: trio.Nursery) -> None:
        try:
            words = shlex.split(line)
        except ValueError as error:
            self._say(f"? {error}")
            return
        if not words:
            return
        handler = {
            "help": self._show_help,
            "players": self._show_players,
            "objects": self._show_objects,
            "invite": self._show_invite,
            "status": self._show_status,
        }.get(words[0])
        if words[0] == "quit":
            await peer.leave()
        elif words[0] == "save" and len(words) == 2:
            await self._save(peer, words[1])
        elif handler is not None:
            handler(peer)
        else:
            self._call(peer, words, calls)

    async def _save(self, peer: Peer, path: str) -> None:
        try:
            await peer.save(path)
        except (P2PNetError, OSError) as error:
            self._say(f"? {one_line(error)}")
        else:
            self._say(f"    saved; go on with it another day: p2pnet host --resume {path}")

    def _call(self, peer: Peer, words: list[str], calls: trio.Nursery) -> None:
        if peer.player is None:
            self._say("? you have no player yet")
            return
        try:
            receipt = call(peer.player, words[0], [Word(word) for word in words[1:]], {})
        except (P2PNetError, NoSuchCommand, TypeError, ValueError) as error:
            self._say(f"? {one_line(error)}")
        else:
            calls.start_soon(self._await_result, " ".join(words), receipt)

    async def _await_result(self, typed: str, receipt: Receipt[Any]) -> None:
        try:
            self._say(f"{typed} = {await receipt!r}")
        except P2PNetError as error:
            self._say(f"{typed}: {one_line(error)}")

    def _show_help(self, peer: Peer) -> None:
        for usage in usages(peer.player) if peer.player is not None else ():
            self._say(f"    {usage}")
        self._say(f"    {_HELP}")

    def _show_players(self, peer: Peer) -> None:
        for member in peer.roster.members:
            role = "host" if member.connection_id == 0 else "client"
            presence = "" if member.present else ", away"
            self._say(f"    {member.connection_id:>3} {member.name} ({role}{presence})")

    def _show_objects(self, peer: Peer) -> None:
        for obj in peer.objects.values():
            names = [field.name for field in type(obj).__layout__.fields]
            fields = " ".join(f"{name}={getattr(obj, name)!r}" for name in names)
            owner = "" if obj.owner is None else f" of {self._names.get(obj.owner, obj.owner)}"
            self._say(f"    {obj.object_id:>3} {type(obj).__name__}{owner} {fields}")

    def _show_invite(self, peer: Peer) -> None:
        self._say(f"    {with_hint(peer.invite, self._game)}")

    def _show_status(self, peer: Peer) -> None:
        self._say(self._status(peer))
