"""Bugs in who asks whom, and when: of whom an answer is waited for, and who asks too soon."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

from p2pnet.core.asking import Asking
from p2pnet.core.granting import Granting
from p2pnet.core.handover import HandingOver
from p2pnet.core.mesh import Mesh
from p2pnet.core.succession import Succession
from p2pnet.core.timers import Timers

from .planting import Bed, always, nothing, patched

BED: Final = Bed()
Planted = AbstractContextManager[None]


@BED.plants("L4", "a word is free again as soon as who has it gives up")
def keeps_its_word_to_who_gave_up() -> Planted:
    def wrap(original: Any) -> Any:
        def on_withdraw(granting: Granting, *details: Any) -> Any:
            with patched((Granting, "release", nothing)):
                return original(granting, *details)

        return on_withdraw

    return patched((Granting, "on_withdraw", wrap))


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
    def wrap(original: Any) -> Any:
        cancel = Timers.cancel

        def but_a_claim(timers: Timers, *name: str) -> None:
            if name != ("claim",):
                cancel(timers, *name)

        def oversleep(succession: Succession) -> None:
            with patched((Timers, "cancel", lambda _: but_a_claim)):
                original(succession)

        return oversleep

    return patched((Succession, "oversleep", wrap))
