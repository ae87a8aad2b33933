from __future__ import annotations

import pytest

from p2pnet.core.values import Epoch, PeerId, Position, clean_name, peer_id, short_id

A, B = PeerId("a" * 16), PeerId("b" * 16)


def test_a_peer_id_is_sixteen_letters_and_digits_of_the_key() -> None:
    one, other = peer_id(b"1" * 32), peer_id(b"2" * 32)
    assert len(one) == 16 and one != other
    assert one == peer_id(b"1" * 32)
    assert set(one) <= set("abcdefghijklmnopqrstuvwxyz234567")


def test_a_short_id_depends_on_every_byte() -> None:
    assert len({short_id(bytes([n])) for n in range(256)}) == 256


def test_epochs_are_ordered_by_number_before_host_before_nonce() -> None:
    ordered = [Epoch(1, A, 9), Epoch(1, B, 0), Epoch(2, A, 0), Epoch(2, A, 1)]
    assert sorted([ordered[2], ordered[3], ordered[1], ordered[0]]) == ordered


def test_a_longer_history_of_an_older_reign_is_not_ahead() -> None:
    assert Position(Epoch(1, B, 0), 900) < Position(Epoch(2, A, 0), 3)
    assert Position(Epoch(2, A, 0), 3) < Position(Epoch(2, A, 0), 4)


def test_equal_length_under_two_reigns_is_not_equal() -> None:
    assert Position(Epoch(1, A, 0), 5) != Position(Epoch(1, A, 1), 5)


def test_values_read_well() -> None:
    assert str(Position(Epoch(3, A, 7), 12)) == "3:aaaa/12"


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("ana", "ana"),
        ("  ana ", "ana"),
        ("e\x1b[31mvil\x1b[2J\nroot: x", "e[31mvil[2Jroot: x"),
        ("\u202eana", "ana"),
        ("", "player"),
        ("\n", "player"),
        ("x" * 5000, "x" * 32),
        ("Zoë 字", "Zoë 字"),
    ],
)
def test_a_name_is_one_short_line_that_prints(name: str, clean: str) -> None:
    assert clean_name(name) == clean
