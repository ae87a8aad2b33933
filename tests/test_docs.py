"""The pages are true to the code: generated parts are current, links lead somewhere, code runs."""

from __future__ import annotations

import ast
import importlib.util
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest
import trio

import p2pnet
from p2pnet.core import errors, events
from p2pnet.core.credentials import Says
from p2pnet.core.settings import Settings
from p2pnet.core.states import Move, State
from p2pnet.testing.replaying import replay
from p2pnet.testing.scenario_json import read

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))
TIME_S = 120

_FILE = re.compile(r"^<!-- file: (\S+) -->\n```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SCENARIO = re.compile(r"^<!-- file: (\S+) -->\n```json\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = _load_generator()


def by_name(page: Path) -> str:
    return page.relative_to(DOCS).as_posix()


def text_of(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


# --- generated parts ------------------------------------------------------------------------------


def test_the_generated_parts_are_current() -> None:
    stale = generate.stale()
    assert not stale, f"{', '.join(stale)}: the code has changed; run `python docs/generate.py`"


def test_every_generated_part_is_on_some_page() -> None:
    used = {part for page in PAGES for part in generate.parts_in(page.read_text("utf-8"))}
    assert used == set(generate.PARTS)


def test_a_stale_part_is_noticed() -> None:
    page = text_of("protocol.md")
    changed = page.replace("| `doubting` |", "| `pondering` |")
    assert changed != page
    assert generate.render(changed) == page


def test_states_moves_and_statements_are_all_told() -> None:
    page = text_of("protocol.md")
    for word in (*State, *Move, *Says):
        assert f"| `{word.value}` |" in page, word


def test_every_public_name_is_listed() -> None:
    page = text_of("api.md")
    all_errors = [name for name, obj in vars(errors).items() if _is_error(obj)]
    all_events = [
        name
        for name, obj in vars(events).items()
        if isinstance(obj, type) and issubclass(obj, events.Event) and obj is not events.Event
    ]
    missing = [
        name for name in (*p2pnet.__all__, *all_errors, *all_events) if f"| `{name}`" not in page
    ]
    assert missing == []


def _is_error(obj: object) -> bool:
    return isinstance(obj, type) and issubclass(obj, errors.P2PNetError)


def test_nothing_is_listed_without_a_word_on_it() -> None:
    for page in ("api.md", "settings.md", "protocol.md"):
        rows = re.findall(r"^\| `\w+`.*\| +\|$", text_of(page), re.MULTILINE)
        allowed = ("Reason.", "Refusal.", "| taken in |")
        bare = [row for row in rows if not any(mark in row for mark in allowed)]
        assert [row for row in bare if not _is_a_frame(row)] == []


def _is_a_frame(row: str) -> bool:
    """The last column of a frame says whether its epoch is checked, and may be empty."""
    return row.count(" | ") == 5 and bool(row.split(" | ")[3])


def test_every_setting_has_its_default_on_the_page() -> None:
    page = text_of("settings.md")
    for name in Settings.__attrs_attrs__:  # type: ignore[attr-defined]
        assert f"| `{name.name}` |" in page


# --- references -----------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.strip().replace(" ", "-") for heading in plain}


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(_CODE.sub("", page.read_text("utf-8"))):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{page.name} links to {path}, which is not there"
        if anchor:
            assert anchor in anchors(target), f"{page.name} links to {link}: no such heading"


def test_every_page_can_be_found_from_the_first() -> None:
    first = text_of("index.md")
    assert [page.name for page in PAGES if page.name != "index.md" and page.name not in first] == []


@cache
def defined_in(file: Path) -> set[str]:
    """The functions and classes of a module."""
    return {node.name for node in ast.parse(file.read_text("utf-8")).body if hasattr(node, "name")}


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_tests_and_files_that_are_named_exist(page: Path) -> None:
    text = page.read_text("utf-8")
    for path, name in re.findall(
        r"`((?:tests|p2pnet|docs|simulations)/[\w/.]+?\.\w+)(?:::(\w+))?`", text
    ):
        file = ROOT / path
        assert file.exists(), f"{page.name} names {path}, which is not there"
        if name:
            assert name in defined_in(file), f"{page.name} names {path}::{name}, which is not there"


def test_all_hard_cases_are_told_and_each_says_what_shows_it() -> None:
    cases = re.split(r"^(?=\*\*\d+\. )", text_of("hard-cases.md"), flags=re.MULTILINE)[1:]
    assert sorted(int(case[2:].split(".")[0]) for case in cases) == list(range(1, 37))
    assert [case for case in cases if "hown by" not in case] == []


# --- code -----------------------------------------------------------------------------------------


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with the files of the quickstart, as they stand there."""
    for name, code in _FILE.findall(text_of("quickstart.md")):
        (tmp_path / name).write_text(code, "utf-8")
    return tmp_path


async def test_the_game_of_the_quickstart_survives_kill_9(files: Path) -> None:
    lines: dict[str, list[str]] = {}
    processes: list[trio.Process] = []
    news = trio.lowlevel.ParkingLot()

    async def read(name: str, process: trio.Process) -> None:
        assert process.stdout is not None
        rest = b""
        async for chunk in process.stdout:
            *whole, rest = (rest + chunk).split(b"\n")
            lines[name] += [line.decode() for line in whole]
            news.unpark_all()

    def totals(name: str, who: str) -> list[int]:
        return [int(line.split(": ")[1]) for line in lines[name] if line.startswith(who)]

    async def until(name: str, who: str, times: int = 3) -> None:
        while len(totals(name, who)) < times:
            await news.park()

    with trio.fail_after(TIME_S):
        async with trio.open_nursery() as nursery:

            async def start(name: str, *arguments: str) -> None:
                command = [sys.executable, "lamps.py", name, *arguments]
                open_process = trio.lowlevel.open_process
                processes.append(await open_process(command, cwd=files, stdout=subprocess.PIPE))
                lines[name] = []
                nursery.start_soon(read, name, processes[-1])

            try:
                await start("ana")
                await until("ana", "host 0", 1)
                for label, name in enumerate(("bea", "cid"), 1):
                    await start(name, lines["ana"][0])
                    await until(name, f"client {label}")
                processes[0].kill()
                for name in ("bea", "cid"):
                    await until(name, "", len(totals(name, "")) + 3)
                while not any(totals(name, "host 0") for name in ("bea", "cid")):
                    await news.park()  # whose turn it is, is tested where time is virtual
            finally:
                for process in processes:
                    process.kill()  # before anything is awaited, as that may be cancelled
                with trio.CancelScope(shield=True):
                    for process in processes:
                        await process.wait()
                nursery.cancel_scope.cancel()
    for process in processes:
        await process.stdout.aclose()  # type: ignore[union-attr]  # nobody reads any more
    told = [total for name in ("bea", "cid") for total in totals(name, "")]
    assert len(set(told)) == len(told), "a switch was counted twice"
    assert all(each == sorted(each) for each in (totals(name, "") for name in ("bea", "cid")))


def test_the_test_of_the_quickstart_passes(files: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [*command, "-o", "trio_mode=true", "test_lamps.py"],
        cwd=files,
        capture_output=True,
        text=True,
        timeout=TIME_S,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("page", PAGES, ids=by_name)
def test_all_code_is_python(page: Path) -> None:
    for code in re.findall(r"^```python\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.M):
        compile(code, page.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | ast.PyCF_ONLY_AST)


def test_the_scenario_that_is_shown_is_there_and_plays() -> None:
    """The example of the simulations page: the file is what the page shows, and nothing breaks."""
    ((place, text),) = _SCENARIO.findall(text_of("simulations.md"))
    assert (ROOT / place).read_text("utf-8") == text
    replayed = replay(read(ROOT / place))
    assert replayed.broken is None and replayed.reigns > 1
