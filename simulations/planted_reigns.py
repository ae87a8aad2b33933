"""Bugs in succession: epochs, claims, sleep, handover and merge."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

from p2pnet.core import reunion, routing, upkeep
from p2pnet.core.errors import RefuseReason
from p2pnet.core.events import ClaimRefused, Overslept
from p2pnet.core.granting import Doubt, Granting
from p2pnet.core.handover import HandingOver
from p2pnet.core.lookout import Lookout
from p2pnet.core.merge import Verdict
from p2pnet.core.messages import Claim, Fenced, Refuse
from p2pnet.core.ordering import Ordering
from p2pnet.core.promises import Promises
from p2pnet.core.reunion import Reunion
from p2pnet.core.roles import HOSTS, Roles
from p2pnet.core.roster import Roster
from p2pnet.core.routing import Router
from p2pnet.core.session import Session
from p2pnet.core.states import State
from p2pnet.core.succession import Succession
from p2pnet.core.values import Epoch

from .planting import Bed, always, nothing, patched, rerouted

BED: Final = Bed()
Planted = AbstractContextManager[None]


@BED.plants("S01", "a new host names itself in the epoch of its reign")
def reigns_in_the_name_of_the_old_host() -> Planted:
    def wrap(original: Any) -> Any:
        def reign_of(s: Session, epoch: Epoch, parent: Any) -> Any:
            name = epoch.host if s.reign is None else s.reign.epoch.host
            return original(s, Epoch(epoch.number, name, epoch.nonce), parent)

        return reign_of

    return patched((Session, "reign_of", wrap))


@BED.plants("S02", "label 0 goes to the new host")
def old_host_keeps_label_zero() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda roster, host: original(roster, roster.members[0].peer)

    return patched((Roster, "crown", wrap))


@BED.plants("S03", "a reign that is older is not obeyed")
def older_reigns_are_obeyed() -> Planted:
    def on_fenced(router: Router, link: Any, frame: Fenced, data: bytes) -> None:
        if router.session.epoch is not None and frame.reign.epoch != router.session.epoch:
            router.roles.hear_of(link, frame.reign, frame.addresses)

    states, fenced, _ = routing._ROUTES[Fenced]
    return rerouted(routing._ROUTES, {Fenced: (states, fenced, on_fenced)})


@BED.plants("S04", "frames of an older reign are void")
def no_epoch_check() -> Planted:
    unchecked = {kind: (states, False, take) for kind, (states, _, take) in routing._ROUTES.items()}
    return rerouted(routing._ROUTES, unchecked)


@BED.plants("S05", "a word is given to one claimant a number")
def promises_twice() -> Planted:
    return patched((Promises, "is_free_for", always(True)))


@BED.plants("S06", "a claimant heeds proof that the host lives")
def deaf_to_proof() -> Planted:
    def wrap(original: Any) -> Any:
        def on_refuse(succession: Succession, link: Any, frame: Refuse) -> None:
            if frame.reason is not RefuseReason.ALIVE:
                original(succession, link, frame)
            else:
                succession.session.emit(ClaimRefused(frame.number, link.peer, frame.reason))

        return on_refuse

    return patched((Succession, "on_refuse", wrap))


@BED.plants("S07", "a host of an older reign gives way to a claim on a newer one")
def deposed_hosts_defend_themselves() -> Planted:
    states, fenced, on_claim = routing._ROUTES[Claim]

    def refuse(router: Router, link: Any, frame: Claim, data: bytes) -> None:
        if router.session.state in HOSTS:
            router.session.send(link.peer, Refuse(frame.number, RefuseReason.ALIVE))
        else:
            on_claim(router, link, frame, data)

    return rerouted(routing._ROUTES, {Claim: (states, fenced, refuse)})


@BED.plants("S08", "a number is one above a proved one")
def any_number_will_do() -> Planted:
    return patched((Promises, "justifies", always(True)))


@BED.plants("S09", "a host that overslept asks first")
def no_probation() -> Planted:
    def oversleep(roles: Roles, late_us: int) -> None:
        roles.session.emit(Overslept(late_us))

    return patched((Roles, "oversleep", lambda original: oversleep))


@BED.plants("S10", "a host orders nothing after it has handed over")
def orders_while_handing_over() -> Planted:
    def wrap(original: Any) -> Any:
        def begin(handing_over: HandingOver, to: Any, leaving: bool = False) -> None:
            original(handing_over, to, leaving)
            handing_over.session.state = State.REIGNING

        return begin

    return patched((HandingOver, "begin", wrap))


@BED.plants("S14", "a claimant pulls what it lacks")
def no_pull() -> Planted:
    def conclude(succession: Succession) -> None:
        succession.session.timers.cancel("answers")
        succession._crown()

    return patched((Succession, "_conclude", lambda original: conclude))


@BED.plants("S14", "each grant is counted once, by who gave it")
def counts_grants_not_grantors() -> Planted:
    """One answer is taken for the answers of all."""

    def count(succession: Succession) -> None:
        asking = succession.asking
        if asking.grants or (not asking.asked and not asking.redialling):
            succession._conclude()

    return patched((Succession, "_count", lambda original: count))


@BED.plants("S19", "a descendant defeats its ancestor")
def ancestors_count_like_strangers() -> Planted:
    return patched((reunion, "verdict", lambda original: _by_size_alone))


def _by_size_alone(mine: Any, mine_live: int, theirs: Any, theirs_live: int) -> Verdict:
    if mine_live != theirs_live:
        return Verdict.MINE if mine_live > theirs_live else Verdict.THEIRS
    return Verdict.MINE if mine.reign.epoch < theirs.reign.epoch else Verdict.THEIRS


@BED.plants("S20", "both hosts come to one verdict")
def every_host_wins() -> Planted:
    return patched((reunion, "verdict", always(Verdict.MINE)))


@BED.plants("S20", "a yield that comes again changes nothing")
def merges_again_and_again() -> Planted:
    def on_yield(meeting: Reunion, link: Any, frame: Any) -> None:
        s = meeting.session
        assert s.epoch is not None
        meeting.hosting.renumber(max(s.epoch.number, frame.epoch.number) + 1)

    return patched((Reunion, "on_yield", lambda original: on_yield))


@BED.plants("S07", "a veto needs a fresh answer of the host")
def veto_from_memory() -> Planted:
    def verify(grantor: Granting, doubt: Doubt) -> None:
        grantor.session.send(doubt.claimant, Refuse(doubt.claim.number, RefuseReason.ALIVE))

    return patched((Granting, "verify", lambda original: verify))


@BED.plants("L3", "a request for a seat is sent again until it is answered")
def asks_for_its_seat_once() -> Planted:
    from p2pnet.core.joining import Joining

    return patched((Joining, "on_seek_timer", nothing))


@BED.plants("L1", "a word runs out")
def promises_for_ever() -> Planted:
    return patched((Succession, "on_promise_timer", nothing))


@BED.plants("L1", "two hosts that meet exchange headers")
def hosts_ignore_one_another() -> Planted:
    return patched((Reunion, "seek", nothing), (Reunion, "meet", nothing))


@BED.plants("L1", "sides that gave up one another's seats look for one another")
def forgets_the_other_side() -> Planted:
    return patched((Lookout, "begin", nothing))


@BED.plants("S09", "a host that asks whether it rules gives up no seat")
def gives_up_seats_while_it_asks() -> Planted:
    """Two rules hold that: the deadline waits, so that the game is not told of what may not count,
    and nothing is ordered on probation, whoever changed it.
    """

    def order(ordering: Ordering) -> None:
        ordering._order(ordering.followers.values())

    return patched(
        (upkeep, "_DECISIONS", lambda original: frozenset()),
        (Ordering, "order", lambda original: order),
    )


@BED.plants("L2", "a lone survivor reigns when its redial is refused")
def lone_survivor_dawdles() -> Planted:
    return patched((Succession, "on_redial_failed", nothing))


@BED.plants("L6", "who was refused waits before it asks again")
def asks_again_at_once() -> Planted:
    def wrap(original: Any) -> Any:
        def withdraw(succession: Succession) -> None:
            original(succession)
            succession.session.timers.set("claim", at=succession.session.now + 1_000)

        return withdraw

    return patched((Succession, "withdraw", wrap))
