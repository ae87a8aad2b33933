from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import attrs

from p2pnet import (
    ConnectionId,
    EndReason,
    MigrationManager,
    NetworkObject,
    PastCommand,
    PeerId,
    Role,
    Roster,
    SessionHooks,
    State,
    events,
)
from p2pnet.core.errors import GameCodeError
from p2pnet.peer.hook_calls import Hooks

from .test_migration import Diary


class StillLife:
    """What hooks look at, standing still."""

    role = Role.CLIENT
    state = State.DOUBTING
    roster = Roster()
    me = PeerId("a")
    players_version = 0
    claims_by_hand = False
    leaves = 0
    errors: ClassVar[list[GameCodeError]] = []

    def objects_of(self, peer: PeerId) -> list[NetworkObject]:
        return []

    def describe(self, payload: bytes) -> PastCommand:
        return PastCommand(3, payload.decode(), {})

    def hold(self, obj: NetworkObject) -> None:
        raise AssertionError

    def leave_soon(self, reason: EndReason = EndReason.LEFT) -> None:
        self.leaves += 1

    def guard(self, error: GameCodeError) -> None:
        self.errors.append(error)


def test_a_migration_is_finished_once_and_only_when_there_is_a_host() -> None:
    diary, estate = Diary(), StillLife()
    hooks = Hooks(diary, estate)
    hooks.finish_batch()
    hooks.call(events.MigrationStarted(None, PeerId("b"), False))  # type: ignore[arg-type]
    hooks.finish_batch()
    assert diary.take() == [("started",)]
    estate.state = State.FOLLOWING
    hooks.finish_batch()
    hooks.finish_batch()
    assert diary.take() == [("finished",)]


def test_on_a_client_the_return_of_another_member_calls_nothing() -> None:
    diary = Diary()
    returned = events.PeerReturned(PeerId("b"), ConnectionId(1), ConnectionId(1))
    Hooks(diary, StillLife()).call(returned)
    assert diary.take() == []


def test_what_a_discarded_branch_took_is_told_by_name() -> None:
    told: list[tuple[int, list[PastCommand]]] = []

    class Listener(MigrationManager):
        def on_branch_discarded(self, updates: int, commands: Sequence[PastCommand]) -> None:
            told.append((updates, list(commands)))

    hooks = Hooks(Listener(), StillLife())
    hooks.call(events.BranchDiscarded(None, 5, (1, 2), (b"drive", b"drop")))
    assert told == [(5, [PastCommand(3, "drive", {}), PastCommand(3, "drop", {})])]


def test_what_a_hook_raises_is_judged_and_the_next_hook_is_called() -> None:
    class Clumsy(MigrationManager):
        def on_migration_started(self) -> None:
            raise RuntimeError("clumsy")

    estate = StillLife()
    hooks = Hooks(Clumsy(), estate)
    hooks.call(events.MigrationStarted(None, PeerId("b"), False))  # type: ignore[arg-type]
    assert [str(error) for error in estate.errors] == ["RuntimeError: clumsy"]
    estate.errors.clear()


def test_a_migration_that_ends_without_a_host_has_failed_and_says_why() -> None:
    told: list[tuple[str, EndReason, str]] = []

    class Listener(MigrationManager):
        def on_migration_failed(self, reason: EndReason, text: str) -> None:
            told.append(("failed", reason, text))

        def on_reconnect_rejected(self, reason: EndReason, text: str) -> None:
            told.append(("rejected", reason, text))

    hooks = Hooks(Listener(), StillLife())
    hooks.call(events.MigrationStarted(None, PeerId("b"), False))  # type: ignore[arg-type]
    hooks.call(events.SessionEnded(EndReason.SEAT_EXPIRED, "too late"))
    assert told == [
        ("rejected", EndReason.SEAT_EXPIRED, "too late"),
        ("failed", EndReason.SEAT_EXPIRED, "too late"),
    ]
    hooks.call(events.SessionEnded(EndReason.LEFT, ""))
    assert len(told) == 2, "there was no migration any more"


def test_who_is_gone_is_still_known_by_name_when_the_host_is_told() -> None:
    told: list[tuple[str, bool]] = []

    class Listener(SessionHooks):
        def on_server_disconnect(self, connection, end, kept) -> None:  # type: ignore[no-untyped-def]
            told.append((connection.name, kept))

    estate = StillLife()
    hooks = Hooks(MigrationManager(), estate, Listener())
    roster = Roster().admit(PeerId("b"), b"", "Ben", ())
    hooks.call(events.RosterChanged(roster))
    gone = events.ClientDisconnected(PeerId("b"), ConnectionId(0), EndReason.LEFT, "", kept=False)
    hooks.call(gone)
    hooks.call(attrs.evolve(gone, kept=True))  # by now nothing is known of it
    assert told == [("Ben", False), ("", True)]


def test_a_return_that_is_told_late_calls_nothing_on_who_is_not_the_host_any_more() -> None:
    diary = Diary()
    returned = events.SeatReclaimed(PeerId("b"), ConnectionId(1), ConnectionId(1), None)
    Hooks(diary, StillLife()).call(returned)
    assert diary.take() == []
