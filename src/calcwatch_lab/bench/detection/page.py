"""The page of evidence: what was asked, what was found, how it was measured, as Markdown with plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from calcwatch import __version__
from calcwatch.domain.findings import ANALYSIS_VERSION
from calcwatch.words.flags import KIND_WORDS
from calcwatch_lab.bench.detection.evidence import Evidence
from calcwatch_lab.bench.detection.goals import Goal, goals_of
from calcwatch_lab.bench.detection.rules import RULES
from calcwatch_lab.bench.statistics.figures import (
    FALSE_GROUPS,
    FALSE_PER_CM2,
    FALSE_PER_IMAGE,
    GROUPED,
    LOCATED,
    DataSetFigures,
    Estimate,
    MarkFigures,
)
from calcwatch_lab.bench.truth.phantoms import LOOKALIKES

Row = Sequence[str]

_OUTLINE_ROWS = {
    "hits": "an object that was found",
    "all": "an object, misses as 0",
    "foreground": "everything in an image",
}
_REPORTED_ROWS = {
    "sensitivity": "visible calcifications found",
    "false per cm2": "false marks per cm²",
    "false per image": "false marks an image",
    "again per image": "of these on a calcification found already",
    "lookalike per image": "of these on a look-alike",
}


def page_of(evidence: Evidence, command: str, plots: Iterable[str]) -> str:
    """Return the page; ``plots``: names of the plots that lie beside it as ``detector-NAME.svg``."""
    shown = set(plots)
    parts = [
        *_head(evidence, command),
        *_asked(evidence),
        *_data_sets(evidence),
        *_calcifications(evidence, shown),
        *_groups(evidence, shown),
        *_images(evidence),
        *_shifts(evidence, shown),
        *_calibration(evidence, shown),
        *_outlines(evidence),
        *_lookalikes(evidence),
        *_refused(evidence),
        RULES,
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def number(value: float, digits: int = 2) -> str:
    """Return a number in words; a dash for what cannot be told."""
    return "–" if math.isnan(value) else f"{value + 0.0:.{digits}f}"


def with_interval(estimate: Estimate | None, digits: int = 2) -> str:
    """Return a figure with its interval in brackets."""
    if estimate is None or math.isnan(estimate.value):
        return "–"
    if math.isnan(estimate.low):
        return number(estimate.value, digits)
    between = f"{number(estimate.low, digits)} to {number(estimate.high, digits)}"
    return f"{number(estimate.value, digits)} ({between})"


def table(heads: Row, rows: Iterable[Row], *, words: int = 1) -> str:
    """Return a Markdown table, its columns to the right but for the first ``words``."""
    marks = [*["---"] * words, *["---:"] * (len(heads) - words)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, marks, *rows])


def _picture(name: str, words: str, shown: set[str]) -> str:
    return f"![{words}](detector-{name}.svg)" if name in shown else ""


def _head(evidence: Evidence, command: str) -> Iterator[str]:
    yield "# How well the detectors find calcifications"
    yield (
        f"Written by calcwatch {__version__} (analysis version {ANALYSIS_VERSION}); the same command on the "
        "same images writes the same page, plots and tables:"
    )
    yield f"```text\n{command}\n```"
    hashes = [f"{one.name} `{one.model_hash[:16]}`" for one in evidence.contenders if one.model_hash]
    models = f" Weights (first digits of SHA-256): {', '.join(hashes)}." if hashes else ""
    yield (
        "Brackets hold 95 percent intervals, from 2000 draws of patients with replacement. Everything in a "
        f"row was measured on the same images in the same run.{models}"
    )
    yield (
        "[detector-figures.json](detector-figures.json) has every figure and curve; "
        "[detector-worst.csv](detector-worst.csv) names the highest false marks and the plainest misses of "
        "each data set, to be looked at."
    )


def _asked(evidence: Evidence) -> Iterator[str]:
    goals = list(goals_of(evidence))
    if not goals:
        return
    names = [one.name for one in evidence.contenders]
    yield "## What was asked"
    yield table(
        ["Where", "What", "Asked", *names],
        [
            [goal.data_set, goal.words, f"{'≥' if goal.at_least else '≤'} {goal.limit:g}"]
            + [_judged(goal, name) for name in names]
            for goal in goals
        ],
        words=2,
    )
    yield "**Bold**: reached."


def _judged(goal: Goal, contender: str) -> str:
    digits = 1 if goal.limit >= 5 else 2 if goal.limit >= 0.1 else 3
    words = with_interval(goal.reached[contender], digits)
    value, _, interval = words.partition(" ")
    return f"**{value}** {interval}".strip() if goal.is_met(contender) else words


def _data_sets(evidence: Evidence) -> Iterator[str]:
    yield "## Data sets"
    rows = []
    for name, figures in evidence.data_sets.items():
        one = next(iter(figures.values()))
        counts = (one.marks.count["all"], one.marks.count["visible"]) if one.marks else ("–", "–")
        groups = one.groups["loose"].count if one.groups else "–"
        left_out = evidence.left_out.get(name, "–")
        cells = (one.images, one.positive, one.patients, f"{one.breast_cm2:.0f}", *counts, groups, left_out)
        rows.append([name, *map(str, cells)])
    heads = ["", "images", "with calcifications", "patients", "breast, cm²"]
    yield table([*heads, "calcifications", "visible", "groups", "patients left out"], rows)
    yield "Left out are patients whose images trained a detector: no figure is of what one has seen."


def _calcifications(evidence: Evidence, shown: set[str]) -> Iterator[str]:
    chosen = _of_kind(evidence, LOCATED)
    if not chosen:
        return
    yield "## Single calcifications"
    yield (
        "Share of the true calcifications that is found, all and the visible (detectability of 5 and more), "
        "at stated rates of false marks."
    )
    yield _picture("froc-area", "Calcifications found over false marks per square centimeter", shown)
    yield "Lines: visible calcifications, with 95 percent bands; dotted: all."
    for name, figures in chosen:
        yield f"### {name}"
        yield table(["", *_names(figures, ("all", "visible"))], _rate_rows(figures))
        gains = [f"{one} {with_interval(found)}" for one, found in evidence.gains[name].items()]
        yield _against(evidence.contenders[0].name, gains)
    yield _picture("froc-image", "Calcifications found over false marks an image", shown)
    yield "### By how well they can be seen"
    yield _picture("detectability", "Share found by detectability", shown)
    yield "### As reported"
    for name, figures in chosen:
        yield table(
            [name, *figures],
            [
                [
                    words,
                    *(
                        with_interval(_marks(one).reported[key], 3 if "cm2" in key else 2)
                        for one in figures.values()
                    ),
                ]
                for key, words in _REPORTED_ROWS.items()
            ],
        )


def _against(first: str, gains: Sequence[str]) -> str:
    words = "the same patients drawn for both"
    return f"Gained over {first} (visible, 0.4 false/cm², {words}): {'; '.join(gains)}." if gains else ""


def _rate_rows(figures: dict[str, DataSetFigures]) -> Iterator[Row]:
    kinds: tuple[
        tuple[Sequence[float], str, Callable[[MarkFigures], dict[str, tuple[Estimate, ...]]]], ...
    ] = (
        (FALSE_PER_CM2, "false/cm²", lambda marks: marks.per_cm2),
        (FALSE_PER_IMAGE, "false/image", lambda marks: marks.per_image),
    )
    for rates, unit, read in kinds:
        for place, rate in enumerate(rates):
            cells = [
                with_interval(read(_marks(one))[key][place])
                for one in figures.values()
                for key in ("all", "visible")
            ]
            yield [f"{rate:g} {unit}", *cells]


def _groups(evidence: Evidence, shown: set[str]) -> Iterator[str]:
    chosen = [
        (name, figures)
        for name, figures in _of_kind(evidence, LOCATED) + _of_kind(evidence, GROUPED)
        if all(one.groups for one in figures.values())
    ]
    if not chosen:
        return
    yield "## Groups"
    yield _picture("groups", "Groups found over false groups an image", shown)
    yield (
        "Share of the true groups that is found. *Reported*: groups as a user gets them (lines, with 95 "
        "percent bands). *Loose*: made of marks of lower scores too (dotted), since those reported may hold "
        "too few false groups for a whole curve; loose members also join what lies apart."
    )
    for name, figures in chosen:
        one = next(iter(figures.values()))
        unit = "normal image" if one.kind == GROUPED else "image"
        yield table(
            [name, *_names(figures, ("reported", "loose"))],
            [
                [f"{rate:g} false groups a {unit}" if unit[0] == "n" else f"{rate:g} false groups an {unit}"]
                + [
                    with_interval(found.groups[key].at_rates[place])
                    for found in figures.values()
                    for key in ("reported", "loose")
                ]
                for place, rate in enumerate(FALSE_GROUPS)
            ],
        )


def _images(evidence: Evidence) -> Iterator[str]:
    yield "## Whole images"
    yield (
        "Area under the ROC curve of an image's highest score, and calcifications reported in images "
        "without. *Corrected*: by labels that somebody changed after looking, images in doubt left out. "
        "*Where none was seen*: away from every calcification that was named then; in an image that was "
        "corrected to 1 there may be more than was named."
    )
    for name, figures in evidence.data_sets.items():
        if name == LOOKALIKES:
            continue
        rows = [["area under the curve", *(with_interval(one.image_area, 3) for one in figures.values())]]
        ones = list(figures.values())
        if any(one.corrected_area for one in ones):
            rows.append(["area, labels corrected", *(with_interval(one.corrected_area, 3) for one in ones)])
        if any(one.marks_on_negative for one in ones):
            rows.append(
                ["marks an image labeled without", *(with_interval(one.marks_on_negative) for one in ones)]
            )
        if any(one.unseen_on_negative for one in ones):
            rows.append(
                ["of these where none was seen", *(with_interval(one.unseen_on_negative) for one in ones)]
            )
        if any(one.marks_on_corrected for one in ones):
            cells = [with_interval(one.marks_on_corrected) for one in ones]
            rows.append(["marks an image corrected to without", *cells])
        if not math.isnan(ones[0].image_area.value):
            yield table([name, *figures], rows)


def _shifts(evidence: Evidence, shown: set[str]) -> Iterator[str]:
    if not evidence.shifts:
        return
    yield "## Shifts"
    yield (
        "The same phantoms made again with one thing changed: sensitivity at 0.4 false marks per cm², each "
        "at its own threshold, and what is lost against the reference in points: for the calcifications "
        "visible in the reference, and for those that are visible in both and three pixels apart from the "
        "next in both (a low dose hides some from everybody, a coarse pixel runs some together). *Kept*: "
        "sensitivity and false marks per cm² when the threshold of the reference stays. Film and the "
        "sharpness of the detector are more than was asked and do not enter the table above."
    )
    yield _picture("shifts", "Points of sensitivity lost by each shift", shown)
    for contender, shifts in evidence.shifts.items():
        yield table(
            [contender, "n", "found", "lost", "n in both", "lost in both", "kept: found", "kept: false/cm²"],
            [
                [
                    one.name,
                    str(one.count),
                    with_interval(one.sensitivity),
                    with_interval(one.loss, 1),
                    str(one.both_count),
                    with_interval(one.both_loss, 1),
                    number(one.kept_threshold[0]),
                    number(one.kept_threshold[1]),
                ]
                for one in shifts
            ],
        )


def _calibration(evidence: Evidence, shown: set[str]) -> Iterator[str]:
    chosen = _of_kind(evidence, LOCATED)
    if not chosen:
        return
    yield "## Is a score a probability?"
    yield _picture("calibration", "Share of marks that are calcifications over their score", shown)
    yield "Reliability in ten bins of one width; the larger a dot, the more marks."
    for name, figures in chosen:
        found = [one.calibration for one in figures.values() if one.calibration]
        yield table(
            [name, *figures],
            [
                ["marks", *(str(one.marks) for one in found)],
                ["of these calcifications", *(str(one.real) for one in found)],
                ["expected error, bins of one width", *(with_interval(one.width_error, 3) for one in found)],
                ["expected error, bins of one count", *(with_interval(one.count_error, 3) for one in found)],
                ["Brier score", *(number(one.brier, 4) for one in found)],
            ],
        )


def _outlines(evidence: Evidence) -> Iterator[str]:
    chosen = [(n, f) for n, f in _of_kind(evidence, LOCATED) if all(one.outlines for one in f.values())]
    if not chosen:
        return
    yield "## Outlines"
    yield (
        "Intersection over union with the outline of the true shadow, as reported, for objects larger than a "
        "pixel."
    )
    for name, figures in chosen:
        yield table(
            [name, *figures],
            [
                [words, *(with_interval(one.outlines[key]) for one in figures.values())]
                for key, words in _OUTLINE_ROWS.items()
            ],
        )


def _lookalikes(evidence: Evidence) -> Iterator[str]:
    figures = evidence.data_sets.get(LOOKALIKES)
    if not figures:
        return
    yield "## Look-alikes"
    one = next(iter(figures.values()))
    yield (
        f"{one.images} phantoms that hold every kind of look-alike: share named as what is no calcification, "
        "and share on which a calcification was reported."
    )
    yield table(
        ["", "n", *_names(figures, ("named", "called"))],
        [[_kind_words(kind), *_lookalike_cells(kind, figures)] for kind in sorted(one.lookalikes)],
    )


def _lookalike_cells(kind: str, figures: dict[str, DataSetFigures]) -> Iterator[str]:
    yield str(next(iter(figures.values())).lookalikes[kind][0])
    for one in figures.values():
        total, named, called = one.lookalikes[kind]
        yield from (number(named / total), number(called / total))


def _kind_words(kind: str) -> str:
    return KIND_WORDS.get(kind, kind)  # type: ignore[call-overload, no-any-return]


def _refused(evidence: Evidence) -> Iterator[str]:
    if evidence.refused:
        yield "## Not analyzed"
        yield "Images that were refused; they are in no figure."
        lines = [f"- {name}: {words}" for name, found in evidence.refused.items() for words in found]
        yield "\n".join(lines)


def _of_kind(evidence: Evidence, kind: str) -> list[tuple[str, dict[str, DataSetFigures]]]:
    return [
        (name, figures)
        for name, figures in evidence.data_sets.items()
        if name != LOOKALIKES and all(one.kind == kind for one in figures.values())
    ]


def _names(figures: dict[str, DataSetFigures], words: Sequence[str]) -> list[str]:
    return [f"{contender}, {word}" for contender in figures for word in words]


def _marks(figures: DataSetFigures) -> MarkFigures:
    if figures.marks is None:
        raise ValueError("this data set has no located calcifications")
    return figures.marks
