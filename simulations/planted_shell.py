"""Bugs in what is around the core of a real peer: its links, its inbox, its tasks, its receipts.

Only real peers have these, so they are hunted in the lane of real peers.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

import trio

from p2pnet.core.errors import LinkDown
from p2pnet.links import inbox as links
from p2pnet.links.wire import WireStream
from p2pnet.peer.alarm import Alarm
from p2pnet.peer.hook_calls import Hooks
from p2pnet.peer.inbox import Inbox
from p2pnet.peer.inputs import DialFailed, FrameReceived, LinkClosed
from p2pnet.peer.mesh import Mesh
from p2pnet.peer.roles import Roles
from p2pnet.peer.shell import Shell
from p2pnet.peer.subscription import Fanout, Subscription
from p2pnet.testing.scenario import Lane

from .planting import Bed, nothing, patched

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


@BED.plants("S28", "the inbox of a peer has a limit in bytes")
def inbox_that_counts_frames_alone() -> Planted:
    return patched((Inbox, "is_full", lambda original: property(lambda inbox: len(inbox) >= 1_024)))


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


@BED.plants("S28", "a link keeps so much and no more")
def links_without_a_limit() -> Planted:
    return patched((links.Inbox, "is_full", lambda original: False))


@BED.plants("S28", "an event stream that nobody reads is cut off")
def events_without_a_limit() -> Planted:
    def wrap(original: Any) -> Any:
        def put(stream: Subscription, event: Any) -> None:
            stream._waiting.append(event)

        return put

    return patched((Subscription, "put", wrap))


@BED.plants("S29", "what was not sent of a frame is sent later")
def half_a_frame_is_sent() -> Planted:
    def wrap(original: Any) -> Any:
        def write(stream: WireStream, data: bytes) -> bool:
            if not stream._is_mute:
                stream._send_now(data)
            return True

        return write

    return patched((WireStream, "write", wrap))


@BED.plants("L1", "a dial that failed is told to the core")
def failed_dial_is_not_told() -> Planted:
    def wrap(original: Any) -> Any:
        def put_nowait(inbox: Inbox, item: Any) -> None:
            if not isinstance(item, DialFailed):
                original(inbox, item)

        return put_nowait

    return patched((Inbox, "put_nowait", wrap))


@BED.plants("S30", "links are closed before everything is called off")
def nobody_waits_for_the_good_byes() -> Planted:
    def wrap(original: Any) -> Any:
        async def aclose(mesh: Mesh) -> None:
            await trio.lowlevel.checkpoint()

        return aclose

    return patched((Mesh, "aclose", wrap))


@BED.plants("L4", "who waits for room is told that there is some")
def room_is_never_told() -> Planted:
    def wrap(original: Any) -> Any:
        def take(inbox: Inbox, count_max: int) -> Any:
            putters, inbox._putters = inbox._putters, trio.lowlevel.ParkingLot()
            try:
                return original(inbox, count_max)
            finally:
                inbox._putters = putters

        return take

    return patched((Inbox, "take", wrap))


@BED.plants("S29", "what a hook raises is judged, and the peer goes on if it says so")
def hooks_are_not_guarded() -> Planted:
    def wrap(original: Any) -> Any:
        def guarded(hooks: Hooks, call: Any) -> None:
            call()

        return guarded

    return patched((Hooks, "_guarded", wrap))


@BED.plants("S30", "nothing comes from a link after its end")
def frames_come_after_the_end() -> Planted:
    def wrap(original: Any) -> Any:
        def forget(mesh: Mesh, number: Any, end: Any) -> None:
            original(mesh, number, end)
            mesh._inbox.put_nowait(FrameReceived(number, b""))

        return forget

    return patched((Mesh, "_forget", wrap))


@BED.plants("S30", "who reads events is told that there will be no more")
def events_never_end() -> Planted:
    return patched((Fanout, "end", nothing))


@BED.plants("L4", "what nobody has looked at when the game fails is void")
def receipts_die_with_the_game() -> Planted:
    return patched((Inbox, "put_back", nothing))


@BED.plants("L4", "a receipt is for one command")
def receipts_are_mixed_up() -> Planted:
    def wrap(original: Any) -> Any:
        def settle(shell: Shell, effect: Any) -> None:
            latest = next(reversed(shell._submitted))
            mine, other = shell._submitted[effect.ticket], shell._submitted[latest]
            shell._submitted[effect.ticket], shell._submitted[latest] = other, mine
            original(shell, effect)

        return settle

    return patched((Shell, "_settle", wrap))


@BED.plants("L4", "who becomes host begins what belongs to that")
def roles_are_not_changed() -> Planted:
    def wrap(original: Any) -> Any:
        def take(roles: Roles, role: Any) -> None:
            if roles._role is None:
                original(roles, role)

        return take

    return patched((Roles, "take", wrap))
