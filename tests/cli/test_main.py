from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from p2pnet.cli import main
from p2pnet.cli.complaints import COMPLAINT, OK

DEMO = "p2pnet.cli.demo.game:game"


def run(*arguments: str) -> int:
    """The exit status of `p2pnet` with these arguments."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture(autouse=True)
def _nothing_leaks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)


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
    arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*arguments) == COMPLAINT
    out, err = capsys.readouterr()
    assert out == ""
    assert expected in err
    assert err.startswith("p2pnet: ")
    assert err.count("\n") == 1


def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert run("host", DEMO, "--address", "127.0.0.1", "--port", port) == COMPLAINT
    err = capsys.readouterr().err
    assert port in err
    assert err.count("\n") == 1


def test_a_damaged_identity(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "id").write_text("garbage")
    assert run("host", DEMO, "--identity", "id") == COMPLAINT
    assert capsys.readouterr().err.startswith("p2pnet: id is damaged")


def test_a_file_that_is_no_saved_session(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "letter").write_text("Dear Bea")
    assert run("host", DEMO, "--resume", "letter") == COMPLAINT
    assert "not a session that p2pnet saved" in capsys.readouterr().err
    assert run("host", DEMO, "--resume", "nowhere") == COMPLAINT
    assert "nowhere" in capsys.readouterr().err


def test_help_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--help") == OK
    assert "demo" in capsys.readouterr().out


def test_no_arguments_show_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == COMPLAINT
    out, err = capsys.readouterr()
    assert "host" in out + err
