"""Whose an object is when its owner is away, and how it changes hands while everybody is there.

Each object has a *tie* beside its owner: the rule for the loss of its owner, whose it was before
that rule moved it (its home), whether its owner has locked it, and whether it is held back. Ties
are replicated, so that a successor goes on with them.

An owner counts as lost when it has been away for `Game.owner_lost_us` of the game's time, so that a
link that breaks for a moment, or a change of hosts, moves nothing. Then each of its objects goes
where its rule says. What went to somebody else goes back when the owner is back in its seat. What
has the rule DESTROY sleeps for as long as the seat is kept, and goes with it.
"""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from ..core.errors import AuthorityError, CommandRefusal, CommandRefused, SyncTypeError
from ..core.values import PeerId
from .wire import Retie, Tie

if TYPE_CHECKING:
    from .objects import NetworkObject
    from .world import World


class OwnerLost(enum.IntEnum):
    """What becomes of an object whose owner is lost."""

    DESTROY = 0  # it sleeps while its owner's seat is kept, and is despawned with the seat
    TO_HOST = 1  # the host owns it meanwhile
    TO_ANYONE = 2  # another member that is there owns it meanwhile, a client if there is one
    UNOWNED = 3  # it is awake and the host's alone meanwhile


@attrs.define(eq=False)
class Custody:
    """The ties of the objects of one world."""

    world: World
    _away_us: dict[PeerId, int] = attrs.field(factory=dict, init=False)
    """On the host: for how long each absent member has been away, in the game's time."""

    # --- ties ---

    def tie(self, obj: NetworkObject, **changes: Any) -> None:
        """Change the tie of an object, on the host."""
        presence = obj._presence
        assert presence is not None
        tie = msgspec.structs.replace(presence.tie, **changes)
        if tie == presence.tie:
            return
        self.world.journal.baseline.keep_tie(presence)
        presence.tie = tie
        self.world.journal.add(Retie(presence.object_id, tie))

    def set_rule(self, obj: NetworkObject, rule: object) -> None:
        """Give one object a rule of its own. Raises `SyncTypeError`, `AuthorityError`."""
        check_rule(obj, rule)
        if obj._presence is not None:
            self.world.check_host("change what happens when the owner is lost")
            self.tie(obj, rule=int(rule))  # type: ignore[call-overload]
        object.__setattr__(obj, "on_owner_lost", rule)

    def hold(self, obj: NetworkObject) -> None:
        """Keep an object suspended whose owner is back, until `release`; on the host."""
        self.world.check_host("hold an object back")
        self.tie(obj, held=True)
        self._tell_sleep(obj)

    def release(self, obj: NetworkObject) -> None:
        """Let an object that was held back go on, if its owner is there; on the host."""
        self.world.check_host("release an object")
        self.tie(obj, held=False)
        self._tell_sleep(obj)

    def _tell_sleep(self, obj: NetworkObject) -> None:
        for call in self.world.registry.changed_sleep([obj]):
            self.world.call_game(*call)

    # --- owners that are lost, and come back ---

    def forget_times(self) -> None:
        """A reign begins or ends: everybody has its time anew."""
        self._away_us.clear()

    def tick(self, dt_us: int) -> None:
        """The game's time goes on: some absent owners count as lost by now."""
        registry = self.world.registry
        for peer in [peer for peer in self._away_us if peer not in registry.away]:
            del self._away_us[peer]
        limit = self.world.game.owner_lost_us
        for peer in list(registry.away):
            before = self._away_us.get(peer, 0)
            self._away_us[peer] = before + dt_us
            if before < limit <= before + dt_us:
                self.pass_on(peer)

    def pass_on(self, peer: PeerId) -> None:
        """An owner is lost: its objects go where their rules say."""
        for obj in self.world.registry.owned_by(peer):
            rule = rule_of(obj)
            if rule is not OwnerLost.DESTROY:
                assert obj._presence is not None
                self.tie(obj, home=obj._presence.tie.home or peer)
                self.world.change_owner(obj, self._heir(rule, peer))

    def _heir(self, rule: OwnerLost, lost: PeerId) -> PeerId | None:
        if rule is OwnerLost.UNOWNED:
            return None
        me, away = self.world.me, self.world.registry.away
        if rule is OwnerLost.TO_ANYONE:
            there = [p for p in self.world.connections if p not in away and p not in (lost, me)]
            return there[0] if there else me
        return me

    def give_back(self, peer: PeerId) -> None:
        """An owner is back: so is what was its own, but for what the owner of now has locked."""
        for obj, presence in self.world.registry:
            if presence.tie.home == peer and not presence.tie.locked:
                self.tie(obj, home=None)
                self.world.change_owner(obj, peer)

    def forget(self, peer: PeerId) -> None:
        """A seat was given up: what was moved stays where it is."""
        self._away_us.pop(peer, None)
        for obj, presence in self.world.registry:
            if presence.tie.home == peer:
                self.tie(obj, home=None)

    # --- asking for authority, giving it, locking it ---

    def request(self, origin: PeerId, obj: NetworkObject) -> bool:
        """A member wants to own an object. Raises `CommandRefused` if it may not."""
        presence = obj._presence
        assert presence is not None
        if presence.owner == origin:
            return True
        if type(obj)._is_player:
            raise _refused(
                CommandRefusal.NO_AUTHORITY, f"{obj!r} is a player: it stays with its member"
            )
        if presence.tie.locked:
            raise _refused(CommandRefusal.LOCKED, f"the owner of {obj!r} has locked it")
        answer = self.world.call_game(obj.on_authority_request, origin)
        if answer is not True:
            text = answer if isinstance(answer, str) else f"the game does not give {obj!r} away"
            raise _refused(CommandRefusal.DECLINED, text)
        self.world.assign_authority(obj, origin)
        return True

    def give(self, origin: PeerId, obj: NetworkObject, to: PeerId | None) -> None:
        """The owner passes an object on. Raises `CommandRefused` if it is not the owner's to give.

        None makes it the host's alone.
        """
        self._need_owner(origin, obj)
        assert obj._presence is not None
        if obj._presence.tie.locked:
            raise _refused(CommandRefusal.LOCKED, f"{obj!r} is locked: unlock it first")
        if to is not None and to not in self.world.connections:
            raise _refused(CommandRefusal.BAD_ARGUMENTS, f"{to} is no member")
        self.world.assign_authority(obj, to)

    def lock(self, origin: PeerId, obj: NetworkObject, locked: bool) -> None:
        """The owner keeps others from asking for an object. Raises `CommandRefused`."""
        self._need_owner(origin, obj)
        self.tie(obj, locked=locked)

    def _need_owner(self, origin: PeerId, obj: NetworkObject) -> None:
        presence = obj._presence
        assert presence is not None
        if type(obj)._is_player:
            text = f"{obj!r} is a player: it stays with its member"
            raise _refused(CommandRefusal.NO_AUTHORITY, text)
        mine = presence.owner is None and origin == self.world.me
        if presence.owner != origin and not mine:
            raise _refused(CommandRefusal.NO_AUTHORITY, f"{obj!r} is owned by somebody else")


def _refused(reason: CommandRefusal, text: str) -> CommandRefused:
    return CommandRefused(reason, text)


def rule_of(obj: NetworkObject) -> OwnerLost:
    """What becomes of this object when its owner is lost; a player goes with its seat."""
    presence = obj._presence
    assert presence is not None
    if type(obj)._is_player:
        return OwnerLost.DESTROY
    own = presence.tie.rule
    return type(obj).on_owner_lost if own is None else OwnerLost(own)


def check_rule(obj: NetworkObject, rule: object) -> None:
    """Raises `SyncTypeError` for what is no rule, `AuthorityError` for a player."""
    if not isinstance(rule, OwnerLost):
        names = ", ".join(f"OwnerLost.{each.name}" for each in OwnerLost)
        raise SyncTypeError(f"on_owner_lost must be one of {names}, not {rule!r}")
    if type(obj)._is_player and rule is not OwnerLost.DESTROY:
        raise AuthorityError(f"{obj!r} is a player: it is kept with its seat, and goes with it")


def first_tie(obj: NetworkObject, controller: int) -> Tie:
    """The tie of an object that is about to be spawned."""
    rule = obj.__dict__.get("on_owner_lost")
    return Tie(controller, rule=None if rule is None else int(rule))
