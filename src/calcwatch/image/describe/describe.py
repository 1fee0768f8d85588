"""What was found in one image -> shape of each calcification; groups, each with kind, words and suspicion."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import numpy as np

from calcwatch.domain.findings import KindDescription, MorphologyDescription
from calcwatch.domain.lexicon import WORDS_OF_KIND
from calcwatch.image.describe.distribution import describe_distributions
from calcwatch.image.describe.group import pieces_of
from calcwatch.image.describe.group_features import (
    GROUP_FEATURES,
    NetworkAnswers,
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
        composition: How many of its members look like each word of its kind, the most frequent first.
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
            geometry: The breast they lie in, in crop pixels.
            is_lateral: Whether the view is a true lateral, the only one that shows sediment as such.
            settings: Every number of the analysis.

        Returns:
            Descriptions of the calcifications, in the order given, and of the groups.

        """
        ...


@dataclass(frozen=True, eq=False)
class Pieces:
    """The calcifications of an image that lie together, before anything is joined or told.

    Attributes:
        members: Indices of the calcifications of each piece.
        points: Row and column of every calcification in crop pixels.
        places_mm: The same in mm at the working scale.
        scores: Score of every calcification.
        shapes: Measured shape of every calcification.
        answers: What the morphology networks say of every calcification.
        features: Pieces x ``GROUP_FEATURES``.
    """

    members: tuple[NDArray[np.intp], ...]
    points: NDArray[np.float64]
    places_mm: NDArray[np.float64]
    scores: NDArray[np.float64]
    shapes: tuple[ShapeFeatures, ...]
    answers: NetworkAnswers
    features: NDArray[np.float64]

    @property
    def places_of_members(self) -> list[NDArray[np.float64]]:
        """Places of the members of each piece."""
        return [self.places_mm[members] for members in self.members]


def describe_learned(
    image: PreparedImage,
    breast: BreastRegion,
    calcifications: Sequence[MeasuredObject],
    detections: Detections,
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
        geometry: The breast they lie in, in crop pixels.
        is_lateral: Whether the view is a true lateral, the only one that shows sediment as such.
        model: The networks, and the models of kinds.
        settings: Every number of the analysis.

    Returns:
        Descriptions of the calcifications, in the order given, and of the groups.

    """
    pieces = look_at_pieces(
        image,
        breast,
        calcifications,
        detections,
        nipple=geometry.nipple,
        is_lateral=is_lateral,
        networks=model.morphology,
        settings=settings,
    )
    kinds, suspicion = classify_kinds(
        pieces.features, pieces.places_of_members, model.kind, settings=settings.kind
    )
    joined = join_pieces(
        pieces.points,
        pieces.scores,
        pieces.members,
        kinds,
        suspicion,
        px_per_mm=image.px(1.0),
        breast_area_px=breast.area_px,
        settings=settings,
    )
    members = [group.members for group in joined]
    diameters = np.array([found.diameter_px for found in calcifications])
    say = partial(describe_morphology, is_lateral=is_lateral, settings=settings.morphology)
    morphologies = tuple(
        say(probabilities, diameter_px=float(diameter))
        for probabilities, diameter in zip(pieces.answers.probabilities, diameters, strict=True)
    )
    words = [
        # of the median member: a single large calcification does not make a group well resolved
        say(words_of_kind(probabilities, _likeliest(group)), diameter_px=float(np.median(diameters[own])))
        for group, own, probabilities in zip(
            joined, members, _answers_for_groups(pieces, members, model.morphology, settings), strict=True
        )
    ]
    distributions = describe_distributions(
        members, pieces.points, pieces.scores, geometry, network=model.distribution, settings=settings
    )
    return Described(
        shapes=pieces.shapes,
        morphologies=morphologies,
        groups=tuple(
            _described(group, word, distribution, [morphologies[member] for member in group.members])
            for group, word, distribution in zip(joined, words, distributions, strict=True)
        ),
    )


def look_at_pieces(
    image: PreparedImage,
    breast: BreastRegion,
    calcifications: Sequence[MeasuredObject],
    detections: Detections,
    *,
    nipple: Point | None,
    is_lateral: bool,
    networks: MorphologyNetworks,
    settings: AnalysisSettings,
) -> Pieces:
    """Link calcifications that lie together and measure what tells the kind of each piece.

    Args:
        image: The prepared image.
        breast: Where its breast is.
        calcifications: Measured calcifications, in crop pixels.
        detections: What their ``index`` counts.
        nipple: In crop pixels; ``None`` where it is not known.
        is_lateral: Whether the view is a true lateral.
        networks: The networks of morphology.
        settings: Every number of the analysis.

    Returns:
        The pieces; no calcifications give none.
    """
    members = tuple(pieces_of(image, calcifications, settings))
    shapes, patches = measure_shapes(
        image, calcifications, detections.class_probabilities, is_lateral=is_lateral, settings=settings
    )
    logits = networks.patch_network(patches)
    points = np.array([(found.row, found.column) for found in calcifications]).reshape(-1, 2)
    # the networks were trained on mm; where the spacing is unknown, the working scale is taken for it
    places_mm = points * image.working_mm
    index = [found.index for found in calcifications]
    scores = detections.score[index].astype(np.float64)
    classes = detections.class_probabilities
    by_calcification, by_piece = classify_morphology(
        logits,
        patches.numbers,
        places_mm,
        _as_tuples(members),
        context_network=networks.context_network,
        settings=settings.morphology,
    )
    answers = NetworkAnswers(logits, patches.numbers, by_calcification)
    features = np.zeros((0, len(GROUP_FEATURES)))
    if members:
        ground = look_at_ground(image, breast, nipple, settings=settings.group_features)
        seen = look_at_members(
            calcifications,
            shapes,
            scores,
            None if classes is None else classes[index].astype(np.float64),
            answers,
            ground=ground,
            working_mm=image.working_mm,
        )
        rows = [
            describe_group(piece.tolist(), seen, outputs, ground, settings=settings.group_features)
            for piece, outputs in zip(members, by_piece.astype(np.float64), strict=True)
        ]
        features = np.stack(rows).astype(np.float64)
    return Pieces(members, points, places_mm, scores, shapes, answers, features)


def _answers_for_groups(
    pieces: Pieces,
    members: Sequence[NDArray[np.intp]],
    networks: MorphologyNetworks,
    settings: AnalysisSettings,
) -> NDArray[np.float32]:
    """What the morphology network says of groups as a whole."""
    return classify_morphology(
        pieces.answers.logits,
        pieces.answers.numbers,
        pieces.places_mm,
        _as_tuples(members),
        context_network=networks.context_network,
        settings=settings.morphology,
    )[1]


def _as_tuples(groups: Sequence[NDArray[np.intp]]) -> list[tuple[int, ...]]:
    return [tuple(members.tolist()) for members in groups]


def _likeliest(group: Joined) -> GroupKind:
    # the first of equals, as the order of the kinds that are told
    return KIND_CLASSES[int(group.kinds.argmax())]


def _described(
    group: Joined,
    morphology: MorphologyDescription,
    distribution: DistributionDescription,
    of_members: Sequence[MorphologyDescription],
) -> DescribedGroup:
    """A group in words: its kind first, then the word within the kind."""
    order = np.argsort(-group.kinds, kind="stable")
    total = float(group.kinds.sum())
    # a member sees little of itself: beside the kind of its group only the words of that kind make sense
    allowed = WORDS_OF_KIND[_likeliest(group)]
    words = (
        next((word for word, _ in told.probabilities if word in allowed), None)
        for told in of_members
        if told.likeliest is not None
    )
    counted = Counter(word for word in words if word is not None)
    return DescribedGroup(
        members=group.members,
        reach_px=group.reach_px,
        kind=KindDescription(
            tuple((KIND_CLASSES[place], float(group.kinds[place]) / total) for place in order.tolist())
        ),
        morphology=morphology,
        distribution=distribution,
        suspicion=group.suspicion,
        # by the word too: of equal numbers the order must not depend on the order of the members
        composition=tuple(sorted(counted.items(), key=lambda item: (-item[1], item[0]))),
    )
