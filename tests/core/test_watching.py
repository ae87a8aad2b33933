from __future__ import annotations

import pytest

from p2pnet.core.events import HostLost, HostRecovered, HostSuspected
from p2pnet.core.states import State
from tests.core.bench import Bench


@pytest.fixture
def bench() -> Bench:
    return Bench.of(3)


def test_a_short_silence_is_a_suspicion_that_is_taken_back(bench: Bench) -> None:
    host, client, _ = bench.peers
    bench.world.cut(host, client)
    bench.world.run_for(430_000)
    assert [e.host for e in client.saw(HostSuspected)] == [host.id]
    bench.world.heal()
    bench.world.run_for(200_000)
    assert [e.host for e in client.saw(HostRecovered)] == [host.id]
    assert not client.saw(HostLost) and client.core.state is State.FOLLOWING


def test_a_newcomer_that_waits_watches_nobody() -> None:
    bench = Bench.of(1)
    host = bench.peers[0]
    host.core._s.choices.approves = True
    late = bench.world.join(host, "late")
    bench.world.run_for(300_000)
    bench.world.cut(host, late)
    bench.world.run_for(2_000_000)
    assert late.core.state is State.JOINING and not late.saw(HostSuspected)
