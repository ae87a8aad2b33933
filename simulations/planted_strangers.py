"""Bugs that need a certain place to do harm: most of them show in a drill and nowhere else."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

from p2pnet.core import routing
from p2pnet.core.mesh import Mesh
from p2pnet.core.messages import Command, Handover, Renumber
from p2pnet.core.promises import Promises
from p2pnet.core.pulling import Pulling
from p2pnet.core.roles import Roles
from p2pnet.core.routing import Router
from p2pnet.core.search import Search
from p2pnet.core.session import Session
from p2pnet.core.timers import Timers

from .planting import Bed, always, nothing, patched, rerouted

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


@BED.plants("S33", "those who are too few look for the others")
def too_few_look_for_nobody() -> Planted:
    return patched((Search, "looks", always(False)))


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
