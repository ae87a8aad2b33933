"""How a bug is planted: one rule of the protocol is taken out for as long as a context lasts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import attrs

from p2pnet.core import routing
from p2pnet.core.messages import Frame
from p2pnet.core.states import State
from p2pnet.testing.scenario import Lane

Wrap = Callable[[Any], Any]
"""Makes the broken function out of the right one."""

Plant = Callable[[], AbstractContextManager[None]]


@attrs.frozen
class Mutant:
    """A planted bug: what is missing, and which invariant has to notice."""

    name: str
    invariant: str
    missing: str
    plant: Plant
    lane: Lane = Lane.CORE
    """Where it can be noticed."""


@attrs.define
class Bed:
    """Some mutants, by name."""

    mutants: dict[str, Mutant] = attrs.field(factory=dict)
    lane: Lane = Lane.CORE

    def plants(self, invariant: str, missing: str) -> Callable[[Plant], Plant]:
        """Register a mutant under the name of the function that plants it."""

        def register(plant: Plant) -> Plant:
            name = plant.__name__
            self.mutants[name] = Mutant(name, invariant, missing, plant, self.lane)
            return plant

        return register


@contextmanager
def patched(*changes: tuple[Any, str, Wrap]) -> Iterator[None]:
    """Put functions of our own in the place of methods, or of functions of a module."""
    with ExitStack() as stack:
        for owner, name, wrap in changes:
            original = vars(owner)[name]
            setattr(owner, name, wrap(original))
            stack.callback(setattr, owner, name, original)
        yield


@contextmanager
def rerouted(routes: dict[Any, Any], changes: Mapping[Any, Any]) -> Iterator[None]:
    """Put entries of our own into a table."""
    before = {key: routes[key] for key in changes}
    routes.update(changes)
    try:
        yield
    finally:
        routes.update(before)


def deaf(kind: type[Frame], state: State) -> AbstractContextManager[None]:
    """Frames of one kind mean nothing in one state."""
    states, fenced, handler = routing._ROUTES[kind]
    return rerouted(routing._ROUTES, {kind: (states - {state}, fenced, handler)})


def during(*changes: tuple[Any, str, Wrap]) -> Wrap:
    """The function as it is, but with these changes while it runs."""

    def wrap(original: Any) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            with patched(*changes):
                return original(*arguments, **named)

        return call

    return wrap


def always(value: Any) -> Wrap:
    """A function that gives this, whatever it is asked."""
    return lambda original: lambda *arguments: value


def nothing(original: Any) -> Any:
    """A function that does nothing."""
    return lambda *arguments: None
