"""Marks against the calcifications that a radiologist outlined one by one: found, found twice, how large.

A box is the upright rectangle round what the radiologist drew. On images with boxes many calcifications have
none (points were only counted), so nothing there is a false mark; false marks are counted on images of which
nobody says that they show any.
"""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass
from itertools import compress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from calcwatch_lab.bench.statistics.intervals import (
    Estimate,
    Proportion,
    draw_patients,
    patient_numbers,
    percentiles,
    proportion,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

SIZES_MM = (0.35, 1.0, 2.0)
"""Larger sides of boxes at which the classes of size part."""

MARGIN_MM = 0.3
"""A mark this far from a box still finds it, whatever the box's size: a hand does not draw finer."""

MARGIN_SHARE = 0.15
"""So does one this far away in larger sides of the box."""

FALSE_MARKS_PER_CM2 = 0.1
"""Marks that are left on images without calcifications at the threshold that is judged."""

ORIGINAL_COLUMNS = {4084: 3328, 3328: 2560}
"""Columns of an image as it was taken, by its rows: boxes were turned by the ratio of rows alone."""

EDGE_PX = 0.5
"""From edges of pixels, in which boxes are given, to centers, in which marks are."""

FIRST_PIXEL = 0.5
"""Original pixels by which boxes lie too far down and right: their drawing program counts from 1.

It is what the medians of our marks say, alike in rows and columns, once the columns are scaled.
"""

ORIGINAL_MM = 0.07
"""Pixel spacing of the images as they were taken.

Boxes are differences of the numbers of pixels, so that what lies on two pixels is one wide; half of that is
the shift above. A figure of the extent with this pixel added stands beside the one without.
"""

CLUSTER_BOXES = frozenset({"22613918.png", "22613970.png"})
"""Images whose one box, 4 to 5 mm wide, is round a cluster of a dozen specks, as a look at it shows.

A mark in it finds it, but each of its specks may have a mark, and its size is none of a calcification.
"""

BACKGROUND_WOMEN = frozenset({"P05", "P07", "P08", "P12"})
"""Women whose images the shipped networks saw as background: they count in no figure."""


@dataclass(frozen=True, eq=False)
class MarkedImage:
    """The boxes and the marks of one image, rectangles as top, left, bottom, right in pixels.

    Attributes:
        name: Its file.
        patient: Whose it is.
        spacing_mm: Millimeters a pixel.
        area_cm2: Area of the breast.
        clean: Whether nobody says that it shows a calcification.
        clustered: Whether its boxes are round clusters.
        boxes: b x 4, what the radiologist outlined.
        centers: m x 2, row and column of the marks.
        rectangles: m x 4, the rectangles round their outlines.
        scores: m, their scores.
    """

    name: str
    patient: str
    spacing_mm: float
    area_cm2: float
    clean: bool
    clustered: bool
    boxes: NDArray[np.float64]
    centers: NDArray[np.float64]
    rectangles: NDArray[np.float64]
    scores: NDArray[np.float64]


@dataclass(frozen=True)
class SizeFigure:
    """How large our outlines are, of the boxes of one class of size, those round clusters left out.

    Attributes:
        boxes: Number of boxes.
        women: Number of women they are of.
        found: Number of boxes that a mark found.
        extent: Median over the found of our larger side over the radiologist's.
        extent_with_pixel: The same, with the original pixel added that boxes leave out.
        marks: Mean number of marks whose center lies in a box.
    """

    boxes: int
    women: int
    found: int
    extent: Estimate
    extent_with_pixel: Estimate
    marks: float


@dataclass(frozen=True)
class MarkFigures:
    """What the marks from one score on are worth.

    Attributes:
        threshold: That score.
        false_per_cm2: Marks a square centimeter of breast on images without calcifications.
        found: Boxes that a mark found, of all.
        found_alone: The same when no mark may find two boxes.
        second: Marks in boxes beyond the one that each box may have, of all marks in boxes but those that are
            round clusters.
        second_everywhere: The same in all boxes.
        sizes: By class of size, the smallest first.
    """

    threshold: float
    false_per_cm2: float
    found: Proportion
    found_alone: Proportion
    second: Proportion
    second_everywhere: Proportion
    sizes: tuple[SizeFigure, ...]


def read_marked_images(
    findings: Path, labels: Path, *, corrections: Path, leave_out: Collection[str] = BACKGROUND_WOMEN
) -> tuple[MarkedImage, ...]:
    """Join a result with what is known of its images.

    Args:
        findings: A ``findings.json``, best of a run with a low score threshold.
        labels: The folder of ``labels.csv``, ``outline-counts.csv`` and ``calcification-outlines.csv``.
        corrections: A table of marks that were looked at, with columns file and corrected_label.
        leave_out: Women that count in no figure.

    Returns:
        The images that hold boxes or are clean, by name.
    """
    boxes: dict[str, list[dict[str, str]]] = {}
    for row in _rows(labels / "calcification-outlines.csv"):
        if row["kind"] == "calcification":
            boxes.setdefault(row["file"], []).append(row)
    outlined = {row["file"]: int(row["n_calc"]) for row in _rows(labels / "outline-counts.csv")}
    seen = {row["file"] for row in _rows(corrections) if row["corrected_label"] == "1"}
    known = {row["file"]: row for row in _rows(labels / "labels.csv")}
    images = []
    for image in json.loads(findings.read_text("utf-8"))["images"]:
        name = Path(image["source"]).name
        label = known.get(name)
        if label is None or label["patient"] in leave_out:
            continue
        clean = label["calcifications"] == "0" and not outlined.get(name) and name not in seen
        if clean or name in boxes:
            images.append(_marked_image(name, image, label, boxes.get(name, []), clean))
    return tuple(sorted(images, key=lambda image: image.name))


def _marked_image(
    name: str, image: dict[str, Any], label: dict[str, str], boxes: Sequence[dict[str, str]], clean: bool
) -> MarkedImage:
    marks = image["calcifications"]
    outlines = [
        np.array(mark["outline"] or [[mark["row"], mark["column"]]], np.float64).reshape(-1, 2)
        for mark in marks
    ]
    return MarkedImage(
        name,
        label["patient"],
        float(label["pixel_spacing_mm"]),
        float(image["breast_area_cm2"]),
        clean,
        name in CLUSTER_BOXES,
        np.array([_box(row, image) for row in boxes], np.float64).reshape(-1, 4),
        np.array([(mark["row"], mark["column"]) for mark in marks], np.float64).reshape(-1, 2),
        np.array([[*outline.min(axis=0), *outline.max(axis=0)] for outline in outlines]).reshape(-1, 4),
        np.array([mark["score"] for mark in marks], np.float64),
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _box(row: dict[str, str], image: dict[str, Any]) -> tuple[float, float, float, float]:
    middle_row, middle_column, height, width = (
        float(row[name]) for name in ("cy_png", "cx_png", "h_png", "w_png")
    )
    # a reduced image has whole columns, so they are not quite as wide as its rows are high
    scale = image["rows"] / float(row["orig_rows"])
    columns = ORIGINAL_COLUMNS.get(int(row["orig_rows"]))
    shrink = image["columns"] / (columns * scale) if columns else 1.0
    shift = EDGE_PX + FIRST_PIXEL * scale
    middle_row, middle_column = middle_row - shift, middle_column * shrink - shift
    return (
        middle_row - height / 2,
        middle_column - width / 2,
        middle_row + height / 2,
        middle_column + width / 2,
    )


def false_marks(images: Sequence[MarkedImage], threshold: float) -> float:
    """Count marks a square centimeter of breast on the clean images.

    Args:
        images: The images.
        threshold: Marks of a lower score do not count.

    Returns:
        The density; ``nan`` without clean images.
    """
    clean = [image for image in images if image.clean]
    area = sum(image.area_cm2 for image in clean)
    return sum(int((image.scores >= threshold).sum()) for image in clean) / area if area else math.nan


def judged_threshold(images: Sequence[MarkedImage], *, false_per_cm2: float = FALSE_MARKS_PER_CM2) -> float:
    """Tell the lowest score from which on clean images keep no more marks than that.

    Args:
        images: The images.
        false_per_cm2: Marks a square centimeter of breast.

    Returns:
        The score of a mark; 0 where all marks may stay.
    """
    clean = [image for image in images if image.clean]
    scores = np.sort(np.concatenate([np.zeros(0), *(image.scores for image in clean)]))[::-1]
    most = math.floor(false_per_cm2 * sum(image.area_cm2 for image in clean))
    if scores.size <= most:
        return 0.0
    # above the score of the first mark that is too many, ties included
    return float(np.nextafter(scores[most], np.inf))


def figures_of(images: Sequence[MarkedImage], threshold: float) -> MarkFigures:
    """Compare the marks from a score on with the boxes.

    Args:
        images: The images.
        threshold: Marks of a lower score do not count.

    Returns:
        The figures, with intervals by woman.
    """
    boxed = [image for image in images if len(image.boxes)]
    compared = [_compare(image, image.scores >= threshold) for image in boxed]
    women = [image.patient for image in boxed]
    single = [not image.clustered for image in boxed]
    return MarkFigures(
        threshold,
        false_marks(images, threshold),
        proportion([(int(np.isfinite(each.extent).sum()), each.extent.size) for each in compared], women),
        proportion([(each.alone, each.extent.size) for each in compared], women),
        proportion(
            [(each.second, each.in_boxes) for each in compress(compared, single)], [*compress(women, single)]
        ),
        proportion([(each.second, each.in_boxes) for each in compared], women),
        _by_size([*compress(boxed, single)], [*compress(compared, single)]),
    )


@dataclass(frozen=True, eq=False)
class _Compared:
    """One image: of each box our extent over its (``nan`` when missed), and the marks in it.

    ``alone`` counts the boxes that have a mark of their own, ``second`` the marks in boxes that have no box.
    """

    extent: NDArray[np.float64]
    marks: NDArray[np.int64]
    alone: int
    in_boxes: int
    second: int


def _compare(image: MarkedImage, kept: NDArray[np.bool_]) -> _Compared:
    boxes, rectangles, centers = image.boxes, image.rectangles[kept], image.centers[kept]
    sides = _sides(boxes)
    margin = np.maximum(MARGIN_MM / image.spacing_mm, MARGIN_SHARE * sides)[:, None]
    shared = _shared_area(boxes, rectangles)
    near = _holds(boxes + margin * [-1, -1, 1, 1], centers)
    inside = _holds(boxes, centers)
    union = _area(boxes)[:, None] + _area(rectangles)[None] - shared
    # of the marks that find a box the one that covers it best; those near it only come after all others
    fit = np.where(near | (shared > 0), shared / np.maximum(union, 1e-9), -1.0)
    extent = np.full(len(boxes), np.nan)
    if fit.shape[1]:
        best = fit.argmax(axis=1)
        hit = fit.max(axis=1) >= 0
        extent[hit] = (_sides(rectangles)[best] / sides)[hit]
    in_boxes = int(inside.any(axis=0).sum())
    # boxes can lie in boxes: a mark is a second one when no box is left for it
    second = in_boxes - _pairs(inside)
    return _Compared(extent, inside.sum(axis=1), _pairs(near | (shared > 0)), in_boxes, second)


def _pairs(meets: NDArray[np.bool_]) -> int:
    """Most pairs of a box and a mark that meet, each in one pair."""
    return int((maximum_bipartite_matching(csr_array(meets)) >= 0).sum()) if meets.any() else 0


def _sides(rectangles: NDArray[np.float64]) -> NDArray[np.float64]:
    """The larger side of each."""
    return np.asarray((rectangles[:, 2:] - rectangles[:, :2]).max(axis=1, initial=0.0))


def _area(rectangles: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((rectangles[:, 2:] - rectangles[:, :2]).prod(axis=1))


def _shared_area(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    return np.asarray((high - low).clip(0).prod(axis=2))


def _holds(rectangles: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rectangle holds which point."""
    inside = (points[None] >= rectangles[:, None, :2]) & (points[None] <= rectangles[:, None, 2:])
    return np.asarray(inside.all(axis=2))


def _by_size(images: Sequence[MarkedImage], compared: Sequence[_Compared]) -> tuple[SizeFigure, ...]:
    size = np.concatenate([np.zeros(0), *(_sides(image.boxes) * image.spacing_mm for image in images)])
    women = np.array([image.patient for image in images for _ in image.boxes], dtype=object)
    extent = np.concatenate([np.zeros(0), *(each.extent for each in compared)])
    marks = np.concatenate([np.zeros(0), *(each.marks for each in compared)])
    classes = np.digitize(size, SIZES_MM)
    figures = []
    for number in range(len(SIZES_MM) + 1):
        own = classes == number
        hit = own & np.isfinite(extent)
        figures.append(
            SizeFigure(
                int(own.sum()),
                len(set(women[own])),
                int(hit.sum()),
                _median(extent[hit], list(women[hit])),
                _median((extent * size / (size + ORIGINAL_MM))[hit], list(women[hit])),
                float(marks[own].mean()) if own.any() else math.nan,
            )
        )
    return tuple(figures)


def _median(values: NDArray[np.float64], women: Sequence[str]) -> Estimate:
    """Median with its interval by woman."""
    if not values.size:
        return Estimate(math.nan)
    numbers = patient_numbers(women)
    draws = draw_patients(int(numbers.max()) + 1, draws=500)
    medians = np.array(
        [np.median(np.repeat(values, times)) if times.any() else math.nan for times in draws[:, numbers]]
    )
    low, high = percentiles(medians)
    return Estimate(float(np.median(values)), float(low), float(high))


def figures_in_words(figures: MarkFigures) -> str:
    """Write the figures as a few lines.

    Args:
        figures: The figures.

    Returns:
        Lines for people.
    """
    names = ("below 0.35 mm", "0.35 to 1 mm", "1 to 2 mm", "above 2 mm")
    lines = [
        f"score {figures.threshold:.3f}, {figures.false_per_cm2:.3f} marks/cm2 without calcifications",
        f"  found {_ratio(figures.found)}; with a mark of its own {_ratio(figures.found_alone)}",
        f"  second marks {_ratio(figures.second)}; clusters too {_ratio(figures.second_everywhere)}",
    ]
    for name, size in zip(names, figures.sizes, strict=True):
        extent = size.extent
        lines.append(
            f"  {name}: {size.boxes} boxes of {size.women} women, {size.found} found, {size.marks:.1f} marks"
            f" each, extent {extent.value:.2f} ({extent.low:.2f} to {extent.high:.2f}), with the pixel that"
            f" boxes leave out {size.extent_with_pixel.value:.2f}"
        )
    return "\n".join(lines)


def _ratio(figure: Proportion) -> str:
    ratio = figure.ratio
    return f"{figure.part} of {figure.whole} = {ratio.value:.3f} ({ratio.low:.2f} to {ratio.high:.2f})"
