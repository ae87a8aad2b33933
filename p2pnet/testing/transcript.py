"""A run of the core world as plain text, one line for each thing said or done.

    1025  peer1     lost the host peer0 (closed)
    1025  peer1     -> peer2: claim 2 of 1:peer0/5

The time in milliseconds is on the left, then the peer. Faults begin with a star. Heartbeats and
the effects that only mirror others are left out, so that what is left is the protocol.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import attrs
import msgspec

from p2pnet.core.codec import decode
from p2pnet.core.effects import CloseLink, Dial, Effect, Emit, Send, Settle
from p2pnet.core.events import Event, RoleChanged, RosterChanged, StateChanged
from p2pnet.core.frame_parts import Executed, Missing
from p2pnet.core.messages import (
    Carried,
    Carry,
    Claim,
    Command,
    Confirm,
    Follow,
    Frame,
    Grant,
    Heartbeat,
    Hello,
    Piece,
    Proof,
    Reign,
    Rejoin,
    Update,
    Welcome,
)
from p2pnet.core.roster import Roster
from p2pnet.core.values import Epoch, PeerId, Position

from .network import Network
from .sim_peer import Observer, SimPeer

_MIRRORS: Final = (RoleChanged, RosterChanged)  # follow from another event on the same line

_SILENT: Final = frozenset(
    {"version", "session", "key", "nonce", "challenge", "fingerprint", "addresses"}
    | {"settings", "signature", "evidence"}
)
"""Fields that say nothing about the case that is told."""


class Told(Protocol):
    """A world that can be written down."""

    @property
    def now(self) -> int: ...
    @property
    def peers(self) -> Sequence[SimPeer]: ...
    @property
    def network(self) -> Network: ...
    @property
    def observers(self) -> list[Observer]: ...

    def command_text(self, payload: bytes) -> str:
        """What was submitted."""

    def outcome_text(self, outcome: bytes) -> str:
        """What came of a command, for people."""

    def update_lines(self, update: bytes) -> list[tuple[str, str, str]]:
        """What an update does: what, to whom, and which text."""


@attrs.define(eq=False)
class Transcript(Observer):
    """Writes down a world from now on."""

    world: Told
    heartbeats: bool = False
    lines: list[str] = attrs.field(factory=list)
    _last_send: tuple[int, int, str] | None = None
    _last_names: list[str] = attrs.field(factory=list)

    def __attrs_post_init__(self) -> None:
        self.world.observers.append(self)

    @property
    def text(self) -> str:
        """All lines, each with its end."""
        return "".join(line + "\n" for line in self.lines)

    # --- what is observed ---

    def did(self, now: int, peer: SimPeer, effect: Effect, targets: tuple[SimPeer, ...]) -> None:
        if isinstance(effect, Send):
            frame = decode(effect.data)
            inner = frame
            while isinstance(inner, Carry | Carried) and inner.data:
                inner = decode(inner.data)
            if targets and (self.heartbeats or not isinstance(inner, Heartbeat)):
                self._sent(now, peer, targets, frame)
        elif (text := self._effect(effect)) is not None:
            self._write(now, peer.name, text)

    def befell(self, now: int, peer: SimPeer | None, text: str) -> None:
        self._write(now, "" if peer is None else peer.name, f"* {text}")

    def note(self, text: str) -> None:
        """Say in words what comes next."""
        self._write(self.world.now, "", f"# {text}")

    # --- lines ---

    def _write(self, now: int, name: str, text: str) -> None:
        self._last_send = None
        self.lines.append(f"{now // 1000:>7}  {name:<8} {text}".rstrip())

    def _sent(self, now: int, peer: SimPeer, targets: tuple[SimPeer, ...], frame: Frame) -> None:
        """One line for one frame, even if it was sent to one after another."""
        text = self.tell(frame)
        said = (now, peer.number, text)
        names = [target.name for target in targets]
        if said == self._last_send:
            self.lines.pop()
            names = self._last_names + names
        told = (f"{name}{_times(names.count(name))}" for name in dict.fromkeys(names))
        self._write(now, peer.name, f"-> {', '.join(told)}: {text}")
        self._last_send, self._last_names = said, names

    def _effect(self, effect: Effect) -> str | None:
        if isinstance(effect, Emit):
            return self.tell_event(effect.event)
        if isinstance(effect, Dial):
            return f"dials {self._name(effect.peer)}"
        if isinstance(effect, CloseLink):
            return f"closes a link ({effect.reason.value})"
        if isinstance(effect, Settle):
            if effect.error is not None:
                return f"receipt {effect.ticket}: {type(effect.error).__name__}"
            outcome = b"" if effect.outcome is None else effect.outcome
            return f"receipt {effect.ticket}: {self.world.outcome_text(outcome)}"
        return None

    def tell_event(self, event: Event) -> str | None:
        """An event in one line; None for what follows from another one."""
        if isinstance(event, StateChanged):
            return f"{event.old.value} => {event.new.value}"
        if isinstance(event, _MIRRORS):
            return None
        pairs = ((f.name, getattr(event, f.name)) for f in attrs.fields(type(event)))
        return f"! {type(event).__name__} {self._pairs(pairs)}".rstrip()

    # --- frames ---

    def tell(self, frame: Frame) -> str:
        """A frame in one line."""
        for kind, tell in _FRAMES.items():
            if isinstance(frame, kind):
                return tell(self, frame)
        pairs = ((name, getattr(frame, name)) for name in frame.__struct_fields__)
        return f"{type(frame).__name__} {self._pairs(pairs)}".rstrip()

    def _update(self, frame: Update) -> str:
        parts = [f"Update {self.show(frame.epoch)}/{frame.seq}"]
        if frame.payload:
            parts += [
                f"{kind} {self._name(PeerId(who))} {what}".rstrip()
                for kind, who, what in self.world.update_lines(frame.payload)
            ]
        if frame.executed:
            parts.append("ran " + " ".join(self.show(line) for line in frame.executed))
        if frame.roster is not None:
            parts.append(self.show(frame.roster))
        return "; ".join(parts)

    def _carry(self, frame: Carry | Carried) -> str:
        way = "for" if isinstance(frame, Carry) else "from"
        inner = self.tell(decode(frame.data)) if frame.data else "end of the relayed link"
        return f"({way} {self._name(frame.far)}) {inner}"

    def _welcome(self, frame: Welcome) -> str:
        return f"Welcome to {self.show(frame.base)} with {self.show(frame.missing)}"

    def _rejoin(self, frame: Rejoin) -> str:
        here = "nothing" if frame.position is None else self.show(frame.position)
        old = int(frame.old_connection_id)
        whole = ", wants everything" if frame.whole else ""
        return f"Rejoin {self.show(frame.epoch)}, old connection id {old}, at {here}{whole}"

    # --- values ---

    def _name(self, peer: PeerId) -> str:
        return next((p.name for p in self.world.peers if p.id == peer), str(peer))

    def _pairs(self, pairs: Any) -> str:
        shown = [f"{name}={self.show(value)}" for name, value in pairs if name not in _SILENT]
        return " ".join(shown)

    def show(self, value: Any) -> str:
        """A value of the protocol in as few words as tell it apart."""
        if isinstance(value, Epoch):
            return f"{value.number}:{self._name(value.host)}"
        if isinstance(value, Position):
            return f"{self.show(value.epoch)}/{value.seq}"
        if isinstance(value, Reign):
            parent = "nothing" if value.parent is None else self.show(value.parent)
            return f"{self.show(value.epoch)} on {parent}"
        if isinstance(value, Missing):
            whole = (
                ""
                if value.snapshot is None
                else f"a snapshot of {self.show(value.snapshot.position)} and "
            )
            return f"{whole}{len(value.updates)} updates"
        if isinstance(value, Executed):
            return f"{self._name(value.peer)}#{value.seq}{' (on trial)' * value.trial}"
        if isinstance(value, Roster):
            return "roster " + " ".join(
                f"{m.connection_id}={self._name(m.peer)}{'' if m.present else '(away)'}"
                for m in value.members
            )
        return self._plain(value)

    def _plain(self, value: Any) -> str:
        if isinstance(value, enum.Enum):
            return str(value.value)
        if isinstance(value, bytes):
            return value.decode("ascii", "backslashreplace")
        if isinstance(value, msgspec.Struct):
            pairs = ((name, getattr(value, name)) for name in value.__struct_fields__)
            return f"{type(value).__name__}({self._pairs(pairs)})"
        if isinstance(value, tuple):
            return f"({' '.join(self.show(part) for part in value)})"
        if isinstance(value, str):
            return self._name(PeerId(value)) if len(value) == _ID_LENGTH else f"'{value}'"
        return str(value)


_ID_LENGTH: Final = 16


def _times(count: int) -> str:
    return "" if count == 1 else f" ({count} times)"


_FRAMES: Final[dict[type[Frame], Callable[[Transcript, Any], str]]] = {
    Update: Transcript._update,
    Welcome: Transcript._welcome,
    Rejoin: Transcript._rejoin,
    Carry: Transcript._carry,
    Carried: Transcript._carry,
    Piece: lambda t, f: f"Piece of {len(f.data)} bytes, {f.rest} to come",
    Hello: lambda t, f: "Hello",
    Proof: lambda t, f: "Proof",
    Follow: lambda t, f: f"Follow {t.show(f.epoch)}",
    Reign: lambda t, f: f"Reign {t.show(f)}",
    Command: lambda t, f: (
        f"Command #{f.seq} '{t.world.command_text(f.payload)}', settled below {f.floor}"
        + f", {f.hosts_lost} lost with it" * bool(f.hosts_lost)
    ),
    Confirm: lambda t, f: f"Confirm {t.show(f.epoch)}/{f.seq}",
    Claim: lambda t, f: f"Claim {f.number}, lost {t.show(f.reign.epoch)}, at {t.show(f.position)}",
    Grant: lambda t, f: f"Grant {f.number}, at {t.show(f.position)}",
}
