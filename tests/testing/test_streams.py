from __future__ import annotations

from p2pnet.testing.streams import stream


def test_the_same_seed_and_purpose_give_the_same_numbers() -> None:
    assert stream(7, "delay", 0, 1).randbytes(32) == stream(7, "delay", 0, 1).randbytes(32)


def test_every_seed_and_every_purpose_has_numbers_of_its_own() -> None:
    streams = [stream(7, "delay"), stream(8, "delay"), stream(7, "faults"), stream(7, "delay", 0)]
    assert len({rng.randbytes(16) for rng in streams}) == len(streams)


def test_the_order_of_a_purpose_matters() -> None:
    assert stream(7, "delay", 0, 1).random() != stream(7, "delay", 1, 0).random()


def test_a_draw_more_from_one_stream_moves_no_other() -> None:
    expected = stream(7, "network").randbytes(16)
    stream(7, "faults").randbytes(1_000)
    assert stream(7, "network").randbytes(16) == expected
