"""A run as a page that needs nothing but a browser: to zoom into, and to filter."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from html import escape
from importlib import resources
from typing import Any, Final

from .legend import legend
from .picture import FAMILIES, Family, Migration, Picture, milliseconds
from .shapes import View, tag
from .signs import MARKERS, Look, pitch_for, sentence
from .strip import Strip
from .svg import OVERVIEW, close_up

_WIDTH: Final = 1100  # until the script knows better
_TEXT_MAX: Final = 400
_LEGEND_WIDTH: Final = 1250
_FAMILY_WORDS: Final = {
    Family.SUCCESSION: "succession",
    Family.SEATS: "seats",
    Family.WORK: "commands and updates",
    Family.DETECTION: "is the host there?",
    Family.GREETING: "greetings",
    Family.NOISE: "forged or repeated",
    Family.HEARTBEATS: "heartbeats",
}
_HELP: Final = (
    "Wheel or + and - to zoom, drag or ← and → to move, 0 for the whole run, n and p for the next "
    "and the previous migration. Drag on the overview to choose a stretch. Point at anything."
)


def asset(name: str) -> str:
    """The text of a file beside this one."""
    return resources.files(__package__).joinpath(name).read_text("utf-8")


def document(title: str, body: str, script: str = "") -> str:
    """A whole page. Nothing in it is fetched from anywhere."""
    scripts = "".join(f"<script>{text}</script>" for text in (asset("theme.js"), script) if text)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="icon" href="data:,">'
        f"<style>{asset('style.css')}{asset('page.css')}</style></head>\n"
        f"<body><main>{body}</main>{scripts}</body></html>\n"
    )


def heading(title: str, setting: str, outcome: str, is_good: bool) -> str:
    """What a page is about, and how it went."""
    kind = "outcome" if is_good else "outcome bad"
    return (
        f"<header><div><h1>{escape(title)}</h1>"
        f'<p class="setting">{escape(setting)}</p><p class="{kind}">{escape(outcome)}</p></div>'
        '<button class="theme" type="button">dark or light</button></header>'
    )


def figures(pairs: Iterable[tuple[str, object]]) -> str:
    """Numbers to see at one look, each with what it counts."""
    parts = (f"<div><b>{value}</b><span>{escape(name)}</span></div>" for name, value in pairs)
    return f'<div class="figures">{"".join(parts)}</div>'


def to_html(picture: Picture) -> str:
    """The text of the file."""
    head = heading(picture.title, picture.setting, picture.outcome, picture.is_good)
    return document(picture.title, head + run_section(picture), asset("page.js"))


def run_section(picture: Picture) -> str:
    """All of a page that is about one run, without its heading."""
    never = sum(arrow.taken_us is None for arrow in picture.arrows)
    whole = View(picture.seen_from_us, picture.to_us, _WIDTH)
    near = Look(pitch_for(len(picture.lanes)), all_of_it=True)
    busy = View(picture.seen_from_us, picture.busy_to_us, _WIDTH)
    key, key_height = legend(_LEGEND_WIDTH)
    parts = (
        figures(
            (
                ("nobody hosted, at most", milliseconds(picture.longest_gap_us)),
                ("a peer knew of no host, at most", milliseconds(picture.longest_outage_us)),
                ("reigns", len({(r.number, r.lane) for r in picture.reigns})),
                ("migrations", len(picture.migrations)),
                ("peers", len(picture.lanes)),
                ("messages", len(picture.arrows)),
                ("never taken", never),
            )
        ),
        f'<div class="cards">{"".join(_cards(picture))}</div>',
        tag("svg", MARKERS, width=0, height=0, style="position:absolute"),
        f'<div id="whole">{Strip(busy, _all_of(OVERVIEW), picture).draw()}</div>',
        _tools(picture),
        f'<div id="main" tabindex="0">{Strip(whole, near, picture).draw()}</div>',
        f'<p class="help">{_HELP}</p>',
        "<details open><summary>What the colours and signs mean</summary>",
        f'<div class="chart">{tag("svg", key, width=_LEGEND_WIDTH, height=key_height + 6)}</div>',
        "</details><details><summary>The same in words</summary>",
        f"<pre>{escape(chr(10).join(picture.story))}</pre></details>",
        '<div id="tip" hidden></div>',
        f'<script type="application/json" id="data">{_data(picture)}</script>',
    )
    return "\n".join(parts)


def _all_of(look: Look) -> Look:
    values = {field: getattr(look, field) for field in ("pitch", "label_rows", "bands")}
    return Look(**values, all_marks=False, arrows=False, migrations=False, all_of_it=True)


def _view(picture: Picture, migration: Migration) -> tuple[int, int]:
    view = close_up(picture, [migration], _WIDTH)
    return view.from_us, min(view.to_us, picture.to_us)


def _cards(picture: Picture) -> Iterator[str]:
    for migration in picture.migrations:
        from_us, to_us = _view(picture, migration)
        bar = "".join(
            f'<i class="p-{phase.name}" style="flex:{max(phase.to_us - phase.from_us, 1)}"></i>'
            for phase in migration.phases
        )
        told = " · ".join(f"{phase.name} {phase.ms}" for phase in migration.phases)
        yield (
            f'<button type="button" class="card" data-from="{from_us}" data-to="{to_us}">'
            f"<b>{escape(sentence(picture, migration))}</b><br>"
            f"<small>at {milliseconds(migration.from_us)}: {told}</small>"
            f'<div class="bar">{bar}</div></button>'
        )


def _tools(picture: Picture) -> str:
    counts = Counter(arrow.kind for arrow in picture.arrows)
    kinds = _kinds(picture)
    families = []
    for family, words in _FAMILY_WORDS.items():
        own = [i for i, (_, of) in enumerate(kinds) if of == family.value]
        count = sum(counts[kinds[i][0]] for i in own)
        swatch = f'<i class="swatch" style="border-color:var(--{family.value})"></i>'
        is_on = family is not Family.HEARTBEATS
        families.append(_box("family", " ".join(map(str, own)), is_on, f"{swatch}{words}", count))
    names = [
        _box("kind", str(i), kind != "Heartbeat", escape(kind), counts[kind])
        for i, (kind, _) in enumerate(kinds)
    ]
    peers = [_box("peer", str(i), True, escape(lane.name)) for i, lane in enumerate(picture.lanes)]
    return (
        '<div class="tools"><span><button type="button" id="all">whole run</button> '
        '<button type="button" id="in">+</button> '
        '<button type="button" id="out">&minus;</button></span>'
        '<span>from <input type="number" id="from" step="any"> to '
        '<input type="number" id="to" step="any"> ms, which is <b id="stretch"></b> with '
        '<b id="drawn"></b> messages</span>'
        f"<fieldset>{''.join(families)}</fieldset>"
        f"<fieldset>{''.join(peers)}</fieldset>"
        f"<details><summary>kinds of messages</summary><fieldset>{''.join(names)}</fieldset>"
        "</details></div>"
    )


def _box(kind: str, value: str, is_on: bool, words: str, count: int | None = None) -> str:
    checked = " checked" if is_on and value else ""
    disabled = "" if value else " disabled"
    told = "" if count is None else f" {count}"
    return (
        f'<label{"" if value else " class=none"}><input type="checkbox" class="{kind}" '
        f'value="{value}"{checked}{disabled}>{words}{told}</label>'
    )


def _kinds(picture: Picture) -> list[tuple[str, str]]:
    """Each kind of frame that was sent, with its family, in the order of the families."""
    sent = {arrow.kind: arrow.family.value for arrow in picture.arrows}
    order = [*FAMILIES, *(kind for kind in sent if kind not in FAMILIES)]
    return [(kind, sent[kind]) for kind in order if kind in sent]


def _data(picture: Picture) -> str:
    kinds = _kinds(picture)
    number_of = {kind: index for index, (kind, _) in enumerate(kinds)}
    texts: dict[str, int] = {}
    arrows: list[list[Any]] = []
    for arrow in picture.arrows:
        text = texts.setdefault(arrow.text[:_TEXT_MAX], len(texts))
        times = arrow.sent_us, arrow.taken_us
        way = arrow.source, arrow.target, number_of[arrow.kind]
        arrows.append([*way, *times, text, int(arrow.relayed)])
    first = picture.migrations[:1]
    view = _view(picture, first[0]) if first else (picture.from_us, picture.busy_to_us)
    plain = {
        "from": picture.seen_from_us,
        "to": picture.busy_to_us,
        "view": view,
        "lanes": [lane.name for lane in picture.lanes],
        "kinds": kinds,
        "texts": list(texts),
        "arrows": arrows,
    }
    return json.dumps(plain, separators=(",", ":")).replace("<", "\\u003c")
