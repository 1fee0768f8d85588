"""What is true of a test image, whatever made it: a phantom, an insertion or a table of labels.

Points are ``(row, column)`` in pixels of the image, (0, 0) at the center of the top-left pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from calcwatch.domain.image import Mammogram, Point

ROSE = 5.0
"""Detectability from which on a thing can be seen reliably (Rose, J Opt Soc Am 38:196, 1948)."""


APART_PX = 3.0
"""Calcifications whose centers are closer than this many pixels are not two things in the picture."""


@dataclass(frozen=True)
class TrueCalcification:
    """One calcification. ``outline``: closed polygon, empty where only the center is known.

    ``detectability``: root of the sum over its pixels of (signal / noise)^2; ``None`` where nobody knows.
    """

    row: float
    column: float
    outline: tuple[Point, ...] = ()
    detectability: float | None = None
    name: str = ""


@dataclass(frozen=True)
class TrueGroup:
    """One group: its circle, and its members as numbers of calcifications; empty where nobody knows them."""

    row: float
    column: float
    radius_mm: float
    members: tuple[int, ...] = ()


@dataclass(frozen=True)
class TrueNonLesion:
    """Something bright that is no calcification; ``points``: its specks, or its single center."""

    kind: str
    outline: tuple[Point, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Truth:
    """Everything known of one image.

    ``positive``: whether it shows a calcification, ``None`` where that is not known. ``located``: whether
    every calcification is in ``calcifications``. ``grouped``: whether every group is in ``groups``.
    ``ignored``: regions in which a mark is neither right nor false. ``corrected``: ``positive`` as somebody
    sees it who looked again, ``None`` where that one is in doubt; ``seen``: calcifications met then, as row,
    column and the distance in mm up to which a mark is one of them.
    """

    calcifications: tuple[TrueCalcification, ...] = ()
    groups: tuple[TrueGroup, ...] = ()
    non_lesions: tuple[TrueNonLesion, ...] = ()
    ignored: tuple[tuple[Point, ...], ...] = ()
    positive: bool | None = None
    corrected: bool | None = None
    seen: tuple[tuple[float, float, float], ...] = ()
    located: bool = False
    grouped: bool = False


@dataclass(frozen=True, eq=False)
class Shown:
    """One image to be analyzed, with its truth."""

    mammogram: Mammogram
    truth: Truth


@dataclass(frozen=True)
class Case:
    """One test image that is not made or read yet, so that a list of them is small.

    ``show`` makes it and must be picklable. ``data_set``, ``variant`` and its ``kind`` say where its figures
    belong; ``patient`` whom it shows: intervals come from drawing patients, not images.
    """

    data_set: str
    patient: str
    name: str
    show: Callable[[], Shown]
    variant: str = ""
    kind: str = ""


def detectability(
    contrast: float, area_mm2: float, *, spacing_mm: float, mtf: tuple[tuple[float, float], ...]
) -> float:
    """Detectability of a calcification known by its peak ``contrast`` (in units of noise) and its area.

    The signal is taken for a ball's shadow, whose square adds up to half that of a plate, spread by the main
    part of the system's blur and by the pixel: an area of ``area / 2 + pi (blur^2 + pixel^2 / 12)``. On
    phantoms this is within 15 percent of the sum over pixels, and both agree on 99 of 100 being above 5.
    """
    _, blur_mm = max(mtf)
    spread_mm2 = area_mm2 / 2 + np.pi * (blur_mm**2 + spacing_mm**2 / 12)
    return float(contrast * np.sqrt(spread_mm2) / spacing_mm)
