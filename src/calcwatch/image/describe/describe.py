"""What was found in one image -> shape of each calcification; groups, each with kind, words and suspicion."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from calcwatch.domain.findings import KindDescription, MorphologyDescription
from calcwatch.image.describe.distribution import describe_distributions
from calcwatch.image.describe.group_features import (
    GROUP_FEATURES,
    describe_group,
    look_at_ground,
    look_at_members,
)
from calcwatch.image.describe.join import join_pieces
from calcwatch.image.describe.kind import KIND_CLASSES, classify_kinds, words_of_kind
from calcwatch.image.describe.morphology import classify_morphology, describe_morphology
from calcwatch.image.describe.shape_patches import measure_shapes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from calcwatch.domain.findings import DistributionDescription, ShapeFeatures
    from calcwatch.domain.image import Point
    from calcwatch.domain.lexicon import GroupKind, Morphology
    from calcwatch.image.describe.distribution import BreastGeometry, DistributionNetwork
    from calcwatch.image.describe.join import Joined
    from calcwatch.image.describe.kind import KindModel
    from calcwatch.image.describe.morphology import MorphologyNetworks
    from calcwatch.image.find.detections import Detections
    from calcwatch.image.measure.outline import MeasuredObject
    from calcwatch.image.prepare.breast import BreastRegion
    from calcwatch.image.prepare.normalize import PreparedImage
    from calcwatch.image.settings import AnalysisSettings


@dataclass(frozen=True)
class DescriptionModel:
    """Everything learned that a description takes.

    Attributes:
        morphology: The two networks that tell the shape of calcifications and groups.
        distribution: The network that tells the distribution of a group.
        kind: What tells the kind of a group and how suspicious it is.
    """

    morphology: MorphologyNetworks
    distribution: DistributionNetwork
    kind: KindModel


@dataclass(frozen=True, eq=False)
class DescribedGroup:
    """One group and its description.

    Attributes:
        members: Indices of its calcifications, rising.
        reach_px: The distance in pixels that links them.
        kind: What it is.
        morphology: The word of its kind that its members look like together.
        distribution: How they lie.
        suspicion: Calibrated probability that a reader would call it suspicious.
        composition: How many of its members look like each morphology, the most frequent first.
    """

    members: NDArray[np.intp]
    reach_px: float
    kind: KindDescription
    morphology: MorphologyDescription
    distribution: DistributionDescription
    suspicion: float
    composition: tuple[tuple[Morphology, int], ...]


@dataclass(frozen=True)
class Described:
    """Descriptions of what was found.

    Attributes:
        shapes: Measured shape of each calcification, in the order they were given.
        morphologies: Morphology of each calcification, likewise.
        groups: The groups that pieces were joined to.
    """

    shapes: tuple[ShapeFeatures, ...]
    morphologies: tuple[MorphologyDescription, ...]
    groups: tuple[DescribedGroup, ...]


class Describer(Protocol):
    """Anything that describes and groups what was found in one image; a learned model is handed in as one."""

    def __call__(
        self,
        image: PreparedImage,
        breast: BreastRegion,
        calcifications: Sequence[MeasuredObject],
        detections: Detections,
        pieces: Sequence[NDArray[np.intp]],
        *,
        geometry: BreastGeometry,
        is_lateral: bool,
        settings: AnalysisSettings,
    ) -> Described:
        """Describe calcifications and join pieces to groups.

        Args:
            image: The prepared image.
            breast: Where its breast is.
            calcifications: Measured calcifications, in crop pixels.
            detections: What their ``index`` counts.
            pieces: Indices of calcifications that lie together.
            geometry: The breast they lie in, in crop pixels.
            is_lateral: Whether the view is a true lateral, the only one that shows sediment as such.
            settings: Every number of the analysis.

        Returns:
            Descriptions of the calcifications, in the order given, and of the groups.

        """
        ...


def describe_learned(
    image: PreparedImage,
    breast: BreastRegion,
    calcifications: Sequence[MeasuredObject],
    detections: Detections,
    pieces: Sequence[NDArray[np.intp]],
    *,
    geometry: BreastGeometry,
    is_lateral: bool,
    model: DescriptionModel,
    settings: AnalysisSettings,
) -> Described:
    """Describe shapes, tell what each piece is, join pieces of one kind, and describe the groups.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        calcifications: Measured calcifications, in crop pixels.
        detections: What their ``index`` counts.
        pieces: Indices of calcifications that lie together.
        geometry: The breast they lie in, in crop pixels.
        is_lateral: Whether the view is a true lateral, the only one that shows sediment as such.
        model: The networks, and the models of kinds.
        settings: Every number of the analysis.

    Returns:
        Descriptions of the calcifications, in the order given, and of the groups.

    """
    shapes, patches = measure_shapes(
        image, calcifications, detections.class_probabilities, is_lateral=is_lateral, settings=settings
    )
    logits = model.morphology.patch_network(patches)
    points = np.array([(found.row, found.column) for found in calcifications]).reshape(-1, 2)
    # the networks were trained on mm; where the spacing is unknown, the working scale is taken for it
    places_mm = points * image.working_mm
    scores = detections.score[[found.index for found in calcifications]].astype(np.float64)

    def classify(groups: Sequence[NDArray[np.intp]]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        return classify_morphology(
            logits,
            patches.numbers,
            places_mm,
            [tuple(int(member) for member in members) for members in groups],
            context_network=model.morphology.context_network,
            settings=settings.morphology,
        )

    by_calcification, by_piece = classify(pieces)
    features = piece_features(
        image,
        breast,
        calcifications,
        detections,
        pieces,
        shapes=shapes,
        answers=(logits, patches.numbers, by_calcification, by_piece),
        nipple=geometry.nipple,
        settings=settings,
    )
    kinds, suspicion = classify_kinds(
        features, [places_mm[piece] for piece in pieces], model.kind, settings=settings.kind
    )
    joined = join_pieces(
        points,
        scores,
        pieces,
        kinds,
        suspicion,
        px_per_mm=image.px(1.0),
        breast_area_px=breast.area_px,
        settings=settings,
    )
    _, by_group = classify([group.members for group in joined])
    distributions = describe_distributions(
        [group.members for group in joined],
        points,
        scores,
        geometry,
        network=model.distribution,
        settings=settings,
    )
    diameters = [found.diameter_px for found in calcifications]
    morphologies = tuple(
        describe_morphology(
            probabilities, diameter_px=diameter, is_lateral=is_lateral, settings=settings.morphology
        )
        for probabilities, diameter in zip(by_calcification, diameters, strict=True)
    )
    return Described(
        shapes=shapes,
        morphologies=morphologies,
        groups=tuple(
            _described(
                group,
                probabilities,
                distribution,
                morphologies,
                # of the median member: a single large calcification does not make a group well resolved
                diameter_px=float(np.median([diameters[member] for member in group.members])),
                is_lateral=is_lateral,
                settings=settings,
            )
            for group, probabilities, distribution in zip(joined, by_group, distributions, strict=True)
        ),
    )


def piece_features(
    image: PreparedImage,
    breast: BreastRegion,
    calcifications: Sequence[MeasuredObject],
    detections: Detections,
    pieces: Sequence[NDArray[np.intp]],
    *,
    shapes: Sequence[ShapeFeatures],
    answers: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    nipple: Point | None,
    settings: AnalysisSettings,
) -> NDArray[np.float64]:
    """Compute what tells the kind of each piece.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        calcifications: Measured calcifications, in crop pixels.
        detections: What their ``index`` counts.
        pieces: Indices of calcifications that lie together.
        shapes: Measured shape of each calcification.
        answers: Of the calcifications, a row each: the patch network's logits, the numbers it was given, the
            probabilities of the context network; and the last also of the pieces.
        nipple: In crop pixels; ``None`` where it is not known.
        settings: Every number of the analysis.

    Returns:
        Pieces x ``GROUP_FEATURES``; no pieces give no rows.
    """
    logits, numbers, by_calcification, by_piece = (np.asarray(part, np.float64) for part in answers)
    if not pieces:
        return np.zeros((0, len(GROUP_FEATURES)))
    index = [found.index for found in calcifications]
    ground = look_at_ground(image, breast, nipple, settings=settings.group_features)
    classes = detections.class_probabilities
    seen = look_at_members(
        calcifications,
        shapes,
        detections.score[index].astype(np.float64),
        None if classes is None else classes[index].astype(np.float64),
        by_calcification,
        logits=logits,
        numbers=numbers,
        ground=ground,
        working_mm=image.working_mm,
    )
    return np.stack(
        [
            describe_group(piece.tolist(), seen, outputs, ground, settings=settings.group_features)
            for piece, outputs in zip(pieces, by_piece, strict=True)
        ]
    ).astype(np.float64)


def _described(
    group: Joined,
    probabilities: NDArray[np.float32],
    distribution: DistributionDescription,
    morphologies: Sequence[MorphologyDescription],
    *,
    diameter_px: float,
    is_lateral: bool,
    settings: AnalysisSettings,
) -> DescribedGroup:
    """A group in words: its kind first, then the word within the kind."""
    order = np.argsort(-group.kinds, kind="stable")
    total = float(group.kinds.sum())
    kinds: tuple[tuple[GroupKind, float], ...] = tuple(
        (KIND_CLASSES[place], float(group.kinds[place]) / total) for place in order
    )
    words = [morphologies[member].likeliest for member in group.members]
    counted = Counter(word for word in words if word is not None)
    return DescribedGroup(
        members=group.members,
        reach_px=group.reach_px,
        kind=KindDescription(kinds),
        morphology=describe_morphology(
            words_of_kind(probabilities, kinds[0][0]),
            diameter_px=diameter_px,
            is_lateral=is_lateral,
            settings=settings.morphology,
        ),
        distribution=distribution,
        suspicion=group.suspicion,
        # by the word too: of equal numbers the order must not depend on the order of the members
        composition=tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0]))),
    )
