"""What hooks keep on each peer, and the host goes by: whoever becomes the host may have kept less.

A hook that counts what it sees has seen less on a peer that joined late, was started again, or was
away and got everything at once. That is as it should be for what is shown. It is a mistake when
code of the host reads it, since then the game depends on who hosts.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType

import attrs

from p2pnet.world.world import World

from .deeds import Deed
from .mistakes import Mistake, MistakeKind
from .plain import plain_attributes, shown_apart, whole


@attrs.define(eq=False)
class Kept:
    """Which attributes the code of the host reads."""

    _readers: dict[str, Deed] = attrs.field(factory=dict, init=False)
    """By the name of the attribute, one call that does."""
    _known: set[CodeType] = attrs.field(factory=set, init=False)

    def begin(self, deed: Deed) -> None:
        """Code of the host begins to run: note what it reads."""
        code = getattr(getattr(deed.function, "__func__", deed.function), "__code__", None)
        if isinstance(code, CodeType) and code not in self._known:
            self._known.add(code)
            for name in _read_in(code):
                self._readers.setdefault(name, deed)

    def at_rest(
        self,
        keepers: Mapping[str, Deed],
        host: tuple[str, World],
        clients: Sequence[tuple[str, World]],
    ) -> Iterator[Mistake]:
        """All are at one position. `keepers` say which hook wrote which `Class.name`."""
        kept = [place for place in keepers if place.rpartition(".")[2] in self._readers]
        if not kept:
            return
        for obj in host[1].objects.values():
            for place in kept:
                cls, _, name = place.rpartition(".")
                for peer, world in clients:
                    other = world.objects.get(obj.object_id)
                    if type(obj).__name__ != cls or other is None:
                        continue
                    mine, theirs = plain_attributes(obj), plain_attributes(other)
                    if mine.get(name) == theirs.get(name):
                        continue
                    here, there = shown_apart(
                        whole(getattr(obj, name, None)), whole(getattr(other, name, None))
                    )
                    evidence = (
                        f"The hook {keepers[place].name} keeps it on each peer, and "
                        f"{self._readers[name]} reads it on the host. At the same position it is "
                        f"{here} on {host[0]}, the host, and {there} on {peer}."
                    )
                    yield Mistake(MistakeKind.HOOK_STATE, place, evidence)


def _read_in(code: CodeType) -> Iterator[str]:
    """The names of the attributes that a piece of code reads."""
    for step in dis.get_instructions(code):
        if step.opname == "LOAD_ATTR":
            yield str(step.argval)
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _read_in(inner)
