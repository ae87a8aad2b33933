from __future__ import annotations

import pytest

from p2pnet.core.errors import RemoteProtocolError
from p2pnet.core.values import PeerId
from p2pnet.testing.journal import Journal

ANA, BO = PeerId("ana"), PeerId("bo")


def test_what_happens_on_the_host_happens_on_a_client_that_applies_it() -> None:
    host, client = Journal(), Journal()
    host.admit(ANA, "Ana")
    assert host.execute(ANA, b"one") == b"1"
    client.apply(host.collect())
    host.suspend(ANA)
    host.admit(BO, "Bo")
    assert host.execute(BO, b"two") == b"2"
    host.resume(ANA)
    host.remove(BO)
    client.apply(host.collect())
    assert client.entries == host.entries == [("ana", "one"), ("bo", "two")]
    assert client.away == host.away == {ANA: False}


def test_nothing_is_collected_twice() -> None:
    host = Journal()
    host.execute(ANA, b"x")
    assert host.collect() != b"" and host.collect() == b""


def test_a_snapshot_replaces_everything() -> None:
    host, client = Journal(), Journal()
    client.execute(BO, b"of another branch")
    host.admit(ANA, "Ana")
    host.execute(ANA, b"x")
    host.collect()
    client.restore(host.snapshot())
    assert (client.entries, client.away) == (host.entries, host.away)
    assert client.collect() == b""


def test_a_reign_that_ends_takes_back_what_nobody_has() -> None:
    host = Journal()
    host.execute(ANA, b"x")
    host.stop_reign()
    assert host.collect() == b""


@pytest.mark.parametrize("data", [b"\xc1", b"\x01", b"\x91\x01", b"\xff" * 9])
def test_bytes_that_are_no_changes_are_refused_and_change_nothing(data: bytes) -> None:
    journal = Journal()
    journal.execute(ANA, b"x")
    with pytest.raises(RemoteProtocolError):
        journal.apply(data)
    with pytest.raises(RemoteProtocolError):
        journal.restore(data)
    assert journal.entries == [("ana", "x")]


def test_a_command_of_any_bytes_is_run() -> None:
    assert Journal().execute(ANA, b"\xff\xfe") == b"1"
