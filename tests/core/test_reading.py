from __future__ import annotations

from tests.core.bench import Bench


def test_the_successor_is_the_first_in_rank_that_is_heard() -> None:
    bench = Bench.of(3)
    host, ben, cat = bench.peers
    assert [peer.core.successor for peer in bench.peers] == [ben.id] * 3
    bench.world.crash(host)
    bench.world.crash(ben)
    bench.world.run_for(1_000_000)
    assert cat.core.successor is None, "the only one left is the host"


def test_a_peer_alone_reads_as_nothing() -> None:
    lone = Bench.of(1).world.start("lone").core
    assert (lone.session, lone.epoch, lone.position, lone.successor) == (None, None, None, None)
    assert lone.connection_id == lone.old_connection_id == -1
