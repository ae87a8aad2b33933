from __future__ import annotations

import enum
import json
from pathlib import Path

import attrs
import pytest

from p2pnet import Game, Player, Policy, Settings, command, networked
from p2pnet.testing.games.story import (
    Step,
    Story,
    StoryError,
    command_named,
    game_of_file,
    is_story,
    read_story,
)

from .mistaken import MINERS


class Colour(enum.Enum):
    RED = 1


@attrs.frozen
class Point:
    x: int


@networked
class Painter(Player):
    @command
    def paint(self, at: Point, colour: Colour, notes: dict[int, bytes]) -> None: ...


GAME = Game("painters", player=Painter)
CAREFUL = Settings(policy=Policy.MAJORITY_ONLY)

STORY = Story(
    3,
    seed=5,
    steps=(
        Step(
            "submit", ("bea", "paint"), {"at": Point(2), "colour": Colour.RED, "notes": {1: b"x"}}
        ),
        Step("call", ("cid", "paint", Point(3)), {"on": 2, "colour": Colour.RED, "notes": {}}),
        Step("sleep", (0.5,)),
        Step("partition", (["ana"], ["bea", "cid"])),
        Step("kill_host"),
    ),
)


def all_is_well(world: object) -> bool:
    return True


def test_a_story_prints_as_a_test() -> None:
    lines = STORY.code(GAME, [all_is_well, lambda world: True], ["Painter.x"], CAREFUL)
    assert lines.splitlines() == [
        "from p2pnet import Policy, Settings",
        "from p2pnet.testing import simulated",
        f"from {Painter.__module__} import all_is_well, Colour, GAME, Point",
        "# and those invariants that can't be imported",
        "",
        "",
        "@simulated(GAME, peers=3, seed=5, invariants=[all_is_well], "
        'local=["Painter.x"], session_settings=Settings(policy=Policy.MAJORITY_ONLY))',
        "async def test_story(world):",
        '    world.submit("bea", "paint", at=Point(x=2), colour=Colour.RED, notes={1: b\'x\'})',
        '    await world.call("cid", "paint", Point(x=3), on=2, colour=Colour.RED, notes={})',
        "    await world.sleep(0.5)",
        '    world.partition(["ana"], ["bea", "cid"])',
        "    world.kill_host()",
    ]


def test_a_story_in_which_nothing_happens_is_code_too() -> None:
    compile(Story(2).code(GAME), "story", "exec")


def test_a_story_comes_back_from_its_file_with_all_types(tmp_path: Path) -> None:
    path = tmp_path / "story.json"
    path.write_text(STORY.to_json(GAME, "painters:game"), "utf-8")
    assert is_story(path) and game_of_file(path) == "painters:game"
    back = Story.from_json(read_story(path), GAME)
    assert back.peers == 3 and back.seed == 5
    assert [step.verb for step in back.steps] == [step.verb for step in STORY.steps]
    assert back.steps[0] == STORY.steps[0]
    arguments = {"on": 2, "at": Point(3), "colour": Colour.RED, "notes": {}}
    assert back.steps[1] == Step("call", ("cid", "paint"), arguments)
    assert back.steps[2:] == STORY.steps[2:]


@pytest.mark.parametrize(
    "change",
    [
        {"steps": [{"verb": "__class__", "args": []}]},
        {"steps": [{"verb": "submit", "who": "ana", "command": "Painter.fly", "arguments": {}}]},
        {"steps": [{"verb": "submit"}]},
        {"peers": None},
    ],
)
def test_a_story_of_another_game_is_refused(change: dict[str, object]) -> None:
    text = json.dumps({**json.loads(STORY.to_json(GAME)), **change})
    with pytest.raises(StoryError, match="no story of this game"):
        Story.from_json(text, GAME)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"players": 3}', "no json"])
def test_what_is_no_story_is_refused(text: str, tmp_path: Path) -> None:
    with pytest.raises(StoryError, match="no story"):
        Story.from_json(text, GAME)
    path = tmp_path / "other.json"
    path.write_text(text, "utf-8")
    assert not is_story(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoryError, match=r"none\.json can't be read"):
        read_story(tmp_path / "none.json")


def test_commands_are_found_by_class_and_name() -> None:
    assert command_named(MINERS, "", "dig").where == "Miner.dig"
    assert command_named(MINERS, "Crate", "push").where == "Crate.push"
    with pytest.raises(LookupError, match=r"no command Crate\.dig"):
        command_named(MINERS, "Crate", "dig")
