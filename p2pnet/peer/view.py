"""What can be read of a peer at work: by the front door, by hooks, by a migration manager."""

from __future__ import annotations

from ..core.errors import GameCodeError, SessionOver
from ..core.peer import PeerCore
from ..core.roster import Roster
from ..core.states import SETTLED, Role, State
from ..core.values import PeerId
from ..world.dispatch import PastCommand
from ..world.game import Game
from ..world.objects import NetworkObject
from ..world.world import World
from .farewell import Guard
from .identity import Identity
from .inputs import Submit


class View:
    """The reading half of a `Shell`."""

    __slots__ = ()

    game: Game
    identity: Identity
    world: World
    core: PeerCore | None
    over: SessionOver | None
    _guard: Guard
    _submitted: dict[int, Submit]

    @property
    def state(self) -> State:
        if self.over is not None:
            return State.LEFT
        return State.IDLE if self.core is None else self.core.state

    @property
    def role(self) -> Role | None:
        return None if self.core is None or self.over is not None else self.core.role

    @property
    def roster(self) -> Roster:
        return Roster() if self.core is None else self.core.roster

    @property
    def is_settled(self) -> bool:
        """Whether the game goes on here: there is a host, and this peer has its state."""
        return self.state in SETTLED

    @property
    def in_flight(self) -> int:
        """Commands of this peer's player whose outcome is not known yet."""
        return len(self._submitted)

    @property
    def me(self) -> PeerId:
        return self.identity.peer_id

    @property
    def players_version(self) -> int:
        return self.world.registry.players_version

    @property
    def claims_by_hand(self) -> bool:
        return not self.game.auto_create_player

    def objects_of(self, peer: PeerId) -> list[NetworkObject]:
        return [obj for obj in self.world.objects.values() if obj.owner == peer]

    def describe(self, payload: bytes) -> PastCommand:
        return self.world.describe(payload)

    def guard(self, error: GameCodeError) -> None:
        self._guard.judge(error)

    def hold(self, obj: NetworkObject) -> None:
        self.world.custody.hold(obj)
