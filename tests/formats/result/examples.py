"""Findings made by hand, with the picture they lie on: what the report is tested with."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    ImageFindings,
    NonLesion,
    NonLesionKind,
    Provenance,
)
from calcwatch.domain.image import (
    ImageDescription,
    Laterality,
    PixelSpacing,
    Point,
    QualityFlag,
    ViewPosition,
)
from calcwatch.image.settings import AnalysisSettings

ROWS, COLUMNS, SPACING_MM = 1200, 900, 0.1
GROUP_PLACES = ((500, 300), (512, 318), (524, 296), (540, 330), (530, 350))
SINGLE_PLACE = (800, 200)
CLIP_PLACE = (300, 150)


def circle(row: float, column: float, radius: float, corners: int = 16) -> tuple[Point, ...]:
    turns = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return tuple((row + radius * float(np.sin(t)), column + radius * float(np.cos(t))) for t in turns)


def breast_picture(seed: int = 1) -> NDArray[np.float32]:
    """Half a disc of textured gray at the left edge, bright specks at the places above."""
    rng = np.random.default_rng(seed)
    row, column = np.mgrid[0:ROWS, 0:COLUMNS]
    inside = np.hypot((row - 600) / 520, column / 640) < 1
    texture = gaussian_filter(rng.normal(size=(ROWS, COLUMNS)), 25) * 2.5 + rng.normal(
        size=(ROWS, COLUMNS), scale=0.01
    )
    gray = np.where(inside, 0.42 + texture, 0.0)
    for place in (*GROUP_PLACES, SINGLE_PLACE):
        gray += 0.35 * np.exp(-((row - place[0]) ** 2 + (column - place[1]) ** 2) / (2 * 1.8**2))
    gray[CLIP_PLACE[0] - 6 : CLIP_PLACE[0] + 6, CLIP_PLACE[1] - 20 : CLIP_PLACE[1] + 20] = 1.0
    return np.clip(gray, 0, 1).astype(np.float32)


def calcification(uid: str, row: float, column: float, score: float, mm: float | None) -> Calcification:
    return Calcification(
        tracking_uid=uid,
        row=row,
        column=column,
        score=score,
        diameter_px=4.2,
        diameter_error_px=0.4,
        area_px=13.9,
        contrast=17.25,
        contrast_error=0.8,
        diameter_mm=None if mm is None else 4.2 * mm,
        diameter_error_mm=None if mm is None else 0.4 * mm,
        area_mm2=None if mm is None else 13.9 * mm * mm,
        outline=circle(row, column, 2.1),
    )


def findings(
    source: str = "exam/L-CC.dcm",
    *,
    spacing_mm: float | None = SPACING_MM,
    empty: bool = False,
) -> ImageFindings:
    spacing = None if spacing_mm is None else PixelSpacing(spacing_mm, spacing_mm, "Imager Pixel Spacing")
    description = ImageDescription(
        source=source,
        sha256="ab" * 32,
        rows=ROWS,
        columns=COLUMNS,
        pixel_spacing=spacing,
        image_laterality=Laterality.LEFT,
        view_position=ViewPosition.CC,
        sop_instance_uid="1.2.826.0.1.3680043.8.498.1",
        patient_id="PHANTOM-1",
        study_date="20250102",
    )
    flags = (QualityFlag.LOSSY_COMPRESSION,) + (() if spacing else (QualityFlag.PIXEL_SPACING_UNKNOWN,))
    outline = tuple(
        (600 + 520 * float(np.sin(t)), 640 * float(np.cos(t))) for t in np.linspace(-np.pi / 2, np.pi / 2, 60)
    )
    if empty:
        return ImageFindings(description, 52.3, outline, flags)
    members = tuple(
        calcification(f"c{n}", row + 0.25, column - 0.125, 0.95 - 0.05 * n, spacing_mm)
        for n, (row, column) in enumerate(GROUP_PLACES)
    )
    single = calcification("c9", *SINGLE_PLACE, 0.61, spacing_mm)
    group = CalcificationGroup(
        tracking_uid="g1",
        row=520.0,
        column=323.0,
        radius_px=35.0,
        radius_mm=None if spacing_mm is None else 35.0 * spacing_mm,
        score=0.93,
        members=tuple(member.tracking_uid for member in members),
        outline=circle(520.0, 323.0, 42.0),
    )
    clip = NonLesion(
        NonLesionKind.CLIP,
        float(CLIP_PLACE[0]),
        float(CLIP_PLACE[1]),
        ((294.0, 130.0), (294.0, 170.0), (306.0, 170.0), (306.0, 130.0)),
    )
    return ImageFindings(description, 52.3, outline, flags, (single, *reversed(members)), (clip,), (group,))


PROVENANCE = Provenance("0.1.0", "1", AnalysisSettings().numbers())
