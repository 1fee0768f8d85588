"""The page of evidence: what was asked, what was found, how it was measured, as Markdown with plots."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from calcwatch.words.flags import KIND_WORDS
from calcwatch_lab.bench.detection.evaluate import (
    GROUP_MEMBERS_FROM,
    LOWEST_SCORE,
    MOST_MARKS,
    SMALLEST_CIRCLE_MM,
)
from calcwatch_lab.bench.detection.figures import (
    FALSE_GROUPS,
    FALSE_PER_CM2,
    FALSE_PER_IMAGE,
    GROUPED,
    LOCATED,
    DataSetFigures,
    MarkFigures,
)
from calcwatch_lab.bench.detection.targets import Target, targets_of
from calcwatch_lab.bench.statistics.matching import MATCH_MM, MATCH_OVERLAP
from calcwatch_lab.bench.truth.phantoms import LOOKALIKES
from calcwatch_lab.bench.truth.truth import ROSE
from calcwatch_lab.pages import join_paragraphs, number, page_head, table, with_interval
from calcwatch_lab.seeds import DETECTION_TEST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from calcwatch_lab.bench.detection.evidence import Evidence
    from calcwatch_lab.bench.statistics.intervals import Estimate

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


_RULES = f"""\
## How it was measured

- **A hit**: the centers of mark and calcification lie within {MATCH_MM:g} mm, or their outlines overlap by
  {MATCH_OVERLAP:g} (intersection over union). One to one: as many hits as possible by the Hungarian method,
  the most believable marks first, then the nearest. A second mark on the same calcification is false.
- **False marks** are counted on all images, those with calcifications too. A mark on a look-alike is false.
  Marks in regions that the truth says nothing about are neither.
- **The curve** follows the {MOST_MARKS} highest marks of an image down to a score of {LOWEST_SCORE:g}. A rate
  is read off at the lowest threshold that lets at most that many false ones pass. The area of the breast is
  the one the analysis finds.
- **Detectability**: root of the sum over an object's pixels of (signal / noise)². In insertions it is that
  sum; in phantoms it is computed from the peak contrast, the area and the system's blur. It knows quantum
  noise only, not the tissue a calcification lies in and not the grain of film. {ROSE:g} is Rose's limit of
  what is seen reliably.
- **A true group** has three visible calcifications or is a circle of the data set. It is hit when the center
  of a found group lies in its circle (at least {SMALLEST_CIRCLE_MM:g} mm in radius) and two of its
  calcifications are among the group's own, where they are known. A found group of three real calcifications
  that hits no true group is neither. Where only circles are known, false groups are counted on normal images.
  Loose groups have members down to a score of {GROUP_MEMBERS_FROM:g}.
- **Phantoms**: seeds {DETECTION_TEST.first} and up, one view each, which trained nothing. Every fourth has no
  calcification.
- **Insertions**: phantom calcifications put into images labeled as without, and the same images left alone,
  both in the figures. Whatever real calcification such an image has counts as a false mark.
- **Outlines**: the true one is that of the calcification's whole shadow before any blur.
- **Calibration**: over all marks of the curve, a mark being real when it lies on a calcification: what a
  score claims. A second mark on one is real here and false above.
- **Intervals**: patients are drawn with replacement, all images of one together; matching is done once. The
  percentiles 2.5 and 97.5 are given. With few patients they are too narrow."""


def page_of(evidence: Evidence, command: str, plots: Iterable[str]) -> str:
    """Write the page of evidence.

    Args:
        evidence: What a run measured.
        command: The command that measures it again.
        plots: Names of the plots that lie beside the page as ``detector-NAME.svg``.

    Returns:
        The page in Markdown.

    """
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
        _RULES,
    ]
    return join_paragraphs(parts)


def _picture(name: str, words: str, shown: set[str]) -> str:
    return f"![{words}](detector-{name}.svg)" if name in shown else ""


def _head(evidence: Evidence, command: str) -> Iterator[str]:
    promise = "; the same command on the same images writes the same page, plots and tables"
    yield from page_head("How well the detectors find calcifications", command, promise)
    hashes = [f"{own.name} `{own.model_hash[:16]}`" for own in evidence.contenders if own.model_hash]
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
    targets = list(targets_of(evidence))
    if not targets:
        return
    names = [contender.name for contender in evidence.contenders]
    yield "## What was asked"
    yield table(
        ["Where", "What", "Asked", *names],
        [
            [target.data_set, target.words, f"{'≥' if target.at_least else '≤'} {target.limit:g}"]
            + [_reached(target, name) for name in names]
            for target in targets
        ],
        words=2,
    )
    yield "**Bold**: reached."


def _reached(target: Target, contender: str) -> str:
    digits = 1 if target.limit >= 5 else 2 if target.limit >= 0.1 else 3
    words = with_interval(target.reached[contender], digits)
    value, _, interval = words.partition(" ")
    return f"**{value}** {interval}".strip() if target.is_met(contender) else words


def _data_sets(evidence: Evidence) -> Iterator[str]:
    yield "## Data sets"
    rows = []
    for name, figures in evidence.data_sets.items():
        result = next(iter(figures.values()))
        counts = (result.marks.count["all"], result.marks.count["visible"]) if result.marks else ("–", "–")
        groups = result.groups["loose"].count if result.groups else "–"
        left_out = evidence.left_out.get(name, "–")
        cells = (
            result.images,
            result.positive,
            result.patients,
            f"{result.breast_cm2:.0f}",
            *counts,
            groups,
            left_out,
        )
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
        gains = [
            f"{contender} {with_interval(estimate)}" for contender, estimate in evidence.gains[name].items()
        ]
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
                        with_interval(_marks(result).reported[key], 3 if "cm2" in key else 2)
                        for result in figures.values()
                    ),
                ]
                for key, words in _REPORTED_ROWS.items()
            ],
        )


def _against(first: str, gains: Sequence[str]) -> str:
    words = "the same patients drawn for both"
    return f"Gained over {first} (visible, 0.4 false/cm², {words}): {'; '.join(gains)}." if gains else ""


def _rate_rows(figures: dict[str, DataSetFigures]) -> Iterator[Sequence[str]]:
    kinds: tuple[
        tuple[Sequence[float], str, Callable[[MarkFigures], dict[str, tuple[Estimate, ...]]]], ...
    ] = (
        (FALSE_PER_CM2, "false/cm²", lambda marks: marks.per_cm2),
        (FALSE_PER_IMAGE, "false/image", lambda marks: marks.per_image),
    )
    for rates, unit, read in kinds:
        for place, rate in enumerate(rates):
            cells = [
                with_interval(read(_marks(result))[key][place])
                for result in figures.values()
                for key in ("all", "visible")
            ]
            yield [f"{rate:g} {unit}", *cells]


def _groups(evidence: Evidence, shown: set[str]) -> Iterator[str]:
    chosen = [
        (name, figures)
        for name, figures in _of_kind(evidence, LOCATED) + _of_kind(evidence, GROUPED)
        if all(result.groups for result in figures.values())
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
        result = next(iter(figures.values()))
        unit = "normal image" if result.kind == GROUPED else "image"
        yield table(
            [name, *_names(figures, ("reported", "loose"))],
            [
                [f"{rate:g} false groups a {unit}" if unit[0] == "n" else f"{rate:g} false groups an {unit}"]
                + [
                    with_interval(result.groups[key].at_rates[place])
                    for result in figures.values()
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
        rows = [
            ["area under the curve", *(with_interval(result.image_area, 3) for result in figures.values())]
        ]
        results = list(figures.values())
        if any(result.corrected_area for result in results):
            rows.append(
                ["area, labels corrected", *(with_interval(result.corrected_area, 3) for result in results)]
            )
        if any(result.marks_on_negative for result in results):
            rows.append(
                [
                    "marks an image labeled without",
                    *(with_interval(result.marks_on_negative) for result in results),
                ]
            )
        if any(result.unseen_on_negative for result in results):
            rows.append(
                [
                    "of these where none was seen",
                    *(with_interval(result.unseen_on_negative) for result in results),
                ]
            )
        if any(result.marks_on_corrected for result in results):
            cells = [with_interval(result.marks_on_corrected) for result in results]
            rows.append(["marks an image corrected to without", *cells])
        if not math.isnan(results[0].image_area.value):
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
                    shift.name,
                    str(shift.count),
                    with_interval(shift.sensitivity),
                    with_interval(shift.loss, 1),
                    str(shift.both_count),
                    with_interval(shift.both_loss, 1),
                    number(shift.kept_threshold[0]),
                    number(shift.kept_threshold[1]),
                ]
                for shift in shifts
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
        known = [result.calibration for result in figures.values() if result.calibration]
        yield table(
            [name, *figures],
            [
                ["marks", *(str(calibration.marks) for calibration in known)],
                ["of these calcifications", *(str(calibration.real) for calibration in known)],
                [
                    "expected error, bins of one width",
                    *(with_interval(calibration.width_error, 3) for calibration in known),
                ],
                [
                    "expected error, bins of one count",
                    *(with_interval(calibration.count_error, 3) for calibration in known),
                ],
                ["Brier score", *(number(calibration.brier, 4) for calibration in known)],
            ],
        )


def _outlines(evidence: Evidence) -> Iterator[str]:
    chosen = [
        (name, figures)
        for name, figures in _of_kind(evidence, LOCATED)
        if all(result.outlines for result in figures.values())
    ]
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
                [words, *(with_interval(result.outlines[key]) for result in figures.values())]
                for key, words in _OUTLINE_ROWS.items()
            ],
        )


def _lookalikes(evidence: Evidence) -> Iterator[str]:
    figures = evidence.data_sets.get(LOOKALIKES)
    if not figures:
        return
    yield "## Look-alikes"
    result = next(iter(figures.values()))
    yield (
        f"{result.images} phantoms that hold every kind of look-alike: share named as what is no "
        "calcification, and share on which a calcification was reported."
    )
    yield table(
        ["", "n", *_names(figures, ("named", "called"))],
        [[_kind_words(kind), *_lookalike_cells(kind, figures)] for kind in sorted(result.lookalikes)],
    )


def _lookalike_cells(kind: str, figures: dict[str, DataSetFigures]) -> Iterator[str]:
    yield str(next(iter(figures.values())).lookalikes[kind][0])
    for result in figures.values():
        total, named, called = result.lookalikes[kind]
        yield from (number(named / total), number(called / total))


def _kind_words(kind: str) -> str:
    return KIND_WORDS.get(kind, kind)  # type: ignore[call-overload, no-any-return]


def _refused(evidence: Evidence) -> Iterator[str]:
    if evidence.refused:
        yield "## Not analyzed"
        yield "Images that were refused; they are in no figure."
        lines = [f"- {name}: {words}" for name, refused in evidence.refused.items() for words in refused]
        yield "\n".join(lines)


def _of_kind(evidence: Evidence, kind: str) -> list[tuple[str, dict[str, DataSetFigures]]]:
    return [
        (name, figures)
        for name, figures in evidence.data_sets.items()
        if name != LOOKALIKES and all(result.kind == kind for result in figures.values())
    ]


def _names(figures: dict[str, DataSetFigures], words: Sequence[str]) -> list[str]:
    return [f"{contender}, {word}" for contender in figures for word in words]


def _marks(figures: DataSetFigures) -> MarkFigures:
    if figures.marks is None:
        raise ValueError("this data set has no located calcifications")
    return figures.marks
