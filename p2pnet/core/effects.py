"""What the core asks the shell to do. The core decides, the shell performs, in this order.

Effects are structs, like what is on the wire: one is made for whatever is sent, and a frozen class
of attrs takes several times as long to make.
"""

from __future__ import annotations

import msgspec

from .errors import LinkEnd, P2PNetError
from .events import Event
from .states import Role
from .values import LinkId, PeerId


class Effect(msgspec.Struct, frozen=True):
    """Root of all effects."""


class Send(Effect, frozen=True):
    """Queue these bytes, one frame, on each of the links."""

    links: tuple[LinkId, ...]
    data: bytes


class Dial(Effect, frozen=True):
    """Try all the addresses side by side; report `link_opened` for the first, or `dial_failed`."""

    peer: PeerId
    addresses: tuple[str, ...]


class CloseLink(Effect, frozen=True):
    """Send what is queued, then close the link."""

    link: LinkId
    reason: LinkEnd


class Emit(Effect, frozen=True):
    """Tell the application."""

    event: Event


class Settle(Effect, frozen=True):
    """The command that `submit` numbered `ticket` came to an outcome of the world, or an error."""

    ticket: int
    outcome: bytes | None
    error: P2PNetError | None = None


class TakeRole(Effect, frozen=True):
    """Cancel the tasks of the old role and start those of the new one; None for no role at all."""

    role: Role | None
