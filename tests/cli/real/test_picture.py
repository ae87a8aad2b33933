"""What processes printed becomes a picture."""

from __future__ import annotations

from typing import Any

from p2pnet.cli.demo.evidence import Record, Run
from p2pnet.cli.real.picture import Sketch
from p2pnet.testing.report.page import to_html
from p2pnet.testing.report.picture import Doing, Picture, Sort, Spell

NAMES = ("MachineA", "MachineB", "MachineC")
WHO = {f"id-{name}": name for name in NAMES}
A, B, C = (Run(name, 1) for name in NAMES)


def told(run: Run, t_ms: float, event: str, **fields: Any) -> tuple[Run, Record]:
    return run, {"t_ms": t_ms, "peer": run.peer, "event": event, **fields}


def change(run: Run, t_ms: float, old: str, new: str) -> tuple[Run, Record]:
    return told(run, t_ms, "state_changed", old=old, new=new)


START = [
    change(A, 10, "idle", "reigning"),
    told(A, 11, "became_host", epoch=1, migrated=False),
    change(B, 20, "joining", "following"),
    told(B, 21, "joined", epoch=1, host="id-MachineA"),
    change(C, 30, "joining", "following"),
    told(C, 31, "joined", epoch=1, host="id-MachineA"),
]
LOST = [
    told(A, 100, "killed"),
    change(B, 110, "following", "doubting"),
    told(B, 110.5, "host_lost", host="id-MachineA", cause="closed"),
    change(C, 112, "following", "doubting"),
    told(C, 112.5, "host_lost", host="id-MachineA", cause="closed"),
    change(B, 113, "doubting", "claiming"),
    told(B, 113.5, "claim_made", number=2),
    change(C, 118, "doubting", "following"),  # it prints faster than the new host
    change(B, 119, "claiming", "reigning"),
    told(B, 119.5, "became_host", epoch=2, migrated=True),
    told(C, 125, "host_changed", epoch=2, host="id-MachineB"),
]


def drawn(news: list[tuple[Run, Record]], **options: Any) -> Picture:
    sketch = Sketch(NAMES, WHO)
    for run, record in news:
        sketch.take(run, record)
    return sketch.picture(
        "a setting", options.get("broken", ""), options.get("pulled", ()), to_ms=1_000
    )


def test_a_host_that_is_killed_and_the_next_one() -> None:
    picture = drawn(START + LOST)
    assert [(NAMES[r.lane], r.number, r.from_us, r.to_us) for r in picture.reigns] == [
        ("MachineA", 1, 10_000, 100_000),
        ("MachineB", 2, 119_000, 1_000_000),
    ]
    (migration,) = picture.migrations
    assert (migration.old, migration.new, migration.cause) == (0, 1, "is killed")
    assert [(phase.name, phase.to_us) for phase in migration.phases] == [
        ("detected", 110_500),
        ("claimed", 113_500),
        ("crowned", 119_000),
        ("rejoined", 125_000),
    ]
    assert picture.is_good and not picture.arrows


def test_each_band_has_the_reign_that_was_told_after_it() -> None:
    bands = [b for b in drawn(START + LOST).bands if b.lane == 2 and b.to_us > 31_000]
    assert [(b.doing, b.epoch) for b in bands] == [
        (Doing.CLIENT, 1),
        (Doing.OUT, 1),
        (Doing.CLIENT, 2),
    ]


def test_what_was_done_to_processes_is_there() -> None:
    news = [*START, told(A, 200, "frozen"), told(A, 700, "thawed")]
    picture = drawn(news, pulled=[("MachineC", 300.0, 400.0)])
    assert [(t.lane, t.spell, t.from_us, t.to_us) for t in picture.troubles] == [
        (0, Spell.PAUSED, 200_000, 700_000),
        (2, Spell.CUT, 300_000, 400_000),
    ]
    assert picture.gaps == ((200_000, 700_000),)
    words = {mark.word for mark in picture.marks}
    assert {"stands still", "goes on", "cut", "crown 1"} <= words


def test_what_did_not_hold_is_the_outcome_and_all_can_be_shown() -> None:
    picture = drawn(START + LOST, broken="not so: nothing lost")
    assert (picture.is_good, picture.outcome) == (False, "not so: nothing lost")
    assert picture.marks[-1].sort is Sort.VIOLATION
    assert "not so: nothing lost" in to_html(picture)


def test_nothing_at_all_is_a_picture_too() -> None:
    assert to_html(drawn([]))


def test_who_comes_back_to_the_same_reign() -> None:
    news = [
        *START,
        change(C, 200, "following", "joining"),
        change(C, 260, "joining", "following"),
    ]
    found = [b for b in drawn(news).bands if b.lane == 2 and b.to_us > 31_000]
    bands = [(b.doing, b.epoch, b.to_us) for b in found]
    assert bands == [
        (Doing.CLIENT, 1, 200_000),
        (Doing.SEATING, 1, 260_000),
        (Doing.CLIENT, 1, 1_000_000),
    ]
