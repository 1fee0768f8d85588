"""Suspicion of groups against the categories that radiologists gave to real images."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.errors import BadTable, CalcwatchError
from calcwatch.domain.image import GivenAttributes
from calcwatch.domain.lexicon import Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.models.learned import learned_describer, learned_detector
from calcwatch.service.files.open_image import open_image
from calcwatch_lab.bench.detection.accuracy import area_interval, area_under_curve
from calcwatch_lab.bench.detection.run import measured
from calcwatch_lab.bench.statistics.figures import Estimate
from calcwatch_lab.labels import LABELS, read_rows

SUSPICIOUS = ("4", "5", "6")
"""How a category begins that a radiologist gives to what must be biopsied."""

_RATED = ("2", "3", *SUSPICIOUS)
_NEEDED = ("file", "patient", "birads", "calcifications", "pixel_spacing_mm")


@dataclass(frozen=True)
class RatedImage:
    """One image that a radiologist rated, and what was said of it.

    ``suspicion``: of its most suspicious group, 0 without a group. ``groups``: likeliest shape, likeliest
    distribution, number and suspicion of each, the most suspicious first. ``shapes``: how many
    calcifications were told to have each shape.
    """

    file: str
    patient: str
    birads: str
    notes: str
    has_calcifications: bool
    suspicion: float
    groups: tuple[tuple[str, str, int, float], ...]
    shapes: dict[str, int]

    @property
    def is_suspicious(self) -> bool:
        """Whether the radiologist's category is 4, 5 or 6."""
        return self.birads.startswith(SUSPICIOUS)


def rate_images(
    folder: Path,
    *,
    table: Path | None = None,
    leave_out: Collection[str] = (),
    workers: int | None = None,
    on_done: Callable[[int, int], None],
) -> list[RatedImage]:
    """Analyze every image that the table rates, in its order, but for the patients left out.

    Raises ``BadTable`` when the table lacks a column, ``RuntimeError`` when an image cannot be analyzed.
    """
    path = table or folder / LABELS
    rows = read_rows(path)
    if missing := [name for name in _NEEDED if name not in rows[0]]:
        raise BadTable(f"{path}: the table of ratings lacks the column {missing[0]}")
    rows = [row for row in rows if row["patient"] not in leave_out]
    return measured(partial(_rate, folder), rows, workers=workers, on_done=on_done)


def _rate(folder: Path, row: dict[str, str]) -> RatedImage | str:
    cv2.setNumThreads(1)
    try:
        given = GivenAttributes.from_text(
            pixel_spacing_mm=row["pixel_spacing_mm"],
            image_laterality=row.get("laterality"),
            view_position=row.get("view"),
        )
        mammogram = open_image(folder / row["file"], given)
        findings = analyze_image(mammogram, detector=learned_detector(), describer=learned_describer())
    except CalcwatchError as error:
        return str(error)
    except Exception:
        return traceback.format_exc()
    told = [one.morphology.likeliest for one in findings.calcifications if one.morphology]
    groups = sorted(
        (
            (
                str((group.morphology and group.morphology.likeliest) or "cannot tell"),
                str(group.distribution.likeliest if group.distribution else ""),
                group.count,
                round(group.suspicion or 0.0, 4),
            )
            for group in findings.groups
        ),
        key=lambda group: -group[3],
    )
    return RatedImage(
        file=row["file"],
        patient=row["patient"],
        birads=row["birads"],
        notes=row.get("notes", ""),
        has_calcifications=row["calcifications"] == "1",
        suspicion=max((group[3] for group in groups), default=0.0),
        groups=tuple(groups),
        shapes={shape.value: told.count(shape) for shape in Morphology if shape in told},
    )


def area_of_suspicion(images: Sequence[RatedImage]) -> Estimate:
    """Area under the curve of suspicion, categories 4 to 6 against 2 and 3, images with calcifications only.

    The interval is from draws of patients.
    """
    used = [one for one in images if one.has_calcifications and one.birads.startswith(_RATED)]
    scores: NDArray[np.float64] = np.array([one.suspicion for one in used])
    positive = np.array([one.is_suspicious for one in used])
    low, high = area_interval(scores, positive, [one.patient for one in used])
    return Estimate(area_under_curve(scores, positive), low, high)
