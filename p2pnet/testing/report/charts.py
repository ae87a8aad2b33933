"""What came of a campaign, as charts: how long recoveries took, and which fault led where.

Needs matplotlib, which is asked for here and nowhere else. Colours are names of the style sheet, so
that a chart is dark where the page around it is.
"""

from __future__ import annotations

import io
import re
import statistics
from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from ..apart import Apart
from ..campaign import Tallied
from ..goals import Goal
from ..recovery import Cause, Recovery, bound_us
from ..scenario import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    Drawing = Callable[[Figure], None]

_INK, _SOFT, _BAD, _FILL, _OTHER = "#010203", "#010204", "#010205", "#010206", "#010207"
_NAMES: Final = MappingProxyType(
    {_INK: "ink", _SOFT: "soft", _BAD: "bad", _FILL: "c5", _OTHER: "c1"}
)
"""Colours that stand for those of the style sheet."""

_PARAMETERS: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "p2pnet",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": _INK,
    "axes.labelcolor": _INK,
    "axes.edgecolor": _SOFT,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "xtick.labelcolor": _INK,
    "ytick.labelcolor": _INK,
}
_TITLES: Final = MappingProxyType(
    {
        Cause.CLOSE: "the host's process ends",
        Cause.SILENCE: "the host's machine is gone",
        Cause.HANDOVER: "the host hands over",
    }
)
_APART: Final = MappingProxyType(
    {
        Apart.NEAR: ("round trips up to 60 ms", _FILL, "-"),
        Apart.FAR: ("longer ones", _OTHER, "-"),
        Apart.BEREFT: ("a host had died in silence", _SOFT, "--"),
        Apart.GIVEN_UP: ("seats had expired", _SOFT, ":"),
        Apart.TOO_FEW: ("too few for the policy", _SOFT, "-."),
    }
)


class ChartsMissing(ImportError):
    """The library that draws charts is not installed. The text says how to mend it."""


def check_charts() -> None:
    """Raises `ChartsMissing`."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        text = "the charts of a campaign need matplotlib: pip install 'p2pnet[report]'"
        raise ChartsMissing(text) from None


def recovery_chart(tallied: Tallied) -> str:
    """How long everybody was out of the game, by cause and number of peers, as an `svg` element."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots(1, len(Cause), squeeze=False)[0]
        for cause, ax in zip(Cause, axes, strict=True):
            taken = [(what.players, us) for what, us in tallied.recoveries if what.cause is cause]
            _recoveries(ax, cause, taken)
        axes[0].set_ylabel("milliseconds until all were back")

    return _drawn(draw, (12.0, 3.6))


def _recoveries(ax: Axes, cause: Cause, taken: Sequence[tuple[int, int]]) -> None:
    """A point for each, a line for the median of each number of peers, a line for the bound."""
    ax.set_title(f"{_TITLES[cause]} ({len(taken)} times)")
    ax.set_xlabel("peers")
    sizes = sorted({players for players, _ in taken})
    for size in sizes:
        times = [us / 1000 for players, us in taken if players == size]
        spread = [size + 0.32 * ((i * 0.618) % 1 - 0.5) for i in range(len(times))]
        ax.scatter(spread, times, s=16, color=_FILL, alpha=0.55, linewidths=0)
        middle = statistics.median(times)
        ax.plot([size - 0.34, size + 0.34], [middle, middle], color=_INK, linewidth=2)
        bound = bound_us(Recovery(cause, size, seed=0)) / 1000
        ax.plot([size - 0.45, size + 0.45], [bound, bound], color=_BAD, linewidth=1.4, ls="--")
    if sizes:
        ax.set_xticks(range(sizes[0], sizes[-1] + 1, max(1, (sizes[-1] - sizes[0]) // 8)))
        ax.plot([], [], color=_INK, linewidth=2, label="median")
        ax.plot([], [], color=_BAD, linewidth=1.4, ls="--", label="never longer than")
        ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper left", bbox_to_anchor=(0, 0.9))
        ax.set_ylim(0, max(ax.get_ylim()[1] * 1.25, 1))


def convergence_chart(tallied: Tallied) -> str:
    """How long sessions that had come apart took after all was healed, as an `svg` element."""

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        for kind, (name, colour, line) in _APART.items():
            if times := tallied.converged_us[kind]:
                ranked = sorted(us / 1000 for us in times)
                share = [100 * (i + 1) / len(ranked) for i in range(len(ranked))]
                label = f"{name} ({len(ranked)})"
                ax.step(ranked, share, where="post", color=colour, ls=line, label=label)
        ax.set_xlabel("milliseconds from healing until together")
        ax.set_ylabel("per cent of sessions")
        ax.set_ylim(0, 102)
        if ax.lines:
            ax.legend(frameon=False, fontsize=8, loc="lower right")

    return _drawn(draw, (12.0, 3.0))


def matrix_chart(tallied: Tallied) -> str:
    """In how many scenarios a fault was seen together with a goal, as an `svg` element."""
    kinds = [kind for kind in Kind if tallied.faults[kind]]
    goals = list(Goal)
    most = max(tallied.together.values(), default=1)

    def draw(figure: Figure) -> None:
        from matplotlib.patches import Rectangle

        ax = figure.subplots()
        for row, kind in enumerate(kinds):
            for column, goal in enumerate(goals):
                count = tallied.together[kind, goal]
                if count:
                    alpha = 0.12 + 0.63 * (count / most) ** 0.35
                    box = Rectangle((column, row), 1, 1, color=_FILL, alpha=alpha, linewidth=0)
                    ax.add_patch(box)
                text = str(count) if count else "\u00b7"
                place, colour = (column + 0.5, row + 0.5), _INK if count else _SOFT
                ax.text(*place, text, color=colour, ha="center", va="center", fontsize=7)
        ax.set_xlim(0, len(goals))
        ax.set_ylim(max(len(kinds), 1), 0)
        ax.xaxis.tick_top()  # makes new labels, so it comes before they are changed
        ax.set_xticks([i + 0.5 for i in range(len(goals))], _labels(goals, tallied), rotation=55)
        for label, goal in zip(ax.get_xticklabels(), goals, strict=True):
            label.set(ha="left", rotation_mode="anchor")
            if not tallied.goals[goal]:
                label.set_color(_BAD)
        counts = [f"{kind.value} {tallied.faults[kind]}" for kind in kinds]
        ax.set_yticks([i + 0.5 for i in range(len(kinds))], counts)
        ax.tick_params(length=0)
        for spine in ax.spines.values():
            spine.set_visible(False)

    return _drawn(draw, (13.0, 2.2 + 0.235 * len(kinds)))


def _labels(goals: Sequence[Goal], tallied: Tallied) -> list[str]:
    return [f"{goal.value.replace('_', ' ')} {tallied.goals[goal]}" for goal in goals]


def _drawn(draw: Drawing, size: tuple[float, float]) -> str:
    """The element of a figure, in the colours of the style sheet."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(_PARAMETERS):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure)
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, name in _NAMES.items():
        text = text.replace(colour, f"var(--{name})")
    return text
