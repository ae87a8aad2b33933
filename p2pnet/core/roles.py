"""The three parts of a peer side by side, and the changes that concern more than one of them.

Losing a host, obeying a newer reign, losing a link and oversleeping each end something in one part
and begin something in another. Everything else stays within its part.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs

from .asking import Asking
from .codec import encode
from .condensing import kept_back
from .corroboration import Corroboration
from .detector import GREEN, Light
from .errors import EndReason, LinkEnd
from .events import Deposed, HostAnnounced, LossCause, Overslept
from .following import Following
from .granting import Granting
from .handover import HandingOver
from .hosting import Hosting
from .joining import Joining
from .link_state import LinkState
from .messages import Bye, Fenced, Frame, Heartbeat, Ping, Reign
from .relay import Relay
from .reunion import Reunion
from .search import Search
from .session import Session
from .states import HOSTLESS, ROLES, Move, Role, State
from .succession import Succession
from .values import LinkId, PeerId
from .watching import Watching

HOSTS: Final = frozenset(state for state, role in ROLES.items() if role is Role.HOST)
"""The states of the host role."""

IN_SESSION: Final = frozenset(set(State) - {State.IDLE, State.LEFT})
"""All states but those before and after a session."""

_HELD_MAX: Final = 4096  # requests kept while a host is on probation


@attrs.define(eq=False)
class Roles:
    """What a peer can be doing, and how it gets from one to another."""

    session: Session
    hosting: Hosting = attrs.field(init=False)
    joining: Joining = attrs.field(init=False)
    following: Following = attrs.field(init=False)
    watching: Watching = attrs.field(init=False)
    succession: Succession = attrs.field(init=False)
    relay: Relay = attrs.field(init=False)
    granting: Granting = attrs.field(init=False)
    corroboration: Corroboration = attrs.field(init=False)
    handing_over: HandingOver = attrs.field(init=False)
    reunion: Reunion = attrs.field(init=False)
    held: list[tuple[LinkId, bytes]] = attrs.field(factory=list)  # until the probation is over

    def __attrs_post_init__(self) -> None:
        self.hosting = Hosting(self.session)
        self.joining = Joining(self.session)
        self.following = Following(self.session, self.joining)
        self.watching = Watching(self.session, self.following)
        self.relay = Relay(self.session)
        self.corroboration = Corroboration(self.session)
        search = Search(self.session)
        asking = Asking(self.session)
        self.granting = Granting(self.session, self.joining, search, asking)
        self.succession = Succession(self.session, self.hosting, self.relay, self.granting, search)
        self.handing_over = HandingOver(self.session, self.hosting, self.joining, self.succession)
        self.reunion = Reunion(self.session, self.hosting)

    # --- reigns ---

    def lose_host(self, cause: LossCause) -> None:
        """The host is gone, for all that this peer can tell."""
        if not self.session.settings.host_migration:
            self.session.finish(EndReason.HOST_LOST, "the session has ended with its host")
            return
        rival, voucher = self.following.rival, self.corroboration.voucher
        self.following.lose()
        self.corroboration.end()
        if rival is not None and self.session.choices.automatic:
            self.obey(rival.reign, rival.addresses)
            return
        self.succession.begin(cause, voucher if cause is LossCause.SILENT else None)
        if rival is not None:
            self.offer(rival.reign, rival.addresses)

    def watch_host(self) -> None:
        """Look at the host's light."""
        light = self.watching.light(self.session.now)
        if light is GREEN:
            return
        if light is Light.RED:
            self.lose_host(LossCause.SILENT)
        elif self.watching.warn():
            self.corroboration.suspect()

    def back_to_direct(self, link: LinkState) -> None:
        """The host is heard on another link again: if we play on through a bridge, leave it."""
        bound = self.session.mesh.links.get(self.following.link or LinkId(0))
        if bound is not None and bound.relay is not None:
            self.session.mesh.prefer(link)
            self.cut(bound.id, LinkEnd.CLOSED)

    def hear_of(self, link: LinkState, reign: Reign, addresses: tuple[str, ...]) -> None:
        """Somebody told us of a newer reign.

        Who has a host that lives does not change sides by itself: that is for the two hosts to
        settle. So a host gets in touch with the other one, and a client tells its own.
        """
        s, following = self.session, self.following
        if s.state in (State.REIGNING, State.PROBATION):
            self.reunion.seek(reign, addresses)
        elif following.is_settled_against(link, reign):
            following.rival = Fenced(reign, addresses)
            s.send(s.host, following.rival)
        elif s.state in HOSTLESS and not s.choices.automatic:
            self.offer(reign, addresses)
        else:
            self.obey(reign, addresses)

    def offer(self, reign: Reign, addresses: tuple[str, ...]) -> None:
        """There is a new host, and the game decides by hand whether to follow it."""
        s, search = self.session, self.succession.search
        if reign.epoch.host == search.chosen:
            self.obey(reign, addresses)
            return
        known = search.offer
        if known is None or known.reign.epoch < reign.epoch:
            search.offer = Fenced(reign, addresses)
            s.emit(HostAnnounced(reign.epoch, reign.epoch.host))
        if s.state in (State.CLAIMING, State.PULLING):
            self.succession.withdraw()

    def follow(self, peer: PeerId, addresses: tuple[str, ...]) -> None:
        """The game chose whom to follow: obey it as soon as it reigns."""
        s, search = self.session, self.succession.search
        search.chosen, offer = peer, search.offer
        if s.state in (State.CLAIMING, State.PULLING):
            self.succession.withdraw()
        if offer is not None and offer.reign.epoch.host == peer:
            self.obey(offer.reign, offer.addresses)
        elif s.mesh.link_to(peer) is None:
            s.dial(peer, addresses or s.addresses_of(peer))

    def obey(self, reign: Reign, addresses: tuple[str, ...]) -> None:
        """A newer reign is ours: whatever this peer was doing, it follows that host now."""
        s = self.session
        if s.state in HOSTS:
            asked = (link for link, _ in self.held)
            links = tuple(dict.fromkeys((*self.hosting.ordering.links(), *asked)))
            s.send_on(links, encode(Fenced(reign, addresses or s.addresses_of(reign.epoch.host))))
            leaving = self.handing_over.leaving
            self.abdicate()
            if leaving is not None:
                self.say_goodbye(leaving, "")
                return
            s.emit(Deposed(reign.epoch, reign.epoch.host))
            s.replica.lose_host()
        self.succession.end()
        self.following.adopt(reign, addresses)

    def abdicate(self) -> None:
        """This peer is not the host any more."""
        self.hosting.end()
        self.handing_over.end()
        self.reunion.end()
        self.held.clear()

    def fail_handover(self) -> None:
        """The heir has not taken over in time, or is gone."""
        leaving = self.handing_over.leaving
        if leaving is not None:
            self.abdicate()
            self.say_goodbye(leaving, "")
        else:
            self.held.clear()  # whoever waits for an answer asks again
            self.handing_over.fail()

    def say_goodbye(self, reason: EndReason, text: str) -> None:
        """Out of the session for good, by one's own wish."""
        # To the others it is all the same why somebody gave up its seat.
        told = EndReason.LEFT if reason is EndReason.HOST_LOST else reason
        self.session.send_all(Bye(told, text))
        self.session.finish(reason, text)

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
        for relayed in () if peer is None else s.mesh.through(peer):
            self.cut(relayed, LinkEnd.BROKEN)
        if s.state is State.FOLLOWING and bound:
            if peer is None:
                self.following.rejoin()
            else:
                self.lose_host(LossCause.CLOSED)
        elif s.state is State.JOINING and peer == self.joining.target is not None:
            if s.seat is None:
                text = "the host closed the link before it answered"
                self.joining.fail(EndReason.HOST_LOST, text)
            else:
                self.lose_host(LossCause.CLOSED)
        elif s.state in HOSTLESS and peer is not None:
            self.succession.on_link_lost(peer)
        elif s.state is State.REIGNING:
            self.hosting.on_link_lost(link, peer)
        elif s.state is State.YIELDING:
            self.reunion.on_link_lost(link)
        elif s.state is State.HANDING_OVER and peer == self.handing_over.target:
            self.fail_handover()

    def unreached(self, peer: PeerId, end: LinkEnd) -> None:
        """A dial to `peer` led nowhere."""
        s = self.session
        s.mesh.failed(s.now, peer)
        if s.mesh.is_dialled(peer):
            return  # elsewhere as well
        s.plan_dial(peer)
        if s.state is State.JOINING and peer == self.joining.target:
            if s.seat is None:
                text = f"nobody can be reached there ({end.value})"
                self.joining.fail(EndReason.UNREACHABLE, text)
            else:
                self.lose_host(LossCause.CLOSED)
        elif s.state in HOSTLESS:
            self.succession.on_redial_failed(peer)

    def heartbeat(self, links: Sequence[LinkState]) -> None:
        """Say where we stand; ask for a pong where the round trip is not known yet."""
        s, epoch, calm = self.session, self.session.epoch, self.session.mesh.calm
        for link in links:
            if link.said_calm is not calm:
                link.say(s.now, calm)
            if link.is_to_measure(s.now) or epoch is None:
                link.ping_us, link.ping_token = s.now, link.ping_token + 1
                s.send_on((link.id,), encode(Ping(link.ping_token)))
        if epoch is None:
            return
        ordering = self.hosting.ordering
        behind = kept_back(ordering.followers.values()) if ordering.slow.crowded else {}
        up_to_date = [link.id for link in links if link.id not in behind]
        s.send_on(up_to_date, encode(Heartbeat(epoch, s.reached, calm)))
        for link in links if behind else ():
            if link.id in behind:
                s.send_on((link.id,), encode(Heartbeat(epoch, behind[link.id])))

    # --- sleep ---

    def oversleep(self, late_us: int) -> None:
        """This process stood still for longer than others wait for a host.

        Others may have a new host by now, so a host orders nothing until it has told everybody
        where it stands and they had time to answer.
        """
        s = self.session
        s.emit(Overslept(late_us))
        s.mesh.woke_us = s.now
        for peer, _ in s.mesh.peers():
            s.ping(peer)
        self.joining.oversleep()
        if ROLES[s.state] is Role.CLIENT:
            self.succession.oversleep()
        if s.state not in (State.REIGNING, State.PROBATION) or len(s.roster.members) == 1:
            return
        s.move(Move.OVERSLEEP)
        s.timers.set("probation", at=s.now + s.mesh.answer_us())
        assert s.epoch is not None
        s.send_all(Heartbeat(s.epoch, s.reached))
        for member in s.roster.members:
            if member.peer != s.me and s.mesh.link_to(member.peer) is None:
                s.dial(member.peer, member.addresses)

    def hold(self, link: LinkState, frame: Frame, data: bytes) -> None:
        """A request that comes during the probation is dealt with afterwards.

        If this peer is not the host then, whoever asked for something asks again. Who said that it
        leaves does not, so that is remembered.
        """
        if isinstance(frame, Bye) and frame.reason is EndReason.LEFT and link.peer is not None:
            self.session.departed.add(link.peer)
        if len(self.held) < _HELD_MAX:
            self.held.append((link.id, data))

    def confirm(self) -> list[tuple[LinkId, bytes]]:
        """Nobody took this host's place after all. Returns the requests that were held back."""
        self.reunion.end()
        self.session.move(Move.CONFIRM)
        self.hosting.resume()
        held, self.held = self.held, []
        return held
