"""Stories that Hypothesis draws for a game."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from p2pnet.core.errors import DeclarationError
from p2pnet.world.game import Game

from .arguments import Arguments, check_arguments, command_arguments
from .moves import CommandMove, Drop, DropMove, Incident, IncidentMove, Move, PauseMove

_WHO_MAX: Final = 7
_PAUSES_S: Final = (None, 0.0, 0.02, 0.1, 0.5, 2.0)
_MOVES_MAX: Final = 16  # between two drops; usually a third of that
_PAIRED_MAX: Final = 8  # of so many moves all pairs are tried
SEED_MAX: Final = 2**16


@attrs.frozen
class Plan:
    """A drawn story: who is there, and what is to be tried, in order."""

    peers: int
    seed: int
    moves: Sequence[Move]

    def shorter(self) -> Iterator[Plan]:
        """Plans with fewer of the moves, the shortest first.

        One may need another in its place: a command that had the time for it while somebody was
        started again needs a pause without that.
        """
        moves, settle = self.moves, PauseMove(None)
        drops = [move for move in moves if isinstance(move, DropMove)]
        commands = [move for move in moves if isinstance(move, CommandMove)]
        candidates: list[list[Move]] = [[move] for move in moves]
        if len(moves) <= _PAIRED_MAX:
            candidates += [list(pair) for pair in itertools.combinations(moves, 2)]
        candidates += [[command, settle, drop] for command in commands for drop in drops]
        candidates += [
            [*moves[:place], *moves[place + 1 :]] for place in reversed(range(len(moves)))
        ]
        for candidate in candidates:
            if _cost(candidate) < _cost(moves):
                yield attrs.evolve(self, moves=candidate)


_COSTS: Final[dict[type[Move], int]] = {
    PauseMove: 1,
    CommandMove: 2,
    IncidentMove: 3,
    DropMove: 3,
}


def _cost(moves: Iterable[Move]) -> int:
    """What there is to understand in so many moves."""
    return sum(_COSTS[type(move)] for move in moves)


def command_moves(
    game: Game, arguments: Arguments, commands: Collection[str] | None
) -> list[st.SearchStrategy[Move]]:
    """One strategy for each command. Raises `DeclarationError` for names that are not there."""
    check_arguments(game, arguments)
    found: list[st.SearchStrategy[Move]] = []
    known = [spec.where for layout in game.layouts for spec in layout.commands]
    for name in commands or ():
        if name not in known:
            raise DeclarationError(
                f"commands: there is no command {name!r}; there are {', '.join(known) or 'none'}"
            )
    for layout in game.layouts:
        for spec in layout.commands:
            where = f"{layout.cls.__name__}.{spec.name}"
            if commands is not None and not {where, spec.where} & set(commands):
                continue
            own: Mapping[str, Any] = arguments.get(spec.where, {})
            found.append(
                st.builds(
                    CommandMove,
                    who=st.integers(0, _WHO_MAX),
                    cls=st.just(layout.cls.__name__),
                    command=st.just(spec.name),
                    arguments=command_arguments(spec, own),
                    which=st.integers(0, _WHO_MAX),
                )
            )
    return found


def plans(
    game: Game,
    peers: Sequence[int],
    drops: Sequence[int],
    arguments: Arguments,
    commands: Collection[str] | None,
    kinds: Collection[Drop],
    incidents: Collection[Incident],
) -> st.SearchStrategy[Plan]:
    """Draws stories in which the host is lost as often as `drops` say."""
    calls = command_moves(game, arguments, commands)
    pause = st.sampled_from(_PAUSES_S).map(PauseMove)
    others: list[st.SearchStrategy[Any]] = [pause, pause]
    if incidents:
        who = st.integers(0, _WHO_MAX)
        others.append(st.builds(IncidentMove, st.sampled_from(list(incidents)), who))
    # Two of three moves are commands, however many a game has: hidden behind a map, since
    # branches of branches would all count the same.
    other = st.one_of(others).map(_as_it_is)
    call = st.one_of(calls).map(_as_it_is)
    move = st.one_of(call, call, other) if calls else other
    part = st.lists(move, max_size=_MOVES_MAX)
    drop = st.sampled_from(list(kinds)).map(DropMove)
    with_drop = st.tuples(part, drop).map(lambda pair: [*pair[0], pair[1]])
    parts = st.lists(with_drop, min_size=min(drops), max_size=max(drops))
    moves = st.tuples(parts, part).map(lambda both: [m for p in both[0] for m in p] + both[1])
    return st.builds(Plan, st.sampled_from(list(peers)), st.integers(0, SEED_MAX), moves)


def _as_it_is(move: Move) -> Move:
    return move
