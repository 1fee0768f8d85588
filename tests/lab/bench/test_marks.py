"""Marks against single outlines of a radiologist."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from calcwatch_lab.bench.real.marks import (
    MarkedImage,
    figures_in_words,
    figures_of,
    judged_threshold,
    read_marked_images,
)

if TYPE_CHECKING:
    from pathlib import Path

Box = tuple[float, float, float, float]
Mark = tuple[float, float, float, float]

ROWS, COLUMNS = 2048, 1000
SPACING_MM = 0.1


def square(row: float, column: float, side: float) -> list[list[float]]:
    """Corners of a square outline round a place."""
    half = side / 2
    return [[row + half * y, column + half * x] for y, x in ((-1, -1), (-1, 1), (1, 1), (1, -1))]


def read(
    folder: Path, boxes: dict[str, list[Box]], marks: dict[str, list[Mark]], *, seen: str = ""
) -> tuple[MarkedImage, ...]:
    """Images read from files: boxes are row, column, height, width; marks row, column, side, score."""
    images = [
        {
            "source": f"/somewhere/{name}",
            "rows": ROWS,
            "columns": COLUMNS,
            "breast_area_cm2": 20.0,
            "calcifications": [
                {"row": row, "column": column, "score": score, "outline": square(row, column, side)}
                for row, column, side, score in found
            ],
        }
        for name, found in marks.items()
    ]
    (folder / "findings.json").write_text(json.dumps({"images": images}))
    tables: dict[str, list[dict[str, object]]] = {
        "labels.csv": [
            {
                "file": name,
                "patient": name[0],
                "calcifications": int(name in boxes),
                "pixel_spacing_mm": SPACING_MM,
            }
            for name in marks
        ],
        "outline-counts.csv": [{"file": name, "n_calc": len(boxes.get(name, ()))} for name in marks],
        "calcification-outlines.csv": [
            {
                "file": name,
                "kind": "calcification",
                "orig_rows": ROWS,
                # the drawing program counts from 1, and edges lie half a pixel before centers
                "cy_png": row + 1.0,
                "cx_png": column + 1.0,
                "h_png": height,
                "w_png": width,
            }
            for name, found in boxes.items()
            for row, column, height, width in found
        ],
        "corrections.csv": [{"file": seen, "corrected_label": "1"}],
    }
    for name, rows in tables.items():
        with (folder / name).open("w", newline="") as lines:
            table = csv.DictWriter(lines, list(rows[0]))
            table.writeheader()
            table.writerows(rows)
    return read_marked_images(folder / "findings.json", folder, corrections=folder / "corrections.csv")


def test_a_box_is_found_once_and_the_rest_are_second_marks(tmp_path: Path) -> None:
    """Three marks in a box are one that finds it and two that are too many."""
    images = read(
        tmp_path,
        {"a.png": [(100, 100, 20, 20)]},
        {"a.png": [(96, 100, 4, 0.9), (100, 100, 18, 0.8), (105, 100, 4, 0.7)]},
    )
    figures = figures_of(images, 0.0)
    assert (figures.found.part, figures.found.whole) == (1, 1)
    assert (figures.second.part, figures.second.whole) == (2, 3)
    # two millimeters: the last class; the mark that covers the box best says how large it is
    assert figures.sizes[3].extent.value == pytest.approx(0.9)
    assert figures.sizes[3].marks == 3


def test_a_box_in_a_box_may_have_a_mark_of_its_own(tmp_path: Path) -> None:
    """Two marks in the inner of two boxes are no second marks; a third is."""
    boxes: dict[str, list[Box]] = {"a.png": [(100, 100, 20, 20), (100, 100, 6, 6)]}
    for count, second in ((2, 0), (3, 1)):
        marks = {"a.png": [(100.0, 99.0 + number, 4.0, 0.9) for number in range(count)]}
        assert figures_of(read(tmp_path, boxes, marks), 0.0).second.part == second


def test_a_mark_beside_a_box_finds_it(tmp_path: Path) -> None:
    """Up to 0.3 mm away it does; further away only when its outline reaches the box."""
    boxes: dict[str, list[Box]] = {"a.png": [(100, 100, 4, 4)]}
    for row, side, found in ((104.5, 0.2, 1), (106.0, 0.2, 0), (106.0, 9.0, 1)):
        figures = figures_of(read(tmp_path, boxes, {"a.png": [(row, 100.0, side, 0.9)]}), 0.0)
        assert figures.found.part == found


def test_one_mark_across_two_boxes_is_the_mark_of_one(tmp_path: Path) -> None:
    """It finds both, but only one of them has a mark of its own."""
    boxes: dict[str, list[Box]] = {"a.png": [(100, 100, 4, 4), (100, 106, 4, 4)]}
    figures = figures_of(read(tmp_path, boxes, {"a.png": [(100, 103, 10, 0.9)]}), 0.0)
    assert (figures.found.part, figures.found_alone.part) == (2, 1)


def test_the_threshold_leaves_few_marks_on_clean_images(tmp_path: Path) -> None:
    """20 square centimeters may keep two marks; an image on which somebody saw some does not count."""
    marks = {
        "a.png": [(100.0, 100.0, 4.0, 0.9)],
        "b.png": [(100.0, 100.0, 4.0, score) for score in (0.8, 0.6, 0.4, 0.2)],
        "c.png": [(100.0, 100.0, 4.0, 0.95)],
    }
    images = read(tmp_path, {"a.png": [(100, 100, 4, 4)]}, marks, seen="c.png")
    threshold = judged_threshold(images)
    assert 0.4 < threshold < 0.6
    figures = figures_of(images, threshold)
    assert figures.false_per_cm2 == pytest.approx(0.1)
    assert "found 1 of 1" in figures_in_words(figures)


def test_no_marks_find_nothing(tmp_path: Path) -> None:
    """Boxes without marks are missed, and nothing is divided by zero."""
    figures = figures_of(read(tmp_path, {"a.png": [(100, 100, 4, 4)]}, {"a.png": []}), 0.5)
    assert (figures.found.part, figures.second.whole) == (0, 0)
