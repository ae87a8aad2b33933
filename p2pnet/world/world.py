"""The world of a game: all its objects on one peer, as a `Replica` of the core.

On the host the game changes objects as it likes and the world keeps a journal, which `collect`
turns into an update. On a client `apply` takes updates in. There is no clock, no randomness and no
I/O: a world does nothing but what it is called for.

Code of the game runs at known moments only. On the host it runs within `execute`, `tick`, `admit`
and the like, and `running` is true: commands that it calls are plain calls. On a client its hooks
run after an update is wholly in; whatever they raise comes out as one `GameCodeError` at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeVar

import attrs

from ..core.errors import AuthorityError, LocalProtocolError, SyncTypeError
from ..core.values import PeerId
from .absence import Absences
from .commons import Commons
from .condensing import condense
from .custody import Custody, first_tie
from .dispatch import Dispatch, PastCommand
from .intake import Intake, Step
from .objects import NetworkObject, Owner, Player, check_object
from .owner_writes import OwnerWrites
from .players import Players
from .presence import Presence
from .requests import Request
from .scenes import Scenes
from .session_state import SESSION_ID
from .snapshots import Restoration, dump, take_snapshot
from .timers import Timers
from .wire import Assign, Despawn, Resume, Suspend, Tie

O = TypeVar("O", bound=NetworkObject)  # noqa: E741


@attrs.define(eq=False)
class World(Commons):
    """All objects of a game on this peer, which is called `me`."""

    def __attrs_post_init__(self) -> None:
        self.objects = MappingProxyType(self.registry.objects)
        self._dispatch = Dispatch(self)
        self.custody = Custody(self)
        self.players = Players(self)
        self.absences = Absences(self)
        self.scenes = Scenes(self)
        self.timers = Timers(self)
        self.mine = OwnerWrites(self)
        object.__setattr__(self.session, "_presence", Presence(self, SESSION_ID, None, Tie()))

    # --- for the game ---

    def spawn(self, obj: O, owner: Owner = None) -> O:
        """Put an object into the world, on the host; it appears on all peers. Returns it.

        `owner` is a peer id, a connection id, an object with the same owner, or None for the host.
        Raises `AuthorityError` on a client, `DeclarationError` for a class that the game does not
        list, `LocalProtocolError` if it is in a world already.
        """
        self.check_host("spawn an object")
        check_object(obj)
        if obj._presence is not None:
            raise LocalProtocolError(f"{obj!r} is spawned already")
        class_index = self.game.index_of(type(obj))
        peer = self.peer_named(owner)
        tie = first_tie(obj, self.players.controller_of(obj, peer))
        presence = self.registry.place(self, obj, self.registry.next_id, peer, tie)
        self.journal.spawn(obj, presence, class_index)
        self.call_game(obj.on_start_server, False)
        self.call_game(obj.on_start_client)
        for call in self.owner_calls(obj, None, peer):
            self.call_game(*call)
        return obj

    def despawn(self, obj: NetworkObject) -> None:
        """Take an object out of the world, on the host; it disappears from all peers."""
        self.check_host("despawn an object")
        self._check_here(obj)
        presence = obj._presence
        assert presence is not None
        self.timers.forget(obj)
        self.scenes.forget(obj)
        self.journal.baseline.keep_object(obj, presence, self.game.index_of(type(obj)))
        mine = obj.has_authority
        self.registry.remove(obj)
        self.journal.add(Despawn(obj.object_id))
        if mine:
            self.call_game(obj.on_stop_authority)
        self.call_game(obj.on_stop_server)
        self.call_game(obj.on_stop_client)

    def assign_authority(self, obj: NetworkObject, owner: Owner) -> None:
        """Make a peer the owner of an object, in place of any other; on the host.

        Raises `AuthorityError` on a client, and for players, which stay with their member.
        """
        self.check_host("assign authority")
        self._check_here(obj)
        if isinstance(obj, Player):
            raise AuthorityError(f"{obj!r} is a player; it belongs to its member for good")
        self.custody.tie(obj, home=None)
        self.change_owner(obj, self.peer_named(owner))

    def change_owner(self, obj: NetworkObject, peer: PeerId | None) -> None:
        """Make a peer the owner of an object that is here; on the host."""
        presence = obj._presence
        assert presence is not None
        old = presence.owner
        if old == peer:
            return
        self.journal.baseline.keep_owner(presence)
        presence.owner = peer
        self.journal.add(Assign(presence.object_id, peer))
        for call in self.owner_calls(obj, old, peer) + self.registry.changed_sleep([obj]):
            self.call_game(*call)

    def remove_authority(self, obj: NetworkObject) -> None:
        """Give an object back to the host. Raises as `assign_authority`."""
        self.assign_authority(obj, None)

    @property
    def time_s(self) -> float:
        """The time of the game in seconds, the same for all peers, over any number of hosts.

        It stands still while there is no host. It never goes back.
        """
        return self.clock.show(self.game_us) / 1_000_000

    @property
    def game_us(self) -> int:
        """The time of the game as far as this peer can tell; exact on the host."""
        return self.absences.game_us(self.clock.us)

    def after(self, obj: NetworkObject, seconds: float, method: str, *arguments: Any) -> int:
        """Have a method of `obj` called on the host, so many seconds of game time from now.

        Whoever is the host then calls it, exactly once; what it does is a change like any other. It
        is called even if `obj` is suspended, and not if it was despawned. Returns a number for
        `cancel_timer`. Raises `AuthorityError` on a client, `SyncTypeError` for a method that there
        is not, or arguments that are not plain.
        """
        self.check_host("set a timer")
        self._check_here(obj)
        return self.timers.set(obj, seconds, method, arguments)

    def cancel_timer(self, number: int) -> bool:
        """Forget a timer, on the host. False if it has fired, or never was."""
        self.check_host("cancel a timer")
        return self.timers.cancel(number)

    def load_scene(self, name: str, additive: bool = True) -> None:
        """Have all peers load a scene, on the host; unless `additive`, in place of all others.

        Does nothing for a scene that is loaded. Returns at once: `ScenesReady` events tell who has
        loaded it. Raises `AuthorityError` on a client, `DeclarationError` for an unknown name.
        """
        self.scenes.load(name, additive)

    def unload_scene(self, name: str) -> None:
        """Have all peers unload a scene, on the host. The objects that came with it go."""
        self.scenes.unload(name)

    def placed(self, scene: str, place: str) -> NetworkObject | None:
        """The object that came with a scene, by its place there; None if it is gone."""
        return self.scenes.placed(scene, place)

    def dump(self) -> dict[int, dict[str, Any]]:
        """The replicated state as plain values: equal on all peers that are in the same state."""
        return dump(self)

    # --- for objects, fields and calls ---

    def call_command(
        self, obj: NetworkObject, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> Any:
        """A command was called on this peer. Returns what `submit` returns."""
        return self._dispatch.submit(obj, name, args, kwargs)

    def request(self, request: Request, object_id: int = 0, *arguments: Any) -> Any:
        """Ask the host for what every world can do. Returns what `submit` returns."""
        return self._dispatch.request(request, object_id, arguments)

    def call_rpc(
        self,
        obj: NetworkObject,
        name: str,
        to: PeerId | int | None,
        args: Sequence[Any],
        kwargs: Mapping[str, Any],
    ) -> None:
        """A client rpc was called on this peer."""
        self._dispatch.send_rpc(obj, name, to, args, kwargs)

    def decode_outcome(self, payload: bytes, outcome: bytes) -> Any:
        """The result of the command in `payload`. Raises `CommandRefused` or `CommandFailed`."""
        return self._dispatch.decode_outcome(payload, outcome)

    def describe(self, payload: bytes) -> PastCommand:
        """What the command in `payload` said, for reports. Raises `RemoteProtocolError`."""
        return self._dispatch.describe(payload)

    # --- Replica: on the host ---

    def start_reign(self, migrated: bool) -> None:
        """This peer is the host from now on. The first one of a session sets the game up."""
        self.is_host = True
        self.custody.forget_times()
        self.players.unclaimed.clear()
        self.scenes.arriving.clear()
        self.journal.drop()
        self._tell(self.mine.adopt())
        if self.is_resuming:
            self.is_resuming = False
            self.session.reserved = {peer for peer in self.connections if peer != self.me}  # type: ignore[assignment]
        if migrated:
            self._tell((obj.on_start_server, True) for obj, _ in self.registry)
            if self.me in self.registry.away:
                self.resume(self.me)  # it was about to be let in
            return
        self.session.absence = self.game.absence
        if self.game.setup is not None:
            self._tell([(self.game.setup, self)])

    def stop_reign(self) -> None:
        """This peer is not the host any more. What was not collected is undone, and the game hears
        of that as of any other change: it is not part of history, and nobody else has it.
        """
        self.is_host = False
        calls: list[Step] = [(obj.on_stop_server,) for obj, _ in self.registry]
        if not self.journal.is_empty:
            restoration = Restoration(self)
            restoration.take(self.journal.baseline.state(self))
            calls += restoration.calls
        self._tell(calls)

    def execute(self, origin: PeerId, command: bytes) -> bytes:
        """Run the command of a peer and return its encoded outcome, whatever the bytes are."""
        return self._dispatch.execute(origin, command)

    def refuse(self, command: bytes) -> bytes:
        """The outcome of a command that is not run, since hosts were lost over it."""
        return self._dispatch.refuse(command)

    def tick(self, dt_us: int) -> None:
        """Let every object advance that does something in `on_tick` and is not suspended."""
        self.clock.advance(dt_us)
        self._tell([(self.absences.tick,)])
        if not self.absences.paused:
            self._tell([(self.custody.tick, dt_us)])
            self._tell(chain(self.timers.due(), self._ticks(dt_us / 1_000_000)))

    def _ticks(self, dt: float) -> Iterable[Step]:
        bots = self.session.bots
        for obj, presence in self.registry:
            if not presence.asleep:
                if obj.__layout__.ticks:
                    yield obj.on_tick, dt
            elif presence.owner in bots:
                yield obj.on_bot_tick, dt

    def collect(self) -> bytes:
        """All changes since the last time, encoded; empty if there were none."""
        if not self.journal.is_empty:
            self.session.uptime_us = self.clock.us
        return self.journal.take()

    def condense(self, updates: Sequence[bytes]) -> bytes:
        """One update that comes to the same as these, without values that later ones replace."""
        return condense(updates, self.layout_of)

    def admit(self, peer: PeerId, name: str) -> None:
        """Spawn the player of a newcomer, unless the game wants to be asked for it."""
        self._tell([(self.players.admit, peer, name)])

    def suspend(self, peer: PeerId) -> None:
        """Put everything to sleep that the peer owns."""
        self.players.unclaimed.discard(peer)
        self.scenes.lose(peer)
        self.journal.wrote.pop(peer, None)  # the process that comes back may be another
        if peer not in self.registry.away:
            self.journal.baseline.keep_away(self)
            self.registry.away[peer] = None
            self.absences.lose(peer)
            self.journal.add(Suspend(peer))
            self._tell(self.registry.changed_sleep(self.registry.owned_by(peer)))

    def resume(self, peer: PeerId) -> None:
        """The peer is back: wake what it owns, once it has asked for it and has all scenes."""
        if self.players.is_to_claim(peer):
            self.players.unclaimed.add(peer)
        else:
            self.wake(peer)

    def wake(self, peer: PeerId) -> None:
        """Wake everything that the peer owns, and give back what was its own."""
        if peer in self.registry.away and self.scenes.admits(peer):
            self.journal.baseline.keep_away(self)
            del self.registry.away[peer]
            self.absences.find(peer)
            self.journal.add(Resume(peer))
            self._tell(self.registry.changed_sleep(self.registry.owned_by(peer)))
            self._tell([(self.custody.give_back, peer)])

    def remove(self, peer: PeerId) -> None:
        """The seat was given up: despawn what the peer owns, or pass it on, as its rules say."""
        self.players.unclaimed.discard(peer)
        if self.absences.forfeits(peer):
            self._tell([(player.on_forfeit,) for player in self.players.of(peer).values()])
        self._tell([(self.custody.pass_on, peer), (self.custody.forget, peer)])
        self._tell((self.despawn, obj) for obj in self.registry.owned_by(peer))
        self.session.graces.pop(peer, None)
        self.scenes.remove(peer)
        self.absences.find(peer)
        if peer in self.registry.away:
            self.journal.baseline.keep_away(self)
            del self.registry.away[peer]
            self.journal.add(Resume(peer))

    def grace_us(self, peer: PeerId, seat_us: int) -> int | None:
        """How much longer the seat of an absent peer is kept; None for ever.

        After a saved session was resumed, everybody's is kept until they have come once.
        """
        return self.absences.grace_us(peer, seat_us)

    def write(self, origin: PeerId, writes: bytes) -> None:
        """Take what a peer wrote to fields of its own."""
        self._tell([(self.mine.take, origin, writes)])

    # --- Replica: on a client ---

    def apply(self, update: bytes) -> None:
        """Take in what the host collected.

        Raises `RemoteProtocolError`, with nothing changed, for what does not fit; `GameCodeError`,
        with everything changed, if hooks of the game raised.
        """
        if update:
            intake = Intake(self)
            intake.take(update)
            self._end_of_change(intake.calls)

    def lose_host(self) -> None:
        """Nothing changes until a host is back: all that has an owner sleeps, on this peer."""
        self.registry.host_lost = True
        self._tell(self.registry.changed_sleep([obj for obj, _ in self.registry]))

    def find_host(self) -> None:
        """There is a host again: awake is whoever's owner is there."""
        self.registry.host_lost = False
        self.mine.tell_again()
        self._tell(self.registry.changed_sleep([obj for obj, _ in self.registry]))

    # --- Replica: on both ---

    def snapshot(self) -> bytes:
        """The whole state, encoded."""
        return take_snapshot(self)

    def restore(self, snapshot: bytes) -> None:
        """Take the state of a snapshot over. Raises as `apply`."""
        restoration = Restoration(self)
        restoration.take(snapshot)
        self._end_of_change(restoration.calls)

    # --- between the host and this peer, as its owner ---

    def observe(self, now_us: int) -> None:
        """This machine's clock shows so much. To be called before anything else happens then."""
        self.clock.observe(now_us, not self.is_host and not self.registry.host_lost)

    def collect_writes(self) -> bytes:
        """What this peer wrote to fields of its own, for the host; empty if nothing."""
        return self.mine.collect()

    def check_snapshot(self, snapshot: bytes) -> None:
        """Raises `RemoteProtocolError` unless `restore` would take it."""
        Restoration(self).judge(snapshot)

    # --- helpers ---

    def _end_of_change(self, calls: list[Step]) -> None:
        self.clock.correct(self.session.uptime_us)
        self._tell([*calls, *self.mine.prune()] if self.mine.overlays else calls)


def _check_object(obj: object) -> None:
    if isinstance(obj, type):
        raise SyncTypeError(f"spawn takes an object, not a class; write {obj.__name__}()")
    if not isinstance(obj, NetworkObject):
        raise SyncTypeError(f"spawn takes a NetworkObject, not {obj!r}")
