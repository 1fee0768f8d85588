"""Small phantoms that the tests share, and independent measurements on their pixels."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.truth import CalcificationTruth, NonLesionTruth, PhantomExamination

SMALL = PhantomSettings(field_mm=(120, 90), pixel_spacing_mm=0.1, groups=(), non_lesions=())
CLEAN = replace(SMALL, noise=False, for_processing=True, bits_stored=16)


@cache
def examine(seed: int, settings: PhantomSettings) -> PhantomExamination:
    """Make each phantom once in a test run."""
    return make_examination(seed, settings=settings)


def one_group(morphology: Morphology, distribution: Distribution, count: int) -> tuple[GroupPlan, ...]:
    return (GroupPlan(morphology, distribution, count=count),)


def log_loss(with_them: NDArray[np.uint16], without: NDArray[np.uint16]) -> NDArray[np.float64]:
    """Attenuation that calcifications add, from two raw images without noise."""
    return np.log(np.maximum(without, 1) / np.maximum(with_them, 1.0))


def around(
    item: CalcificationTruth | NonLesionTruth, margin_px: int, shape: tuple[int, ...]
) -> tuple[slice, slice]:
    """The part of an image that holds a calcification or a look-alike, and ``margin_px`` more."""
    points = np.array(item.outline)
    low = np.maximum(np.floor(points.min(axis=0)).astype(int) - margin_px, 0)
    high = np.minimum(np.ceil(points.max(axis=0)).astype(int) + margin_px + 1, shape)
    return slice(int(low[0]), int(high[0])), slice(int(low[1]), int(high[1]))


def centroid(weights: NDArray[np.float64], part: tuple[slice, slice]) -> tuple[float, float]:
    rows, columns = np.mgrid[part[0], part[1]]
    return float((weights * rows).sum() / weights.sum()), float((weights * columns).sum() / weights.sum())
