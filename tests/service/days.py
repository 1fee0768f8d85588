"""Examinations of one phantom woman on several days, written as PNG with the table that describes them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_prior_and_current
from calcwatch.phantom.settings import GroupPlan, PhantomSettings, PlannedChange
from calcwatch.phantom.truth import PhantomExamination

PLANS = (
    GroupPlan(Morphology.PUNCTATE, Distribution.GROUPED, 8, density=1.3, diameter_mm=(0.4, 0.6)),
    GroupPlan(
        Morphology.PUNCTATE,
        Distribution.GROUPED,
        8,
        change=PlannedChange.NEW,
        density=1.3,
        diameter_mm=(0.4, 0.6),
    ),
)
SETTINGS = PhantomSettings(
    field_mm=(150.0, 110.0),
    pixel_spacing_mm=0.1,
    views=(ViewPosition.CC, ViewPosition.MLO),
    groups=PLANS,
    non_lesions=(),
    breast_density="b",
)
DATES = ("20230110", "20240115", "20250120")


def write_days(root: Path, seed: int = 39, days: int = 2) -> tuple[list[Path], Path]:
    """Write ``days`` examinations (2 or 3) below ``root``: their folders, the earliest first, and the table.

    On the third day nothing has changed since the second: its pictures are those, noisier and darker.
    """
    examinations = make_prior_and_current(seed, settings=SETTINGS)
    folders, rows = [], ["file,patient_id,study_date,image_laterality,view_position,pixel_spacing_mm"]
    for number in range(days):
        folder = root / f"day-{number + 1}"
        folder.mkdir(parents=True)
        rows += _write_day(folder, examinations[min(number, 1)], DATES[number], later=number == 2)
        folders.append(folder)
    table = root / "images.csv"
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folders, table


def _write_day(folder: Path, examination: PhantomExamination, date: str, *, later: bool) -> Sequence[str]:
    rows = []
    for image in examination.images:
        pixels = image.stored.astype(np.float32) * 16
        if later:
            noise = np.random.default_rng(7).normal(0, 150, pixels.shape)
            pixels = 0.9 * pixels + np.where(pixels > 0, noise, 0)
        path = folder / f"{image.laterality}-{image.view_position}.png"
        cv2.imwrite(str(path), np.clip(pixels, 0, 65535).astype(np.uint16))
        cells = (image.laterality, image.view_position, str(image.pixel_spacing_mm))
        rows.append(f"{folder.name}/{path.name},WOMAN-1,{date}," + ",".join(cells))
    return rows
