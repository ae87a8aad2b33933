"""What a peer itself takes note of in the events of its core, before the game is told of them.

Whether there is a seat now or never will be, how the session came to its end, where its members are
to be found another time. Nothing is decided by that: it is told to those here who wait for it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import attrs

from ..core.errors import Denied, HostUnreachable, SessionOver
from ..core.events import (
    ApprovalRequested,
    BecameHost,
    Event,
    HookFailed,
    HostLost,
    JoinDenied,
    Joined,
    JoinFailed,
    LossCause,
    RosterChanged,
    SessionEnded,
    StateChanged,
)
from ..core.states import ROLES, Role, State
from .bookmark import bookmark_of
from .farewell import Guard
from .receipts import Receipt
from .session_hooks import NO_WAY_BACK
from .subscription import Fanout
from .view import View


@attrs.define(eq=False)
class Notes:
    """Looks at each event of one peer. `take` raises nothing."""

    view: View
    fanout: Fanout
    guard: Guard
    opened: Receipt[None]
    bookmark_path: Path | None
    tried: Callable[[], str]
    """What came of the latest dial, for people."""
    judge: Callable[[ApprovalRequested], None]
    """Have somebody decide who gets a seat."""
    on_state: Callable[[], None]
    """There is another state."""

    was_host: bool = attrs.field(default=False, init=False)
    """Whether this peer has ever been the host of its session."""
    stopped_hosting: bool = attrs.field(default=False, init=False)
    """It was when it left."""
    end: SessionOver | None = attrs.field(default=None, init=False)
    """Why the session is over, by what the core says."""

    def take(self, event: Event) -> None:
        """This has happened."""
        note = _NOTES.get(type(event))
        if note is not None:
            note(self, event)

    # --- of the seat ---

    def _on_seat(self, event: Joined | BecameHost) -> None:
        self.was_host = self.was_host or isinstance(event, BecameHost)
        self.opened.settle(None)

    def _on_join_failed(self, event: JoinFailed) -> None:
        self.opened.fail(HostUnreachable(f"{event.text}; {self.tried()}", event.reason))

    def _on_join_denied(self, event: JoinDenied) -> None:
        self.opened.fail(Denied(event.reason, event.text))

    def _on_approval_requested(self, event: ApprovalRequested) -> None:
        self.judge(event)

    # --- of the session ---

    def _on_host_lost(self, event: HostLost) -> None:
        if event.cause is LossCause.CRASHED:
            self.guard.must_go_on = True

    def _on_roster_changed(self, event: RosterChanged) -> None:
        core = self.view.core
        if self.bookmark_path is None or core is None or core.session is None:
            return
        bookmark = bookmark_of(core.session, event.roster, core.host_peer, self.view.me)
        try:
            bookmark.save(self.bookmark_path)
        except OSError as error:
            self.fanout.put(HookFailed(f"the bookmark can't be written: {error}"))

    def _on_session_ended(self, event: SessionEnded) -> None:
        self.end = SessionOver(event.reason, event.text)
        if self.bookmark_path is not None and event.reason in NO_WAY_BACK:
            self.bookmark_path.unlink(missing_ok=True)

    def _on_state_changed(self, event: StateChanged) -> None:
        self.stopped_hosting = event.new is State.LEFT and ROLES[event.old] is Role.HOST
        self.on_state()


_NOTES: Final[dict[type[Event], Callable[[Notes, Any], None]]] = {
    ApprovalRequested: Notes._on_approval_requested,
    BecameHost: Notes._on_seat,
    HostLost: Notes._on_host_lost,
    Joined: Notes._on_seat,
    JoinDenied: Notes._on_join_denied,
    JoinFailed: Notes._on_join_failed,
    RosterChanged: Notes._on_roster_changed,
    SessionEnded: Notes._on_session_ended,
    StateChanged: Notes._on_state_changed,
}
