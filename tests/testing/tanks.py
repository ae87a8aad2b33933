"""The game that real peers play in the tests of simulations."""

from __future__ import annotations

from p2pnet import Game, Player, command, networked, sync_var
from p2pnet.testing.trio_peer import TrioPeer


@networked
class Tank(Player):
    gold: int = sync_var(0)
    fuel: int = sync_var(0)

    @command
    def earn(self, amount: int) -> int:
        self.gold += amount
        return self.gold

    @command
    def blow(self) -> None:
        self.fuel = -1

    def on_tick(self, dt: float) -> None:
        if self.fuel < 0:
            raise ValueError("the tank blew up")


@networked
class Runner(Player):
    """Moves all the time, so no two ticks have the same state."""

    x: int = sync_var(0)

    def on_tick(self, dt: float) -> None:
        self.x += 1


TANKS = Game("tanks", player=Tank, tick_hz=20)
RUNNERS = Game("runners", player=Runner, tick_hz=60)


def tank(process: TrioPeer) -> Tank:
    """The player of a process."""
    player = process.peer.player
    assert isinstance(player, Tank)
    return player
