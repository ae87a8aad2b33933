"""The three parts of a peer side by side, and the changes that concern more than one of them.

Losing a host, obeying a newer reign, losing a link and oversleeping each end something in one part
and begin something in another. Everything else stays within its part.
"""

from __future__ import annotations

from typing import Final

import attrs

from .codec import encode
from .errors import LinkEnd
from .events import Deposed, LossCause, Overslept
from .following import Following
from .hosting import Hosting
from .mesh import LinkState
from .messages import Heartbeat, Ping, Reign
from .session import Session
from .states import HOSTLESS, Move, State
from .succession import Succession
from .values import LinkId, PeerId

HOSTS: Final = frozenset({State.REIGNING, State.PROBATION})
"""The states of the host role."""

IN_SESSION: Final = frozenset(set(State) - {State.IDLE, State.LEFT})
"""All states but those before and after a session."""

_HELD_MAX: Final = 4096  # requests kept while a host is on probation


@attrs.define(eq=False)
class Roles:
    """What a peer can be doing, and how it gets from one to another."""

    session: Session
    hosting: Hosting = attrs.field(init=False)
    following: Following = attrs.field(init=False)
    succession: Succession = attrs.field(init=False)
    held: list[tuple[LinkId, bytes]] = attrs.field(factory=list)  # until the probation is over

    def __attrs_post_init__(self) -> None:
        self.hosting = Hosting(self.session)
        self.following = Following(self.session)
        self.succession = Succession(self.session, self.hosting)

    # --- reigns ---

    def lose_host(self, cause: LossCause) -> None:
        """The host is gone, for all that this peer can tell."""
        self.following.lose()
        self.succession.begin(cause)

    def obey(self, reign: Reign, addresses: tuple[str, ...]) -> None:
        """A newer reign is known: whatever this peer was doing, it follows that host now."""
        s = self.session
        if s.state in HOSTS:
            self.abdicate()
            s.emit(Deposed(reign.epoch, reign.epoch.host))
            s.replica.lose_host()
        self.succession.end()
        self.following.adopt(reign, addresses)

    def abdicate(self) -> None:
        """This peer is not the host any more; the next welcome brings it back as the ex-host."""
        self.hosting.end()
        self.following.was_host = True
        self.session.timers.cancel("probation")
        self.held.clear()

    # --- links ---

    def cut(self, link: LinkId, reason: LinkEnd) -> None:
        """Close a link ourselves, with all that follows from its end."""
        bound = link == self.following.link
        self.unlinked(link, self.session.close(link, reason), bound)

    def unlinked(self, link: LinkId, peer: PeerId | None, bound: bool) -> None:
        """A link is gone. `peer` can't be reached any more; None if another link leads there.

        `bound` says that it was the link on which the host had welcomed us.
        """
        s = self.session
        if s.state is State.FOLLOWING and bound:
            if peer is None:
                self.following.rejoin()
            else:
                self.lose_host(LossCause.CLOSED)
        elif s.state is State.JOINING and peer == self.following.target is not None:
            if s.seat is None:
                self.following.fail("the host closed the link before it answered")
            else:
                self.lose_host(LossCause.CLOSED)
        elif s.state in HOSTLESS and peer is not None:
            self.succession.on_link_lost(peer)
        elif s.state is State.REIGNING:
            self.hosting.on_link_lost(link, peer)

    def heartbeat(self, link: LinkState) -> None:
        """Say where we stand; ask for a pong where the round trip is not known yet."""
        s = self.session
        if link.rtt_us is None or s.epoch is None:
            link.ping_us, link.ping_token = s.now, link.ping_token + 1
            s.send_on((link.id,), encode(Ping(link.ping_token)))
        if s.epoch is not None:
            s.send_on((link.id,), encode(Heartbeat(s.epoch, s.history.seq)))

    # --- sleep ---

    def oversleep(self, late_us: int) -> None:
        """This process stood still for longer than others wait for a host.

        Others may have a new host by now, so a host orders nothing until it has told everybody
        where it stands and they had time to answer.
        """
        s = self.session
        s.emit(Overslept(late_us))
        if s.state not in HOSTS or len(s.roster.members) == 1:
            return
        s.move(Move.OVERSLEEP)
        s.timers.set("probation", at=s.now + s.mesh.answer_us())
        assert s.epoch is not None
        s.send_all(Heartbeat(s.epoch, s.history.seq))
        for member in s.roster.members:
            if member.peer != s.me and s.mesh.link_to(member.peer) is None:
                s.dial(member.peer, member.addresses)

    def hold(self, link: LinkId, data: bytes) -> None:
        """A request that comes during the probation is dealt with afterwards."""
        if len(self.held) < _HELD_MAX:
            self.held.append((link, data))

    def end_probation(self) -> list[tuple[LinkId, bytes]]:
        """Nobody knew of a newer reign. Returns the requests that were held back."""
        self.session.move(Move.CONFIRM)
        self.hosting.resume()
        held, self.held = self.held, []
        return held
