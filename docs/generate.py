"""Writes the parts of the pages that follow from the code: `python docs/generate.py`.

A generated part lies between `<!-- generated: name -->` and `<!-- end -->`. Everything else in a
page is written by hand. `tests/test_docs.py` fails when a part is not what this script would write.
"""

from __future__ import annotations

import ast
import enum
import importlib
import inspect
import itertools
import json
import re
import sys
import typing
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import attrs
import msgspec

import p2pnet
import p2pnet.links
from p2pnet.core import credentials, errors, events, frame_parts, messages, routing, values
from p2pnet.core import settings as settings_module
from p2pnet.core.roles import HOSTS, IN_SESSION
from p2pnet.core.states import HOSTLESS, ROLES, TABLE, Move, State
from p2pnet.testing import catalogue, goals, scenario

DOCS: Final = Path(__file__).parent
_PART: Final = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


# --- what the code says about itself --------------------------------------------------------------


def first_line(text: str | None) -> str:
    """The first sentence line of a docstring."""
    return (text or "").strip().split("\n\n")[0].replace("\n", " ").strip()


def own_doc(obj: object) -> str:
    """The docstring that an object has of its own, not from its type."""
    doc = getattr(obj, "__doc__", None)
    return first_line(inspect.cleandoc(doc)) if doc and doc != type(obj).__doc__ else ""


def texts_below(source: ModuleType | type) -> dict[str, str]:
    """The text that follows each assignment in a module or class, by name."""
    found = {}
    tree = ast.parse(inspect.getsource(source))
    body = tree.body if isinstance(source, ModuleType) else tree.body[0].body  # type: ignore[attr-defined]
    for statement, after in itertools.pairwise(body):
        if isinstance(statement, ast.Assign):
            target: ast.expr = statement.targets[0]
        elif isinstance(statement, ast.AnnAssign):
            target = statement.target
        else:
            continue
        if (
            isinstance(target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            found[target.id] = " ".join(str(after.value.value).split())
    return found


def remarks(cls: type) -> dict[str, str]:
    """The comment behind each member of an enum, by name."""
    lines = inspect.getsource(cls).splitlines()
    matches = (re.match(r"\s+(\w+)\s*=.*?\s# (.*)$", line) for line in lines)
    return {match[1]: match[2] for match in matches if match}


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [list(head)]
    lines += [["---"] * len(lines[0]), *(list(row) for row in rows)]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def code(text: object) -> str:
    return f"`{text}`"


# --- protocol.md ----------------------------------------------------------------------------------

_GROUPS: Final = {
    IN_SESSION: "all",
    HOSTS: "the host's",
    HOSTLESS: "the hostless",
    HOSTLESS | {State.JOINING, State.FOLLOWING}: "all of a client",
}


def _states_of(group: frozenset[State]) -> str:
    return _GROUPS.get(group) or ", ".join(state.value for state in State if state in group)


def frames() -> str:
    """Every frame: its tag, its fields, what it says, and who listens to it."""
    rows = []
    kinds = typing.get_args(messages.AnyFrame)
    for frame in sorted(kinds, key=lambda frame: frame.__struct_config__.tag):
        group, is_checked, _ = routing._ROUTES[frame]
        fields = ", ".join(frame.__struct_fields__)
        rows.append(
            (
                str(frame.__struct_config__.tag),
                code(frame.__name__),
                fields,
                own_doc(frame),
                _states_of(group),
                "yes" if is_checked else "",
            )
        )
    return table(("tag", "frame", "fields", "what it says", "taken in", "epoch checked"), rows)


def parts_of_frames() -> str:
    """The structures that travel inside frames."""
    modules = (frame_parts, messages, values, importlib.import_module("p2pnet.core.roster"))
    structs = [
        obj
        for module in modules
        for obj in vars(module).values()
        if inspect.isclass(obj)
        and issubclass(obj, msgspec.Struct)
        and not issubclass(obj, messages.Frame)
        and obj.__module__ == module.__name__
    ]
    return table(
        ("part", "fields", "what it is"),
        ((code(s.__name__), ", ".join(s.__struct_fields__), own_doc(s)) for s in structs),
    )


def state_diagram() -> str:
    """The table of states as a picture. Leaving is possible everywhere, so it is not drawn."""
    assert all(Move.LEAVE in moves for state, moves in TABLE.items() if state is not State.LEFT)
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> idle"]
    for state, moves in TABLE.items():
        labels: dict[State, list[str]] = {}
        for move, target in moves.items():
            if move is not Move.LEAVE:
                labels.setdefault(target, []).append(move.value)
        lines += [f"    {state} --> {target}: {', '.join(of)}" for target, of in labels.items()]
    lines += [f"    {state}: {state} (host)" for state in State if state in HOSTS]
    return "\n".join([*lines, "```"])


def state_table() -> str:
    """The same as a table."""
    said = remarks(State)
    rows = []
    for state, moves in TABLE.items():
        role = ROLES[state]
        ways = ", ".join(f"{move.value} → {target.value}" for move, target in moves.items())
        rows.append(
            (code(state.value), role.value if role else "none", said[state.name], ways or "none")
        )
    return table(("state", "role", "what it means", "moves"), rows)


def move_table() -> str:
    """What makes a peer move."""
    said = remarks(Move)
    return table(("move", "why"), ((code(move.value), said[move.name]) for move in Move))


_SPEAKERS: Final = {
    "GREETING": ("each end of a link", "`Proof`"),
    "REJOIN": ("the member that comes back", "`Rejoin`, also inside `Grant`"),
    "CLAIM": ("the claimant", "`Claim`, also as evidence in `Claim` and `Refuse`"),
    "REIGN": (
        "the host",
        "`Reign`, also in `Welcome`, `Redirect`, `Claim`, `Refuse`, `Fenced`, `Renumber`, `Header`",
    ),
    "ROSTER": ("the host", "`Update` that changes the roster, `Snapshot`"),
    "HEADER": ("the host", "`Meeting`"),
    "YIELD": ("the host that gives up", "`Yield`"),
    "OATH": ("a follower", "`Follow`, then shown in a `Header`"),
}


def signatures() -> str:
    """What is signed, over what, by whom, and which frame carries it."""
    said = remarks(credentials.Says)
    rows = ((code(k.value), said[k.name], *_SPEAKERS[k.name]) for k in credentials.Says)
    return table(("statement", "signed over", "by", "travels in"), rows)


def reasons(*enums: type[enum.Enum]) -> str:
    """The members of some enums, with their remarks."""
    rows = []
    for each in enums:
        said = remarks(each)
        rows += [
            (code(f"{each.__name__}.{member.name}"), code(member.value), said.get(member.name, ""))
            for member in each
        ]
    return table(("reason", "value", "meaning"), rows)


# --- settings.md ----------------------------------------------------------------------------------


def _human(name: str, default: Any) -> str:
    if isinstance(default, enum.Enum):
        return code(default.value)
    if name.endswith("_us") or "_us_" in name:
        return f"{default:_} ({default / 1_000_000:g} s)" if default >= 10_000 else f"{default:_}"
    if "bytes" in name:
        return f"{default:_} ({default >> 20} MiB)"
    return f"{default:_}"


def settings() -> str:
    """Every figure of a session."""
    texts = texts_below(settings_module.Settings)
    fields = attrs.fields(settings_module.Settings)
    rows = ((code(f.name), _human(f.name, f.default), texts[f.name]) for f in fields)
    return table(("setting", "default", "what it is"), rows)


def setting_choices() -> str:
    """The settings that are one of a few words."""
    return reasons(settings_module.AckLevel, settings_module.Policy)


# --- api.md ---------------------------------------------------------------------------------------


_UNSAID: Final = {"State": "What the protocol of one peer is doing."}
"""For the names without a docstring of their own."""


def public_names() -> str:
    """Everything that `import p2pnet` gives, by the part of the library that it comes from."""
    below = texts_below(values)
    rows = []
    for name in sorted(p2pnet.__all__, key=str.lower):
        obj = getattr(p2pnet, name)
        if inspect.isclass(obj) and issubclass(obj, errors.P2PNetError):
            continue  # they have a table of their own
        if isinstance(obj, ModuleType):
            kind = "module"
        elif inspect.isclass(obj):
            kind = "enum" if issubclass(obj, enum.Enum) else "class"
        elif inspect.isfunction(obj):
            kind = "function"
        else:
            kind = "constant" if name.isupper() else "type"
        said = below.get(name) or own_doc(obj) or _UNSAID[name]
        rows.append((code(name), kind, said))
    return table(("name", "kind", "what it is"), rows)


def members(cls: type) -> str:
    """The public methods and properties of a class."""
    rows = []
    for name, member in inspect.getmembers_static(cls):
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property)):
            continue
        rows.append((_order(cls, name), code(_heading(name, member)), own_doc(member)))
    return table(("member", "what it does"), (row[1:] for row in sorted(rows)))


def _order(cls: type, name: str) -> int:
    """The line of the source, so that the page has the order of the code."""
    member = inspect.getattr_static(cls, name)
    function = member.fget if isinstance(member, property) else inspect.unwrap(member)
    return int(function.__code__.co_firstlineno)  # type: ignore[union-attr]


def _heading(name: str, member: Any) -> str:
    if isinstance(member, property):
        return name
    parameters = list(inspect.signature(member).parameters.values())[1:]
    star = False
    texts = []
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not star:
            texts.append("*")
            star = True
        texts.append(p.name if p.default is p.empty else f"{p.name}={_default(p.default)}")
    prefix = "await " if inspect.iscoroutinefunction(member) else ""
    return f"{prefix}{name}({', '.join(texts)})"


def _default(value: object) -> str:
    return repr(value.value) if isinstance(value, enum.Enum) else repr(value)


def all_errors() -> str:
    """Every error, with the family that it is of."""
    rows = []
    for name, obj in vars(errors).items():
        if not (inspect.isclass(obj) and issubclass(obj, errors.P2PNetError)):
            continue
        where = "" if name in p2pnet.__all__ else " (in `p2pnet.core.errors`)"
        rows.append((code(name) + where, code(obj.__mro__[1].__name__), own_doc(obj)))
    return table(("error", "is a", "when"), rows)


def error_reasons() -> str:
    return reasons(
        errors.EndReason, errors.DenyReason, errors.CommandRefusal, errors.LinkEnd, events.LossCause
    )


def all_events() -> str:
    """Every event with its fields."""
    rows = []
    for name, obj in vars(events).items():
        if not (inspect.isclass(obj) and issubclass(obj, events.Event)) or obj is events.Event:
            continue
        fields = ", ".join(field.name for field in attrs.fields(obj))
        rows.append((code(name), fields, own_doc(obj)))
    return table(("event", "fields", "what happened"), rows)


def links() -> str:
    """What `p2pnet.links` gives."""
    names = sorted(p2pnet.links.__all__, key=str.lower)
    texts = texts_below(importlib.import_module("p2pnet.links.base"))
    rows = ((n, getattr(p2pnet.links, n)) for n in names)
    return table(
        ("name", "what it is"), ((code(n), texts.get(n) or own_doc(obj)) for n, obj in rows)
    )


# --- index.md -------------------------------------------------------------------------------------

_READING_ORDER: Final = (
    "quickstart",
    "testing",
    "world",
    "glossary",
    "protocol",
    "hard-cases",
    "simulations",
    "design",
)


# --- simulations.md -------------------------------------------------------------------------------


def field_remarks(cls: type) -> dict[str, str]:
    """The comment behind each field of an attrs class, by name."""
    lines = inspect.getsource(cls).splitlines()
    matches = (re.match(r"    (\w+): .*?  # (.*)$", line) for line in lines)
    return {match[1]: match[2] for match in matches if match}


def scenario_fields(cls: type[attrs.AttrsInstance]) -> str:
    """Every field of a part of a scenario: its default as it is written, and what it is."""
    texts, rows = field_remarks(cls), []
    for field in attrs.fields(cls):
        usual = isinstance(field.default, attrs.Factory) or field.default is attrs.NOTHING  # type: ignore[arg-type]
        default = None if usual else json.dumps(msgspec.to_builtins(field.default))
        needed = "needed" if field.default is attrs.NOTHING else "none"
        rows.append(
            (code(field.name), needed if default is None else code(default), texts[field.name])
        )
    return table(("field", "default", "what it is"), rows)


def step_kinds() -> str:
    """Every kind of step, whom it needs, and the amounts that it takes."""
    texts, rows = remarks(scenario.Kind), []
    for kind in scenario.Kind:
        low, high = scenario.AMOUNTS.get(kind, (None, None))
        amount = "" if low is None else f"{low} to {high}"
        needs = "and `other`" if kind in scenario.PAIRS else ""
        rows.append((code(kind.value), texts[kind.name], needs, amount))
    return table(("kind", "what happens", "`peer`", "`amount`"), rows)


def choices_of(cls: type[enum.Enum]) -> str:
    """The members of an enum of scenarios, by value."""
    texts = remarks(cls)
    rows = ((code(member.value), texts.get(member.name, "")) for member in cls)
    return table(("word", "what it means"), rows)


def _places_of_checks() -> dict[str, list[str]]:
    """Where each invariant is checked: modules of `p2pnet.testing`, with the function."""
    found: dict[str, list[str]] = {}
    for path in sorted((DOCS.parent / "p2pnet" / "testing").glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            names = {
                node.value
                for call in ast.walk(function)
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "InvariantBroken"
                for node in ast.walk(call.args[0])
                if isinstance(node, ast.Constant)
            }
            for name in names & set(catalogue.INVARIANTS):
                found.setdefault(name, []).append(f"{path.stem}.{function.name}")
    return found


def invariants() -> str:
    """Every invariant: what it says, and where it is checked."""
    places = _places_of_checks()
    rows = (
        (f"{id_} {name}", catalogue.MEANINGS[id_], ", ".join(map(code, dict.fromkeys(places[id_]))))
        for id_, name in catalogue.INVARIANTS.items()
    )
    return table(("invariant", "what it says", "checked in"), rows)


def map_of_pages() -> str:
    """All other pages with their first sentences, in the order in which one would read them."""
    others = [page for page in pages() if page.name != "index.md"]
    place = {name: number for number, name in enumerate(_READING_ORDER)}
    others.sort(key=lambda page: (place.get(page.stem, len(place)), page.stem))
    return table(("page", "what is in it"), (_entry(page) for page in others))


def _entry(page: Path) -> tuple[str, str]:
    title, sentence = page.read_text("utf-8").split("\n\n")[:2]
    link = page.relative_to(DOCS).as_posix()
    return f"[{title.removeprefix('# ')}]({link})", sentence.replace("\n", " ").split(". ")[
        0
    ].rstrip(".")


# --- pages ----------------------------------------------------------------------------------------

PARTS: Final[dict[str, Callable[[], str]]] = {
    "pages": map_of_pages,
    "frames": frames,
    "frame-parts": parts_of_frames,
    "state-diagram": state_diagram,
    "states": state_table,
    "moves": move_table,
    "signatures": signatures,
    "refusals": lambda: reasons(errors.RefuseReason),
    "settings": settings,
    "setting-choices": setting_choices,
    "public-names": public_names,
    "peer": lambda: members(p2pnet.Peer),
    "network-object": lambda: members(p2pnet.NetworkObject),
    "migration-manager": lambda: members(p2pnet.MigrationManager),
    "errors": all_errors,
    "error-reasons": error_reasons,
    "events": all_events,
    "links": links,
    "scenario-fields": lambda: scenario_fields(scenario.Scenario),
    "step-fields": lambda: scenario_fields(scenario.Step),
    "way-fields": lambda: scenario_fields(scenario.Way),
    "workload-fields": lambda: scenario_fields(scenario.Workload),
    "step-kinds": step_kinds,
    "victims": lambda: choices_of(scenario.Victim),
    "phases": lambda: choices_of(scenario.Phase),
    "lanes": lambda: choices_of(scenario.Lane),
    "drills": lambda: choices_of(scenario.Drill),
    "invariants": invariants,
    "goals": lambda: choices_of(goals.Goal),
}
"""By name, what makes it."""


def pages() -> list[Path]:
    """All pages, in the order of their names."""
    return sorted(DOCS.glob("**/*.md"))


def render(text: str) -> str:
    """The page with its generated parts made anew. Raises KeyError for a part that nobody makes."""
    return _PART.sub(lambda part: part[1] + PARTS[part[2]]() + "\n" + part[3], text)


def parts_in(text: str) -> list[str]:
    """The names of the generated parts of a page."""
    return [part[2] for part in _PART.finditer(text)]


def stale() -> list[str]:
    """Which pages are not as this script would write them."""
    return [
        page.relative_to(DOCS).as_posix()
        for page in pages()
        if (text := page.read_text("utf-8")) != render(text)
    ]


def main() -> None:
    """Write all pages."""
    for page in pages():
        text = page.read_text("utf-8")
        if (fresh := render(text)) != text:
            page.write_text(fresh, "utf-8")
            print(f"wrote {page.relative_to(DOCS)}", file=sys.stderr)


if __name__ == "__main__":
    main()
