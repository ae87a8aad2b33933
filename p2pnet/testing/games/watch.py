"""What looks over the shoulder of the game on all peers at once, and finds its mistakes.

It hears of each call of code of the game, when it begins and when it ends. It changes nothing and
draws nothing, so a story is the same with it and without. What it suspects becomes a mistake only
when it has shown: when a new host lacks what the old one had, when a client was thrown out by its
own hook.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import attrs

from p2pnet.core.errors import AuthorityError
from p2pnet.world.objects import NetworkObject
from p2pnet.world.world import World

from .attributes import Attributes
from .clocks import Clocks
from .deeds import Deed, DeedKind
from .hooks import Hooks
from .kept import Kept
from .loose import Loose
from .mistakes import Mistake, MistakeKind
from .starts import Starts
from .tries import Tries
from .variables import Variables


@attrs.define(eq=False)
class Watch:
    """All peers of one story. `local` are places that are not looked at: `Tank.sprite`."""

    local: frozenset[str] = frozenset()
    names: dict[int, str] = attrs.field(factory=dict, init=False)
    """The name of the peer of each world, by the id of the world."""

    worlds: list[World] = attrs.field(factory=list, init=False)
    reigning: World | None = attrs.field(default=None, init=False)
    """The world that became the host's last."""

    successions: int = attrs.field(default=0, init=False)
    """How often another peer became the host."""

    _found: dict[tuple[MistakeKind, str], Mistake] = attrs.field(factory=dict, init=False)
    _stack: list[Deed] = attrs.field(factory=list, init=False)
    _attributes: Attributes = attrs.field(factory=Attributes, init=False)
    _starts: Starts = attrs.field(factory=Starts, init=False)
    _hooks: Hooks = attrs.field(factory=Hooks, init=False)
    _variables: Variables = attrs.field(factory=Variables, init=False)
    tries: Tries = attrs.field(factory=Tries, init=False)
    clocks: Clocks = attrs.field(factory=Clocks, init=False)
    _kept: Kept = attrs.field(factory=Kept, init=False)
    _loose: Loose = attrs.field(factory=Loose, init=False)
    _ticked: Deed | None = attrs.field(default=None, init=False)
    _raised: list[tuple[Deed, Exception, str]] = attrs.field(factory=list, init=False)

    # --- what worlds tell ---

    def begin(self, deed: Deed) -> None:
        """Code of the game begins to run."""
        outer = self._stack[-1] if self._stack else None
        self._attributes.look(deed.world, outer, deed)
        if outer is None:
            self.clocks.begin(deed)
            if deed.is_host_only and deed.kind is not DeedKind.TICK:
                self._loose.begin()
                self._variables.begin(deed.world)
        elif self._is_first_hook(deed):
            self._loose.begin_hook()
            self._variables.begin_hook(deed)
        if deed.is_host_only:
            self._kept.begin(deed)
        self._starts.begin(deed)
        self._hooks.begin(deed)
        self._stack.append(deed)

    def end(self, deed: Deed) -> None:
        """It has run."""
        self._stack.pop()
        self._attributes.look(deed.world, deed, deed)
        self._attributes.end(deed)
        name = self.name_of(deed.world)
        if not self._stack:
            self.note(self.clocks.end(deed, name))
            if deed.kind is DeedKind.TICK:
                self._ticked = deed
            elif deed.is_host_only:
                if deed.kind is DeedKind.COMMAND:
                    self.tries.ran(deed.name)
                self.note(self._loose.end(deed, name))
                self.note(self._variables.end(deed))
        elif self._is_first_hook(deed):
            self._loose.end_hook()
            self._variables.end_hook(deed)
        self.note(self._starts.end(deed, name))
        self.note(self._hooks.end(deed, name))

    def _is_first_hook(self, deed: Deed) -> bool:
        """Whether it is a hook of every peer right within what only the host does."""
        return not deed.is_host_only and all(outer.is_host_only for outer in self._stack)

    def begin_tick(self, world: World) -> None:
        """All objects are about to tick. They are many: each is only asked of itself."""
        self._ticked = None
        if any(layout.ticks for layout in world.game.layouts):
            self._variables.begin(world)

    def end_tick(self, world: World) -> None:
        """They have. What is different elsewhere, the last of them did, as far as one can say."""
        if self._ticked is not None:
            self._attributes.look_at_all(world, self._ticked)
            self.note(self._variables.end(self._ticked))

    def raised(self, deed: Deed, error: Exception) -> None:
        """It has raised. Comes before `end`, and once for each call that the error goes through."""
        if not any(error is known for _, known, _ in self._raised):
            self._raised.append((deed, error, self.name_of(deed.world)))
            if deed.kind is DeedKind.COMMAND:
                self.tries.raised(deed.name, error, _told(deed, error, self.name_of(deed.world)))

    def wrote(self, obj: NetworkObject, name: str) -> None:
        """The host writes a synced field."""
        self.clocks.wrote(obj, name)
        self._starts.wrote(obj, name, self._stack[-1] if self._stack else None)

    def succeed(self, world: World) -> None:
        """This world is the host's from now on."""
        if self.reigning is not None and self.reigning is not world:
            self._attributes.succeed(self.reigning, world)
            self.successions += 1
        self.reigning = world

    def at_rest(self, host: World, clients: Sequence[World]) -> None:
        """All peers stand still at one position."""
        named = [(self.name_of(world), world) for world in (host, *clients)]
        self.note(self._kept.at_rest(self._attributes.everywhere, named[0], named[1:]))

    # --- what it found ---

    def name_of(self, world: World) -> str:
        """The name of the peer."""
        return self.names[id(world)]

    def note(self, mistakes: Iterable[Mistake]) -> None:
        """Keep what was found, the first of each kind and place."""
        for mistake in mistakes:
            if mistake.place not in self.local:
                self._found.setdefault((mistake.kind, mistake.place), mistake)

    def mistakes(self) -> list[Mistake]:
        """All that has shown up to now."""
        self.note(self._attributes.missed(self.names))
        for deed, error, name in self._raised:
            self.note(self._mistake_of(deed, error, name))
        return list(self._found.values())

    @property
    def shared_variables(self) -> list[str]:
        """The places of variables that all peers of the test share and code of the host changed."""
        return [place for kind, place in self._found if kind is MistakeKind.SHARED_VARIABLE]

    def _mistake_of(self, deed: Deed, error: Exception, name: str) -> Iterable[Mistake]:
        if isinstance(error, AuthorityError) and not deed.is_host_only:
            evidence = f"{deed} ran on {name}, a client: {error}{_line_of(deed, error)}."
            yield Mistake(MistakeKind.WRITE_ON_CLIENT, deed.name, _sentence(evidence))
        elif isinstance(error, AttributeError) and isinstance(error.obj, NetworkObject):
            place = f"{type(error.obj).__name__}.{error.name}"
            if (MistakeKind.HOST_ONLY_DATA, place) in self._found or place in self.local:
                return
            yield from self._failure(deed, error, name)
        elif deed.kind is not DeedKind.COMMAND or isinstance(error, NameError):
            yield from self._failure(deed, error, name)

    def _failure(self, deed: Deed, error: Exception, name: str) -> Iterable[Mistake]:
        yield Mistake(MistakeKind.RAISES, deed.name, _told(deed, error, name))


def _told(deed: Deed, error: Exception, name: str) -> str:
    role = "the host" if deed.world.is_host else "a client"
    text = f"{deed} raised {type(error).__name__} on {name}, {role}: {error}"
    return _sentence(f"{text}{_line_of(deed, error)}.")


def _line_of(deed: Deed, error: Exception) -> str:
    """The place in the game's own function where it came to an error, in brackets."""
    traceback, place = error.__traceback__, ""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if code is getattr(deed.function, "__code__", None):
            place = f" ({code.co_filename}, line {traceback.tb_lineno})"
        traceback = traceback.tb_next
    return place


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
