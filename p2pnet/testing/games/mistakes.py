"""The mistakes of game code that a lost host brings to light, each with what to do about it."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

import attrs


class MistakeKind(enum.StrEnum):
    """What is wrong."""

    LOST_STATE = "lost_state"
    HOST_ONLY_DATA = "host_only_data"
    SHARED_VARIABLE = "shared_variable"
    RESET_ON_MIGRATION = "reset_on_migration"
    SPAWNED_AGAIN = "spawned_again"
    WRITE_ON_CLIENT = "write_on_client"
    RANDOM_HOOK = "random_hook"
    HOOK_STATE = "hook_state"
    CLOCK = "clock"
    LOOSE_TASK = "loose_task"
    CHANGED_IN_PLACE = "changed_in_place"
    DANGLING_AUTHORITY = "dangling_authority"
    RAISES = "raises"
    NEVER_WORKS = "never_works"


_TITLES: Final[dict[MistakeKind, str]] = {
    MistakeKind.LOST_STATE: "state outside of the synced fields is lost with the host",
    MistakeKind.HOST_ONLY_DATA: "data that is on the host alone",
    MistakeKind.SHARED_VARIABLE: "state in a variable of a module or a class",
    MistakeKind.RESET_ON_MIGRATION: "on_start_server resets state when a new host takes over",
    MistakeKind.SPAWNED_AGAIN: "on_start_server spawns again when a new host takes over",
    MistakeKind.WRITE_ON_CLIENT: "a hook that runs on clients does what only the host may",
    MistakeKind.RANDOM_HOOK: "a hook does something else on each peer",
    MistakeKind.HOOK_STATE: "the host goes by what hooks keep, and each peer kept something else",
    MistakeKind.CLOCK: "the clock of one machine in a synced field",
    MistakeKind.LOOSE_TASK: "the host starts a task of its own, which is gone with it",
    MistakeKind.CHANGED_IN_PLACE: "a synced value was changed inside, which nobody can see",
    MistakeKind.DANGLING_AUTHORITY: "an object is owned by somebody who is not a member",
    MistakeKind.RAISES: "code of the game raises, and that peer is out of the game",
    MistakeKind.NEVER_WORKS: "a command that never comes through, so nothing was tested of it",
}

_ADVICE: Final[dict[MistakeKind, str]] = {
    MistakeKind.LOST_STATE: (
        "Declare it as a synced field, `{name}: ... = sync_var(...)`. If the loss is meant, since "
        'it can be worked out anew, say so: local=["{place}"].'
    ),
    MistakeKind.HOST_ONLY_DATA: (
        "Declare it as a synced field, or set it in on_start_server also when `migrated` is True. "
        'If it does not matter, say so: local=["{place}"].'
    ),
    MistakeKind.SHARED_VARIABLE: (
        "In this test all peers share it; in the game each is a process of its own, and the new "
        "host has it as it was at the start. Keep it in a synced field (of an object that "
        'Game(setup=...) spawns, if it belongs to nobody). If the loss is meant: local=["{place}"].'
    ),
    MistakeKind.RESET_ON_MIGRATION: (
        "Set it under `if not migrated:`, which is the first start of the object only."
    ),
    MistakeKind.SPAWNED_AGAIN: (
        "Spawn them under `if not migrated:`; what was spawned before is still there."
    ),
    MistakeKind.WRITE_ON_CLIENT: (
        "Hooks and client rpcs run on every peer. Do it in the @command or in on_tick, which run "
        "on the host, or under `if self.is_host:`."
    ),
    MistakeKind.RANDOM_HOOK: (
        "Draw what is random in the @command, and keep the outcome in a synced field. (The order "
        "of a set is another one on each peer: sort what comes out of it.) If it is only for the "
        'eyes, say so: local=["{place}"].'
    ),
    MistakeKind.HOOK_STATE: (
        "Who joined later or was started again has not seen all that was before. Keep it in a "
        "synced field, `{name}: ... = sync_var(...)`, or work it out from synced fields. "
        'If it does not matter, say so: local=["{place}"].'
    ),
    MistakeKind.CLOCK: (
        "Use the time of the game, `self.world.time_s`, which goes on under the next host; or "
        "`self.after(seconds, ...)`. "
        'If it is for the eyes only, say so: local=["{place}"].'
    ),
    MistakeKind.LOOSE_TASK: (
        'Use `self.after(seconds, "method")`: a timer that whoever is the host then keeps. If '
        'nothing of the game depends on it, say so: local=["{place}"].'
    ),
    MistakeKind.CHANGED_IN_PLACE: (
        "Assign a new value (`obj.{name} = changed`) instead of changing the old one inside."
    ),
    MistakeKind.DANGLING_AUTHORITY: (
        "Nobody can call its commands. Give the owner as a connection id, a peer id or an object "
        "of a member who is there, and take it away again when that member goes."
    ),
    MistakeKind.RAISES: "",
    MistakeKind.NEVER_WORKS: (
        "If it needs something that only the real game has (a nursery, a window), let it do "
        'without, or leave it out: commands=[...], or local=["{place}"].'
    ),
}


@attrs.frozen
class Mistake:
    """One mistake: where it is, and how it showed."""

    kind: MistakeKind
    place: str
    """`Tank.gold`, `Tank.on_start_server`, `tanks.scores`."""

    evidence: str
    """What happened, with the names of the peers and the values."""

    @property
    def text(self) -> str:
        """All that there is to say, in a few lines."""
        name = self.place.rpartition(".")[2]
        advice = _ADVICE[self.kind].format(place=self.place, name=name)
        lines = [f"{self.place}: {_TITLES[self.kind]}", self.evidence, advice]
        return "\n    ".join(line for line in lines if line)


class MistakesFound(AssertionError):
    """The code of the game has mistakes that a lost host brings to light."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(mistakes)
        super().__init__("\n\n".join(mistake.text for mistake in self.mistakes))

    @property
    def key(self) -> tuple[tuple[str, str], ...]:
        """What and where, without how it showed."""
        return tuple((mistake.kind.value, mistake.place) for mistake in self.mistakes)
