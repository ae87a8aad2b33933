"""The picture of a story: who hosted when, what was done to whom, for how long nobody hosted."""

from __future__ import annotations

from ..report.picture import Picture
from ..report.recorder import Recorder
from ..transcript import Transcript
from ..watched_world import WatchedWorld
from .playing import Rules, play_story
from .story import Story


def picture_of(rules: Rules, story: Story, title: str) -> Picture:
    """Play a story once more, and draw it. Whatever it comes to is in the picture."""
    recorders: list[Recorder] = []

    def watch(world: WatchedWorld) -> None:
        recorders.append(Recorder(Transcript(world)))

    broken = None
    try:
        rules.play(lambda world: play_story(world, story), story.peers, story.seed, watch=watch)
    except Exception as error:  # noqa: BLE001  it is what the picture is about
        broken = f"{type(error).__name__}: {error}".split("\n")[0]
    (recorder,) = recorders
    setting = f"{story.peers} players, {len(story.steps)} steps, seed {story.seed}"
    return recorder.picture(title, setting, "No failure", broken)
