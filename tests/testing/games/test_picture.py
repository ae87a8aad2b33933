"""Stories of games can be looked at."""

from __future__ import annotations

import p2pnet
from p2pnet import Player, command, networked, sync_var
from p2pnet.testing.games.picture import picture_of
from p2pnet.testing.games.playing import Rules
from p2pnet.testing.games.story import Step, Story
from p2pnet.testing.games.world import GameWorld
from p2pnet.testing.report.picture import Sort


@networked
class Sketcher(Player):
    lines: int = sync_var(0)

    @command
    def draw(self, length: int) -> int:
        self.lines += length
        return self.lines


GAME = p2pnet.Game("sketchers", player=Sketcher)


def nobody_draws(world: GameWorld) -> bool:
    return all(player.lines == 0 for player in world.players)


STORY = Story(
    3,
    5,
    (
        Step("call", ("bea", "draw", 3), {}),
        Step("kill_host", (), {}),
        Step("settle", (), {}),
    ),
)


def test_the_story_is_in_the_picture() -> None:
    picture = picture_of(Rules(game=GAME), STORY, "A story")
    assert picture.is_good and picture.title == "A story"
    assert [lane.name for lane in picture.lanes] == ["ana", "bea", "cid"]
    (migration,) = picture.migrations
    assert (picture.lanes[migration.old or 0].name, migration.cause) == ("ana", "crashes")
    said = [arrow.text for arrow in picture.arrows if arrow.kind == "Command"]
    assert any("draw(length=3)" in text for text in said)


def test_what_failed_is_what_it_came_to() -> None:
    picture = picture_of(Rules(game=GAME, invariants=(nobody_draws,)), STORY, "A story")
    assert not picture.is_good
    assert picture.outcome == "InvariantBroken: nobody_draws does not hold"
    assert picture.marks[-1].sort is Sort.VIOLATION
