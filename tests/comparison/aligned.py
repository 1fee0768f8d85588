"""Tissue drawn by hand, and findings on it: two images of a breast that lie over each other, or nearly so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from calcwatch.comparison.match import match_calcifications, points_of
from calcwatch.comparison.visibility import PairVisibility, visibility_of_pair
from calcwatch.domain.change import Registration
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    ImageFindings,
    SubthresholdCandidate,
    TissueMap,
)
from calcwatch.domain.image import ImageDescription, Laterality, PixelSpacing, ViewPosition

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

ROWS, COLUMNS = 240, 160  # cells of 0.5 mm
STEP, PIXEL_MM = 5, 0.1
Places = list[tuple[float, float]]


def texture(seed: int = 3) -> NDArray[np.float32]:
    """Strands and clouds of tissue, the same for a seed, with a margin all round."""
    noise = np.random.default_rng(seed).normal(0, 1, (ROWS + 80, COLUMNS + 80)).astype(np.float32)
    mixed = sum(s * cv2.GaussianBlur(noise, (0, 0), s) for s in (1.2, 2.0, 4.0))
    return np.asarray(mixed / np.std(mixed), np.float32)


def breast_mask() -> NDArray[np.uint8]:
    """A half ellipse on the left border."""
    row, column = np.indices((ROWS, COLUMNS))
    inside = ((row - ROWS / 2) / (0.47 * ROWS)) ** 2 + (column / (0.9 * COLUMNS)) ** 2 < 1
    return inside.astype(np.uint8)


def a_tissue(
    *,
    seed: int = 3,
    moved: NDArray[np.float32] | None = None,
    noise: float = 0.0,
    contrast_to_noise: float = 3.0,
) -> TissueMap:
    """Tissue of a seed; ``moved``: row and column in cells that each cell shows, rows x columns x 2."""
    seen = np.moveaxis(np.indices((ROWS, COLUMNS)), 0, 2).astype(np.float32) if moved is None else moved
    picture = cv2.remap(
        texture(seed), seen[..., 1] + 40, seen[..., 0] + 40, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    picture = picture + noise * np.random.default_rng(seed + 1).normal(0, 1, picture.shape)
    mask = breast_mask()
    if moved is not None:
        mask = cv2.remap(mask, seen[..., 1], seen[..., 0], cv2.INTER_NEAREST).astype(np.uint8)
    return TissueMap(
        pattern=np.clip(128 + 42 * picture * mask, 0, 255).astype(np.uint8),
        mask=mask,
        contrast_to_noise=np.full((ROWS // 6, COLUMNS // 6), contrast_to_noise, np.float32),
        contrast_to_noise_step=6,
        step=STEP,
        cell_size=STEP * PIXEL_MM,
        in_mm=True,
        top=0,
        left=0,
        columns=COLUMNS * STEP,
        mirrored=False,
    )


def half_strange(share: float, seed: int) -> TissueMap:
    """Tissue whose upper rows are those of ``a_tissue()``; below it is that of another breast."""
    own, other = a_tissue(), a_tissue(seed=seed)
    pattern = other.pattern.copy()
    pattern[: round(share * ROWS)] = own.pattern[: round(share * ROWS)]
    return replace(own, pattern=pattern)


def laid_over(
    prior: TissueMap, current: TissueMap, *, error_mm: float = 0.5, off_mm: float = 0.0
) -> Registration:
    """The alignment of two pictures that lie over each other; ``off_mm``: what it is wrong by, in rows."""
    cells = np.moveaxis(np.indices((ROWS, COLUMNS)), 0, 2)
    target = ((cells + 0.5) * STEP - 0.5) * PIXEL_MM + (off_mm, 0.0)
    return Registration(
        prior=prior,
        current=current,
        target=target.astype(np.float32),
        error=np.full((ROWS, COLUMNS), error_mm, np.float32),
        local_correlation=0.8,
        overlap=1.0,
    )


def visibility_of(prior: ImageFindings, current: ImageFindings) -> PairVisibility:
    """What each of two images that lie over each other shows of the calcifications of the other."""
    points = points_of(prior), points_of(current)
    registration = laid_over(*(own.tissue_map for own in points))
    return visibility_of_pair(*points, match_calcifications(registration, *points))


def a_day(
    name: str,
    *groups: Places,
    loose: Sequence[tuple[float, float]] = (),
    faint: Sequence[tuple[float, float]] = (),
    tissue: TissueMap | None = None,
    contrast: float = 12.0,
    diameter_mm: float = 0.4,
    view: ViewPosition = ViewPosition.CC,
) -> ImageFindings:
    """Findings of one image: groups of calcifications at places in mm, loose ones, and faint points."""
    found: list[Calcification] = []
    grouped = []
    for number, places in enumerate(groups):
        own = [
            _calcification(f"{name}.{number}.{n}", place, contrast, diameter_mm)
            for n, place in enumerate(places)
        ]
        found += own
        middle = np.mean(places, axis=0) / PIXEL_MM
        uids = tuple(calcification.tracking_uid for calcification in own)
        grouped.append(
            CalcificationGroup(
                f"{name}.{number}", float(middle[0]), float(middle[1]), 30.0, 3.0, 0.9, uids, ()
            )
        )
    found += [
        _calcification(f"{name}.loose.{n}", place, contrast, diameter_mm) for n, place in enumerate(loose)
    ]
    return ImageFindings(
        description=ImageDescription(
            f"{name}.dcm",
            sha256=name,
            rows=ROWS * STEP,
            columns=COLUMNS * STEP,
            pixel_spacing=PixelSpacing(PIXEL_MM, PIXEL_MM, "stated by the test"),
            image_laterality=Laterality.LEFT,
            view_position=view,
        ),
        breast_area_cm2=60.0,
        breast_outline=(),
        quality_flags=(),
        calcifications=tuple(found),
        groups=tuple(grouped),
        tissue_map=tissue or a_tissue(),
        subthreshold=tuple(
            SubthresholdCandidate(row / PIXEL_MM, column / PIXEL_MM, 0.3) for row, column in faint
        ),
    )


def dated(image: ImageFindings, date: str) -> ImageFindings:
    """The same image of another day."""
    return replace(image, description=replace(image.description, study_date=date))


def a_cluster(row: float, column: float, count: int = 10, *, spread_mm: float = 4.0, seed: int = 1) -> Places:
    """Places round a point, no two nearer than 1 mm."""
    rng = np.random.default_rng(seed)
    places: Places = []
    while len(places) < count:
        place = (row + rng.uniform(-spread_mm, spread_mm), column + rng.uniform(-spread_mm, spread_mm))
        if all(np.hypot(place[0] - r, place[1] - c) >= 1.0 for r, c in places):
            places.append(place)
    return places


def _calcification(
    name: str, place: tuple[float, float], contrast: float, diameter_mm: float
) -> Calcification:
    diameter = diameter_mm / PIXEL_MM
    return Calcification(
        tracking_uid=name,
        row=place[0] / PIXEL_MM,
        column=place[1] / PIXEL_MM,
        score=0.9,
        diameter_px=diameter,
        diameter_error_px=0.1,
        area_px=diameter**2,
        contrast=contrast,
        contrast_error=1.0,
        diameter_mm=diameter_mm,
        diameter_error_mm=0.01,
        area_mm2=diameter_mm**2,
        outline=(),
    )
