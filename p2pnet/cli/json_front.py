"""The machine interface, `--json`: one JSON object a line, in both directions."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Final

import msgspec
import trio

from ..core.errors import EndReason, P2PNetError
from ..core.events import Event
from ..peer import Peer, Receipt
from ..world.objects import NetworkObject
from .calling import NoSuchCommand, call
from .complaints import one_line
from .jsonable import fields_of, jsonable, kind_of
from .loading import GameName
from .pipes import LineWriter, read_lines
from .requests import BadRequest, Request, parse
from .views import dump_fields, ready_fields, status_fields

_NS_PER_MS: Final = 1e6


class NoSuchObject(Exception):
    """There is no object with that id, or no player yet."""


def record_line(name: str, t0_ns: int, kind: str, fields: dict[str, Any]) -> str:
    """One line of the stream: who tells it, when, what, and the fields of that."""
    t_ms = round((time.monotonic_ns() - t0_ns) / _NS_PER_MS, 3)
    record = {"t_ms": t_ms, "peer": name, "event": kind, **fields}
    return msgspec.json.encode(record).decode()


class JsonFront:
    """Prints what happens, does what it is asked to. Times count from `t0_ns` of the clock."""

    def __init__(self, name: str, game: GameName, t0_ns: int) -> None:
        self._name = name
        self._game = game
        self._t0_ns = t0_ns
        self._writer = LineWriter()
        self.run = self._writer.run
        self.closed = self._writer.closed.wait
        self.finish = self._writer.drain

    # --- out ---

    def opened(self, peer: Peer) -> None:
        self._print("ready", ready_fields(peer, self._game))

    def event(self, peer: Peer, event: Event) -> None:
        fields = fields_of(event)
        member = peer.roster.get(fields["who"]) if "who" in fields else None
        self._print(kind_of(event), fields if member is None else {**fields, "name": member.name})

    def ended(self, reason: EndReason, text: str) -> None:
        self._print("ended", {"reason": reason.value, "text": text})

    def _print(self, kind: str, fields: dict[str, Any]) -> None:
        self._writer.write(record_line(self._name, self._t0_ns, kind, fields))

    # --- in ---

    def lines(self) -> AsyncIterator[str]:
        return read_lines()

    async def order(self, peer: Peer, line: str, calls: trio.Nursery) -> None:
        if not line.strip():
            return
        try:
            request = parse(line)
            await _WISHES[request.wish](self, peer, request, calls)
        except BadRequest as error:
            self._print("bad_input", {"text": str(error)})

    async def _call(self, peer: Peer, request: Request, calls: trio.Nursery) -> None:
        assert request.call is not None
        try:
            receipt = call(_object(peer, request), request.call, request.args, request.kwargs)
        except (P2PNetError, NoSuchCommand, NoSuchObject, TypeError, ValueError) as error:
            self._fail(request, error)
            return
        self._print("submitted", {"id": request.id})
        calls.start_soon(self._await_result, request, receipt)

    async def _await_result(self, request: Request, receipt: Receipt[Any]) -> None:
        try:
            value = await receipt
        except P2PNetError as error:
            self._fail(request, error)
        else:
            self._print("result", {"id": request.id, "value": jsonable(value)})

    def _fail(self, request: Request, error: Exception) -> None:
        reason = jsonable(getattr(error, "reason", None))
        fields = {"error": type(error).__name__, "reason": reason, "text": one_line(error)}
        self._print("failed", {"id": request.id, **fields})

    async def _dump(self, peer: Peer, request: Request, calls: trio.Nursery) -> None:
        self._answer(request, "dump", partial(dump_fields, peer, self._game))

    async def _status(self, peer: Peer, request: Request, calls: trio.Nursery) -> None:
        self._answer(request, "status", partial(status_fields, peer))

    def _answer(self, request: Request, kind: str, fields: Callable[[], dict[str, Any]]) -> None:
        try:
            self._print(kind, {"id": request.id, **fields()})
        except P2PNetError as error:
            self._fail(request, error)

    async def _kick(self, peer: Peer, request: Request, calls: trio.Nursery) -> None:
        assert request.kick is not None
        try:
            peer.kick(request.kick, request.text)
        except P2PNetError as error:
            self._fail(request, error)

    async def _save(self, peer: Peer, request: Request, calls: trio.Nursery) -> None:
        assert request.save is not None
        try:
            await peer.save(request.save)
        except (P2PNetError, OSError) as error:
            self._fail(request, error)
        else:
            self._print("saved", {"id": request.id, "path": request.save})

    async def _leave(self, peer: Peer, request: Request, calls: trio.Nursery) -> None:
        await peer.leave()

    async def _end(self, peer: Peer, request: Request, calls: trio.Nursery) -> None:
        try:
            await peer.stop_host(request.text)
        except P2PNetError as error:
            self._fail(request, error)


def _object(peer: Peer, request: Request) -> NetworkObject:
    if request.object is None:
        if peer.player is None:
            raise NoSuchObject("this peer has no player")
        return peer.player
    obj = peer.objects.get(request.object)
    if obj is None:
        raise NoSuchObject(f"there is no object {request.object}")
    return obj


_Wish = Callable[[JsonFront, Peer, Request, trio.Nursery], Awaitable[None]]

_WISHES: Final[dict[str, _Wish]] = {
    "call": JsonFront._call,
    "dump": JsonFront._dump,
    "status": JsonFront._status,
    "kick": JsonFront._kick,
    "save": JsonFront._save,
    "leave": JsonFront._leave,
    "end": JsonFront._end,
}
