"""Bugs in who asks whom, and when: whose answer is waited for, who asks too soon, or for too much.

And in what two that meet make of where their histories part.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

from p2pnet.core import history
from p2pnet.core.asking import Asking
from p2pnet.core.detector import Habit
from p2pnet.core.granting import Granting
from p2pnet.core.handover import HandingOver
from p2pnet.core.joining import Joining
from p2pnet.core.ledger import Ledger
from p2pnet.core.link_state import LinkState
from p2pnet.core.mesh import Mesh
from p2pnet.core.messages import Ask, Bye, Ping, Refuse
from p2pnet.core.ordering import Ordering
from p2pnet.core.reunion import Reunion
from p2pnet.core.search import Search
from p2pnet.core.states import State
from p2pnet.core.succession import Succession
from p2pnet.core.timers import Timers

from .planting import Bed, always, deaf, during, nothing, patched

BED: Final = Bed()
Planted = AbstractContextManager[None]


def _but(kind: str) -> Any:
    """Does nothing about this one deadline."""

    def wrap(original: Any) -> Any:
        def about(timers: Timers, *name: str, **at: int) -> None:
            if name != (kind,):
                original(timers, *name, **at)

        return about

    return wrap


@BED.plants("L4", "a word is free again as soon as who has it gives up")
def keeps_its_word_to_who_gave_up() -> Planted:
    return patched((Granting, "on_withdraw", during((Granting, "release", nothing))))


@BED.plants("L4", "the answer of who has died meanwhile is not waited for")
def the_dead_have_to_answer() -> Planted:
    return patched((Asking, "lose", nothing))


@BED.plants("L2", "who has not answered whoever woke up is not waited for")
def whoever_wakes_takes_all_to_be_there() -> Planted:
    return patched((Mesh, "is_mute", always(False)))


@BED.plants("L3", "who hands over asks for its seat in the same breath")
def asks_for_its_seat_when_it_is_deposed() -> Planted:
    return patched((HandingOver, "_ask_for_seat", nothing))


@BED.plants("S09", "whose turn it is is thought over after a sleep")
def claims_as_it_wakes() -> Planted:
    return patched((Succession, "oversleep", during((Timers, "cancel", _but("claim")))))


@BED.plants("L5", "of two that claim at one time, and have the words of some each, one reigns")
def both_rivals_give_up() -> Planted:
    return patched((Granting, "gives_way_to_us", always(False)))


@BED.plants("L5", "who answers a redial may be the host, and says so in a moment")
def an_answered_redial_is_no_sign_of_life() -> Planted:
    return patched((Mesh, "is_answered", always(False)))


@BED.plants("L5", "a redial of who is far away takes its time")
def how_far_the_host_was_is_forgotten() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda mesh, lost=None: original(mesh)

    return patched((Mesh, "answer_us", wrap))


@BED.plants("S25", "nobody stands behind who claims out of turn")
def first_come_first_served() -> Planted:
    return patched((Search, "turn_us", always(0)))


@BED.plants("S07", "a pong answers one ping, and says nothing of what came after that")
def any_pong_is_proof() -> Planted:
    def wrap(original: Any) -> Any:
        def ponged(link: LinkState, now: int, token: int) -> Any:
            return original(link, now, link.ping_token)

        return ponged

    return patched((LinkState, "ponged", wrap))


@BED.plants("L1", "a pong may take many heartbeats, and is waited for")
def each_heartbeat_asks_anew() -> Planted:
    return patched(
        (LinkState, "is_to_measure", lambda original: lambda link, now: link.rtt_us is None)
    )


@BED.plants("L3", "a newcomer that hears nothing gives up")
def newcomers_wait_for_ever() -> Planted:
    return patched((Joining, "seek_first", during((Timers, "set", _but("join")))))


@BED.plants("L1", "of two links to one process that has no seat yet one is closed")
def a_second_link_to_a_newcomer_stays() -> Planted:
    def wrap(original: Any) -> Any:
        def greeted(mesh: Mesh, now: int, link: Any, peer: Any, seated: int) -> list[Any]:
            older = mesh.link_to(peer)
            return [
                ln for ln in original(mesh, now, link, peer, seated) if older and ln == older.id
            ]

        return greeted

    return patched((Mesh, "greeted", wrap))


@BED.plants("L4", "what a client writes to what is its own reaches everybody")
def what_clients_write_is_void() -> Planted:
    return patched((Ordering, "on_write", nothing))


@BED.plants("L1", "who was isolated and overslept claims when it hears nobody")
def the_isolated_oversleep_for_good() -> Planted:
    return patched((Succession, "on_awake_timer", during((Succession, "on_claim_timer", nothing))))


@BED.plants("L1", "who overslept the loss of its host thinks over whose turn it is")
def who_overslept_waits_for_ever() -> Planted:
    return patched((Succession, "on_awake_timer", during((Succession, "reconsider", nothing))))


@BED.plants("L1", "who gave way to a host that dies takes that back")
def waits_for_a_dead_host_to_take_it_in() -> Planted:
    return patched((Reunion, "_yield", during((Timers, "set", _but("yield")))))


@BED.plants("L5", "a claimant that hears nobody waits for somebody, if the network may be to blame")
def reigns_alone_at_once() -> Planted:
    return patched((Asking, "_is_deaf", always(False)))


@BED.plants("L5", "where the network stalls all the time a silence says little")
def takes_no_notice_of_stalls() -> Planted:
    return patched((Habit, "stalled", nothing))


@BED.plants("S12", "what a command on trial has come to is one line more of the same number")
def a_trial_has_no_end() -> Planted:
    def admits(ledger: Ledger, lines: Any) -> bool:
        return all(line.seq > ledger.last_of(line.peer, line.nonce) for line in lines)

    return patched((Ledger, "admits", lambda original: admits))


@BED.plants("S16", "two histories part where the last reign ended that is on both")
def parts_where_the_first_reign_ended() -> Planted:
    def end_of(lineage: Any, end: int, epoch: Any) -> int:
        first: int = lineage[1][1] if len(lineage) > 1 else end
        return first

    return patched((history, "_end_of", lambda original: end_of))


@BED.plants("L5", "who is linked to nobody that lives looks for those who may be the next host")
def looks_for_no_heirs() -> Planted:
    return patched((Search, "reach_heirs", nothing))


@BED.plants("L5", "where nobody answers a claim those who are next are asked as well")
def asks_nobody_further() -> Planted:
    return patched((Search, "widen", always(False)))


@BED.plants("L5", "whoever is asked about the host says that it lives")
def nobody_vouches() -> Planted:
    return deaf(Ask, State.FOLLOWING)


@BED.plants("S25", "round trips are measured again now and then")
def how_far_somebody_is_is_asked_once() -> Planted:
    return deaf(Ping, State.FOLLOWING)


@BED.plants("S06", "a claimant that fetches what it lacks hears that the host lives")
def hears_nothing_while_it_pulls() -> Planted:
    return deaf(Refuse, State.PULLING)


@BED.plants("S30", "who leaves while somebody claims is remembered to have left")
def claimants_heed_no_good_bye() -> Planted:
    return deaf(Bye, State.CLAIMING)


@BED.plants("L2", "whoever claims and stands still is not waited for")
def its_word_is_given_for_good() -> Planted:
    return patched((Timers, "set", _but("promise")))


@BED.plants("S12", "what did not fit is not asked for again, but everything")
def asks_for_the_same_again() -> Planted:
    def wrap(original: Any) -> Any:
        def rejoin(joining: Joining, *details: Any) -> Any:
            joining.whole = False
            return original(joining, *details)

        return rejoin

    return patched((Joining, "_rejoin", wrap))


@BED.plants("L5", "of two claimants, one that lacks something gives way to one that has it")
def each_gives_way_to_the_other() -> Planted:
    return patched((Granting, "_goes_before", always(True)))


@BED.plants("S25", "who has more goes before whoever has the better rank")
def rank_alone_decides() -> Planted:
    def goes_before(granting: Granting, claimant: Any, claim: Any) -> bool:
        roster = granting.session.roster
        return roster.rank(claimant) < roster.rank(granting.session.me)

    return patched((Granting, "_goes_before", lambda original: goes_before))
