from __future__ import annotations

import io
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from p2pnet.cli import main
from p2pnet.cli.complaints import COMPLAINT, OK

from .conftest import Command

DEMO = "p2pnet.cli.demo.game:game"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["bogus"], "bogus"),
        (["host"], "MODULE:GAME"),
        (["host", "tanks"], "MODULE:GAME"),
        (["host", "no_such_module:game"], "no_such_module"),
        (["host", "json:loads"], "function"),
        (["host", DEMO, "--port", "x"], "--port"),
        (["host", DEMO, "--port", "70000"], "--port"),
        (["host", DEMO, "--bogus"], "--bogus"),
        (["host", DEMO, "--settings", "nix=1"], "nix=1"),
        (["host", DEMO, "--identity", "no/such/folder/id"], "no/such/folder/id"),
        (["host", DEMO, "--address", "203.0.113.7"], "--address"),
        (["join"], "INVITE"),
        (["join", "nonsense"], "not an invite"),
        (["join", "p2pnet:AAAA"], "cut off"),
        (["demo", "--peers", "1"], "--peers"),
        (["demo", "--peers", "99"], "--peers"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    command: Command, arguments: list[str], expected: str
) -> None:
    told = command(*arguments)
    assert (told.returncode, told.stdout) == (COMPLAINT, "")
    assert expected in told.stderr
    assert told.stderr.startswith("p2pnet: ")
    assert told.stderr.count("\n") == 1


def test_a_port_that_is_taken(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        told = command("host", DEMO, "--address", "127.0.0.1", "--port", port)
    assert told.returncode == COMPLAINT
    assert port in told.stderr
    assert told.stderr.count("\n") == 1


def test_a_damaged_identity(command: Command, tmp_path: Path) -> None:
    (tmp_path / "id").write_text("garbage")
    told = command("host", DEMO, "--identity", "id")
    assert told.returncode == COMPLAINT
    assert told.stderr.startswith("p2pnet: id is damaged")


def test_a_file_that_is_no_saved_session(command: Command, tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Bea")
    told = command("host", DEMO, "--resume", "letter")
    assert told.returncode == COMPLAINT
    assert "not a session that p2pnet saved" in told.stderr
    told = command("host", DEMO, "--resume", "nowhere")
    assert told.returncode == COMPLAINT
    assert "nowhere" in told.stderr


def test_help_is_no_error(command: Command) -> None:
    told = command("--help")
    assert told.returncode == OK
    assert "demo" in told.stdout


def test_no_arguments_show_the_help(command: Command) -> None:
    told = command()
    assert told.returncode == COMPLAINT
    assert "host" in told.stdout + told.stderr


def test_a_sign_that_a_terminal_does_not_have_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="cp1252")
    monkeypatch.setattr(sys, "stdout", narrow)
    with pytest.raises(SystemExit):
        main(["--help"])
    print("✓ nothing lost", file=narrow, flush=True)
    assert narrow.buffer.getvalue().endswith(b"? nothing lost" + os.linesep.encode())


def test_who_plays_does_not_wait_for_what_simulates() -> None:
    """Painting, simulating and drawing are imported by those that do it."""
    code = (
        "import sys, p2pnet.cli\n"
        "from p2pnet.cli.loading import GameName\n"
        "from p2pnet.cli.terminal import Terminal\n"
        "Terminal(name='ana', as_json=True, t0_ns=0).front(GameName('tanks', 'game'))\n"
        "print(*{name.split('.')[0] for name in sys.modules},"
        " 'p2pnet.testing' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "trio" in loaded and loaded[-1] == "False"
    assert {"distributed", "hypothesis", "matplotlib", "pytest", "rich"} & set(loaded) == set()
