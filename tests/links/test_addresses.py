from __future__ import annotations

import socket

import pytest

from p2pnet.core.errors import AddressError
from p2pnet.links import join_address, local_addresses, split_address


@pytest.mark.parametrize(
    ("address", "parts"),
    [
        ("127.0.0.1:7777", ("127.0.0.1", 7777)),
        ("game.example:1", ("game.example", 1)),
        ("[::1]:65535", ("::1", 65535)),
        ("[fe80::1%eth0]:80", ("fe80::1%eth0", 80)),
    ],
)
def test_an_address_comes_apart_and_together_again(address: str, parts: tuple[str, int]) -> None:
    assert split_address(address) == parts
    assert join_address(*parts) == address


@pytest.mark.parametrize(
    "junk",
    [
        "",
        ":",
        ":7777",
        "host",
        "host:",
        "host:0",
        "host:65536",
        "host:100000",
        "host:-1",
        "host:\uff17",
        "host: 7",
        "::1:7777",
        "[::1]",
        "[host]:7",
        "[::1%a\r\nb]:7",
        "a b:7",
        "a\r\nX-Evil: 1:7",
        "a/b:7",
        "user@host:7",
        "x" * 254 + ":7",
    ],
)
def test_junk_is_no_address(junk: str) -> None:
    with pytest.raises(AddressError):
        split_address(junk)


def test_local_addresses_are_distinct_and_end_with_loopback() -> None:
    found = local_addresses()
    assert found[-1] == "127.0.0.1"
    assert len(set(found)) == len(found)
    assert not any(host.startswith(("127.", "::1", "fe80:", "0.")) for host in found[:-1])


def test_local_addresses_survive_a_machine_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> object:
        raise OSError("no network")

    monkeypatch.setattr(socket, "socket", fail)
    monkeypatch.setattr(socket, "getaddrinfo", fail)
    assert local_addresses() == ["127.0.0.1"]
