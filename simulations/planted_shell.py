"""Bugs in what is around the core of a real peer: its links, its inbox, its tasks, its receipts.

Only real peers have these, so they are hunted in the lane of real peers.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

import trio

from p2pnet.core.errors import LinkDown
from p2pnet.peer.alarm import Alarm
from p2pnet.peer.inbox import Inbox
from p2pnet.peer.inputs import LinkClosed
from p2pnet.peer.mesh import Mesh
from p2pnet.peer.roles import Roles
from p2pnet.peer.shell import Shell
from p2pnet.testing.scenario import Lane

from .planting import Bed, patched

BED: Final = Bed(lane=Lane.TRIO)
Planted = AbstractContextManager[None]


@BED.plants("S28", "the inbox of a peer has a limit")
def inbox_without_a_limit() -> Planted:
    def offer(original: Any) -> Any:
        def put(inbox: Inbox, item: Any) -> bool:
            inbox.put_nowait(item)
            return True

        return put

    def wait_room(original: Any) -> Any:
        async def wait(inbox: Inbox) -> None:
            await trio.lowlevel.checkpoint()

        return wait

    return patched((Inbox, "offer", offer), (Inbox, "wait_room", wait_room))


@BED.plants("S30", "the core is told once that a link is gone")
def link_ends_twice() -> Planted:
    def wrap(original: Any) -> Any:
        def forget(mesh: Mesh, number: Any, end: Any) -> None:
            original(mesh, number, end)
            mesh._inbox.put_nowait(LinkClosed(number, end))

        return forget

    return patched((Mesh, "_forget", wrap))


@BED.plants("S30", "the tasks of a dial end with it")
def task_is_left_behind() -> Planted:
    def wrap(original: Any) -> Any:
        async def dial(mesh: Mesh, *details: Any) -> None:
            trio.lowlevel.spawn_system_task(trio.sleep_forever)
            await original(mesh, *details)

        return dial

    return patched((Mesh, "_dial", wrap))


@BED.plants("S29", "the end of a link stays within its own nursery")
def lost_link_ends_the_peer() -> Planted:
    def wrap(original: Any) -> Any:
        async def read(mesh: Mesh, *details: Any) -> Any:
            raise LinkDown(await original(mesh, *details), "nobody catches this")

        return read

    return patched((Mesh, "_read", wrap))


@BED.plants("L4", "who holds a receipt is told the outcome")
def receipt_is_never_given() -> Planted:
    def wrap(original: Any) -> Any:
        def settle(shell: Shell, effect: Any) -> None:
            shell._submitted.pop(effect.ticket)

        return settle

    return patched((Shell, "_settle", wrap))


@BED.plants("L3", "what is sent is sent before anything else happens")
def send_waits_in_a_task_of_its_own() -> Planted:
    def wrap(original: Any) -> Any:
        def send(mesh: Mesh, effect: Any) -> None:
            async def later() -> None:
                await trio.lowlevel.checkpoint()  # and is gone if it is cancelled here
                original(mesh, effect)

            mesh._nursery.start_soon(later)

        return send

    return patched((Mesh, "send", wrap))


@BED.plants("S29", "a dial that fails is an outcome, and not the end of who dials")
def failed_attempt_ends_the_peer() -> Planted:
    def wrap(original: Any) -> Any:
        async def attempt(mesh: Mesh, race: Any, address: str) -> None:
            await original(mesh, race, address)
            if address in race.failures:
                raise race.failures[address]

        return attempt

    return patched((Mesh, "_attempt", wrap))


@BED.plants("S30", "what belongs to a role ends with it")
def tick_can_not_be_called_off() -> Planted:
    def wrap(original: Any) -> Any:
        async def tick(roles: Roles, what: Any) -> None:
            with trio.CancelScope(shield=True):
                await original(roles, what)

        return tick

    return patched((Roles, "_tick", wrap))


@BED.plants("L1", "the alarm goes off for what is due sooner than what it was set for")
def alarm_is_not_moved() -> Planted:
    def wrap(original: Any) -> Any:
        def set_at(alarm: Alarm, at_s: float) -> None:
            alarm._at_s = at_s

        return set_at

    return patched((Alarm, "set", wrap))
