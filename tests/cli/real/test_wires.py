"""Peers are connected, cut off and connected again; nothing of it stays."""

from __future__ import annotations

import os
import sys

import pytest
import trio

from p2pnet.cli.real import wires as wires_module
from p2pnet.cli.real.wires import Cables, Loopback, Unavailable, Wires, open_wires

PEERS = ("a", "b")
ASK = """
import socket, sys
try:
    with socket.create_connection((sys.argv[1], 9), timeout=0.4):
        print("there")
except ConnectionRefusedError:
    print("there")
except OSError:
    print("nobody")
"""


async def ask(wires: Wires, asker: str, other: str) -> str:
    """Whether one peer hears from the machine of another: that a port is closed will do."""
    command = [*wires.prefix(asker), sys.executable, "-c", ASK, wires.address(other)]
    done = await trio.run_process(command, capture_stdout=True)
    return done.stdout.decode().strip()


@pytest.mark.parametrize("way", [0, 1], ids=["as root", "as anybody"])
async def test_a_cable_is_pulled_and_plugged_in_again(
    monkeypatch: pytest.MonkeyPatch, way: int
) -> None:
    monkeypatch.setattr(wires_module, "_WAYS_IN", (wires_module._WAYS_IN[way],))
    async with open_wires(PEERS) as wires:
        if wires.why_not:
            pytest.skip(f"no network namespaces here: {wires.why_not}")
        assert wires.address("a") != wires.address("b")
        assert await ask(wires, "a", "b") == "there"
        await wires.pull("b")
        assert await ask(wires, "a", "b") == "nobody"
        await wires.plug("b")
        with trio.fail_after(10):
            while await ask(wires, "a", "b") != "there":
                pass


async def test_what_held_the_namespaces_is_gone_afterwards() -> None:
    async with open_wires(PEERS) as wires:
        if not isinstance(wires, Cables):
            pytest.skip(f"no network namespaces here: {wires.why_not}")
        held = [wires._switch, *wires._anchors.values()]
        assert len(held) == 3
    for process in held:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


async def test_where_it_is_not_allowed_all_are_on_loopback_and_the_reason_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refused = (("sh", "-c", "echo not here >&2; exit 1"), ())
    missing = (("p2pnet-no-such-command",), ())
    monkeypatch.setattr(wires_module, "_WAYS_IN", (refused, missing))
    async with open_wires(PEERS) as wires:
        if sys.platform == "linux":
            assert wires.why_not.startswith("not here; p2pnet-no-such-command can't be run: ")
        assert (wires.address("a"), wires.prefix("a")) == ("127.0.0.1", ())
        with pytest.raises(Unavailable):
            await wires.pull("a")


async def test_loopback_can_not_be_cut() -> None:
    with pytest.raises(Unavailable, match="for a reason"):
        await Loopback("for a reason").plug("a")
