"""What a game may say about who comes and who goes: Mirror's hooks, with a reason for every end.

Subclass `SessionHooks`, override what you need, and call `super()` to have what happens by default
as well. All hooks are plain functions. `MigrationManager` has those about a change of host.
"""

from __future__ import annotations

import attrs

from ..core.errors import EndReason, GameCodeError, LinkEnd
from ..core.values import PeerId
from .connection import Connection

RETRIED = frozenset(
    {
        EndReason.HOST_LOST,
        EndReason.TIMED_OUT,
        EndReason.UNREACHABLE,
        EndReason.SEAT_EXPIRED,
    }
)
"""The ends after which trying again makes sense: nobody wanted them."""

NO_WAY_BACK = frozenset(
    {EndReason.LEFT, EndReason.SESSION_ENDED, EndReason.KICKED, EndReason.REPLACED}
)
"""The ends after which there is no seat to come back to."""


@attrs.frozen
class End:
    """How a session ended for somebody."""

    reason: EndReason
    text: str = ""
    """For people; may be empty."""

    @property
    def is_retried(self) -> bool:
        """Whether an automatic reconnect makes sense: nobody wanted this end."""
        return self.reason in RETRIED


@attrs.frozen
class Newcomer:
    """Who asks for a first seat."""

    peer: PeerId
    name: str
    payload: bytes | None
    """What it gave to `Peer.join`; empty is not None."""


class SessionHooks:
    """The hooks. Each is called on the peer that it speaks of."""

    offline_scene_load_delay_us: int = 0
    """How long `on_offline_scene` waits after an end that this player did not ask for, so that the
    game can say "connection lost" where it is. A class attribute, so that a subclass may set it."""

    _offline: End | None = None

    # --- on this peer itself ---

    def on_client_connect(self, connection: Connection) -> None:
        """This peer has a seat; `connection` is its own."""

    def on_client_disconnect(self, end: End) -> None:
        """The session is over for this peer, and why. No migration follows.

        By default `on_offline_scene` is called when everything is closed. An override that does not
        call `super().on_client_disconnect(end)` keeps the game where it is.
        """
        self._offline = end

    def on_offline_scene(self, end: End) -> None:
        """All links are closed and authentication is shut down: show the menu.

        After `offline_scene_load_delay_us`, unless this player left or stopped hosting.
        """

    def on_stop_host(self, end: End) -> None:
        """The session is over for this peer, which was the host. `on_client_disconnect` follows."""

    # --- on the host, about others ---

    def on_server_connect(self, connection: Connection) -> None:
        """A newcomer has a seat, or a member is back."""

    def on_server_disconnect(self, connection: Connection, end: End, kept: bool) -> None:
        """A member is away or gone, and why. `kept` says whether its seat is.

        Called when it is lost, and once more, with SEAT_EXPIRED, if it does not come back.
        """

    def on_approval(self, newcomer: Newcomer) -> bool | str | None:
        """Whether to let somebody in: True, or a text that says why not, or False.

        None leaves it waiting, for `Peer.approve` or `Peer.deny` within `Settings.approval_us`.
        Nobody is asked unless this is overridden. Members that come back are not asked about.
        """
        return True

    # --- of the transport below ---

    def on_transport_connect(self, remote: str) -> None:
        """A link came up; nobody has greeted on it yet."""

    def on_transport_disconnect(self, remote: str, end: LinkEnd) -> None:
        """A link ended. The session may go on over another one."""

    def on_transport_error(self, peer: PeerId, end: LinkEnd) -> None:
        """A peer could not be dialled."""

    # --- of the game itself ---

    def on_hook_error(self, error: GameCodeError) -> bool:
        """Code of the game raised where p2pnet called it. Return True to go on all the same.

        By default that ends this peer, and it says so to the others: whoever follows a host that
        ended like this goes on in any case, so that one bug does not take down host after host.
        """
        return False
