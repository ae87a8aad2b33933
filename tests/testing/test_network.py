from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from p2pnet.core.errors import LinkEnd
from p2pnet.core.values import LinkId
from p2pnet.testing.network import Network
from p2pnet.testing.timeline import Timeline


class Wire:
    """A network of its own, and what came out of it."""

    def __init__(self, seed: int = 0, delay_us: tuple[int, int] = (10, 20)) -> None:
        self.time = Timeline()
        self.came: list[tuple[int, str]] = []
        self.network = Network(random.Random(seed), self.time, delay_us)
        self.here, self.there = self.network.connect(0, 1)

    def run(self, until: int) -> list[str]:
        """Let time pass; gives what came until then."""
        self.time.run_until(until)
        return [text for _, text in self.came]

    def send(self, text: str, back: bool = False) -> None:
        link = self.there if back else self.here
        self.network.transmit(link, lambda *_: self.came.append((self.time.now, text)))

    def close(self) -> None:
        def ended(peer: int, link: LinkId, end: LinkEnd) -> None:
            assert (peer, link) == (1, self.there)
            self.came.append((self.time.now, end.value))

        self.network.close(self.here, ended)


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_what_is_sent_arrives_after_the_delay(wire: Wire) -> None:
    wire.send("a")
    assert wire.run(9) == [] and wire.run(20) == ["a"]


def test_the_order_is_kept_whatever_the_delays() -> None:
    for seed in range(30):
        wire = Wire(seed, (1, 1000))
        for number in range(20):
            wire.send(str(number))
            wire.run(wire.time.now + 3)
        assert wire.run(100_000) == [str(number) for number in range(20)]


def test_the_end_comes_after_all_bytes_and_nothing_after_it(wire: Wire) -> None:
    wire.send("a")
    wire.close()
    wire.send("too late")
    assert wire.run(100) == ["a", "closed"]
    assert wire.network.far_end(wire.here) is None


def test_a_cut_stalls_and_heals_in_one_burst(wire: Wire) -> None:
    wire.send("on its way")
    wire.network.cut(0, 1)
    wire.send("stalled")
    assert wire.run(10_000) == []
    wire.network.heal(0, 1)
    wire.send("after")
    assert wire.run(10_040) == ["on its way", "stalled", "after"]


def test_what_is_closed_behind_a_cut_ends_when_it_heals(wire: Wire) -> None:
    wire.network.cut(0, 1)
    wire.send("a")
    wire.close()
    assert wire.run(5_000) == []
    wire.network.heal(0, 1)
    assert wire.run(6_000) == ["a", "closed"]


def test_a_cut_is_one_way(wire: Wire) -> None:
    wire.network.cut(0, 1)
    wire.send("there")
    wire.send("back", back=True)
    assert wire.run(1_000) == ["back"]


def test_who_vanishes_leaves_what_was_under_way_and_no_end(wire: Wire) -> None:
    wire.send("last words")
    wire.network.vanish(0)
    wire.send("ghost")
    assert wire.run(10_000) == ["last words"]


def test_nobody_sends_again_what_a_dead_machine_had_stalled(wire: Wire) -> None:
    wire.network.cut(0, 1)
    wire.send("a")
    wire.run(100)
    wire.send("b")
    wire.network.vanish(0)
    wire.run(200)
    wire.network.heal(0, 1)
    assert wire.run(10_000) == []


def test_a_link_that_breaks_loses_what_is_under_way_both_ways(wire: Wire) -> None:
    wire.send("there")
    wire.send("back", back=True)
    assert wire.network.break_link(wire.here) == (1, wire.there)
    wire.send("later")
    assert wire.run(10_000) == []


def test_a_request_for_a_link_goes_there_and_back_and_does_not_lag_once_all_heals(
    wire: Wire,
) -> None:
    network, asked = wire.network, []
    network.knock((0, 1), (1, 0), arrived=lambda: asked.append(wire.time.now))
    wire.run(100)
    assert len(asked) == 1 and 20 <= asked[0] <= 40

    network.lags[1, 0] = 1_000
    network.knock((0, 1), (1, 0), arrived=lambda: asked.append(wire.time.now))
    wire.run(200)
    assert len(asked) == 1
    network.catch_up()
    wire.run(5_000)
    assert len(asked) == 2 and 220 <= asked[1] <= 240, "it arrives once, as if sent now"


def test_links_have_a_name_at_each_end_and_are_never_named_again(wire: Wire) -> None:
    names = {wire.here, wire.there}
    for _ in range(3):
        names |= set(wire.network.connect(0, 1))
    assert len(names) == 8
    assert wire.network.links_between(0, 1) == wire.network.links_of(0)
    assert wire.network.links_between(1, 2) == []


def test_a_link_that_is_forgotten_carries_nothing(wire: Wire) -> None:
    wire.network.forget(wire.here)
    wire.network.forget(wire.here)
    wire.send("a")
    assert wire.run(1_000) == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["send", "cut", "heal", "wait"]), max_size=40), st.integers(0, 99))
def test_cuts_and_heals_never_change_the_order_nor_lose_anything(
    doings: list[str], seed: int
) -> None:
    wire, sent = Wire(seed, (1, 50)), []
    for number, doing in enumerate(doings):
        if doing == "send":
            sent.append(str(number))
            wire.send(str(number))
        elif doing == "cut":
            wire.network.cut(0, 1)
        elif doing == "heal":
            wire.network.heal(0, 1)
        else:
            assert wire.run(wire.time.now + 17) == sent[: len(wire.came)]
    wire.network.heal(0, 1)
    assert wire.run(wire.time.now + 10_000) == sent
