"""What was found in one image -> shape, distribution and suspicion of each calcification and group."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.domain.findings import MorphologyDescription
from calcwatch.image.describe.distribution import describe_distributions
from calcwatch.image.describe.morphology import classify_morphology, describe_morphology
from calcwatch.image.describe.shape_patches import see_shapes
from calcwatch.image.describe.suspicion import crowd_of, expected_share, suspect
from calcwatch.image.settings import AnalysisSettings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import DistributionDescription, ShapeFeatures
    from calcwatch.image.describe.distribution import BreastGeometry, DistributionNetwork
    from calcwatch.image.describe.group import Grouped
    from calcwatch.image.describe.morphology import MorphologyNetworks
    from calcwatch.image.describe.suspicion import SuspicionModel
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage


@dataclass(frozen=True)
class DescriptionModel:
    """Everything learned that a description takes."""

    shape: MorphologyNetworks
    distribution: DistributionNetwork
    suspicion: SuspicionModel


@dataclass(frozen=True, eq=False)
class ToDescribe:
    """What was found in one image and is to be described.

    ``class_probabilities``: of all detections, ``None`` from a detector without; ``scores``: belief in each
    object. ``groups``: their members count ``objects``. ``is_lateral``: whether the view is a true lateral.
    """

    objects: Sequence[MeasuredObject]
    class_probabilities: NDArray[np.float32] | None
    scores: NDArray[np.float64]
    groups: Sequence[Grouped]
    geometry: BreastGeometry
    is_lateral: bool


@dataclass(frozen=True)
class DescribedGroup:
    """Description of one group."""

    morphology: MorphologyDescription
    distribution: DistributionDescription
    suspicion: float


@dataclass(frozen=True)
class Described:
    """Descriptions of what was found, each in the order it was given."""

    shapes: tuple[ShapeFeatures, ...]
    morphologies: tuple[MorphologyDescription, ...]
    groups: tuple[DescribedGroup, ...]


Describer = Callable[["PreparedImage", ToDescribe], Described]
"""Anything that describes; a learned model is handed in as such a function."""


def describe_learned(
    image: PreparedImage,
    found: ToDescribe,
    *,
    model: DescriptionModel,
    settings: AnalysisSettings = AnalysisSettings(),
) -> Described:
    """Describe shape and distribution, and say how suspicious each group looks."""
    seen = see_shapes(
        image, found.objects, found.class_probabilities, is_lateral=found.is_lateral, settings=settings
    )
    points = np.array([(one.row, one.column) for one in found.objects]).reshape(-1, 2)
    places = points * image.working_mm
    told = classify_morphology(
        seen, places, [group.members for group in found.groups], model.shape, settings=settings.morphology
    )
    layouts = describe_distributions(
        found.groups, points, found.scores, found.geometry, tell=model.distribution, settings=settings
    )
    widths = [one.diameter_px for one in found.objects]
    return Described(
        shapes=seen.features,
        morphologies=tuple(
            describe_morphology(
                row, diameter_px=width, is_lateral=found.is_lateral, settings=settings.morphology
            )
            for row, width in zip(told.each, widths, strict=True)
        ),
        groups=tuple(
            _described(
                found,
                group,
                row,
                layout,
                crowd=crowd_of(places[list(group.members)], settings=settings.suspicion),
                model=model.suspicion,
                settings=settings,
            )
            for group, row, layout in zip(found.groups, told.groups, layouts, strict=True)
        ),
    )


def _described(
    found: ToDescribe,
    group: Grouped,
    row: NDArray[np.float32],
    layout: DistributionDescription,
    *,
    crowd: int,
    model: SuspicionModel,
    settings: AnalysisSettings,
) -> DescribedGroup:
    width = float(np.median([found.objects[one].diameter_px for one in group.members]))
    morphology = describe_morphology(
        row, diameter_px=width, is_lateral=found.is_lateral, settings=settings.morphology
    )
    share = expected_share(dict(morphology.probabilities), dict(layout.probabilities), model)
    suspicion = suspect(
        share,
        crowd=crowd,
        gathered=len(group.members) / len(found.objects),
        belief=group.score,
        model=model,
        settings=settings.suspicion,
    )
    return DescribedGroup(morphology, layout, suspicion)
