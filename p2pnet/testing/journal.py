"""The plainest thing that can be replicated: a list of what was done, and who is away.

Simulations replicate a `Journal` instead of a game. Every command leaves one entry, so a command
that was lost or run twice shows, and so does one that was run out of order.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol, TypeVar

import attrs
import msgspec

from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.values import PeerId

T = TypeVar("T")

REFUSED: Final = b"refused"
"""The outcome of a command that is not run."""


class Written(Protocol):
    """What a peer holds, as those see it who compare what peers hold."""

    @property
    def entries(self) -> list[tuple[str, str]]:
        """What was done, in order: who, and what."""

    @property
    def away(self) -> dict[PeerId, bool]:
        """All members; True for those that are suspended."""

    @property
    def has_changes(self) -> bool:
        """Whether it holds what is not part of history yet."""

    @property
    def is_host(self) -> bool:
        """Whether this copy is the host's."""

    @property
    def host_lost(self) -> bool:
        """Whether there is no host for the time being."""

    @property
    def told_us(self) -> int:
        """How much time this copy was told of while it was the host's."""


@attrs.define
class Journal:
    """A `Replica` whose state is the list of its entries."""

    entries: list[tuple[str, str]] = attrs.field(factory=list)  # (who, what)
    away: dict[PeerId, bool] = attrs.field(factory=dict)  # members; True while suspended
    reigns: int = 0  # how often this copy became the host's
    is_host: bool = False
    host_lost: bool = False
    told_us: int = 0  # how much time it was told of
    graces: dict[PeerId, int | None] = attrs.field(factory=dict)  # how long seats are kept
    _pending: list[tuple[str, str, str]] = attrs.field(factory=list)

    # --- on the host ---

    def start_reign(self, migrated: bool) -> None:
        self.reigns += 1
        self.is_host, self.host_lost = True, False

    def stop_reign(self) -> None:
        self.is_host = False
        self._pending.clear()

    def execute(self, origin: PeerId, command: bytes) -> bytes:
        self._do(("entry", origin, command.decode(errors="replace")))
        return str(len(self.entries)).encode()

    def refuse(self, command: bytes) -> bytes:
        return REFUSED

    def tick(self, dt_us: int) -> None:
        """Nothing happens in a journal by itself."""
        self.told_us += dt_us

    def collect(self) -> bytes:
        if not self._pending:
            return b""
        pending, self._pending = self._pending, []
        return msgspec.msgpack.encode(pending)

    def condense(self, updates: Sequence[bytes]) -> bytes:
        done = [operation for update in updates for operation in operations(update)]
        return msgspec.msgpack.encode(done) if done else b""

    def admit(self, peer: PeerId, name: str) -> None:
        self._do(("admit", peer, name))

    def suspend(self, peer: PeerId) -> None:
        self._do(("suspend", peer, ""))

    def resume(self, peer: PeerId) -> None:
        self._do(("resume", peer, ""))

    def remove(self, peer: PeerId) -> None:
        self._do(("remove", peer, ""))

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to collect."""
        return bool(self._pending)

    # --- on a client ---

    def apply(self, update: bytes) -> None:
        for operation in operations(update):
            self._change(operation)

    def lose_host(self) -> None:
        self.host_lost = True

    def grace_us(self, peer: PeerId, seat_us: int) -> int | None:
        return self.graces.get(peer, seat_us)

    def write(self, origin: PeerId, writes: bytes) -> None:
        """Unlike a command, what is written once more changes nothing."""
        text = writes.decode(errors="replace")
        if (origin, text) not in self.entries:
            self._do(("entry", origin, text))

    def find_host(self) -> None:
        self.host_lost = False

    # --- on both ---

    def snapshot(self) -> bytes:
        assert not self._pending, "the core collects before it takes a snapshot"
        return msgspec.msgpack.encode((self.entries, self.away))

    def restore(self, snapshot: bytes) -> None:
        entries, away = _decode(_state, snapshot)
        self.entries, self.away = entries, away
        self._pending.clear()

    def _do(self, operation: tuple[str, str, str]) -> None:
        self._change(operation)
        self._pending.append(operation)

    def _change(self, operation: tuple[str, str, str]) -> None:
        kind, who, what = operation
        peer = PeerId(who)
        if kind == "entry":
            self.entries.append((who, what))
        elif kind == "remove":
            self.away.pop(peer, None)
        else:
            self.away[peer] = kind == "suspend"


_operations = msgspec.msgpack.Decoder(list[tuple[str, str, str]])
_state = msgspec.msgpack.Decoder(tuple[list[tuple[str, str]], dict[PeerId, bool]])


def operations(update: bytes) -> list[tuple[str, str, str]]:
    """What an update of a journal does: what, to whom, and which text."""
    return _decode(_operations, update) if update else []


def _decode(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T:
    try:
        return decoder.decode(data)
    except msgspec.DecodeError as error:
        raise RemoteProtocolError(f"not of a journal: {error}") from error
