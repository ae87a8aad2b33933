"""The game of the demo: everybody digs for gold, and has a cart that belongs to it.

Its state is made so that a mistake shows. Each command bears a ticket of its own; the journal
counts how often the command of each ticket was run, and the gold is what those commands brought.
"""

from __future__ import annotations

from p2pnet import (
    Game,
    NetworkObject,
    Player,
    SyncDict,
    SyncList,
    command,
    networked,
    sync_dict,
    sync_list,
    sync_var,
)

LATEST = 5


@networked
class Cart(NetworkObject):
    """Not a player, but owned by one."""

    gold: int = sync_var(0)
    journal: SyncDict[str, int] = sync_dict()

    @command
    def load(self, ticket: str, amount: int) -> int:
        """Put gold into the cart. Gives how much is in it."""
        self.journal[ticket] = self.journal.get(ticket, 0) + 1
        self.gold += amount
        return self.gold


@networked
class Miner(Player):
    """Keeps what it digs."""

    gold: int = sync_var(0)
    journal: SyncDict[str, int] = sync_dict()
    latest: SyncList[int] = sync_list()

    def on_start_server(self, migrated: bool) -> None:
        if not migrated:
            self.spawn(Cart(), owner=self)

    @command
    def dig(self, ticket: str, amount: int) -> int:
        """Dig for gold. Gives how much was found so far."""
        self.journal[ticket] = self.journal.get(ticket, 0) + 1
        self.gold += amount
        self.latest.append(amount)
        del self.latest[:-LATEST]
        return self.gold


game = Game("p2pnet demo", player=Miner, objects=[Cart])
