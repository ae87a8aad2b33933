"""What the core asks of the thing that it replicates.

The core orders opaque bytes and gives them no meaning. Whatever implements this protocol does: the
`World` of a game, or the ledger of a simulation. Every call is synchronous and must depend on
nothing but its arguments and what came before, or the peers would drift apart.

On the host changes happen (`execute`, `tick`, `admit`, …) and `collect` takes them out, encoded
once for everybody. On a client they come in with `apply`. Both ends hold the same state whenever
they have applied the same updates to the same snapshot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from .values import PeerId


class Replica(Protocol):
    """A replicated state machine, as the core sees it."""

    # --- on the host ---

    def start_reign(self, migrated: bool) -> None:
        """This peer is the host. `migrated` is False for the first host of a session."""

    def stop_reign(self) -> None:
        """This peer is no longer the host; changes not yet collected are void."""

    def execute(self, origin: PeerId, command: bytes) -> bytes:
        """Run the command of `origin`, return its encoded outcome. Never raises for bad bytes."""

    def refuse(self, command: bytes) -> bytes:
        """The outcome of a command that is not run, since hosts were lost over it."""

    def tick(self, dt_us: int) -> None:
        """Let the game advance by `dt_us` microseconds."""

    def collect(self) -> bytes:
        """All changes since the last call, encoded; empty when there were none."""

    def condense(self, updates: Sequence[bytes]) -> bytes:
        """One update that comes to the same as these, one after the other. They were collected."""

    def admit(self, peer: PeerId, name: str) -> None:
        """A newcomer has a seat: give it a player."""

    def suspend(self, peer: PeerId) -> None:
        """The peer was lost, its seat is kept: its objects sleep."""

    def resume(self, peer: PeerId) -> None:
        """The peer is back: its objects wake."""

    def remove(self, peer: PeerId) -> None:
        """The seat is given up: what happens to its objects is up to the game."""

    def grace_us(self, peer: PeerId, seat_us: int) -> int | None:
        """How much longer the seat of an absent peer is kept; None for ever.

        `seat_us` is what the settings say. Asked when a peer is lost and when a reign begins.
        """

    def write(self, origin: PeerId, writes: bytes) -> None:
        """Take what a peer wrote to fields of its own. Never raises for bad bytes."""

    # --- on a client ---

    def apply(self, update: bytes) -> None:
        """Take in what the host collected. Raises `RemoteProtocolError` for what does not fit."""

    def lose_host(self) -> None:
        """There is no host for the time being: nothing changes until one is back."""

    def find_host(self) -> None:
        """There is a host again, and the state is as it has it."""

    # --- on both ---

    def snapshot(self) -> bytes:
        """The whole state, encoded. On the host the core collects first, so nothing is pending."""

    def restore(self, snapshot: bytes) -> None:
        """Replace the state by that of a snapshot; objects in both stay the same objects."""
