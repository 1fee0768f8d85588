"""Small women with a history that the tests share."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from calcwatch.phantom.geometry import BreastSize
from calcwatch.phantom.history.make import make_history
from calcwatch.phantom.history.settings import FindingKind, HistorySettings, TreatmentSettings
from calcwatch.phantom.history.treatment import Excision, TreatmentCourse, draw_treatment
from calcwatch.phantom.history.truth import HistoryView, PhantomHistory
from calcwatch.phantom.settings import PhantomSettings

COARSE = PhantomSettings(field_mm=(110, 84), pixel_spacing_mm=0.18)
EVERYTHING = HistorySettings(
    phantom=COARSE, kinds=frozenset(FindingKind), date_count=4, dates_before=1, missed_views=False
)
SIZE = BreastSize(90.0, 70.0)
MIDDLE = np.array([40.0, 15.0, -10.0])


@cache
def follow(seed: int, settings: HistorySettings) -> PhantomHistory:
    """Make each woman once in a test run."""
    return make_history(seed, settings)


def treat(seed: int = 1, radius_mm: float = 14.0, **wanted: tuple[float, float]) -> TreatmentCourse:
    """A treatment of a breast of 90 mm by 70 mm, some of its numbers as wanted."""
    excision = Excision(center_mm=MIDDLE, radius_mm=radius_mm, size=SIZE)
    settings = TreatmentSettings(**wanted)  # type: ignore[arg-type]
    return draw_treatment(np.random.Generator(np.random.PCG64(seed)), excision, settings)


def inside(count: int, seed: int = 0) -> NDArray[np.float64]:
    """Points all through that breast."""
    rng = np.random.Generator(np.random.PCG64(seed))
    ways = rng.normal(size=(count, 3))
    ways *= rng.random((count, 1)) ** (1 / 3) / np.linalg.norm(ways, axis=1, keepdims=True)
    ways[:, 0] = np.abs(ways[:, 0])
    return ways * SIZE.semi_axes_mm


def views_of(woman: PhantomHistory) -> list[HistoryView]:
    """Every view of every date."""
    return [view for date in woman.dates for view in date.views]
