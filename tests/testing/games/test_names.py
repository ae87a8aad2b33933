from __future__ import annotations

from p2pnet.testing.games.names import NAMES, peer_name


def test_peers_have_names_for_as_many_as_there_are() -> None:
    assert [peer_name(number) for number in range(3)] == ["ana", "bea", "cid"]
    assert peer_name(len(NAMES)) == f"peer{len(NAMES)}"
    assert len({peer_name(number) for number in range(64)}) == 64
