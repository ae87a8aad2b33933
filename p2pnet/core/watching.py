"""The light of the host, as one of its clients sees it."""

from __future__ import annotations

import attrs

from .detector import GREEN, Detector, Light
from .following import Following
from .session import Session
from .states import FOLLOWING


@attrs.define(eq=False)
class Watching:
    """Whether the host is heard."""

    session: Session
    following: Following

    def detector(self) -> Detector | None:
        """Of the link to the host, or to whom we asked to be our host."""
        mesh, following = self.session.mesh, self.following
        link = None if following.link is None else mesh.links.get(following.link)
        if link is None:
            link = mesh.link_to(following.joining.target)
        return None if link is None else link.detector

    def is_calm(self) -> bool:
        """Whether this peer follows a host that it hears."""
        if self.session.state is not FOLLOWING:
            return False
        detector = self.detector()
        return detector is not None and not detector.warned

    def watch_us(self) -> int | None:
        """When the host's light would change."""
        if (detector := self.detector()) is None or self.session.seat is None:
            return None
        return detector.red_us if detector.warned else detector.yellow_us

    def light(self, now: int) -> Light:
        """The host's light; green as long as there is none to watch."""
        detector = self.detector()
        if detector is None or (light := detector.light(now)) is GREEN:
            return GREEN
        return GREEN if self.session.seat is None or self.session.host is None else light

    def warn(self) -> bool:
        """The light is yellow. True if that is news."""
        detector = self.detector()
        assert detector is not None
        news = not detector.warned
        if news:
            detector.warned = True
            self.session.mesh.disturb()
            self.following.suspect()
        return news

    def on_host_heard(self, detector: Detector) -> None:
        """The host was suspected, and spoke."""
        if detector.warned and detector is self.detector():
            detector.warned = False
            self.following.recover()
