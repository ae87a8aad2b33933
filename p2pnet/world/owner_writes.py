"""Fields that the owner of an object writes itself, at once, before anybody has agreed to it.

What the owner wrote lies over what the session has agreed on, on its own peer and nowhere else. The
object shows the owner's value; snapshots and dumps hold the agreed one, so that two peers at one
position hold the same state even while one of them is ahead.

Every tick the owner tells the host what it wrote since. The host judges it as it would a command,
changes the field or not, and says in its next update how far it has got. Then the owner lets its
own value go: the agreed one is there, the same if the host took it, another if it did not. So a
value that was refused can't stay on one peer unnoticed.

A change of host makes no difference: the owner tells the new one all that was not answered. If the
owner itself is the new host, it judges its own values as it does those of others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import attrs

from ..core.errors import AuthorityError
from ..core.values import PeerId
from .hints import BAD_BYTES, Misfit
from .wire import WRITES, Refusal, Vars, Writes, Wrote, encode

if TYPE_CHECKING:
    from .fields import VarField
    from .intake import Step
    from .objects import NetworkObject
    from .presence import Presence
    from .world import World

Place = tuple[int, int]
"""A field of an object: the number of the object, and the index of the field."""

_UNANSWERED_MAX: Final = 4  # messages under way beyond which fields that are `latest` wait
_SILENT_TICKS_MAX: Final = 40  # without an answer for so long, everything is told again
_TEXT_CHARS_MAX: Final = 200
_REFUSALS_MAX: Final = 16  # told in one update; more only repeat what is wrong


@attrs.define(eq=False)
class Overlay:
    """One value of the owner's own."""

    obj: NetworkObject
    field: VarField
    agreed: Any
    told: int = 0  # the message that told the host of the value; 0 if none has yet


@attrs.define(eq=False)
class OwnerWrites:
    """What this peer wrote to fields of its own and the host has not answered yet."""

    world: World
    overlays: dict[Place, Overlay] = attrs.field(factory=dict, init=False)
    _sent: int = attrs.field(default=0, init=False)
    _answered: int = attrs.field(default=0, init=False)
    _silent_ticks: int = attrs.field(default=0, init=False)

    # --- on the owner's peer ---

    def write(self, obj: NetworkObject, presence: Presence, field: VarField, new: Any) -> None:
        """`obj.x = value` on a client. Raises `AuthorityError` unless this peer owns `obj`."""
        if presence.owner != self.world.me:
            raise AuthorityError(f"{field.where} is written by the owner of the object or the host")
        old = obj.__dict__[field.name]
        if field.value.same(old, new):
            return
        overlay = self.overlays.get((presence.object_id, field.index))
        if overlay is None:
            overlay = Overlay(obj, field, old)
            self.overlays[presence.object_id, field.index] = overlay
        overlay.told = 0
        obj.__dict__[field.name] = new
        if field.on_change is not None:
            self.world.call_game(getattr(obj, field.on_change), old, new)

    def collect(self) -> bytes:
        """What the host is to be told by now; empty if nothing. Called once a tick."""
        if not self.overlays:
            return b""
        self._silent_ticks += 1
        if self._silent_ticks > _SILENT_TICKS_MAX and self._answered < self._sent:
            self.tell_again()
        crowded = self._sent - self._answered >= _UNANSWERED_MAX
        masks: dict[int, Vars] = {}
        for (number, _), overlay in sorted(self.overlays.items(), key=lambda item: item[0]):
            if overlay.told or (crowded and overlay.field.latest):
                continue
            overlay.told = self._sent + 1
            value = overlay.field.dumped(overlay.obj)
            told = masks.setdefault(number, Vars(number, 0, []))
            told.mask |= overlay.field.bit
            told.values.append(value)
        if not masks:
            return b""
        if self._answered == self._sent:
            self._silent_ticks = 0
        self._sent += 1
        return encode(Writes(self._sent, list(masks.values())))

    def tell_again(self) -> None:
        """What is not answered by now will not be: there is another host, or it got lost."""
        self._answered, self._silent_ticks = self._sent, 0
        for overlay in self.overlays.values():
            overlay.told = 0

    def on_wrote(self, op: Wrote) -> list[Step]:
        """The host has dealt with all up to this message. Returns the calls to the game."""
        self._answered, self._silent_ticks = max(self._answered, op.number), 0
        calls: list[Step] = []
        for refusal in op.refused:
            calls.extend((hook, *self._told_of(refusal)) for hook in self.world.on_refused)
        for place, overlay in list(self.overlays.items()):
            if 0 < overlay.told <= op.number:
                calls += self._let_go(place)
        return calls

    def _told_of(self, refusal: Refusal) -> tuple[int, str, str]:
        obj = self.world.objects.get(refusal.object_id)
        fields = () if obj is None else obj.__layout__.fields
        known = 0 <= refusal.field < len(fields)
        return refusal.object_id, fields[refusal.field].name if known else "", refusal.text

    def prune(self) -> list[Step]:
        """The world has changed: let go of what belongs to objects that are not ours any more."""
        calls: list[Step] = []
        for place, overlay in list(self.overlays.items()):
            if overlay.obj._presence is None:
                del self.overlays[place]
            elif overlay.obj._presence.owner != self.world.me:
                calls += self._let_go(place)
        return calls

    def _let_go(self, place: Place) -> list[Step]:
        """Show the agreed value instead of the owner's."""
        overlay = self.overlays.pop(place)
        field, values = overlay.field, overlay.obj.__dict__
        mine, values[field.name] = values[field.name], overlay.agreed
        if field.on_change is None or field.value.same(mine, overlay.agreed):
            return []
        return [(getattr(overlay.obj, field.on_change), mine, overlay.agreed)]

    def adopt(self) -> list[Step]:
        """This peer has become the host, and judges its own values. Returns calls to the game."""
        calls: list[Step] = []
        overlays, self.overlays = self.overlays, {}
        for overlay in overlays.values():
            obj, field, presence = overlay.obj, overlay.field, overlay.obj._presence
            if presence is None:
                continue
            mine, obj.__dict__[field.name] = obj.__dict__[field.name], overlay.agreed
            taken = obj.__dict__[field.name] = self.judge_own(obj, field, mine)
            if not field.value.same(overlay.agreed, taken):
                field.note(obj, presence, overlay.agreed)
            if field.on_change is not None and not field.value.same(mine, taken):
                calls.append((getattr(obj, field.on_change), mine, taken))
        return calls

    # --- on the host ---

    def judge_own(self, obj: NetworkObject, field: VarField, new: Any) -> Any:
        """What becomes of a field that the host's own player writes: it is judged as any player."""
        try:
            return self._judge(self.world.me, obj, field, new)
        except Exception as error:  # noqa: BLE001  what the game's check raises is its refusal
            for hook in self.world.on_refused:
                hook(obj.object_id, field.name, _plain(error))
            return obj.__dict__[field.name]

    def take(self, origin: PeerId, payload: bytes) -> None:
        """A peer says what it wrote. Bytes that make no sense are dropped."""
        try:
            writes = WRITES.decode(payload)
        except BAD_BYTES:
            return
        refused: list[Refusal] = []
        for told in writes.objects:
            refused += self._take_object(origin, told)
        self.world.journal.wrote[origin] = Wrote(origin, writes.number, refused[:_REFUSALS_MAX])

    def _take_object(self, origin: PeerId, told: Vars) -> list[Refusal]:
        obj = self.world.objects.get(told.object_id)
        try:
            if obj is None or obj.owner != origin:
                raise Misfit("it is not yours")
            fields = obj.__layout__.vars_in(told.mask)
            pairs = list(zip(fields, told.values, strict=True))
        except (Misfit, ValueError) as error:
            return [Refusal(told.object_id, -1, _plain(error))]
        refused: list[Refusal] = []
        for field, raw in pairs:
            try:
                if not field.owner_writes:
                    raise Misfit(f"{field.where} is not written by its owner")
                new = self._judge(origin, obj, field, field.load(raw))
            except Exception as error:  # noqa: BLE001  what the game's check raises is its refusal
                refused.append(Refusal(told.object_id, field.index, _plain(error)))
            else:
                field.write(obj, new)
        return refused

    def _judge(self, origin: PeerId, obj: NetworkObject, field: VarField, new: Any) -> Any:
        if self.world.absences.paused:
            raise Misfit("the game is paused")
        if field.validate is None:
            return new
        world = self.world
        world.caller, before = origin, world.caller
        try:
            old = obj.__dict__[field.name]
            return field.value.check(world.call_game(getattr(obj, field.validate), old, new))
        finally:
            world.caller = before


def _plain(error: Exception) -> str:
    try:
        text = str(error) or type(error).__name__
    except Exception:  # noqa: BLE001  the game's own __str__ must not break the host
        text = type(error).__name__
    return text[:_TEXT_CHARS_MAX].encode("utf-8", "replace").decode()


def agreed_values(world: World, obj: NetworkObject) -> list[Any]:
    """All fields of an object as the session has agreed on them, for the wire."""
    overlays = world.mine.overlays
    if not overlays:
        return [field.dumped(obj) for field in obj.__layout__.fields]
    return [
        field.dumped(obj)
        if (overlay := overlays.get((obj.object_id, field.index))) is None
        else field.dump(overlay.agreed)
        for field in obj.__layout__.fields
    ]
