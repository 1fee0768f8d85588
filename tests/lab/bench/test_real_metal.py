"""Clips of real images: named, named once, called a calcification."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from calcwatch.domain.errors import BadTable
from calcwatch_lab.bench.real.metal import ClipResult, clips_in_words, judge_phantom_clips, judge_real_clips

SQUARE = [[90.0, 90.0], [90.0, 110.0], [110.0, 110.0], [110.0, 90.0]]


def judged(folder: Path, *, non_lesions: Sequence[object], calcifications: Sequence[object]) -> ClipResult:
    """One clip at (100, 100) of an image of 0.1 mm pixels, and another of an image without a result."""
    image = {
        "source": "somewhere/a.png",
        "pixel_spacing_mm": 0.1,
        "non_lesions": non_lesions,
        "calcifications": calcifications,
    }
    (folder / "findings.json").write_text(json.dumps({"images": [image]}), encoding="utf-8")
    (folder / "clips.csv").write_text("file,row,column\na.png,100,100\nb.png,5,5\n", encoding="utf-8")
    (result,) = judge_real_clips(folder, folder / "clips.csv")
    return result


def mark(row: float, column: float) -> dict[str, float]:
    return {"row": row, "column": column}


def test_a_clip_is_named_by_what_lies_on_it_and_called_by_marks_near_it(tmp_path: Path) -> None:
    """A look-alike beside it does not name it; a mark 1.9 mm away calls it, one 2.1 mm away does not."""
    clip = {"kind": "surgical_clip", "row": 100, "column": 100, "outline": SQUARE}
    beside = {"kind": "marker", "row": 150, "column": 150, "outline": []}
    result = judged(tmp_path, non_lesions=[clip, beside], calcifications=[mark(100, 121)])
    assert (result.names, result.marks) == (("surgical_clip",), 0)
    result = judged(tmp_path, non_lesions=[beside], calcifications=[mark(100, 119), mark(150, 150)])
    assert (result.names, result.marks) == ((), 1)


def test_a_mark_inside_a_long_clip_calls_it(tmp_path: Path) -> None:
    """However far from its middle."""
    long = {
        "kind": "surgical_clip",
        "row": 100,
        "column": 100,
        "outline": [[95, 60], [95, 140], [105, 140], [105, 60]],
    }
    assert judged(tmp_path, non_lesions=[long], calcifications=[mark(100, 135)]).marks == 1


def test_a_table_without_places_is_refused(tmp_path: Path) -> None:
    """The column that is missing is named."""
    judged(tmp_path, non_lesions=[], calcifications=[])
    (tmp_path / "clips.csv").write_text("file,birads\na.png,2\n", encoding="utf-8")
    with pytest.raises(BadTable, match="lacks the column row"):
        judge_real_clips(tmp_path, tmp_path / "clips.csv")


def test_the_figures_name_how_many_of_how_many(tmp_path: Path) -> None:
    """Named, named twice, called; phantoms in a line of their own."""
    twice = [{"kind": "marker", "row": 100, "column": 100, "outline": SQUARE}] * 2
    words = clips_in_words([judged(tmp_path, non_lesions=twice, calcifications=[])], [])
    assert "real clips: 1 of 1 named, 1 more than once, 0 called a calcification" in words
    assert "phantom clips" not in words


def test_phantom_clips_are_judged() -> None:
    """The first phantoms of look-alikes hold clips that are named."""
    results = judge_phantom_clips(2, workers=1)
    assert len(results) >= 2
    assert all(result.kind == "surgical_clip" and result.named for result in results)
