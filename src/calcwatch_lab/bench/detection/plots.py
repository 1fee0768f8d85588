"""The plots of the page, as SVG text: the same figures give the same bytes.

The only file that imports matplotlib, which comes with ``pip install 'calcwatch[bench]'``.
"""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from calcwatch_lab.bench.detection.figures import DETECTABILITY_EDGES, Curve, DataSetFigures
from calcwatch_lab.bench.detection.targets import POINTS_LOST
from calcwatch_lab.bench.truth.phantoms import LOOKALIKES
from calcwatch_lab.bench.truth.truth import ROSE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes

    from calcwatch_lab.bench.detection.evidence import Evidence

# Looks of a plot; none of these numbers changes a figure.
_COLORS = ("#8b8680", "#0a6e8a", "#c1572b", "#6a51a3")
_INK, _FAINT = "#222222", "#d9d6d0"
_STYLE: dict[Any, Any] = {
    # matplotlib draws ids at random otherwise, and the same figures would give other bytes.
    "svg.hashsalt": "calcwatch",
    # Text as outlines: the page looks the same without the font.
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 8.5,
    "axes.edgecolor": _INK,
    "axes.labelcolor": _INK,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _FAINT,
    "grid.linewidth": 0.5,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "xtick.major.size": 2.5,
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "text.color": _INK,
}
"""Of Matplotlib; the salt and paths instead of fonts make the same figures the same bytes everywhere."""
_PANEL_INCHES = (3.3, 2.9)  # width and height of one data set's panel
_PUBLISHED = (0.4, 0.744)  # rate and sensitivity of HDoGReg on its own data


def plots_of(evidence: Evidence) -> dict[str, str]:
    """Draw every plot that the evidence allows.

    Args:
        evidence: What a run measured.

    Returns:
        SVG text by name of the plot.

    """
    with mpl.rc_context(_STYLE):
        drawn = {
            "froc-area": _froc(evidence, per_area=True),
            "froc-image": _froc(evidence, per_area=False),
            "detectability": _detectability(evidence),
            "groups": _groups(evidence),
            "calibration": _calibration(evidence),
            "shifts": _shifts(evidence),
        }
        return {name: _svg(figure) for name, figure in drawn.items() if figure is not None}


def _svg(figure: Figure) -> str:
    text = StringIO()
    # No date and no version of matplotlib in the file, for the same reason.
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines()) + "\n"


def _panels(count: int, *, height: float = _PANEL_INCHES[1]) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(_PANEL_INCHES[0] * count + 0.3, height), layout="constrained")
    axes = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    return figure, list(axes)


def _color(place: int) -> str:
    return _COLORS[place % len(_COLORS)]


def _chosen(
    evidence: Evidence, wanted: Callable[[DataSetFigures], object]
) -> list[tuple[str, dict[str, DataSetFigures]]]:
    """Data sets for which all contenders have what is wanted."""
    return [
        (name, figures)
        for name, figures in evidence.data_sets.items()
        if name != LOOKALIKES and all(wanted(result) for result in figures.values())
    ]


def _froc(evidence: Evidence, *, per_area: bool) -> Figure | None:
    chosen = _chosen(evidence, lambda figures: figures.marks)
    if not chosen:
        return None
    figure, axes = _panels(len(chosen))
    for panel, (name, figures) in zip(axes, chosen, strict=True):
        for place, (contender, result) in enumerate(figures.items()):
            if result.marks is not None:
                curves = result.marks.curve_cm2 if per_area else result.marks.curve_image
                _draw_curve(panel, curves["visible"], _color(place), contender)
                panel.plot(
                    curves["all"]["rates"], curves["all"]["value"], color=_color(place), lw=0.8, ls=":"
                )
        unit = "false marks per cm² of breast" if per_area else "false marks an image"
        _finish_curves(panel, name, unit, (0.01, 0.1, 0.4, 1, 3) if per_area else (0.1, 1, 2, 5, 10, 100))
        if per_area:
            panel.plot(*_PUBLISHED, marker="D", ms=4, mfc="white", mec=_INK, ls="", label="HDoGReg, own data")
    axes[0].set_ylabel("calcifications found")
    _legend(figure, axes[0])
    return figure


def _groups(evidence: Evidence) -> Figure | None:
    chosen = _chosen(evidence, lambda figures: figures.groups)
    if not chosen:
        return None
    figure, axes = _panels(len(chosen))
    for panel, (name, figures) in zip(axes, chosen, strict=True):
        for place, (contender, result) in enumerate(figures.items()):
            _draw_curve(panel, result.groups["reported"].curve, _color(place), contender)
            loose = result.groups["loose"].curve
            panel.plot(loose["rates"], loose["value"], color=_color(place), lw=0.8, ls=":")
        _finish_curves(panel, name, "false groups an image", (0.02, 0.1, 0.5, 1, 3))
    axes[0].set_ylabel("groups found")
    _legend(figure, axes[0])
    return figure


def _draw_curve(panel: Axes, curve: Curve, color: str, label: str) -> None:
    panel.fill_between(curve["rates"], curve["low"], curve["high"], color=color, alpha=0.16, lw=0)
    panel.plot(curve["rates"], curve["value"], color=color, lw=1.6, label=label)


def _finish_curves(panel: Axes, title: str, unit: str, ticks: Sequence[float]) -> None:
    # Rates of interest span two decades.
    panel.set_xscale("log")
    panel.set_xlim(ticks[0], ticks[-1])
    panel.set_ylim(0, 1)
    panel.xaxis.set_major_locator(FixedLocator(list(ticks)))
    panel.xaxis.set_minor_locator(NullLocator())
    panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_major_formatter(PercentFormatter(1))
    panel.set_xlabel(unit)
    panel.set_title(title)


def _legend(figure: Figure, panel: Axes) -> None:
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=len(labels), borderaxespad=0.2)


def _detectability(evidence: Evidence) -> Figure | None:
    """Share found in each bin of detectability at 0.4 false marks per cm2."""
    chosen = _chosen(evidence, lambda figures: figures.marks)
    chosen = [(name, figures) for name, figures in chosen if _has_detectability(figures)]
    if not chosen:
        return None
    figure, axes = _panels(len(chosen))
    words = [f"<{ROSE:g}", *(f"{edge:g}+" for edge in DETECTABILITY_EDGES[1:-1])]
    for panel, (name, figures) in zip(axes, chosen, strict=True):
        width = 0.8 / len(figures)
        for place, (contender, result) in enumerate(figures.items()):
            if result.marks is not None:
                at = np.arange(len(words)) + (place - (len(figures) - 1) / 2) * width
                shares = [estimate for _, estimate in result.marks.by_detectability]
                value = np.nan_to_num([estimate.value for estimate in shares])
                ends = np.nan_to_num([[e.value - e.low, e.high - e.value] for e in shares]).T.clip(0)
                panel.bar(at, value, width * 0.92, color=_color(place), label=contender, alpha=0.85)
                panel.errorbar(at, value, ends, fmt="none", ecolor=_INK, elinewidth=0.6)
        counts = next(iter(figures.values())).marks
        numbers = [count for count, _ in counts.by_detectability] if counts else []
        panel.set_xticks(range(len(words)), [f"{w}\n{n}" for w, n in zip(words, numbers, strict=True)])
        panel.grid(visible=False, axis="x")
        panel.set_ylim(0, 1)
        panel.yaxis.set_major_formatter(PercentFormatter(1))
        panel.set_title(name)
        panel.set_xlabel("detectability; number of calcifications")
    axes[0].set_ylabel("found at 0.4 false/cm²")
    _legend(figure, axes[0])
    return figure


def _has_detectability(figures: dict[str, DataSetFigures]) -> bool:
    marks = next(iter(figures.values())).marks
    return marks is not None and any(count for count, _ in marks.by_detectability[:-1])


def _calibration(evidence: Evidence) -> Figure | None:
    chosen = _chosen(evidence, lambda figures: figures.calibration)
    if not chosen:
        return None
    figure, axes = _panels(len(chosen), height=_PANEL_INCHES[1] + 0.3)
    for panel, (name, figures) in zip(axes, chosen, strict=True):
        panel.plot([0, 1], [0, 1], color=_INK, lw=0.6, ls="--")
        for place, (contender, result) in enumerate(figures.items()):
            if result.calibration is not None:
                curve = result.calibration.by_width
                size = 3 + 2.2 * np.log10(np.maximum(curve.count, 1))
                panel.plot(curve.score, curve.share, color=_color(place), lw=1.3, label=contender)
                panel.scatter(curve.score, curve.share, s=size**2 * 0.7, color=_color(place), lw=0, zorder=3)
        panel.set(xlim=(0, 1), ylim=(0, 1), xlabel="score", title=name)
        panel.set_aspect("equal")
        panel.xaxis.set_major_locator(FixedLocator([0, 0.2, 0.4, 0.6, 0.8, 1]))
        panel.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        panel.yaxis.set_major_formatter(PercentFormatter(1))
    axes[0].set_ylabel("marks that are calcifications")
    _legend(figure, axes[0])
    return figure


def _shifts(evidence: Evidence) -> Figure | None:
    if not evidence.shifts:
        return None
    first = next(iter(evidence.shifts.values()))
    figure = Figure(figsize=(6.9, 0.34 * len(first) + 1.1), layout="constrained")
    panel = figure.subplots()
    step = 0.6 / len(evidence.shifts)
    for place, (contender, shifts) in enumerate(evidence.shifts.items()):
        at = np.arange(len(shifts)) + (place - (len(evidence.shifts) - 1) / 2) * step
        value = np.array([shift.both_loss.value for shift in shifts])
        ends = np.array(
            [
                [v - shift.both_loss.low, shift.both_loss.high - v]
                for v, shift in zip(value, shifts, strict=True)
            ]
        )
        panel.errorbar(
            -value,
            at,
            xerr=np.nan_to_num(ends[:, ::-1].T).clip(0),
            fmt="o",
            ms=4,
            color=_color(place),
            elinewidth=1.1,
            label=contender,
        )
    panel.axvline(0, color=_INK, lw=0.8)
    panel.axvline(-POINTS_LOST, color=_INK, lw=0.8, ls="--")
    panel.set_yticks(range(len(first)), [shift.name for shift in first])
    panel.invert_yaxis()
    panel.set_xlabel("points of sensitivity gained or lost at 0.4 false/cm²; dashed: what may be lost")
    panel.grid(visible=False, axis="y")
    _legend(figure, panel)
    return figure
