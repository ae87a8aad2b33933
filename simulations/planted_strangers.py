"""Bugs that need a certain place to do harm: most of them show in a drill and nowhere else."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

from p2pnet.core import catchup, condensing, following, peer, proofs, pulling, routing
from p2pnet.core.admission import Admission
from p2pnet.core.codec import decode, encode
from p2pnet.core.durability import Durability
from p2pnet.core.greeting import Greeting
from p2pnet.core.joining import Joining
from p2pnet.core.ledger import Ledger
from p2pnet.core.mesh import Mesh
from p2pnet.core.messages import Command, Handover, Renumber, Tail
from p2pnet.core.ordering import Ordering
from p2pnet.core.outbox import Outbox
from p2pnet.core.peer import PeerCore
from p2pnet.core.promises import Promises
from p2pnet.core.pulling import Pulling
from p2pnet.core.roles import Roles
from p2pnet.core.routing import Router
from p2pnet.core.search import Search
from p2pnet.core.session import Session
from p2pnet.core.succession import Succession
from p2pnet.core.timers import Timers
from p2pnet.core.trials import Trials

from .planting import Bed, always, during, nothing, patched, rerouted

BED: Final = Bed()
Planted = AbstractContextManager[None]


def _unfenced(frame: Any) -> Planted:
    states, _, handler = routing._ROUTES[frame]
    return rerouted(routing._ROUTES, {frame: (states, False, handler)})


@BED.plants("S04", "commands of an older reign are void")
def old_commands_are_run() -> Planted:
    return _unfenced(Command)


@BED.plants("S04", "a handover counts in the reign that it ends")
def old_handovers_count() -> Planted:
    return _unfenced(Handover)


@BED.plants("S01", "only a host goes on under another number")
def anybody_renumbers() -> Planted:
    states, fenced, _ = routing._ROUTES[Renumber]

    def take(router: Router, link: Any, frame: Renumber, data: bytes) -> None:
        epoch = router.session.epoch
        if epoch is None or frame.reign.epoch <= epoch:
            return
        if not router.roles.following.on_renumber(link, frame.reign):
            router.roles.obey(frame.reign, ())

    return rerouted(routing._ROUTES, {Renumber: (states, fenced, take)})


@BED.plants("L1", "who has no link is awake when it may dial again")
def forgets_to_dial_again() -> Planted:
    return patched((Session, "plan_dial", nothing))


@BED.plants("S14", "a claimant asks the freshest first")
def asks_the_least_fresh() -> Planted:
    def wrap(original: Any) -> Any:
        def find(pulling: Pulling, grants: Any) -> bool:
            found: bool = original(pulling, grants)
            pulling.sources.reverse()
            return found

        return find

    return patched((Pulling, "find", wrap))


@BED.plants("L1", "of two processes with one key the later one has the seat")
def processes_take_turns() -> Planted:
    return patched((Mesh, "is_here", always(False)))


@BED.plants("L4", "what comes while a host asks whether it rules is answered afterwards")
def requests_are_not_held() -> Planted:
    return patched((Roles, "hold", nothing))


@BED.plants("S09", "who asks whether it rules waits for an answer")
def confirms_at_once() -> Planted:
    def wrap(original: Any) -> Any:
        def set_(timers: Timers, *name: str, at: int) -> None:
            original(timers, *name, at=1 if name == ("probation",) else at)

        return set_

    return patched((Timers, "set", wrap))


@BED.plants("S30", "who is no host any more keeps nobody's seat")
def clients_keep_seats() -> Planted:
    def wrap(original: Any) -> Any:
        def cancel_all(timers: Timers, kind: str) -> None:
            if kind != "seat":
                original(timers, kind)

        return cancel_all

    return patched((Timers, "cancel_all", wrap))


@BED.plants("S05", "a number that was given away is spent")
def numbers_are_used_again() -> Planted:
    return patched((Promises, "spend", nothing))


@BED.plants("S30", "who left while there was no host has no seat under the next")
def unheard_good_byes_are_forgotten() -> Planted:
    def wrap(original: Any) -> Any:
        def on_bye(router: Router, link: Any, frame: Any, data: bytes) -> None:
            original(router, link, frame, data)
            router.session.departed.clear()

        return on_bye

    states, fenced, handler = routing._ROUTES[routing.Bye]
    return rerouted(routing._ROUTES, {routing.Bye: (states, fenced, wrap(handler))})


@BED.plants("L1", "who failed to dial somebody dials again, if nothing else wakes it")
def forgets_a_dial_that_failed() -> Planted:
    return patched((PeerCore, "dial_failed", during((Session, "plan_dial", nothing))))


@BED.plants("S16", "outcomes of an earlier process are not those of the later one")
def takes_outcomes_of_the_process_before() -> Planted:
    def outcome(ledger: Ledger, peer: Any, nonce: int, seq: int) -> bytes | None:
        line = ledger._outcomes.get(peer, {}).get(seq)
        return None if line is None or line.trial else line.outcome

    return patched((Ledger, "outcome", lambda original: outcome))


@BED.plants("S11", "updates of a tail follow one another without a gap")
def tails_have_gaps() -> Planted:
    def wrap(original: Any) -> Any:
        def take(session: Session, missing: Any) -> Any:
            frames = [decode(raw) for raw in missing.updates]
            first, renumbered = session.history.seq + 1, []
            for place, frame in enumerate(frames):
                renumbered.append(encode(msgspec.structs.replace(frame, seq=first + place)))
            return original(session, msgspec.structs.replace(missing, updates=tuple(renumbered)))

        return take

    return patched((pulling, "take_missing", wrap))


@BED.plants("S24", "a roster counts with the signature of its host")
def any_roster_will_do() -> Planted:
    return patched((catchup, "_check_roster", nothing))


@BED.plants("S24", "whoever is asked for what is missing tells of no reign that can't be")
def any_past_will_do() -> Planted:
    return patched((pulling, "check_told", nothing))


@BED.plants("S24", "who was not asked tells nothing")
def tails_from_anybody() -> Planted:
    return patched((Pulling, "is_asking", always(True)))


@BED.plants("L1", "a newcomer of which nobody has heard is asked for what it has")
def newcomers_are_not_asked() -> Planted:
    return patched((Pulling, "meet", nothing))


@BED.plants("S24", "somebody unknown is believed if a host has given it a seat")
def strangers_are_believed() -> Planted:
    return patched((pulling, "check_seated", nothing))


@BED.plants("S23", "what there is is told to members only")
def strangers_are_told_everything() -> Planted:
    def answer(pulling_: Pulling, link: Any, frame: Any) -> None:
        s = pulling_.session
        s.send(link.peer, Tail(pulling.missing_for(s, frame.position)))

    return patched((Pulling, "answer", lambda original: answer))


@BED.plants("L1", "who has no host for long looks for the others")
def who_has_no_host_looks_for_nobody() -> Planted:
    return patched((Search, "looks", lambda original: lambda search: search.session.paused))


@BED.plants("L5", "where the game decides by hand nobody claims by itself")
def claims_though_the_game_decides() -> Planted:
    def wrap(original: Any) -> Any:
        def reconsider(succession: Succession) -> None:
            choices = succession.session.choices
            before, choices.automatic = choices.automatic, True
            original(succession)
            choices.automatic = before

        return reconsider

    return patched((Succession, "reconsider", wrap))


@BED.plants("S27", "where the game decides by hand nobody is obeyed before it has")
def obeys_whomever_it_hears_of() -> Planted:
    return patched((Roles, "offer", lambda original: Roles.obey))


@BED.plants("L4", "who is not expected to follow holds up no receipt")
def waits_for_who_does_not_follow() -> Planted:
    def wrap(original: Any) -> Any:
        def advance(durability: Durability) -> Any:
            durability.aside.clear()
            return original(durability)

        return advance

    return patched((Durability, "advance", wrap))


@BED.plants("S23", "who waits for the word of the game has no seat so far")
def newcomers_need_no_approval() -> Planted:
    def ask(admission: Admission, link: Any, frame: Any) -> None:
        s = admission.session
        s.set_roster(s.roster.admit(link.peer, link.key, frame.name, frame.addresses))
        s.replica.admit(link.peer, frame.name)

    return patched((Admission, "ask", lambda original: ask))


@BED.plants("S28", "the seat for which somebody waits is kept for it")
def seats_are_not_reserved() -> Planted:
    return patched((Admission, "__len__", always(0)))


@BED.plants("S28", "so many commands are kept while there is no host")
def keeps_any_number_of_commands() -> Planted:
    return patched((Outbox, "keep", nothing))


@BED.plants("S27", "without migration the session ends with its host")
def lost_hosts_are_mourned_for_ever() -> Planted:
    def wrap(original: Any) -> Any:
        def lose_host(roles: Roles, cause: Any) -> None:
            if roles.session.settings.host_migration:
                original(roles, cause)
            else:
                roles.following.lose()

        return lose_host

    return patched((Roles, "lose_host", wrap))


@BED.plants("S11", "a session that is resumed has the settings that it had")
def settings_are_not_resumed() -> Planted:
    return patched((peer, "restore", during((Session, "set_settings", nothing))))


@BED.plants("S11", "who got many updates as one knows which commands were run")
def condensed_outcomes_are_lost() -> Planted:
    def wrap(original: Any) -> Any:
        def condensed(session: Session, base: int, raws: Any) -> bytes:
            frame = decode(original(session, base, raws))
            return encode(msgspec.structs.replace(frame, executed=()))

        return condensed

    return patched((condensing, "_condensed", wrap))


@BED.plants("S10", "a host that hands over keeps nothing back")
def keeps_back_what_the_heir_needs() -> Planted:
    return patched((Ordering, "order_for_all", lambda original: Ordering.order))


@BED.plants("S17", "a command is tried when somebody else has the record of it")
def tries_before_it_is_known() -> Planted:
    def wrap(original: Any) -> Any:
        return lambda trials, durable: trials.current is not None

    return patched((Trials, "is_due", wrap))


@BED.plants("S17", "what was on trial is decided before a host hands over")
def leaves_trials_to_the_heir() -> Planted:
    return patched((Ordering, "conclude_trials", nothing))


@BED.plants("S17", "a command that hosts were lost over is tried first")
def runs_what_hosts_were_lost_over() -> Planted:
    def wrap(original: Any) -> Any:
        def on_command(ordering: Ordering, link: Any, frame: Any) -> None:
            original(ordering, link, msgspec.structs.replace(frame, hosts_lost=0))

        return on_command

    return patched((Ordering, "on_command", wrap))


@BED.plants("S11", "a tail tells of a reign without an update")
def reigns_without_updates_are_forgotten() -> Planted:
    return patched((catchup, "_begin", nothing))


@BED.plants("L1", "whoever is asked for what is missing has not for ever")
def waits_for_the_dead_to_answer() -> Planted:
    def wrap(original: Any) -> Any:
        def set_(timers: Timers, *name: str, at: int) -> None:
            if name != ("pull",):
                original(timers, *name, at=at)

        return set_

    return patched((Timers, "set", wrap))


@BED.plants("S15", "a newcomer of which nobody has heard is no witness")
def newcomers_are_witnesses() -> Planted:
    def wrap(original: Any) -> Any:
        def follow(ordering: Ordering, *details: Any, new: bool = False) -> None:
            original(ordering, *details)

        return follow

    return patched((Ordering, "follow", wrap))


@BED.plants("S24", "no branch has more of a reign than its host has ordered")
def branches_may_be_longer_than_there_was() -> Planted:
    return patched((proofs, "_reach_of", always(0)))


@BED.plants("S08", "evidence is bound as reigns are")
def evidence_leaps() -> Planted:
    return patched((proofs, "_is_possible", always(True)))


@BED.plants("S11", "who came and went within a tail leaves nothing behind")
def passers_by_are_remembered() -> Planted:
    return patched((following, "take_missing", during((Ledger, "forget", nothing))))


@BED.plants("S30", "nothing is kept of what somebody did who has no seat any more")
def the_table_only_grows() -> Planted:
    return patched((Ledger, "forget", nothing))


@BED.plants("L3", "who was invited to something else is told so")
def strangers_wait_for_an_answer() -> Planted:
    return patched((Greeting, "_refuse_stranger", during((Joining, "on_denied", nothing))))


@BED.plants("L3", "another game is no place to join")
def any_game_is_good_enough() -> Planted:
    return patched((Greeting, "_stranger", always(None)))
