"""What must be true of a world that has healed, each under its name in the catalogue.

What must never happen for an instant is looked after by `watch`.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from p2pnet.core.events import (
    BecameHost,
    BranchDiscarded,
    Joined,
    PeerLost,
    ProofRejected,
)
from p2pnet.core.settings import AckLevel, Policy
from p2pnet.core.states import Role, State
from p2pnet.core.values import PeerId

from .catalogue import InvariantBroken
from .scenario import Scenario
from .sim_peer import SimPeer
from .sim_world import SimWorld
from .watch import Watch

_SEAT_LATE_US: Final = 1_000_000  # a seat may be kept for so much longer than it has to be


def in_session(world: SimWorld) -> list[SimPeer]:
    """The processes that are alive and have a seat in the session."""
    return [peer for peer in world.members if peer.core.roster.get(peer.id) is not None]


def equal_states(world: SimWorld) -> None:
    """S11: everybody holds the same entries, the same absences, the same digest and roster."""
    first, *others = in_session(world)
    for peer in others:
        for name, mine, theirs in (
            ("entries", first.journal.entries, peer.journal.entries),
            ("absences", first.journal.away, peer.journal.away),
            ("digest", first.core.digest, peer.core.digest),
            ("lineage", first.core.lineage, peer.core.lineage),
            ("roster", first.core.roster, peer.core.roster),
        ):
            if mine != theirs:
                raise InvariantBroken("S11", f"{first.name} and {peer.name} differ in {name}")


def at_most_once(world: SimWorld) -> None:
    """S17: no command left two entries. Texts of commands are all different."""
    texts = [text for _, text in in_session(world)[0].journal.entries]
    if len(set(texts)) != len(texts):
        twice = sorted({text for text in texts if texts.count(text) > 1})
        raise InvariantBroken("S17", f"run more than once: {', '.join(twice)}")


def in_submit_order(world: SimWorld) -> None:
    """S18: the entries of one process are in the order in which it submitted them."""
    texts = [text for _, text in in_session(world)[0].journal.entries]
    place = {text: number for number, text in enumerate(texts)}
    for peer in world.peers:
        places = [place[text] for _, text in sorted(peer.sent.items()) if text in place]
        if places != sorted(places):
            raise InvariantBroken("S18", f"the commands of {peer.name} changed their order")


def acknowledged_survive(world: SimWorld, watch: Watch) -> None:
    """S15: what was acknowledged is there, unless all who held it then are dead.

    Holds as long as nobody was parted from the others: a lone host under the policy `continue`
    acknowledges what a merge may discard. What the host alone has promised to keep may go with it,
    if its owner is told by name. And a newcomer is nobody's witness: the heir may not have heard of
    it, and not know that it is there.
    """
    texts = {text for _, text in in_session(world)[0].journal.entries}
    for line in watch.acknowledged:
        left = [peer for peer in in_session(world) if peer.number in line.holders]
        if line.text in texts or all(map(_had_to_join_anew, left)):
            continue
        is_named = (line.peer, line.ticket) in watch.discarded
        if line.level is not AckLevel.HOST or not is_named:
            raise InvariantBroken("S15", f"{line.text} was acknowledged and is gone")


def _had_to_join_anew(peer: SimPeer) -> bool:
    """Whether a host had never heard of this peer, which is told that it lost something."""
    return bool(peer.saw(BranchDiscarded)) and len(peer.saw(Joined)) > 1


def nothing_lost_in_silence(world: SimWorld, watch: Watch) -> None:
    """S16: what was acknowledged and is gone was named once to its owner, if that one lives."""
    texts = {text for _, text in in_session(world)[0].journal.entries}
    living = {peer.number for peer in in_session(world)}
    for line in watch.acknowledged:
        if line.text in texts or line.peer not in living:
            continue
        if watch.discarded.count((line.peer, line.ticket)) != 1:
            raise InvariantBroken("S16", f"{line.text} was acknowledged, and vanished silently")


def everything_settled(world: SimWorld) -> None:
    """L4: each receipt of each living process was given."""
    for peer in in_session(world):
        open_ = [text for ticket, text in peer.sent.items() if ticket not in peer.settled]
        if open_:
            raise InvariantBroken("L4", f"{peer.name} waits in vain for {', '.join(open_)}")


def nothing_piles_up(world: SimWorld) -> None:
    """S30: what a core holds is what its role and the number of members demand."""
    for peer in in_session(world):
        census, seats = peer.core.census, len(peer.core.roster.members)
        known = len(world.peers)  # the links of a machine that vanished outlast its seat
        limits = {
            "links": 2 * known,  # one that was replaced may not have been missed yet
            "overdue": 0,  # links on which nothing is heard
            "dials": known,
            "timers": 2 * known + 4,  # a seat and a dial for each
            "keeping": seats if peer.core.role is Role.HOST else 0,  # seats of the absent
            "outbox": 0,
            "followers": seats,
            "held": 0,
            "habits": len(peer.core.roster.known),
        }
        for what, limit in limits.items():
            if census[what] > limit:
                raise InvariantBroken("S30", f"{peer.name} holds {census[what]} {what}")
        if not peer.core.marks.keys() <= peer.core.roster.known:
            raise InvariantBroken("S30", f"{peer.name} remembers what somebody did who is gone")


def rejections_are_told(world: SimWorld) -> None:
    """S24: the game hears of each proof that did not hold."""
    for peer in in_session(world):
        told, rejected = len(peer.saw(ProofRejected)), peer.core.census["rejected"]
        if told != rejected:
            raise InvariantBroken("S24", f"{peer.name} rejected {rejected} and told of {told}")


def same_owners(world: SimWorld) -> None:
    """S21, S24: every label belongs to one member, and label 0 to the host."""
    for peer in in_session(world):
        labels: dict[int, PeerId] = {}
        for member in peer.core.roster.members:
            if labels.setdefault(member.connection_id, member.peer) != member.peer:
                raise InvariantBroken("S24", f"two members have label {member.connection_id}")
        if labels.get(0) != peer.core.host_peer:
            raise InvariantBroken("S02", f"{peer.name} sees label 0 at another peer than its host")


def nothing_left_behind(world: SimWorld) -> None:
    """S30: who left holds nothing any more."""
    for peer in world.peers:
        if peer.alive and peer.core.state is State.LEFT:
            census = peer.core.census
            for what in ("links", "timers", "outbox", "followers", "held"):
                if census[what]:
                    raise InvariantBroken("S30", f"{peer.name} left, and holds {what}")


def seats_run_out(world: SimWorld) -> None:
    """S30: nobody's seat is kept for longer than the settings say, by any host of the session.

    Where a minority may have to stand still, the time of the seats stands still as well.
    """
    for host in world.hosts if world.settings.policy is Policy.CONTINUE else ():
        away = {member.peer for member in host.core.roster.members if not member.present}
        for now, event in reversed(host.events) if away else ():
            reigns = isinstance(event, BecameHost)
            lost = away if reigns else {event.peer} & away if isinstance(event, PeerLost) else set()
            if lost and world.now - now > world.settings.seat_us + _SEAT_LATE_US:
                raise InvariantBroken("S30", f"{host.name} keeps the seats of {', '.join(lost)}")
            away -= lost


def nobody_left_has_a_seat(world: SimWorld, watch: Watch) -> None:
    """S30: who left on purpose has no seat any more, if whoever hosts has heard of it itself.

    What others have heard is no proof, else anybody could say of anybody that it has left.
    """
    played = Counter(peer.id for peer in world.peers)  # in how many processes
    told = {left for host in world.hosts for left in watch.record.seen(host).good_byes}
    for peer in world.peers:
        if peer.left_us is None or not peer.alive or played[peer.id] > 1:
            continue
        seated = any(host.core.roster.get(peer.id) is not None for host in world.hosts)
        if seated and peer.number in told:
            raise InvariantBroken("S30", f"{peer.name} left, and has a seat")


def within_limits(world: SimWorld) -> None:
    """S28: no queue and no list is longer than the settings allow."""
    for peer in in_session(world):
        census, settings = peer.core.census, peer.core.settings
        for what, limit in (
            ("seats", settings.players_max),
            ("outbox", settings.commands_in_flight_max),
            ("executed", settings.players_max * settings.commands_in_flight_max),
            ("tail", settings.tail_updates_max),
        ):
            if census[what] > limit:
                raise InvariantBroken("S28", f"{peer.name} has {census[what]} {what}")


def everyone_home(world: SimWorld) -> None:
    """L3: whoever lives and has a seat is with the host, and present in its roster."""
    for host in world.hosts:
        for peer in in_session(world):
            member = host.core.roster.get(peer.id)
            if member is None or not member.present:
                raise InvariantBroken("L3", f"{peer.name} is not back at {host.name}")


def check_end(world: SimWorld, watch: Watch, scenario: Scenario) -> None:
    """Raise `InvariantBroken` for the first thing that does not hold once all has healed."""
    for invariant in (
        same_owners,
        rejections_are_told,
        everyone_home,
        equal_states,
        at_most_once,
        in_submit_order,
        everything_settled,
        nothing_piles_up,
        nothing_left_behind,
        seats_run_out,
        within_limits,
    ):
        invariant(world)
    nothing_lost_in_silence(world, watch)
    # In a larger session a crash of the host and its successors parts those who are left.
    if scenario.together and len(world.peers) <= world.settings.warm_links_all_max:
        acknowledged_survive(world, watch)
        nobody_left_has_a_seat(world, watch)
    watch.ended()
