"""Bugs in identity, ownership, events, limits, time and calm."""

from __future__ import annotations

import random
from contextlib import AbstractContextManager
from typing import Any, Final

import msgspec

from p2pnet.core import routing
from p2pnet.core.condensing import SlowLinks
from p2pnet.core.detector import Detector
from p2pnet.core.errors import LinkEnd
from p2pnet.core.following import Following
from p2pnet.core.granting import Doubt, Granting
from p2pnet.core.hosting import Hosting
from p2pnet.core.mesh import Mesh
from p2pnet.core.messages import Rejoin
from p2pnet.core.peer import PeerCore
from p2pnet.core.roles import Roles
from p2pnet.core.roster import Roster
from p2pnet.core.session import Session
from p2pnet.core.timers import Timers
from p2pnet.testing.journal import Journal

from .planting import Bed, always, nothing, patched, rerouted

BED: Final = Bed()
Planted = AbstractContextManager[None]


@BED.plants("S21", "two members have two labels")
def old_host_keeps_its_label_too() -> Planted:
    def wrap(original: Any) -> Any:
        def crown(roster: Roster, host: Any) -> Roster:
            crowned: Roster = original(roster, host)
            labels = {m.peer: m.connection_id for m in roster.members}
            members = tuple(
                m if m.peer == host else msgspec.structs.replace(m, connection_id=labels[m.peer])
                for m in crowned.members
            )
            return msgspec.structs.replace(crowned, members=members)

        return crown

    return patched((Roster, "crown", wrap))


@BED.plants("S22", "of two links to one follower the newer one counts")
def sends_on_every_link() -> Planted:
    def keeping_up(
        slow: SlowLinks, session: Session, followers: Any, at_once: bool
    ) -> tuple[Any, ...]:
        mesh = session.mesh
        follow = {mesh.links[f.link].peer for f in followers if f.link in mesh.links}
        return tuple(link.id for link in mesh.links.values() if link.peer in follow)

    return patched((SlowLinks, "keeping_up", lambda original: keeping_up))


@BED.plants("S23", "a signature has to hold")
def believes_every_signature() -> Planted:
    return patched((Session, "proves", always(True)))


@BED.plants("S24", "who was kicked gets no seat again")
def lets_the_banned_in() -> Planted:
    def wrap(original: Any) -> Any:
        def on_join(host: Hosting, link: Any, frame: Any) -> None:
            roster = host.session.roster
            if link.peer in roster.banned:
                s = host.session
                s.set_roster(
                    roster.admit(link.peer, link.key, frame.name, frame.addresses, frame.can_host)
                )
                s.replica.admit(link.peer, frame.name)
                host._welcome(link, frame.attempt, None)
            else:
                original(host, link, frame)

        return on_join

    return patched((Hosting, "on_join", wrap))


@BED.plants("S26", "a proof counts for one reign")
def takes_proofs_for_older_reigns() -> Planted:
    states, _, handler = routing._ROUTES[Rejoin]
    return rerouted(routing._ROUTES, {Rejoin: (states, False, handler)})


@BED.plants("S27", "the application is told once of each reign")
def tells_of_a_reign_again() -> Planted:
    def wrap(original: Any) -> Any:
        def on_welcome(following: Following, link: Any, frame: Any) -> None:
            following.welcomed = None
            original(following, link, frame)

        return on_welcome

    return patched((Following, "on_welcome", wrap))


@BED.plants("S28", "there is a limit to the commands that wait")
def no_limit_to_commands() -> Planted:
    def wrap(original: Any) -> Any:
        def submit(core: PeerCore, now: int, payload: bytes, ack: Any) -> int:
            s, settings = core._s, core._s.settings
            s.settings = _without_limit(settings)
            try:
                return int(original(core, now, payload, ack))
            finally:
                s.settings = settings

        return submit

    return patched((PeerCore, "submit", wrap))


def _without_limit(settings: Any) -> Any:
    import attrs

    return attrs.evolve(settings, commands_in_flight_max=1 << 20)


@BED.plants("S29", "noise on one link ends that link only")
def noise_ends_every_link() -> Planted:
    def wrap(original: Any) -> Any:
        def cut(roles: Roles, link: Any, reason: LinkEnd) -> None:
            doomed = list(roles.session.mesh.links) if reason is LinkEnd.NOT_P2PNET else [link]
            for each in doomed:
                original(roles, each, reason)

        return cut

    return patched((Roles, "cut", wrap))


@BED.plants("S30", "requests that were held are answered once")
def keeps_what_it_held() -> Planted:
    def wrap(original: Any) -> Any:
        def confirm(roles: Roles) -> Any:
            held = original(roles)
            roles.held = list(held)
            return held

        return confirm

    return patched((Roles, "confirm", wrap))


@BED.plants("S31", "a timer fires when it is due")
def timers_fire_early() -> Planted:
    def wrap(original: Any) -> Any:
        def take_due(timers: Timers, now: int) -> Any:
            early = (name for name, due in timers._due.items() if now < due < now + 300_000)
            for name in sorted(name for name in early if name[0] in _OF_A_SEARCH):
                timers.cancel(*name)
                return name
            return original(timers, now)

        return take_due

    return patched((Timers, "take_due", wrap))


_OF_A_SEARCH: Final = ("answers", "claim", "promise", "probation", "yield", "handover")


@BED.plants("S32", "what a peer does follows from what it was told")
def asks_in_random_order() -> Planted:
    def wrap(original: Any) -> Any:
        def peers(mesh: Mesh) -> Any:
            shuffled = list(original(mesh))
            random.shuffle(shuffled)
            return iter(shuffled)

        return peers

    return patched((Mesh, "peers", wrap))


@BED.plants("L3", "who is back is present again")
def never_present_again() -> Planted:
    def restore(roster: Roster, peer: Any) -> Roster:
        return roster._next(members=roster.members)

    return patched((Roster, "restore", lambda original: restore), (Journal, "resume", nothing))


@BED.plants("L5", "silence is borne for three heartbeats, and the host is asked first")
def nervous() -> Planted:
    def expect(detector: Detector, gap_us: int) -> None:
        detector.gap_us, detector.span_us = gap_us, gap_us * 21 // 20

    def verify(grantor: Granting, doubt: Doubt) -> None:
        grantor._grant(doubt.claimant, doubt.claim)

    return patched(
        (Detector, "_expect", lambda original: expect),
        (Detector, "yellow_us", lambda original: Detector.red_us),
        (Granting, "verify", lambda original: verify),
    )


@BED.plants("L6", "a heartbeat that is due goes out, and is not due any more")
def no_heartbeats() -> Planted:
    return patched((Roles, "heartbeat", nothing))
