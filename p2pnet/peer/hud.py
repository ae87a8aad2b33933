"""What UNet's prototype panel showed, as values: lines to draw and buttons to press.

p2pnet draws nothing. Whoever makes a prototype draws `MigrationManager.hud()` with whatever it has,
and calls the action of a button that is pressed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs


@attrs.frozen(eq=False)
class Button:
    """A text to press, and what to await then."""

    text: str
    action: Callable[[], Awaitable[object]]


@attrs.frozen(eq=False)
class Hud:
    """One panel, at `x`, `y` of the screen."""

    x: int
    y: int
    lines: tuple[str, ...]
    buttons: tuple[Button, ...]

    def press(self, text: str) -> Awaitable[object]:
        """What pressing the button with this text does. Raises LookupError without one."""
        for button in self.buttons:
            if button.text == text:
                return button.action()
        raise LookupError(f"there is no button {text!r}")
