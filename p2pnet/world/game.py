"""What a game is: a name, a player class, the classes of its objects, and how often it ticks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from ..core.errors import DeclarationError
from ..core.values import clean_name, short_id
from .custody import OwnerLost
from .layout import Layout, layout_of
from .objects import NetworkObject, Player
from .rules import Absence
from .scenes import Scene
from .session_state import SessionState

if TYPE_CHECKING:
    from .world import World

_TICK_HZ_MAX = 240


def _as_tuple(classes: Iterable[type[NetworkObject]]) -> tuple[type[NetworkObject], ...]:
    return tuple(classes)


@attrs.frozen(eq=False)
class Game:
    """A game, as all its peers have to agree on. Raises `DeclarationError` for what can't be.

    `setup` runs once in a session, on its first host, to spawn what is there from the beginning.
    """

    name: str
    player: type[Player] = attrs.field(kw_only=True)
    objects: Sequence[type[NetworkObject]] = attrs.field(
        default=(), kw_only=True, converter=_as_tuple
    )
    tick_hz: int = attrs.field(default=20, kw_only=True)
    auto_create_player: bool = attrs.field(default=True, kw_only=True)
    """Whether a newcomer gets a player by itself, and a member that is back gets its own. If not,
    it has to ask: `Peer.add_player`, `MigrationManager.send_reconnect_message`."""

    owner_lost_us: int = attrs.field(default=1_000_000, kw_only=True)
    """How long an owner is away before its objects go where their `on_owner_lost` says."""

    absence: Absence = attrs.field(default=Absence(), kw_only=True)
    """What the game does while a player is away. The first host's counts, for the whole session."""

    scenes: Sequence[Scene] = attrs.field(default=(), kw_only=True, converter=tuple)
    """The scenes that can be loaded."""

    setup: Callable[[World], None] | None = attrs.field(default=None, kw_only=True)

    layouts: tuple[Layout, ...] = attrs.field(init=False, repr=False)
    """The player's, those of the objects, the session's own. The index of each is what travels."""

    fingerprint: str = attrs.field(init=False)
    """The name, and sixteen characters that differ as soon as two peers could misunderstand one
    another."""

    _index_of: dict[type, int] = attrs.field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        _check_name(self.name)
        _check_tick(self.tick_hz)
        _check_player(self.player)
        if not isinstance(self.absence, Absence):
            raise DeclarationError(f"Game: absence= takes an Absence(...), not {self.absence!r}")
        _check_scenes(self.scenes)
        for cls in self.objects:
            _check_object(cls)
        classes: list[type[NetworkObject]] = [self.player, *self.objects]
        for cls in classes:
            _check_rule(cls)
        doubles = sorted({cls.__name__ for cls in classes if classes.count(cls) > 1})
        if doubles:
            raise DeclarationError(f"Game: registered twice: {', '.join(doubles)}")
        classes.append(SessionState)
        layouts = tuple(layout_of(cls) for cls in classes)
        object.__setattr__(self, "layouts", layouts)
        object.__setattr__(self, "_index_of", {cls: i for i, cls in enumerate(classes)})
        scenes = [f"scene {scene.name}: {list(scene.objects)}" for scene in self.scenes]
        text = "\n".join([self.name, *(layout.text for layout in layouts), *scenes])
        object.__setattr__(self, "fingerprint", _named(self.name, text))

    def scene(self, name: str) -> Scene:
        """The scene of this name. Raises `DeclarationError` if there is none."""
        for scene in self.scenes:
            if scene.name == name:
                return scene
        names = ", ".join(repr(scene.name) for scene in self.scenes) or "none"
        raise DeclarationError(f"the game {self.name!r} has no scene {name!r}; it has {names}")

    def index_of(self, cls: type) -> int:
        """The number of a class. Raises `DeclarationError` for one that is not registered."""
        index = self._index_of.get(cls)
        if index is None:
            layout_of(cls)
            raise DeclarationError(
                f"{cls.__name__} is not part of the game {self.name!r}; add it to "
                f"Game(objects=[..., {cls.__name__}])"
            )
        return index


def _named(name: str, text: str) -> str:
    return f"{clean_name(name)}/{short_id(text.encode())}"


def _check_rule(cls: type[NetworkObject]) -> None:
    rule: object = cls.on_owner_lost
    if not isinstance(rule, OwnerLost):
        names = ", ".join(f"OwnerLost.{each.name}" for each in OwnerLost)
        raise DeclarationError(f"{cls.__name__}.on_owner_lost must be one of {names}")
    if issubclass(cls, Player) and rule is not OwnerLost.DESTROY:
        raise DeclarationError(
            f"{cls.__name__}.on_owner_lost: a player is kept with its seat, and goes with it"
        )


def _check_scenes(scenes: Sequence[Any]) -> None:
    for scene in scenes:
        if not isinstance(scene, Scene):
            raise DeclarationError(f"Game: scenes= lists Scene(...), not {scene!r}")
    names = [scene.name for scene in scenes]
    doubles = sorted({name for name in names if names.count(name) > 1})
    if doubles:
        raise DeclarationError(f"Game: two scenes have one name: {', '.join(doubles)}")


def _check_name(name: Any) -> None:
    if not isinstance(name, str) or not name.strip():
        raise DeclarationError(f"Game: the name must be a text that is not empty, not {name!r}")
    try:
        name.encode()
    except UnicodeEncodeError:
        raise DeclarationError(f"Game: the name {name!r} is not valid Unicode") from None


def _check_tick(tick_hz: Any) -> None:
    if type(tick_hz) is not int or not 1 <= tick_hz <= _TICK_HZ_MAX:
        raise DeclarationError(
            f"Game: tick_hz must be a whole number from 1 to {_TICK_HZ_MAX}, not {tick_hz!r}"
        )


def _check_player(cls: Any) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Player)):
        raise DeclarationError(f"Game: player must be a class derived from Player, not {cls!r}")
    layout = layout_of(cls)
    if layout.field_of["name"].text != "name: str":
        raise DeclarationError(f"{cls.__name__}.name: it must stay a str, as Player declares it")


def _check_object(cls: Any) -> None:
    if not (isinstance(cls, type) and issubclass(cls, NetworkObject)):
        raise DeclarationError(
            f"Game: objects= lists classes derived from NetworkObject, not {cls!r}"
        )
    layout_of(cls)
