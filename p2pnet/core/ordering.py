"""What a host does all the time: run commands, order updates, and say how durable they are.

Theory of operation
-------------------

Everything that the session agrees on changes in one place: `order`. It takes what the world
collected, the outcomes of the commands that were run, and the roster if it changed, makes one
update of it, and sends the same bytes to every follower. A command runs as soon as it comes in and
its update goes out at the end of the batch of input, because somebody waits for it. What nobody
waits for goes out with the tick.

A follower is a member that was welcomed on a link. It has everything up to its welcome, and gets
every update from there on over that very link, so it never has a gap unless the link had one.

How durable an update is by then is worked out in `durability`.
"""

from __future__ import annotations

from collections.abc import Collection

import attrs
from msgspec.structs import replace

from .codec import encode
from .condensing import Follower, SlowLinks
from .credentials import Says
from .durability import Durability
from .frame_parts import Executed, Oath, RosterProof
from .link_state import LinkState
from .messages import Command, Confirm, Fenced, Follow, Heartbeat, Update, Write
from .outbox import Submission
from .session import Session
from .states import State
from .trials import Trial, Trials
from .values import LinkId, PeerId, Position


@attrs.define(eq=False)
class Ordering:
    """The followers of a host, and the updates on their way to them."""

    session: Session
    followers: dict[PeerId, Follower] = attrs.field(factory=dict)
    _executed: list[Executed] = attrs.field(factory=list)
    _roster_version: int = 0  # the last one that went out in an update
    _held: list[tuple[LinkState, Command]] | None = None  # while the session is paused
    _ticked_us: int | None = None
    worked: Position | None = None  # the last position at which more than seats changed
    trials: Trials = attrs.field(factory=Trials)
    slow: SlowLinks = attrs.field(factory=SlowLinks)
    durability: Durability = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.durability = Durability(self.session, self.followers)

    # --- followers ---

    def links(self) -> tuple[LinkId, ...]:
        """The links on which they were welcomed."""
        return tuple(follower.link for follower in self.followers.values())

    def follow(self, peer: PeerId, link: LinkId, attempt: int, new: bool = False) -> None:
        """A member was welcomed; `new` if the others learn only now that it is one."""
        s, here = self.session, self.session.history.seq
        # It may wait for an outcome that it finds in its welcome, so it has to hear the marks.
        follower = Follower(link, attempt, 0, here if new else 0, s.now, waits_for=here)
        self.followers[peer] = follower
        self.durability.aside.discard(peer)

    def unfollow(self, link: LinkState) -> None:
        """A process that hosts follows nobody: a welcome of ours was lost on it."""
        follower = None if link.peer is None else self.followers.get(link.peer)
        bound = None if follower is None else self.session.mesh.links.get(follower.link)
        if bound is not None and bound.nonce == link.nonce and link.peer is not None:
            del self.followers[link.peer]

    def begin(self, parent: Position | None) -> None:
        """A reign begins after `parent`: so far it has done nothing of its own."""
        self.worked = parent or self.session.history.position
        self.forget_clock()

    def forget_clock(self) -> None:
        """The time until the next tick is not the game's."""
        self._ticked_us = None

    def end(self) -> None:
        """This peer is not the host any more."""
        self.followers.clear()
        self.durability.aside.clear()
        self._executed.clear()
        self._held = None
        self.trials.end()

    # --- pauses ---

    @property
    def is_paused(self) -> bool:
        return self._held is not None

    def pause(self) -> None:
        """From now on commands wait and the game stands still. Seats are given out as ever."""
        if self._held is None:
            self._held = []

    def go_on(self) -> None:
        """Run what waited."""
        held, self._held = self._held or [], None
        self.forget_clock()
        self.run_own()
        for link, frame in held:
            if link.id in self.session.mesh.links:
                self.on_command(link, frame)
        self._try_next()
        self.flush()

    # --- commands ---

    def on_command(self, link: LinkState, frame: Command) -> None:
        """Run a command of a follower, unless the table says that it was run."""
        s, peer = self.session, link.peer
        assert peer is not None
        follower = self.followers.get(peer)
        if follower is None or follower.link != link.id:
            self._send_back(link)
            return
        follower.active_us = s.now
        if self._held is not None:
            self._held.append((link, frame))
        elif frame.hosts_lost >= s.settings.trial_after_hosts or self.trials.concern(peer):
            if len(self.trials) >= s.settings.commands_in_flight_max:
                self._send_back(link)
                return
            self.trials.wait(link, frame)
            self._try_next()
        elif self._is_next(link, frame):
            self._run(peer, link.nonce, frame.seq, frame.floor, frame.payload)

    def _is_next(self, link: LinkState, frame: Command) -> bool:
        """Whether a follower's command is the one to be run now."""
        assert link.peer is not None
        last = self.session.ledger.last_of(link.peer, link.nonce)
        if frame.after > last:
            # One in between got lost on the way: back to the last point both agree on. (Numbers
            # that were settled on a branch that lost never come again, and nobody waits for them.)
            self._send_back(link)
            return False
        return frame.seq > last  # else the update that holds its outcome is on this link already

    def _send_back(self, link: LinkState) -> None:
        """Whoever is at the end of this link has to ask for its seat first."""
        s = self.session
        assert link.peer is not None and s.reign is not None
        follower = self.followers.get(link.peer)
        if follower is not None and follower.link == link.id:
            self.followers.pop(link.peer)
        s.send_on((link.id,), encode(Fenced(s.reign, s.addresses)))

    def on_write(self, link: LinkState, frame: Write) -> None:
        """A follower wrote to fields of its own. While the session is paused that is void."""
        follower = None if link.peer is None else self.followers.get(link.peer)
        if follower is not None and follower.link == link.id and not self.is_paused:
            assert link.peer is not None
            self.session.replica.write(link.peer, frame.payload)

    def submit(self, submission: Submission) -> None:
        """Run a command of this peer's own player: the same path, without a link."""
        s = self.session
        if not self.is_paused:
            self._run(s.me, s.nonce, submission.seq, s.outbox.floor, submission.payload)

    def run_own(self) -> None:
        """Commands of this peer that the branch does not hold: they were on the way to a host."""
        self.session.look_up_submissions()
        for submission in list(self.session.outbox):
            if submission.update_seq is None:
                self.submit(submission)

    def _run(self, peer: PeerId, nonce: int, seq: int, floor: int, payload: bytes) -> None:
        outcome = self.session.replica.execute(peer, payload)
        self._record(Executed(peer, nonce, seq, floor, outcome))

    # --- commands that hosts were lost over ---

    def _try_next(self) -> None:
        """Put the next command that waits for it on trial; run those that only waited behind."""
        s = self.session
        while not self.is_paused and (found := self.trials.next()) is not None:
            link, frame = found
            peer = link.peer
            follower = None if peer is None else self.followers.get(peer)
            if peer is None or follower is None or follower.link != link.id:
                continue
            if not self._is_next(link, frame):
                continue
            if frame.hosts_lost < s.settings.trial_after_hosts:
                self._run(peer, link.nonce, frame.seq, frame.floor, frame.payload)
                continue
            outcome = s.replica.refuse(frame.payload)
            record = Executed(peer, link.nonce, frame.seq, frame.floor, outcome, trial=True)
            self.trials.current = Trial(record, frame.payload)
            self._record(record)

    def _try(self) -> None:
        """Run the command on trial, which this peer may not survive."""
        s, trial = self.session, self.trials.current
        assert trial is not None
        self.trials.current, record = None, trial.record
        if record in s.ledger.trials():  # its submitter may have given up its seat
            self.order()
            outcome = s.replica.execute(record.peer, trial.payload)
            self._record(replace(record, outcome=outcome, trial=False))
        self._try_next()

    def conclude_trials(self) -> None:
        """Leave nothing undecided to the host that comes after this one."""
        self.trials.dismiss()
        if self.trials.current is not None:
            self._try()

    def uphold_refusals(self) -> None:
        """A reign begins: the host before was lost over what it had on trial."""
        for record in self.session.ledger.trials():
            self._record(replace(record, trial=False))

    def _record(self, line: Executed) -> None:
        self.session.ledger.record(line)
        self._executed.append(line)

    # --- updates ---

    @property
    def has_changes(self) -> bool:
        """Whether an update is due, whatever the world says."""
        return bool(self._executed) or self.session.roster.version != self._roster_version

    def tick(self, now: int) -> None:
        """The game advances by the time since the last tick, and changes go out."""
        if self.is_paused:
            return
        dt_us = 0 if self._ticked_us is None else now - self._ticked_us
        self._ticked_us = now
        if dt_us > 0:
            self.session.replica.tick(dt_us)
        self.order()

    def flush(self) -> None:
        """After a batch of input: what somebody waits for goes out now, not with the tick."""
        if self._executed:
            self.order()
        if len(self.session.outbox) or self.trials.current is not None:
            self.advance_marks()  # a tick in the same batch may have ordered them

    def order(self) -> None:
        """Make one update of all that changed, and send it to every follower.

        Not while this host does not know whether it still is one: then it is done afterwards. What
        a host decides by itself waits as well (see `upkeep`), since the game is told of that at
        once. But the game goes on changing what it likes, and a host that is met orders that first.
        """
        if self.session.state is not State.PROBATION:
            self._order(self.followers.values())

    def seal(self) -> None:
        """The reign is over. What nobody was told of belongs to the state that this peer has.

        It goes into the history, so that whoever takes this peer in knows that its state is not
        the one that others have.
        """
        self._order(())

    def _order(self, followers: Collection[Follower]) -> None:
        s = self.session
        assert s.reign is not None
        payload = s.replica.collect()
        roster = s.roster if s.roster.version != self._roster_version else None
        if not payload and not self._executed and roster is None:
            return
        if roster is not None:
            signature = s.sign(Says.ROSTER, s.reign.epoch, roster.digest())
            s.roster_proof = RosterProof(s.reign.epoch, signature)
        update = Update(
            s.reign.epoch,
            s.history.seq + 1,
            payload,
            tuple(self._executed),
            roster,
            None if roster is None else s.roster_proof,
        )
        raw = encode(update)
        if roster is not None and followers:
            self._catch_up()
        links = self.slow.keeping_up(s, followers, at_once=roster is not None)
        s.history.append(raw)
        if roster is not None:
            s.history.seat(roster.peers)
        s.send_on(links, raw)
        if self._executed or roster is None:
            self.worked = s.history.position
        for line in self._executed:
            if (line.peer, line.nonce) == (s.me, s.nonce):
                s.outbox.executed(line.seq, line.outcome, update.seq)
            elif (follower := self.followers.get(line.peer)) is not None:
                follower.waits_for = update.seq
        self._executed.clear()
        self.trials.ordered(update.seq)
        self._roster_version = s.roster.version

    # --- slow links ---

    def crowd(self, links: frozenset[LinkId]) -> None:
        """On these links more waits than they can carry; on all others it does not any more."""
        self.slow.crowded = links
        self._catch_up(links)

    def order_for_all(self) -> None:
        """Make an update of all that changed, and keep nothing back from anybody."""
        self.order()
        self._catch_up()

    def _catch_up(self, but: frozenset[LinkId] = frozenset()) -> None:
        """Send what was kept back, except on some links."""
        for link in self.slow.catch_up(self.session, self.followers.values(), but):
            if (state := self.session.mesh.links.get(link)) is not None:
                self._send_back(state)  # it was too long ago: a snapshot has to do

    # --- durability ---

    def on_confirm(self, link: LinkState, frame: Confirm | Heartbeat) -> None:
        """A follower says how far it is."""
        if self.durability.confirm(link, frame.seq):
            self.advance_marks()

    def on_follow(self, link: LinkState, frame: Follow) -> None:
        """A follower swears to this reign."""
        follower = None if link.peer is None else self.followers.get(link.peer)
        if follower is not None:
            follower.oath = Oath(link.key, frame.epoch, frame.signature)

    def oaths(self) -> tuple[Oath, ...]:
        """Those of all followers, to be shown to a rival."""
        return tuple(f.oath for f in self.followers.values() if f.oath is not None)

    def advance_marks(self) -> None:
        """Something may be more durable than it was: receipts, marks, and a trial wait for that."""
        mark = self.durability.advance()
        if mark is not None and self.trials.is_due(mark) and not self.is_paused:
            self._try()

    # --- time ---

    def watch_us(self) -> int | None:
        """When the next follower would turn red, or has been idle for too long."""
        links, first_us = self.session.mesh.links, None
        for follower in self.followers.values():
            link = links.get(follower.link)
            if link is not None:
                at = link.detector.red_us
                if first_us is None or at < first_us:
                    first_us = at
        for at, _ in self._idle():
            if first_us is None or at < first_us:
                first_us = at
        return first_us

    def _idle(self) -> list[tuple[int, PeerId]]:
        """The followers, each with when it counts as inactive, if that matters."""
        settings = self.session.settings
        if not settings.disconnect_inactive_connections:
            return []
        limit = settings.disconnect_inactive_timeout_us
        return [(f.active_us + limit, peer) for peer, f in self.followers.items()]

    def inactive(self, now: int) -> list[PeerId]:
        """The followers that have called no command for too long."""
        return [peer for at, peer in self._idle() if at <= now]

    def silent(self, now: int) -> list[PeerId]:
        """The followers whose light is red."""
        links, red = self.session.mesh.links, []
        for peer, follower in self.followers.items():
            link = links.get(follower.link)
            if link is None or link.detector.is_red(now):
                red.append(peer)
        return red
