"""The page in a real browser: no script fails, and what is on screen is what was in the run.

Needs Chromium and its driver (`apt install chromium chromium-driver`), and selenium.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from p2pnet.testing.campaign import Report
from p2pnet.testing.report.page import to_html
from p2pnet.testing.report.picture import Arrow, Doing, Family, Picture
from p2pnet.testing.report.summary import campaign_html

STUMP_US = 20_000
DRIVER = shutil.which("chromedriver")
BROWSER = shutil.which("chromium") or shutil.which("google-chrome")

pytestmark = pytest.mark.skipif(
    DRIVER is None or BROWSER is None,
    reason="no browser: on Debian and Ubuntu, apt install chromium chromium-driver",
)

Show = Callable[[str], Any]
"""Opens a page and gives the driver of the browser."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options, webdriver.ChromeService(executable_path=DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


@pytest.fixture
def show(browser: Any, tmp_path: Path) -> Iterator[Show]:
    def open_page(text: str, width: int = 1440) -> Any:
        file = tmp_path / "page.html"
        file.write_text(text, "utf-8")
        browser.set_window_size(width, 1000)
        browser.get(file.as_uri())
        return browser

    yield open_page
    assert [entry for entry in browser.get_log("browser") if entry["level"] != "DEBUG"] == []
    assert browser.execute_script("return performance.getEntriesByType('resource').length") == 0


def settle(driver: Any) -> None:
    """Let the page draw what it is about to draw."""
    driver.execute_async_script(
        "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(done));"
    )


def seen(driver: Any, query: str) -> int:
    """How many elements of the main strip are not hidden."""
    script = """return [...document.querySelectorAll('#main ' + arguments[0])]
        .filter(e => !e.closest('.off') && !e.classList.contains('hidden')).length"""
    count: int = driver.execute_script(script, query)
    return count


def press(driver: Any, query: str) -> None:
    driver.execute_script("document.querySelector(arguments[0]).click()", query)
    settle(driver)


def keys(driver: Any, text: str) -> None:
    driver.find_element("id", "main").send_keys(text)
    settle(driver)


def view_of(driver: Any) -> tuple[float, float]:
    script = "return ['from', 'to'].map(id => Number(document.getElementById(id).value) * 1000)"
    from_us, to_us = driver.execute_script(script)
    return from_us, to_us


def look(driver: Any, from_us: float, to_us: float) -> None:
    """Type a stretch into the two fields."""
    script = """document.getElementById('from').value = arguments[0];
        const to = document.getElementById('to'); to.value = arguments[1];
        to.dispatchEvent(new Event('change'))"""
    driver.execute_script(script, from_us / 1000, to_us / 1000)
    settle(driver)


def end_of(arrow: Arrow) -> int:
    return arrow.sent_us + STUMP_US if arrow.taken_us is None else arrow.taken_us


def said(picture: Picture, from_us: float, to_us: float) -> list[Arrow]:
    """The messages that belong into a view, heartbeats left out."""
    return [
        arrow
        for arrow in picture.arrows
        if arrow.family is not Family.HEARTBEATS
        and arrow.sent_us <= to_us
        and end_of(arrow) >= from_us
    ]


def test_the_whole_run_is_on_screen(show: Show, lost_twice: Picture) -> None:
    driver = show(to_html(lost_twice))
    press(driver, "#all")
    to_us = lost_twice.busy_to_us
    assert seen(driver, ".arrow") == len(said(lost_twice, lost_twice.from_us, to_us))
    begun = [band for band in lost_twice.bands if band.from_us <= to_us]
    assert seen(driver, "rect.band") == len(begun)
    hosts = [band for band in begun if band.doing is Doing.HOST]
    assert seen(driver, "rect.d-host") == len(hosts)
    assert seen(driver, "g.mark") == len([m for m in lost_twice.marks if m.at_us <= to_us])
    assert seen(driver, "rect.reign") == len(lost_twice.reigns)
    assert seen(driver, "rect.gap") == len(lost_twice.gaps)
    assert seen(driver, "rect.phase") == sum(len(m.phases) for m in lost_twice.migrations)
    assert seen(driver, "g.lane-name") == len(lost_twice.lanes)


def test_heartbeats_are_hidden_until_asked_for(show: Show, crowded: Picture) -> None:
    driver = show(to_html(crowded))
    press(driver, "#all")
    all_of_them = [a for a in crowded.arrows if a.sent_us <= crowded.busy_to_us]
    beats = [a for a in all_of_them if a.family is Family.HEARTBEATS]
    assert len(all_of_them) > 1_500
    assert seen(driver, ".arrow") == len(all_of_them) - len(beats)
    press(driver, ".tools fieldset label:last-child input.family")
    assert seen(driver, ".arrow") == len(all_of_them)
    assert seen(driver, ".arrow.f-heartbeats") == len(beats)


def test_a_migration_from_near(show: Show, lost_twice: Picture) -> None:
    driver = show(to_html(lost_twice))
    press(driver, ".card:nth-of-type(2)")
    from_us, to_us = view_of(driver)
    migration = lost_twice.migrations[1]
    assert from_us < migration.from_us < migration.to_us < to_us
    expected = said(lost_twice, from_us, to_us)
    assert seen(driver, ".arrow") == len(expected)
    assert seen(driver, ".arrow.lost") == len([a for a in expected if a.taken_us is None])
    marks = [m for m in lost_twice.marks if from_us <= m.at_us <= to_us]
    assert seen(driver, "g.mark") == len(marks)
    script = "return [...document.querySelectorAll('#main .phase-label:not(.hidden)')]"
    labels = driver.execute_script(f"{script}.map(e => e.textContent)")
    assert f"crowned in {migration.phases[2].ms}" in labels


def test_arrows_are_where_their_times_say(show: Show, lost_twice: Picture) -> None:
    driver = show(to_html(lost_twice))
    press(driver, ".card:nth-of-type(1)")
    from_us, to_us = view_of(driver)
    script = """const number = (element, name) => Number(element.getAttribute(name));
        const lines = [...document.querySelectorAll('#main .arrow')];
        return [number(document.querySelector('#main svg.area'), 'width'),
            lines.map(line => ['data-i', 'x1', 'x2'].map(name => number(line, name)))]"""
    width, lines = driver.execute_script(script)
    assert lines
    for index, x1, x2 in lines:
        arrow = lost_twice.arrows[index]
        scale = width / (to_us - from_us)
        assert x1 == pytest.approx((arrow.sent_us - from_us) * scale, abs=2)
        assert x2 == pytest.approx((end_of(arrow) - from_us) * scale, abs=2)


def test_the_filter_hides_kinds_and_peers(show: Show, lost_twice: Picture) -> None:
    driver = show(to_html(lost_twice))
    press(driver, "#all")
    rest = said(lost_twice, lost_twice.from_us, lost_twice.busy_to_us)
    press(driver, "input.family")
    rest = [arrow for arrow in rest if arrow.family is not Family.SUCCESSION]
    assert seen(driver, ".arrow") == len(rest)
    press(driver, "input.peer[value='1']")
    rest = [arrow for arrow in rest if 1 not in (arrow.source, arrow.target)]
    assert seen(driver, ".arrow") == len(rest) > 0
    bands = [b for b in lost_twice.bands if b.lane != 1 and b.from_us <= lost_twice.busy_to_us]
    assert seen(driver, "rect.band") == len(bands)
    press(driver, "input.peer[value='1']")
    press(driver, "input.family")
    rest = said(lost_twice, lost_twice.from_us, lost_twice.busy_to_us)
    assert seen(driver, ".arrow") == len(rest)


def test_zoom_and_move_with_keys_wheel_and_fields(show: Show, lost_twice: Picture) -> None:
    driver = show(to_html(lost_twice))
    keys(driver, "0")
    whole = view_of(driver)
    assert whole[1] == pytest.approx(lost_twice.busy_to_us, abs=100)
    keys(driver, "+")
    near = view_of(driver)
    assert near[1] - near[0] == pytest.approx(0.6 * (whole[1] - whole[0]), abs=200)
    keys(driver, "\ue014")  # the right arrow
    assert view_of(driver)[0] > near[0]
    keys(driver, "n")
    first = lost_twice.migrations[0]
    from_us, to_us = view_of(driver)
    assert from_us < first.to_us < to_us
    script = """const area = document.querySelector('#main'), box = area.getBoundingClientRect();
        area.dispatchEvent(new WheelEvent('wheel', {deltaY: -300, clientX: box.left + 500,
            clientY: box.top + 90, bubbles: true, cancelable: true}))"""
    driver.execute_script(script)
    settle(driver)
    closer = view_of(driver)
    assert closer[1] - closer[0] < to_us - from_us
    look(driver, 2_200_000, 2_300_000)
    assert view_of(driver) == (2_200_000, 2_300_000)
    assert seen(driver, ".arrow") == len(said(lost_twice, 2_200_000, 2_300_000))


def test_dragging_moves_and_chooses_on_the_overview(show: Show, lost_twice: Picture) -> None:
    from selenium.webdriver import ActionChains

    driver = show(to_html(lost_twice))
    before = view_of(driver)
    main = driver.find_element("id", "main")
    ActionChains(driver).move_to_element(main).click_and_hold().move_by_offset(-80, 0).perform()
    ActionChains(driver).release().perform()
    settle(driver)
    after = view_of(driver)
    assert after[0] > before[0]
    assert after[1] - after[0] == pytest.approx(before[1] - before[0], abs=200)
    whole = driver.find_element("id", "whole")
    ActionChains(driver).move_to_element(whole).click_and_hold().move_by_offset(200, 0).perform()
    ActionChains(driver).release().perform()
    settle(driver)
    from_us, to_us = view_of(driver)
    assert to_us - from_us > 3 * (after[1] - after[0])


def test_what_is_pointed_at_is_told(show: Show, lost_twice: Picture) -> None:
    from selenium.webdriver import ActionChains

    driver = show(to_html(lost_twice))
    press(driver, ".card:nth-of-type(2)")
    death = driver.find_element("css selector", "#main g.m-death:not(.off) path")
    ActionChains(driver).move_to_element(death).perform()
    settle(driver)
    tip = driver.find_element("id", "tip")
    assert tip.is_displayed() and tip.text.startswith("peer1: crashes (at ")
    script = """const line = document.querySelector('#main .arrow.f-succession');
        const box = line.getBoundingClientRect();
        document.querySelector('#main').dispatchEvent(new PointerEvent('pointermove', {
            clientX: (box.left + box.right) / 2, clientY: (box.top + box.bottom) / 2}));"""
    driver.execute_script(script)
    assert "Claim 3" in tip.text and "on its way" in tip.text


def test_dark_and_light(show: Show, lost_twice: Picture) -> None:
    driver = show(to_html(lost_twice))
    script = """return [getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('#main text.name')).fill]"""
    before = driver.execute_script(script)
    press(driver, "button.theme")
    after = driver.execute_script(script)
    assert before[0] != after[0] and before[1] != after[1]


@pytest.mark.parametrize("width", [1920, 1024, 560])
def test_it_fits_into_the_window(browser: Any, show: Any, crowded: Picture, width: int) -> None:
    driver = show(to_html(crowded), width)
    script = "const e = document.scrollingElement; return e.scrollWidth - e.clientWidth"
    assert driver.execute_script(script) == 0
    assert seen(driver, ".arrow") == len(said(crowded, *view_of(driver)))


def test_a_campaign_on_screen(show: Show, campaign: Report, lost_twice: Picture) -> None:
    driver = show(campaign_html(campaign, "seed 1", lost_twice))
    script = "return document.querySelectorAll('[id^=PathCollection] use').length"
    assert driver.execute_script(script) == len(campaign.tallied.recoveries)
    assert seen(driver, ".arrow") == len(said(lost_twice, *view_of(driver)))
