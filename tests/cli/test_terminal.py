from __future__ import annotations

import json

import pytest
import typer

from p2pnet import GameError
from p2pnet.cli.complaints import CRASHED, Complaint
from p2pnet.cli.json_front import JsonFront
from p2pnet.cli.loading import GameName
from p2pnet.cli.terminal import Terminal
from p2pnet.cli.text_front import TextFront
from p2pnet.core.errors import PortTaken

GAME = GameName("tanks", "game")


def terminal(as_json: bool) -> Terminal:
    return Terminal(name="ana", as_json=as_json, t0_ns=0)


def test_an_error_of_the_library_becomes_a_complaint() -> None:
    with pytest.raises(Complaint, match="port 7777"), terminal(as_json=False).told():
        raise PortTaken("port 7777 is taken")


def test_a_program_is_told_in_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Complaint), terminal(as_json=True).told():
        raise PortTaken("port 7777 is taken")
    record = json.loads(capsys.readouterr().out)
    assert record["peer"] == "ana"
    assert (record["event"], record["reason"], record["error"]) == ("ended", "error", "PortTaken")


def test_a_complaint_stays_what_it_is() -> None:
    with pytest.raises(Complaint, match=r"^just so$"), terminal(as_json=False).told():
        raise Complaint("just so")


def test_the_author_of_a_game_sees_where_it_went_wrong(capsys: pytest.CaptureFixture[str]) -> None:
    failure = GameError("the game raised")
    failure.__cause__ = ZeroDivisionError("in on_tick")
    with pytest.raises(typer.Exit) as caught, terminal(as_json=False).told():
        raise failure
    assert caught.value.exit_code == CRASHED
    assert "ZeroDivisionError: in on_tick" in capsys.readouterr().err


def test_any_other_error_is_a_bug_and_comes_out() -> None:
    with pytest.raises(KeyError), terminal(as_json=False).told():
        raise KeyError("bug")


def test_what_a_game_prints_does_not_come_between_the_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with terminal(as_json=True).told():
        print("from the game")
    assert capsys.readouterr() == ("", "from the game\n")


def test_what_a_game_prints_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    with terminal(as_json=False).told():
        print("from the game")
    assert capsys.readouterr() == ("from the game\n", "")


def test_programs_get_json_and_people_text() -> None:
    assert isinstance(terminal(as_json=True).front(GAME), JsonFront)
    assert isinstance(terminal(as_json=False).front(GAME), TextFront)
