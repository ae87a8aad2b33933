"""What the core asks the shell to do. The core decides, the shell performs, in this order."""

from __future__ import annotations

import attrs

from .errors import LinkEnd, P2PNetError
from .events import Event
from .states import Role
from .values import LinkId, PeerId


@attrs.frozen
class Effect:
    """Root of all effects."""


@attrs.frozen
class Send(Effect):
    """Queue these bytes, one frame, on each of the links."""

    links: tuple[LinkId, ...]
    data: bytes


@attrs.frozen
class Dial(Effect):
    """Try all the addresses side by side; report `link_opened` for the first, or `dial_failed`."""

    peer: PeerId
    addresses: tuple[str, ...]


@attrs.frozen
class CloseLink(Effect):
    """Send what is queued, then close the link."""

    link: LinkId
    reason: LinkEnd


@attrs.frozen
class Emit(Effect):
    """Tell the application."""

    event: Event


@attrs.frozen
class Settle(Effect):
    """The command that `submit` numbered `ticket` came to an outcome of the world, or an error."""

    ticket: int
    outcome: bytes | None
    error: P2PNetError | None = None


@attrs.frozen
class TakeRole(Effect):
    """Cancel the tasks of the old role and start those of the new one; None for no role at all."""

    role: Role | None
