"""The players of the demo: each peer submits commands at a steady beat, and in volleys."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import attrs
import trio

from .cast import Cast
from .evidence import Order, Record, Run

BEAT_S: Final = 0.01
"""Each peer submits a command this often. It is the pace of the game; nothing waits for it."""

_UNSETTLED_MAX: Final = 500  # commands of one peer without a result; above that it pauses


@attrs.define(eq=False)
class Digging:
    """Who plays at the moment."""

    cast: Cast
    beat_s: float = BEAT_S
    _carts: dict[str, int] = attrs.field(factory=dict)  # object ids, by the peer's name
    _players: dict[Run, trio.CancelScope] = attrs.field(factory=dict)

    async def begin(self, run: Run) -> None:
        """Let a peer play from now on."""
        if run.peer not in self._carts:
            (dump,) = (await self.cast.dumps([run])).values()
            self._carts[run.peer] = _cart_of(dump)
        scope = self._players[run] = trio.CancelScope()
        self.cast.nursery.start_soon(self._play, run, scope)

    def stop(self, run: Run) -> None:
        """The peer submits nothing more."""
        self._players.pop(run).cancel()

    @property
    def runs(self) -> tuple[Run, ...]:
        """Who plays."""
        return tuple(self._players)

    async def _play(self, run: Run, scope: trio.CancelScope) -> None:
        with scope:
            while True:
                if self.cast.evidence.unsettled(run) < _UNSETTLED_MAX:
                    await self._order(run)
                await trio.sleep(self.beat_s)

    async def _order(self, run: Run) -> Order:
        """One command: every third is for the cart, the others for the player."""
        child = self.cast.children[run]
        number = child.next_id()
        order = Order(run, f"{run}:{number}", amount=number % 7 + 1)
        self.cast.evidence.add(order, number)
        request: dict[str, Any] = {"id": number, "args": [order.ticket, order.amount]}
        if number % 3 == 0:
            request |= {"call": "load", "object": self._carts[run.peer]}
        else:
            request |= {"call": "dig"}
        with trio.CancelScope(shield=True):  # half a line would spoil the next one
            await child.send(**request)
        return order

    async def volley(self, runs: Iterable[Run], size: int) -> list[Order]:
        """Many commands at once from each of these peers."""
        return [await self._order(run) for run in runs for _ in range(size)]

    async def until_played(self, runs: Iterable[Run], count: int) -> None:
        """Wait until each of these peers had so many more results."""
        evidence = self.cast.evidence
        goals = {run: evidence.acknowledged(run) + count for run in runs}
        await self.cast.until(
            f"{count} more results for each of {', '.join(map(str, goals))}",
            lambda: all(evidence.acknowledged(run) >= goal for run, goal in goals.items()),
        )


def _cart_of(dump: Record) -> int:
    mine = dump["objects"][str(dump["player"])]["owner"]
    return next(
        int(name)
        for name, thing in dump["objects"].items()
        if thing["class"] == "Cart" and thing["owner"] == mine
    )
