from __future__ import annotations

from p2pnet.cli.demo.script import next_in_rank, peer_names

from .fabricated import A, B, C, dump, seat


def test_peers_are_named_as_in_the_manual() -> None:
    assert peer_names(3) == ("MachineA", "MachineB", "MachineC")


def test_the_next_in_rank_is_the_first_that_is_there_and_is_not_the_host() -> None:
    state = dump(B, "client", 1, -1, epoch=1)
    assert next_in_rank(state) == "MachineB"
    state["roster"] = [seat(A, 0), seat(B, 1, present=False), seat(C, 2)]
    assert next_in_rank(state) == "MachineC"


def test_who_can_not_host_is_passed_over() -> None:
    state = dump(B, "client", 1, -1, epoch=1)
    state["roster"][1]["can_host"] = False
    assert next_in_rank(state) == "MachineC"
