"""What was found in one image -> shape, distribution and suspicion of each calcification and group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from calcwatch.domain.findings import MorphologyDescription
from calcwatch.image.describe.distribution import describe_distributions
from calcwatch.image.describe.morphology import classify_morphology, describe_morphology
from calcwatch.image.describe.shape_patches import measure_shapes
from calcwatch.image.describe.suspicion import crowd_of, expected_share, suspicion_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.findings import DistributionDescription, ShapeFeatures
    from calcwatch.image.describe.distribution import BreastGeometry, DistributionNetwork
    from calcwatch.image.describe.group import Grouped
    from calcwatch.image.describe.morphology import MorphologyNetworks
    from calcwatch.image.describe.suspicion import SuspicionModel
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings import AnalysisSettings


@dataclass(frozen=True)
class DescriptionModel:
    """Everything learned that a description takes.

    Attributes:
        morphology: The two networks that tell the shape of calcifications and groups.
        distribution: The network that tells the distribution of a group.
        suspicion: Fitted numbers that turn a description into suspicion.
    """

    morphology: MorphologyNetworks
    distribution: DistributionNetwork
    suspicion: SuspicionModel


@dataclass(frozen=True)
class DescribedGroup:
    """Description of one group.

    Attributes:
        morphology: What its members look like together.
        distribution: How they lie.
        suspicion: How suspicious that is, 0 to 1.
    """

    morphology: MorphologyDescription
    distribution: DistributionDescription
    suspicion: float


@dataclass(frozen=True)
class Described:
    """Descriptions of what was found, each in the order it was given.

    Attributes:
        shapes: Measured shape of each calcification.
        morphologies: Morphology of each calcification.
        groups: Description of each group.
    """

    shapes: tuple[ShapeFeatures, ...]
    morphologies: tuple[MorphologyDescription, ...]
    groups: tuple[DescribedGroup, ...]


class Describer(Protocol):
    """Anything that describes what was found in one image; a learned model is handed in as one."""

    def __call__(
        self,
        image: PreparedImage,
        calcifications: Sequence[MeasuredObject],
        detections: Detections,
        groups: Sequence[Grouped],
        *,
        geometry: BreastGeometry,
        is_lateral: bool,
        settings: AnalysisSettings,
    ) -> Described:
        """Describe calcifications and groups.

        Args:
            image: The prepared image.
            calcifications: Measured calcifications, in crop pixels.
            detections: What their ``index`` counts.
            groups: Groups whose members count the calcifications.
            geometry: The breast they lie in, in crop pixels.
            is_lateral: Whether the view is a true lateral, the only one that shows sediment as such.
            settings: Every number of the analysis.

        Returns:
            Descriptions of the calcifications and of the groups, each in the order given.

        """
        ...


def describe_learned(
    image: PreparedImage,
    calcifications: Sequence[MeasuredObject],
    detections: Detections,
    groups: Sequence[Grouped],
    *,
    geometry: BreastGeometry,
    is_lateral: bool,
    model: DescriptionModel,
    settings: AnalysisSettings,
) -> Described:
    """Describe shape and distribution, and say how suspicious each group looks.

    Args:
        image: The prepared image.
        calcifications: Measured calcifications, in crop pixels.
        detections: What their ``index`` counts.
        groups: Groups whose members count the calcifications.
        geometry: The breast they lie in, in crop pixels.
        is_lateral: Whether the view is a true lateral, the only one that shows sediment as such.
        model: The networks, and the fitted numbers of suspicion.
        settings: Every number of the analysis.

    Returns:
        Descriptions of the calcifications and of the groups, each in the order given.

    """
    shapes, patches = measure_shapes(
        image, calcifications, detections.class_probabilities, is_lateral=is_lateral, settings=settings
    )
    # crop pixels, as the nipple of the geometry is: groups carry file pixels, but only members are used
    points = np.array([(found.row, found.column) for found in calcifications]).reshape(-1, 2)
    # the networks were trained on mm; where the spacing is unknown, the working scale is taken for it
    places_mm = points * image.working_mm
    members = [group.members for group in groups]
    by_calcification, by_group = classify_morphology(
        patches, places_mm, members, model.morphology, settings=settings.morphology
    )
    scores = detections.score[[found.index for found in calcifications]].astype(np.float64)
    distributions = describe_distributions(
        groups, points, scores, geometry, network=model.distribution, settings=settings
    )
    diameters = [found.diameter_px for found in calcifications]
    return Described(
        shapes=shapes,
        morphologies=tuple(
            describe_morphology(
                probabilities, diameter_px=diameter, is_lateral=is_lateral, settings=settings.morphology
            )
            for probabilities, diameter in zip(by_calcification, diameters, strict=True)
        ),
        groups=tuple(
            _with_suspicion(
                group,
                describe_morphology(
                    probabilities,
                    # of the median member: a single large calcification does not make a group well resolved
                    diameter_px=float(np.median([diameters[member] for member in group.members])),
                    is_lateral=is_lateral,
                    settings=settings.morphology,
                ),
                distribution,
                # a group has members, so there is something to divide by
                gathered=len(group.members) / len(calcifications),
                crowd=crowd_of(places_mm[list(group.members)], settings=settings.suspicion),
                model=model.suspicion,
                settings=settings,
            )
            for group, probabilities, distribution in zip(groups, by_group, distributions, strict=True)
        ),
    )


def _with_suspicion(
    group: Grouped,
    morphology: MorphologyDescription,
    distribution: DistributionDescription,
    *,
    gathered: float,
    crowd: int,
    model: SuspicionModel,
    settings: AnalysisSettings,
) -> DescribedGroup:
    """A group with its suspicion, which follows from how it is described and how crowded it is."""
    # every probability enters, not the likeliest word alone: a doubt between two shapes is kept as doubt
    share = expected_share(dict(morphology.probabilities), dict(distribution.probabilities), model)
    suspicion = suspicion_of(
        share,
        crowd=crowd,
        gathered=gathered,
        score=group.score,
        model=model,
        settings=settings.suspicion,
    )
    return DescribedGroup(morphology, distribution, suspicion)
