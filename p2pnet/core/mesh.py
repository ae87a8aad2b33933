"""Which link leads to whom, how each is doing, and whom to dial.

A link has no role. It comes up, both ends say `Hello`, and from then on it stands for the peer at
the other end, whoever hosts. Between two members the lower in rank dials; after a host was lost, or
for getting one's seat back, anybody dials.

Two links to one peer can exist for a while: the network broke one way, or both dialled at once.
The newest greeting wins. Only the peer with the smaller id closes the older link, so that the two
ends can't close one each and be left with none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

import attrs

from .detector import Detector, Habit, Light
from .dialling import Dialling
from .link_state import LinkState, Relayed
from .roster import Member
from .settings import Settings
from .values import LinkId, PeerId, peer_id


@attrs.define
class Mesh:
    """All links of one peer."""

    settings: Settings
    links: dict[LinkId, LinkState] = attrs.field(factory=dict)
    dials: dict[PeerId, Dialling] = attrs.field(factory=dict)
    habits: dict[PeerId, Habit] = attrs.field(factory=dict)  # of members
    _by_peer: dict[PeerId, LinkState] = attrs.field(factory=dict)  # the links that are used
    woke_us: int | None = None  # when this process had overslept, and asked who is there
    calm: bool = False  # this peer follows a host that it hears
    disturbed: bool = False  # it did until now, and those at rest do not know
    changes: int = 0
    """Counts up whenever there are other links, they lead to others, or one is woken from rest."""

    # --- links ---

    def opened(
        self, now: int, link: LinkId, dialled: PeerId | None, seated: bool = True
    ) -> LinkState:
        """A link came up; nobody has greeted yet. Who has a seat would rather dial again soon."""
        state = LinkState(link, dialled, Detector(self.settings, now), sent_us=now)
        self.links[link] = state
        self.changes += 1
        patience_us = self.settings.connect_us
        if dialled is not None:
            began_us = self.dials.setdefault(dialled, Dialling()).led_to_a_link(now)
            used = self.link_to(dialled)
            if seated and (used is None or used.relay):
                # The dial took two round trips at least, the greeting takes one. A dial that took
                # longer than a silence that counts as death was held up, and says nothing of that.
                far_us = min(2 * (now - began_us), self.settings.red_us)
                patience_us = max(2 * self.settings.heartbeat_us, far_us)
        state.mute_us = now + patience_us
        return state

    def relayed(self, now: int, link: LinkId, way: Relayed, dialled: PeerId | None) -> LinkState:
        """A link through a neighbour."""
        state = LinkState(link, dialled, Detector(self.settings, now), now, relay=way)
        state.mute_us = now + self.settings.connect_us
        self.links[link] = state
        self.changes += 1
        return state

    def through(self, via: PeerId) -> list[LinkId]:
        """The relayed links that depend on this neighbour."""
        links = self.links.values()
        return [link.id for link in links if link.relay is not None and link.relay.via == via]

    def prefer(self, link: LinkState) -> None:
        """Of two links to one peer, use this one."""
        assert link.peer is not None
        self._use(link.peer, link)
        self.changes += 1

    def _use(self, peer: PeerId, link: LinkState) -> None:
        if (used := self._by_peer.get(peer)) is not None:
            used.beside = True
        self._by_peer[peer] = link
        link.beside = False

    def heard_beside(self, now: int, link: LinkState) -> None:
        """If the link that we use to the peer of this one is dead, this one is the better."""
        used = self.link_to(link.peer)
        if used is not None and used.nonce == link.nonce and used.detector.is_red(now):
            self.prefer(link)

    def greeted(self, now: int, link: LinkId, peer: PeerId, seated: int) -> list[LinkId]:
        """The other end proved who it is. Returns older links to it that this one replaces.

        `seated` is the nonce of the process that has the seat, for all we know. As long as a link
        leads to that one, another process with its key takes nothing over by greeting.
        """
        state = self.links[link]
        state.peer = peer
        self.changes += 1
        self.reached(peer)
        older = self.link_to(peer)
        others = [ln for ln in self.links.values() if ln.peer == peer and ln is not state]
        if older is not None and older.nonce == seated != state.nonce and self.alive(now, peer):
            state.beside = True
            older = None
        else:
            self._use(peer, state)
        return [ln.id for ln in others if ln is older or ln.nonce == state.nonce]

    def know(self, peer: PeerId, link: LinkId) -> None:
        """A member was greeted: what its links are like is known from the ones before."""
        detector = self.links[link].detector
        detector.habit = self.habits.setdefault(peer, detector.habit)

    def follow_process(self, peer: PeerId, seated: int) -> None:
        """The seat went to another process: what is said to the peer is said to that one."""
        for state in self.links.values():
            if state.peer == peer and state.nonce == seated:
                self.prefer(state)

    def other_processes(self, peer: PeerId, seated: int) -> list[LinkId]:
        """Links to processes that have the key of a peer and not its seat."""
        links = self.links.values()
        return [link.id for link in links if link.peer == peer and link.nonce != seated]

    def other_ends(self) -> list[LinkId]:
        """Links to processes with the key of a peer, beside the one that is used for that peer."""
        return [
            link.id
            for link in self.links.values()
            if link.beside and link.peer and link.nonce != self._by_peer[link.peer].nonce
        ]

    def is_here(self, now: int, peer: PeerId, seated: int) -> bool:
        """Whether a link leads to the process that has the seat, and it is not red."""
        return any(
            link.peer == peer and link.nonce == seated and not link.detector.is_red(now)
            for link in self.links.values()
        )

    def closed(self, now: int, link: LinkId) -> PeerId | None:
        """A link is gone. Returns the peer that can't be reached any more because of it."""
        state = self.links.pop(link, None)
        self.changes += 1
        if state is not None and state.peer is None and state.dialled and state.relay is None:
            self.failed(now, state.dialled)
            if state.dialled in self.dials:  # somebody is there, and time has been lost already
                self.dials[state.dialled].next_us = now + self.settings.redial_us_min
        if state is None or state.peer is None or self._by_peer.get(state.peer) is not state:
            return None
        del self._by_peer[state.peer]
        for other in self.links.values():
            if other.peer == state.peer:
                self._use(state.peer, other)
                return None
        return state.peer

    def link_to(self, peer: PeerId | None) -> LinkState | None:
        """The link that leads to a peer, or None."""
        return None if peer is None else self._by_peer.get(peer)

    def peers(self) -> Iterator[tuple[PeerId, LinkState]]:
        """Everybody that is linked, in the order they greeted."""
        yield from self._by_peer.items()

    def alive(self, now: int, peer: PeerId | None) -> bool:
        """Whether a link leads there and it is not red."""
        state = self.link_to(peer)
        return state is not None and not state.detector.is_red(now)

    def may_be_back(self, now: int, peer: PeerId) -> bool:
        """Whether a link leads there that has not been silent for twice as long as makes it red."""
        state = self.link_to(peer)
        return state is not None and now < state.detector.red_us + state.detector.span_us

    def has_time(self, now: int, peer: PeerId | None, asked_us: int) -> bool:
        """Whether this peer is not red, and could not have turned red since it was asked."""
        state = self.link_to(peer)
        if state is None or state.detector.is_red(now):
            return False
        return now < asked_us + state.detector.span_us

    def is_green(self, now: int, peer: PeerId | None) -> bool:
        """Whether a link leads there that has not been silent for unusually long."""
        state = self.link_to(peer)
        return state is not None and state.detector.light(now) is Light.GREEN

    def is_late(self, now: int, peer: PeerId | None) -> bool:
        """Whether what this peer says is stalled now and then, and it does not count as gone."""
        state = self.link_to(peer)
        return state is not None and state.detector.stalls and self.alive(now, peer)

    def is_mute(self, now: int, peer: PeerId) -> bool:
        """Whether this peer was asked for a sign of life as we woke, and has not given one in time.

        The silence of before accuses nobody, so its link looks like any other. What was read within
        half a round trip was sent before it was asked. Who is late as a rule has more time.
        """
        state = self.link_to(peer)
        if state is None or self.woke_us is None or state.ping_us != self.woke_us:
            return False
        if state.detector.heard_us > self.woke_us + (state.rtt_us or 0) // 2:
            return False
        late = state.detector.stalls
        return now >= self.woke_us + (self.settings.red_us if late else self.answer_us())

    def is_rough(self, present: Collection[PeerId]) -> bool:
        """Whether the network may be to blame if none of those present is heard any more.

        Somebody was silent for unusually long of late, and was heard again. Or they are more than
        one: that several die together is rarer than that this peer is cut off.
        """
        return self.linked(present) > 1 or self.has_stalled()

    def linked(self, present: Collection[PeerId]) -> int:
        """To how many of those present a link leads, whether they are heard or not."""
        return sum(peer in present for peer, _ in self.peers())

    def has_stalled(self) -> bool:
        """Whether somebody was silent for unusually long of late, and was heard again."""
        usual_us = self.settings.heartbeat_us * self.settings.yellow_tenths // 10
        return any(link.detector.habit.longest_us > usual_us for _, link in self.peers())

    def forgive(self, now: int) -> None:
        """This process stood still: nobody is accused of the silence."""
        for state in self.links.values():
            state.detector.forgive(now)
            state.ping_us = None

    def disturb(self) -> None:
        """This peer does not hear its host any more: whoever is at rest is to be told at once."""
        if self.calm:
            self.calm, self.disturbed = False, True
            self.changes += 1

    def hear(self, now: int, link: LinkState, calm: bool) -> None:
        """The other end of a link hears its host, or does not: that says how often it beats."""
        link.hear(now, calm)
        self.changes += 1

    def answered(self) -> None:
        """There is a seat, and no request for one that anybody would have to hear."""
        for state in self.links.values():
            state.asked = None

    def answer_us(self, lost: PeerId | None = None) -> int:
        """How long a question to all may wait for its answers: twice the slowest round trip.

        So long a dial takes as well, such as one to `lost`, to whom there is no link any more.
        """
        far_us = self.habits[lost].round_trip_us if lost in self.habits else 0
        slowest = max(far_us, *(state.rtt_us or 0 for state in self.links.values()), 0)
        return max(self.settings.answer_us_min, 2 * slowest + self.settings.heartbeat_us // 4)

    def overdue(self, now: int) -> int:
        """How many links there are that should have been given up a heartbeat ago."""
        long_ago = now - self.settings.heartbeat_us
        dead = long_ago - self.settings.dead_link_us
        return sum(
            link.mute_us < long_ago if link.peer is None else link.detector.silent_us < dead
            for link in self.links.values()
        )

    def heartbeat_due_us(self) -> int | None:
        """When the first link will have been silent from our side for one heartbeat, or is over.

        Before the greetings nothing is said on a link: it is looked after when its time is over.
        """
        due_us = self.dead_us()
        sent_us = None  # on the link that was silent from our side for longest
        for link in self.links.values():
            if link.peer is not None and (sent_us is None or link.sent_us < sent_us):
                sent_us = link.sent_us
        if due_us is None or sent_us is None:
            return due_us
        return min(due_us, sent_us + self.settings.heartbeat_us)

    def dead_us(self) -> int | None:
        """When the first link is given up, if nothing comes on it."""
        dead_us = self.settings.dead_link_us + 1
        return min(
            [
                link.mute_us if link.peer is None else link.detector.silent_us + dead_us
                for link in self.links.values()
            ],
            default=None,
        )

    # --- dials ---

    def to_reach(self, now: int, members: Iterable[Member]) -> list[Member]:
        """Those to whom no link of our own leads that is any good."""
        link_of = self._by_peer.get
        return [
            member
            for member in members
            if (link := link_of(member.peer)) is None or not link.is_good(now)
        ]

    def _reaches(self, now: int, peer: PeerId) -> bool:
        """Whether a link of our own leads there that is any good."""
        link = self._by_peer.get(peer)
        return link is not None and link.is_good(now)

    def may_dial(self, now: int, peer: PeerId) -> bool:
        """Whether a dial to this peer is due: no good link of our own, no dial under way, and the
        wait is over.
        """
        dial = self.dials.get(peer)
        return (dial is None or not dial.waits(now)) and not self._reaches(now, peer)

    def is_dialled(self, peer: PeerId) -> bool:
        """Whether a dial to this peer is under way."""
        dial = self.dials.get(peer)
        return dial is not None and dial.under_way > 0

    def is_needless(self, now: int, link: LinkState) -> bool:
        """Whether there is a good link of our own by now, and this is one that we wanted for lack
        of it: dialled beside a red one that came back to life, or through a neighbour.
        """
        if link.dialled is None or not self._reaches(now, link.dialled):
            return False
        return self._by_peer[link.dialled].nonce == link.nonce

    def is_new(self, peer: PeerId) -> bool:
        """Whether our first dial to this peer is under way: nothing is known of it so far.

        Whoever we had a link to is not new: if that broke it may be dead as well as not.
        """
        dial = self.dials.get(peer)
        if dial is None or not dial.under_way or dial.failures or peer in self.habits:
            return False
        return self.link_to(peer) is None

    def is_answered(self, now: int, peer: PeerId, seated: int) -> bool:
        """Whether a link leads to the process that has the seat, or may: nobody has greeted yet."""
        return self.is_here(now, peer, seated) or any(
            link.dialled == peer and link.peer is None and now < link.mute_us
            for link in self.links.values()
        )

    def is_greeting(self, now: int, peer: PeerId | None) -> bool:
        """Whether somebody who says that it is this peer may yet prove it, on a new link."""
        return any(
            link.peer is None and peer_id(link.key) == peer and now < link.mute_us
            for link in self.links.values()
        )

    def is_gone(self, now: int, peer: PeerId) -> bool:
        """Whether this peer was linked before, and can't be heard any more."""
        return peer in self.habits and not self.alive(now, peer)

    def begin_dial(self, now: int, peer: PeerId, addresses: tuple[str, ...]) -> tuple[str, ...]:
        """A dial to this peer is wanted. Returns where: not where it is being dialled already."""
        if self._reaches(now, peer):
            return ()
        dial = self.dials.get(peer, Dialling())
        if fresh := dial.begin(now, addresses):
            self.dials[peer] = dial
        return fresh

    def failed(self, now: int, peer: PeerId) -> None:
        """A dial led nowhere: wait before the next one, unless it dialled us meanwhile."""
        if self._reaches(now, peer):
            self.reached(peer)
        else:
            self.dials.setdefault(peer, Dialling()).failed(now, self.settings)

    def reached(self, peer: PeerId) -> None:
        """A link leads there: no dial has failed so far."""
        self.dials.pop(peer, None)

    def forget(self, peer: PeerId) -> None:
        """This peer is not dialled any more, and nothing is remembered of it."""
        self.reached(peer)
        self.habits.pop(peer, None)
