from __future__ import annotations

import pytest

from p2pnet import Button, Hud


async def test_a_button_does_what_its_text_says() -> None:
    pressed: list[str] = []

    async def fire() -> str:
        pressed.append("fire")
        return "bang"

    hud = Hud(10, 300, ("a line",), (Button("Fire", fire),))
    assert await hud.press("Fire") == "bang" and pressed == ["fire"]
    with pytest.raises(LookupError, match="Water"):
        hud.press("Water")
