"""What can be read of one peer: where it stands, without changing anything."""

from __future__ import annotations

from .history import Lineage
from .ledger import Mark
from .messages import Reign
from .roles import Roles
from .roster import Roster
from .session import Session
from .settings import Settings
from .states import Role, State
from .values import ConnectionId, Epoch, PeerId, Position, SessionId


class Reading:
    """The reading half of a `PeerCore`."""

    _s: Session
    _roles: Roles

    @property
    def me(self) -> PeerId:
        return self._s.me

    @property
    def state(self) -> State:
        return self._s.state

    @property
    def role(self) -> Role | None:
        return self._s.role

    @property
    def session(self) -> SessionId | None:
        return self._s.id

    @property
    def epoch(self) -> Epoch | None:
        return self._s.epoch

    @property
    def reign(self) -> Reign | None:
        """The signed header of the reign that this peer obeys."""
        return self._s.reign

    @property
    def host_peer(self) -> PeerId | None:
        """Whom this peer obeys; itself if it is the host."""
        return self._s.host

    @property
    def position(self) -> Position | None:
        return self._s.history.position

    @property
    def lineage(self) -> Lineage:
        """The reigns that the history of this peer went through, oldest first."""
        return tuple(self._s.history.lineage)

    @property
    def digest(self) -> bytes:
        return self._s.history.digest

    @property
    def marks(self) -> dict[PeerId, Mark]:
        """The process of each member that called a command, and the last one that was run."""
        return self._s.ledger.marks

    @property
    def roster(self) -> Roster:
        return self._s.roster

    @property
    def settings(self) -> Settings:
        return self._s.settings

    @property
    def addresses(self) -> tuple[str, ...]:
        return self._s.addresses

    @property
    def connection_id(self) -> ConnectionId:
        return self._s.connection_id

    @property
    def old_connection_id(self) -> ConnectionId:
        return self._s.old_connection_id

    @property
    def census(self) -> dict[str, int]:
        """How much there is of everything that could leak, for tests of long games."""
        s = self._s
        return {
            "links": len(s.mesh.links),
            "overdue": s.mesh.overdue(s.now),
            "dials": len(s.mesh.dials),
            "habits": len(s.mesh.habits),
            "timers": len(s.timers),
            "keeping": s.timers.count("seat"),
            "outbox": len(s.outbox),
            "seats": len(s.roster.members),
            "tail": s.history.kept,
            "executed": len(s.ledger.lines()),
            "followers": len(self._roles.hosting.ordering.followers),
            "held": len(self._roles.held) + len(self._roles.reunion.waiting),
            "rejected": s.rejected,
            "refused": s.refused,
            "departed": len(s.departed),
        }

    @property
    def sworn(self) -> frozenset[bytes]:
        """The keys of those that swore to the reign of this host, and follow it."""
        return frozenset(oath.key for oath in self._roles.hosting.ordering.oaths())

    @property
    def successor(self) -> PeerId | None:
        """Who is first in rank of those that are not known to be dead, this peer included."""
        s = self._s
        lost = self._roles.succession.search.lost or s.host
        for member in s.roster.members:
            if not member.can_host or member.peer == lost:
                continue
            if member.peer == s.me or s.mesh.alive(s.now, member.peer):
                return member.peer
        return None
