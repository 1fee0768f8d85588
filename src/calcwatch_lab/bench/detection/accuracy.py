"""``calcwatch-lab bench accuracy``: figures from a finished result and a table of labels."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from calcwatch_lab.bench.detection.evaluate import SMALLEST_CIRCLE_MM
from calcwatch_lab.bench.statistics.roc import area_estimate
from calcwatch_lab.labels import read_labels
from calcwatch_lab.results import read_images

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcwatch.domain.findings import ImageFindings
    from calcwatch_lab.labels import Circle, LabeledImage

    Images = Mapping[str, ImageFindings]

FALSE_GROUPS = (0.5, 1.0, 2.0)
"""False groups per normal image at which the sensitivity for clusters is read off, as others report it."""

_SMALLEST_RADIUS_PX = SMALLEST_CIRCLE_MM / 0.2  # in pixels of mini-MIAS, whose circles these are


def measure_accuracy(findings: Path, table: Path) -> str:
    """Hold a result against labels.

    Args:
        findings: A result of ``calcwatch analyze``: its folder or its ``findings.json``.
        table: Image labels or clusters, told by their columns.

    Returns:
        The figures, a line each.

    Raises:
        BadTable: The table or the result cannot be used.

    """
    labels = read_labels(table)
    images = read_images(findings)
    if any(label.circles or label.grouped for label in labels):
        return report_clusters({Path(name).stem: image for name, image in images.items()}, labels)
    return report_image_labels({Path(name).name: image for name, image in images.items()}, labels)


def highest_score(image: ImageFindings) -> float:
    """Score of an image.

    Args:
        image: What was found.

    Returns:
        The highest score of a calcification, 0 when there is none.

    """
    return max((calcification.score for calcification in image.calcifications), default=0.0)


def report_image_labels(images: Images, labels: Sequence[LabeledImage]) -> str:
    """Area under the curve of the highest score against the label, and marks an image.

    Args:
        images: What was found, by file name.
        labels: Labels of these and perhaps of other images.

    Returns:
        The figures, a line each.

    """
    known = [label for label in labels if label.path.name in images]
    findings = [images[label.path.name] for label in known]
    scores = np.array([highest_score(image) for image in findings])
    positive = np.array([bool(label.positive) for label in known])
    patients = [label.patient for label in known]
    area = area_estimate(scores, positive, patients)
    marks = np.array([len(image.calcifications) for image in findings])
    return "\n".join(
        [
            f"images: {len(known)} of {len(labels)} in the table, {positive.sum()} labeled 1",
            f"area under the curve of the highest score: {area.value:.3f}"
            f" (95 % interval {area.low:.3f} to {area.high:.3f},"
            f" bootstrap over {len(set(patients))} patients)",
            f"calcifications an image labeled 0: mean {marks[~positive].mean():.2f},"
            f" median {np.median(marks[~positive]):.1f}",
            f"calcifications an image labeled 1: mean {marks[positive].mean():.2f},"
            f" median {np.median(marks[positive]):.1f}",
        ]
    )


def report_clusters(images: Images, labels: Sequence[LabeledImage]) -> str:
    """Sensitivity for located clusters at rates of false groups per normal image.

    Args:
        images: What was found, by file name without its ending.
        labels: Clusters of these and perhaps of other images.

    Returns:
        The figures, a line each.

    """
    known = [label for label in labels if label.path.name in images]
    clusters = [(images[label.path.name], circle) for label in known for circle in label.circles]
    normal = [images[label.path.name] for label in known if not label.positive]
    sensitivity = cluster_sensitivity(clusters, normal)
    lines = [f"clusters: {len(clusters)}, normal images: {len(normal)}"]
    lines += [
        f"sensitivity at {rate:g} false groups a normal image: {sensitivity[rate]:.2f}"
        for rate in FALSE_GROUPS
    ]
    return "\n".join(lines)


def cluster_sensitivity(
    clusters: Sequence[tuple[ImageFindings, Circle]], normal: Sequence[ImageFindings]
) -> dict[float, float]:
    """Share of clusters found at each rate of false groups per normal image.

    A group finds a cluster when its center lies in the cluster's circle, which is taken to be at least 5 mm
    in radius. The threshold is the lowest score that lets at most that many groups pass on the normal images.

    Args:
        clusters: What was found in an image, and a circle of it in pixels.
        normal: What was found in the images without calcifications.

    Returns:
        The share by rate; ``nan`` without clusters.

    """
    false_scores = sorted((group.score for image in normal for group in image.groups), reverse=True)
    scores = np.array([_best_score(image, circle) for image, circle in clusters])
    sensitivity = {}
    for rate in FALSE_GROUPS:
        allowed = int(rate * len(normal))
        # The score of the first false group too many: only higher scores count as found.
        threshold = false_scores[allowed] if allowed < len(false_scores) else 0.0
        sensitivity[rate] = float(np.mean(scores > threshold)) if scores.size else math.nan
    return sensitivity


def _best_score(image: ImageFindings, circle: Circle) -> float:
    row, column, radius = circle
    reach = max(radius, _SMALLEST_RADIUS_PX)
    inside = (
        group.score for group in image.groups if math.hypot(group.row - row, group.column - column) <= reach
    )
    return max(inside, default=-1.0)
