from __future__ import annotations

from p2pnet.cli.demo.evidence import Evidence, Failover
from p2pnet.cli.demo.timeline import Timeline, timeline

from .fabricated import B, C, good_evidence, told


def times(evidence: Evidence) -> Timeline:
    return timeline(evidence, evidence.failovers[0])


def test_phases_are_counted_from_the_kill() -> None:
    assert times(good_evidence()) == Timeline(3.0, 10.0, 20.0, 25.0, 40.0)


def test_what_was_before_the_kill_does_not_count() -> None:
    evidence = good_evidence()
    evidence.news.clear()
    told(evidence, B, 99.0, "host_lost")
    told(evidence, B, 101.0, "host_lost")
    assert times(evidence).detected == 1.0


def test_a_phase_that_was_not_reached_has_no_time() -> None:
    evidence = good_evidence()
    evidence.news = [(run, record) for run, record in evidence.news if run != C]
    assert times(evidence).rejoined is None
    assert times(evidence).crowned == 20.0


def test_playing_needs_a_result_at_every_survivor() -> None:
    evidence = good_evidence()
    evidence.orders[C].clear()
    assert times(evidence).playing is None


def test_commands_from_before_the_kill_do_not_count_as_playing() -> None:
    evidence = good_evidence()
    del evidence.orders[B][2]  # what is left was submitted before the kill
    assert times(evidence).playing is None


def test_where_nobody_is_left_nobody_rejoins() -> None:
    evidence = good_evidence()
    failover: Failover = evidence.failovers[0]
    failover.survivors = (B,)
    assert times(evidence) == Timeline(3.0, 10.0, 20.0, None, 31.0)
