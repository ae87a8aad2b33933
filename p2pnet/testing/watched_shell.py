"""A real shell that tells those who watch what its core takes in and what it wants done.

The core of a real peer is fed in batches, and what it wants done is performed after a whole batch.
Who watches has to see it input by input, as it happens in a world of mere cores. So each input is
fed in a wrapper that tells what came of it, and then the pump gets the effects as if it had not.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol

import attrs

from p2pnet.core.effects import Effect
from p2pnet.core.errors import LinkEnd, P2PNetError, TooManyInFlight
from p2pnet.core.peer import PeerCore
from p2pnet.core.settings import AckLevel
from p2pnet.core.values import LinkId
from p2pnet.peer.inbox import Inbox
from p2pnet.peer.inputs import FrameReceived, Input, LinkClosed, LinkOpened
from p2pnet.peer.receipts import Receipt

from .trio_network import number_at
from .trio_peer import SimShell


class Witness(Protocol):
    """Who is told what one peer does."""

    @property
    def is_alive(self) -> bool:
        """Whether the process is; a dead one does nothing any more."""

    def took(self, source: int, data: bytes, plain: bool) -> None:
        """A frame was taken in, and what it caused comes next; nothing of a `plain` heartbeat."""

    def did(self, effects: Iterable[Effect]) -> None:
        """The core wants these done."""

    def submitted(self, ticket: int, payload: bytes, ack: AckLevel) -> None:
        """A command has got its ticket."""

    def refused(self) -> None:
        """There was no room for a command."""

    def amiss(self, text: str) -> None:
        """Something was done that a shell must not do."""


class WatchedCore(PeerCore):
    """A core that has a witness."""

    witness: Witness

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.remotes: dict[LinkId, int] = {}
        """Which process is at the other end of each link that there ever was."""
        self.cut = 0
        """How many of them ended without a good-bye."""
        self._told: list[Effect] = []

    @property
    def has_untold(self) -> bool:
        """Whether the witness has something to see."""
        return super().has_effects

    @property
    def has_effects(self) -> bool:
        return self.has_untold or bool(self._told)

    def tell(self) -> None:
        """Let the witness see what the latest input has caused."""
        effects = super().take_effects()
        self._told += effects
        self.witness.did(effects)

    def take_effects(self) -> list[Effect]:
        if self.has_untold:
            self.tell()
        told, self._told = self._told, []
        return told

    def wake(self, now: int) -> None:
        if self.witness.is_alive:
            super().wake(now)
            self.tell()

    def flush(self, now: int) -> None:
        if self.witness.is_alive:
            super().flush(now)
            self.tell()

    def submit(self, now: int, payload: bytes, ack: AckLevel | None) -> int:
        try:
            ticket = super().submit(now, payload, ack)
        except TooManyInFlight:
            self.witness.refused()
            raise
        self.witness.submitted(ticket, payload, ack or self.settings.ack)
        return ticket


@attrs.frozen
class Told(Input):
    """An input that is told of when it is fed."""

    item: Input

    @property
    def is_heartbeat(self) -> bool:
        return self.item.is_heartbeat

    def feed(self, core: PeerCore, now: int) -> None:
        assert isinstance(core, WatchedCore)
        if not core.witness.is_alive:
            return
        item = self.item
        item.feed(core, now)
        if isinstance(item, FrameReceived):
            plain = item.is_heartbeat and not core.has_untold
            core.witness.took(core.remotes[item.link], item.data, plain)
            if plain:
                return  # nothing came of it, as of most
        core.tell()

    def void(self, error: P2PNetError) -> None:
        self.item.void(error)


class WatchedInbox(Inbox):
    """Knows where each link leads, and wraps what is taken out."""

    shell: WatchedShell

    def __init__(self) -> None:
        super().__init__()
        self._open: list[LinkId] = []

    def put_nowait(self, item: Input) -> None:
        if isinstance(item, LinkOpened):
            remote = self.shell.mesh.remote(item.link)
            number = None if remote is None else number_at(remote)
            if number is not None:
                self.shell.watched.remotes[item.link] = number
                self._open.append(item.link)
        elif isinstance(item, LinkClosed):
            self.shell.watched.cut += item.end is LinkEnd.BROKEN
            if item.link in self._open:
                self._open.remove(item.link)
            else:
                self._amiss(f"link {item.link} ends that was not open")
        elif isinstance(item, FrameReceived) and item.link not in self._open:
            self._amiss(f"a frame comes from link {item.link} that was not open")
        super().put_nowait(item)

    def _amiss(self, text: str) -> None:
        self.shell.watched.witness.amiss(text)

    def take(self, count_max: int) -> list[Input]:
        return [Told(item) for item in super().take(count_max)]

    def _is_taken_at_once(self, item: Input) -> bool:
        return super()._is_taken_at_once(Told(item))


@attrs.define(eq=False)
class WatchedShell(SimShell):
    """One peer at work, with a witness."""

    core_type: ClassVar[type[PeerCore]] = WatchedCore

    inbox: Inbox = attrs.field(factory=WatchedInbox)
    _saying: AckLevel | None = None

    def __attrs_post_init__(self) -> None:
        SimShell.__attrs_post_init__(self)
        assert isinstance(self.inbox, WatchedInbox)
        self.inbox.shell = self

    @property
    def watched(self) -> WatchedCore:
        """The core."""
        assert isinstance(self.first_core, WatchedCore)
        return self.first_core

    def submit(self, payload: bytes, ack: AckLevel | None) -> Receipt[Any]:
        return SimShell.submit(self, payload, self._saying or ack)

    @contextlib.contextmanager
    def saying(self, ack: AckLevel | None) -> Any:
        """Commands that are called in here have this ack level."""
        self._saying = ack
        try:
            yield
        finally:
            self._saying = None
