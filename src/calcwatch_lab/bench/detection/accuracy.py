"""Figures of accuracy from a ``findings.json`` and a table of labels.

``python -m calcwatch_lab.bench.detection.accuracy findings.json labels.csv`` tells the table's kind by its
columns: image labels (``file``, ``calcifications`` 0 or 1, perhaps ``patient``), or clusters with a circle
(``image``, ``class``, ``x_px``, ``y_px_top_origin``, ``radius_px``).
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.stats import rankdata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Image = dict[str, Any]
"""One entry of ``images`` in ``findings.json``."""

FALSE_GROUPS = (0.5, 1.0, 2.0)
"""False groups per normal image at which the sensitivity for clusters is read off."""

_BOOTSTRAPS = 2000
_SMALLEST_RADIUS_PX = (
    25.0  # 5 mm at 0.2 mm: circles round one or two specks are drawn tighter than a reader looks
)


def area_under_curve(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """Area under the ROC curve (Mann-Whitney); ties count half. ``nan`` when one kind is missing."""
    count = int(positive.sum())
    if count in (0, positive.size):
        return math.nan
    excess = rankdata(scores)[positive].sum() - count * (count + 1) / 2
    return float(excess / (count * (positive.size - count)))


def area_interval(
    scores: NDArray[np.float64], positive: NDArray[np.bool_], patients: Sequence[str], *, seed: int = 0
) -> tuple[float, float]:
    """95 percent interval of the area under the curve, by bootstrap over patients."""
    names = sorted(set(patients))
    rows = [np.flatnonzero(np.array(patients) == name) for name in names]
    generator = np.random.default_rng(seed)
    areas = []
    for _ in range(_BOOTSTRAPS):
        drawn = np.concatenate([rows[i] for i in generator.integers(0, len(names), len(names))])
        areas.append(area_under_curve(scores[drawn], positive[drawn]))
    low, high = np.nanquantile(areas, [0.025, 0.975])
    return float(low), float(high)


def highest_score(image: Image) -> float:
    """Score of the most believable calcification, 0 when there is none."""
    return max((float(found["score"]) for found in image["calcifications"]), default=0.0)


def cluster_sensitivity(
    images: dict[str, Image], clusters: Sequence[dict[str, str]], normal: Sequence[str]
) -> dict[float, float]:
    """Share of clusters hit at each rate of false groups per normal image.

    A group hits a cluster when its center lies in the cluster's circle, which is taken to be at least 25
    pixels in radius. The threshold is the lowest score that lets at most that many groups pass on the
    normal images.
    """
    false_scores = sorted((g["score"] for name in normal for g in images[name]["groups"]), reverse=True)
    hits = np.array([_best_hit(images[row["image"]], row) for row in clusters])
    sensitivity = {}
    for rate in FALSE_GROUPS:
        allowed = int(rate * len(normal))
        threshold = false_scores[allowed] if allowed < len(false_scores) else 0.0
        sensitivity[rate] = float(np.mean(hits > threshold)) if hits.size else math.nan
    return sensitivity


def report_image_labels(images: dict[str, Image], rows: Sequence[dict[str, str]]) -> str:
    """Area under the curve of the highest score against the label, and marks an image."""
    known = [row for row in rows if row["file"] in images]
    scores = np.array([highest_score(images[row["file"]]) for row in known])
    positive = np.array([row["calcifications"] == "1" for row in known])
    patients = [row.get("patient") or row["file"] for row in known]
    low, high = area_interval(scores, positive, patients)
    marks = np.array([len(images[row["file"]]["calcifications"]) for row in known])
    return "\n".join(
        [
            f"images: {len(known)} of {len(rows)} in the table, {positive.sum()} labeled 1",
            f"area under the curve of the highest score: {area_under_curve(scores, positive):.3f}"
            f" (95 % interval {low:.3f} to {high:.3f}, bootstrap over {len(set(patients))} patients)",
            f"calcifications an image labeled 0: mean {marks[~positive].mean():.2f},"
            f" median {np.median(marks[~positive]):.1f}",
            f"calcifications an image labeled 1: mean {marks[positive].mean():.2f},"
            f" median {np.median(marks[positive]):.1f}",
        ]
    )


def report_clusters(images: dict[str, Image], rows: Sequence[dict[str, str]]) -> str:
    """Sensitivity for located clusters at the stated rates of false groups per normal image."""
    clusters = [row for row in rows if row["class"] == "CALC" and row["x_px"] and row["image"] in images]
    with_calcifications = {row["image"] for row in rows if row["class"] == "CALC"}
    normal = sorted({row["image"] for row in rows if row["image"] in images} - with_calcifications)
    found = cluster_sensitivity(images, clusters, normal)
    lines = [f"clusters: {len(clusters)}, normal images: {len(normal)}"]
    lines += [
        f"sensitivity at {rate:g} false groups a normal image: {found[rate]:.2f}" for rate in FALSE_GROUPS
    ]
    return "\n".join(lines)


def _best_hit(image: Image, circle: dict[str, str]) -> float:
    row, column = float(circle["y_px_top_origin"]), float(circle["x_px"])
    radius = max(float(circle["radius_px"]), _SMALLEST_RADIUS_PX)
    inside = (
        g["score"] for g in image["groups"] if math.hypot(g["row"] - row, g["column"] - column) <= radius
    )
    return max(inside, default=-1.0)


def main(arguments: Sequence[str] | None = None) -> str:
    """Read both files and return the report; what the command prints."""
    parser = argparse.ArgumentParser(
        prog="python -m calcwatch_lab.bench.detection.accuracy", description=__doc__
    )
    parser.add_argument("findings", type=Path)
    parser.add_argument("labels", type=Path)
    given = parser.parse_args(arguments)
    found = json.loads(given.findings.read_text(encoding="utf-8"))["images"]
    with given.labels.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        raise SystemExit(f"{given.labels}: the table has no rows")
    if "calcifications" in rows[0]:
        return report_image_labels({Path(image["source"]).name: image for image in found}, rows)
    return report_clusters({Path(image["source"]).stem: image for image in found}, rows)


if __name__ == "__main__":
    print(main())  # noqa: T201
