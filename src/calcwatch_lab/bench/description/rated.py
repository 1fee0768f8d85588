"""Suspicion of groups against the categories that radiologists gave to real images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

import calcwatch
from calcwatch.domain.lexicon import Morphology
from calcwatch.service.files.open_image import open_image
from calcwatch_lab.bench.statistics.roc import area_estimate
from calcwatch_lab.labels import LABELS, LabeledImage, read_ratings
from calcwatch_lab.parallel import run_tasks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from calcwatch_lab.bench.statistics.intervals import Estimate


@dataclass(frozen=True)
class RatedImage:
    """One image that a radiologist rated, and what was described of it.

    Attributes:
        label: What the radiologist said.
        suspicion: Of its most suspicious group, 0 without a group.
        groups: Likeliest morphology, likeliest distribution, number and suspicion of each group, the most
            suspicious first.
        shapes: How many calcifications have each likeliest morphology.

    """

    label: LabeledImage
    suspicion: float
    groups: tuple[tuple[str, str, int, float], ...]
    shapes: dict[str, int]


def analyze_rated(
    folder: Path,
    *,
    table: Path | None = None,
    leave_out: Collection[str] = (),
    workers: int | None = None,
    on_done: Callable[[int, int], None],
) -> list[RatedImage]:
    """Analyze every image that a table rates.

    Args:
        folder: Where the images lie.
        table: The ratings; ``None``: ``labels.csv`` of the folder.
        leave_out: Patients whose images are left out.
        workers: Number of processes; ``None``: one per processor core.
        on_done: Called with the number of images that are done and that of all.

    Returns:
        The images in the order of the table.

    Raises:
        BadTable: The table cannot be used.
        TaskFailed: An image cannot be analyzed.

    """
    ratings = read_ratings(
        table or folder / LABELS, folder, needed=("pixel_spacing_mm",), leave_out=leave_out
    )
    return run_tasks(_analyze, ratings, workers=workers, on_done=on_done)


def _analyze(label: LabeledImage) -> RatedImage:
    findings = calcwatch.analyze_image(open_image(label.path, label.given))
    shapes = [mark.morphology.likeliest for mark in findings.calcifications if mark.morphology]
    groups = [
        (
            str((group.morphology and group.morphology.likeliest) or "cannot tell"),
            str(group.distribution.likeliest if group.distribution else ""),
            group.count,
            round(group.suspicion or 0.0, 4),
        )
        for group in findings.groups
    ]
    return RatedImage(
        label=label,
        # An image is as suspicious as its worst group, as a radiologist rates it.
        suspicion=max((group[3] for group in groups), default=0.0),
        groups=tuple(sorted(groups, key=lambda group: -group[3])),
        shapes={shape.value: shapes.count(shape) for shape in Morphology if shape in shapes},
    )


def area_of_suspicion(images: Sequence[RatedImage]) -> Estimate:
    """Area under the ROC curve of suspicion: categories 4 to 6 against 2 and 3.

    Args:
        images: Rated images; those without calcifications do not count.

    Returns:
        The area, its interval from drawing patients.

    """
    # Images without calcifications say nothing of how these are described.
    used = [image for image in images if image.label.positive and image.label.is_rated]
    return area_estimate(
        np.array([image.suspicion for image in used]),
        np.array([image.label.is_suspicious for image in used]),
        [image.label.patient for image in used],
    )
