"""What the rules ask about a finding: facts from the pixels, from a person, and from earlier images.

A fact is known or ``None``: not known. Nothing is guessed, and what is not known never reassures.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from statistics import median
from typing import TYPE_CHECKING, Any

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BiopsyResult, BreastContext, ExamContext, ScarFinding
from calcwatch.domain.lexicon import (
    RANKED_MORPHOLOGIES,
    Distribution,
    LateralityPattern,
    Morphology,
    SizeClass,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calcwatch.domain.context import ClinicalContext
    from calcwatch.domain.findings import (
        Calcification,
        CalcificationGroup,
        MorphologyDescription,
        ShapeFeatures,
    )
    from calcwatch.domain.image import Laterality

WORST_SHAPE_MEMBERS = 3
"""So many calcifications of a group make their shape the group's, if it is the more worrying one."""

MEMBER_SHAPE_PROBABILITY = 0.5
"""A calcification counts for its likeliest shape from this probability on."""

ONE_LINEAR_PROBABILITY = 0.8
"""From this probability on, a single fine linear calcification decides for its group."""

WORSE_DISTRIBUTION_PROBABILITY = 0.4
"""From this probability on, a more worrying distribution than the likeliest one counts."""

VESSEL_PROBABILITY = 0.9
"""A group is taken for the double track of a vessel from this probability on."""

ALTERNATIVE_PROBABILITY = 0.1
"""Descriptions that are less likely are not listed as alternatives."""

MOST_ALTERNATIVES = 4
"""No more alternatives are listed than a reader looks at."""

_SMOOTH_SHARPNESS = 0.6  # edge_sharpness, from which an edge counts as smooth and sharp
_LUCENT = 0.2  # lucent_center, from which a center counts as lucent
_IRREGULAR_SOLIDITY = 0.9
_TOWARD_NIPPLE_DEGREES = 30.0
_BORDERLINE = (SizeClass.BORDERLINE_HALF_MM, SizeClass.BORDERLINE_ONE_MM)
_FINE_LINEAR = (Morphology.FINE_LINEAR, Morphology.FINE_LINEAR_BRANCHING)


@dataclass(frozen=True)
class Facts:
    """Everything that rules ask; ``None`` is not known.

    From the pixels: the first block, ``morphology`` to ``irregular_shape``. ``morphology`` and
    ``distribution``: the worst that count. Lengths in mm are ``None`` without pixel spacing, so that no rule
    of size can hold. ``width_mm``, ``median_mm``: medians over the members; ``extent_mm``: of the group.
    ``both_views``: seen in CC and MLO, ``False`` where the other view does not show it, ``None`` where there
    is none. ``bilateral``: calcifications are spread over both breasts. ``tubular``: double track or tube.

    From a person who has looked: ``thin_rim`` to ``dominant_group``; the software never claims them.
    ``changes_with_projection``: smudge in CC, crescent or line in a true lateral; ``all_members_change``:
    without exception. ``dominant_group``: one group stands out from the others.

    Stated for the examination or the breast (``ClinicalContext``): ``exam_context`` to ``gone_after_wiping``.

    From a comparison with earlier images: ``change``, ``stable_months`` and ``in_bed``; not known where there
    was none. A place that is not known is treated as outside the bed.

    Told by the rules themselves: ``classic``, all conditions of a typically benign kind hold;
    ``above_benign``, the category is above 2.
    """

    morphology: Morphology | None = None
    distribution: Distribution | None = None
    count: int | None = None
    median_mm: float | None = None
    largest_mm: float | None = None
    width_mm: float | None = None
    extent_mm: float | None = None
    borderline_size: bool | None = None
    both_views: bool | None = None
    bilateral: bool | None = None
    tubular: bool | None = None
    follows_vessel: bool | None = None
    toward_nipple: bool | None = None
    lucent_center: bool | None = None
    smooth_edge: bool | None = None
    irregular_shape: bool | None = None

    thin_rim: bool | None = None
    knot: bool | None = None
    on_surgical_line: bool | None = None
    inside_smooth_mass: bool | None = None
    proven_in_skin: bool | None = None
    changes_with_projection: bool | None = None
    all_members_change: bool | None = None
    dominant_group: bool | None = None

    exam_context: ExamContext | None = None
    age: int | None = None
    personal_history: bool | None = None
    high_risk: bool | None = None
    neoadjuvant: bool | None = None
    known_cancer: bool | None = None
    priors_available: bool | None = None
    magnification_done: bool | None = None
    treated: bool | None = None
    reduction: bool | None = None
    months_since_treatment: int | None = None
    original_malignant: bool | None = None
    original_calcified: bool | None = None
    first_after_surgery: bool | None = None
    companion: bool | None = None
    symptom: bool | None = None
    biopsy: BiopsyResult | None = None
    ultrasound_scar: ScarFinding | None = None
    products: bool | None = None
    gone_after_wiping: bool | None = None

    change: ChangeKind | None = None
    stable_months: int | None = None
    in_bed: SurgicalBedPosition | None = None

    classic: bool | None = None
    above_benign: bool | None = None


@dataclass(frozen=True)
class Surroundings:
    """What else the examination shows round a finding.

    ``laterality``: of its breast, ``None`` where not known. ``other_view``: whether the breast has another
    view to look in. ``counterpart``: whether the finding was found there. ``pattern``: how calcifications
    are spread over both breasts.
    """

    laterality: Laterality | None = None
    other_view: bool = False
    counterpart: bool = False
    pattern: LateralityPattern = LateralityPattern.NOT_KNOWN


@dataclass(frozen=True)
class Observed:
    """What a comparison with an earlier examination says of a group; ``Observed()``: there was none.

    ``stable_months``: how long it has not changed. ``in_bed``: inside or outside the bed of an operation.
    """

    change: ChangeKind | None = None
    stable_months: int | None = None
    in_bed: SurgicalBedPosition | None = None


@dataclass(frozen=True)
class OtherDescription:
    """Another shape or distribution the picture allows, and how likely it is."""

    morphology: Morphology | None
    distribution: Distribution | None
    probability: float


def facts_of_group(
    group: CalcificationGroup,
    members: Sequence[Calcification],
    surroundings: Surroundings,
    context: ClinicalContext,
    *,
    observed: Observed = Observed(),
) -> Facts:
    """What is known of one group; ``members`` are its calcifications. Sizes are ``None`` without spacing."""
    described = group.distribution
    angle = described.measurements.nipple_angle_degrees if described else None
    diameters = [one.diameter_mm for one in members if one.diameter_mm is not None]
    return Facts(
        morphology=worst_shape(group, members),
        distribution=worst_distribution(group),
        count=group.count,
        median_mm=median(diameters) if diameters else None,
        largest_mm=max(diameters, default=None),
        width_mm=_median_of(members, lambda shape: shape.width_mm),
        extent_mm=described.measurements.extent_mm if described else None,
        borderline_size=any(one.size_class in _BORDERLINE for one in members) if diameters else None,
        both_views=_both_views(surroundings),
        bilateral=_bilateral(surroundings.pattern),
        tubular=_is_tubular(group),
        follows_vessel=_mostly([one.vascular for one in members]),
        toward_nipple=None if angle is None else angle <= _TOWARD_NIPPLE_DEGREES,
        lucent_center=_exceeds(_median_of(members, lambda shape: shape.lucent_center), _LUCENT),
        smooth_edge=_exceeds(_median_of(members, lambda shape: shape.edge_sharpness), _SMOOTH_SHARPNESS),
        irregular_shape=_exceeds(_median_of(members, lambda shape: -shape.solidity), -_IRREGULAR_SOLIDITY),
        change=observed.change,
        stable_months=observed.stable_months,
        in_bed=observed.in_bed,
        **_stated(surroundings.laterality, context),
    )


def facts_of_single(
    calcification: Calcification, surroundings: Surroundings, context: ClinicalContext
) -> Facts:
    """What is known of a calcification that is in no group.

    Fine linear must be plain to count (``ONE_LINEAR_PROBABILITY``): one speck shows little of its shape.
    """
    shape = calcification.shape
    return Facts(
        morphology=_single_shape(calcification),
        distribution=Distribution.SINGLE,
        count=1,
        median_mm=calcification.diameter_mm,
        largest_mm=calcification.diameter_mm,
        width_mm=shape.width_mm if shape else None,
        bilateral=_bilateral(surroundings.pattern),
        follows_vessel=calcification.vascular,
        lucent_center=_exceeds(shape.lucent_center if shape else None, _LUCENT),
        smooth_edge=_exceeds(shape.edge_sharpness if shape else None, _SMOOTH_SHARPNESS),
        irregular_shape=_exceeds(-shape.solidity if shape else None, -_IRREGULAR_SOLIDITY),
        **_stated(surroundings.laterality, context),
    )


def facts_of_breast(laterality: Laterality | None, context: ClinicalContext) -> Facts:
    """What is known of a breast in which nothing is marked."""
    return Facts(count=0, **_stated(laterality, context))


def worst_shape(group: CalcificationGroup, members: Sequence[Calcification]) -> Morphology | None:
    """The most worrying shape that counts; ``None`` where the pixels do not carry it.

    It is the group's own, or one that at least three members have, or fine linear if a single member plainly
    has it. Where the group's own cannot be told, members can only make it suspicious, never name it benign.
    """
    own = group.morphology.likeliest if group.morphology else None
    shapes = [*_shapes_of_members(members), *([own] if own else [])]
    worst = max(shapes, key=RANKED_MORPHOLOGIES.index, default=None)
    if (
        own is None
        and worst
        and RANKED_MORPHOLOGIES.index(worst) < RANKED_MORPHOLOGIES.index(Morphology.AMORPHOUS)
    ):
        return None
    return worst


def worst_distribution(group: CalcificationGroup) -> Distribution | None:
    """The most worrying of the likeliest distribution and those with a probability of at least 0.4.

    ``None`` where none was described. ``Distribution`` lists them with the most worrying last.
    """
    if group.distribution is None:
        return None
    likely = [
        one
        for one, probability in group.distribution.probabilities
        if probability >= WORSE_DISTRIBUTION_PROBABILITY
    ]
    return max((group.distribution.likeliest, *likely), key=list(Distribution).index)


def other_descriptions(group: CalcificationGroup, facts: Facts) -> tuple[OtherDescription, ...]:
    """Other shapes and distributions from a probability of 0.1 on, four at most, the likeliest first."""
    shapes = group.morphology.probabilities if group.morphology else ()
    distributions = group.distribution.probabilities if group.distribution else ()
    others = [
        *(OtherDescription(one, facts.distribution, p) for one, p in shapes if one != facts.morphology),
        *(
            OtherDescription(facts.morphology, one, p)
            for one, p in distributions
            if one != facts.distribution
        ),
    ]
    likely = [other for other in others if other.probability >= ALTERNATIVE_PROBABILITY]
    return tuple(sorted(likely, key=lambda other: -other.probability)[:MOST_ALTERNATIVES])


def _shapes_of_members(members: Sequence[Calcification]) -> list[Morphology]:
    described = [one.morphology for one in members if one.morphology is not None]
    seen = Counter(
        one.likeliest
        for one in described
        if one.likeliest is not None and one.of(one.likeliest) >= MEMBER_SHAPE_PROBABILITY
    )
    common = [shape for shape, number in seen.items() if number >= WORST_SHAPE_MEMBERS]
    return [*common, *(shape for one in described if (shape := _plainly_linear(one)))]


def _plainly_linear(described: MorphologyDescription) -> Morphology | None:
    """Which fine linear shape it is, branching or not, where it is plainly one of them."""
    if sum(described.of(shape) for shape in _FINE_LINEAR) < ONE_LINEAR_PROBABILITY:
        return None
    return max(_FINE_LINEAR, key=described.of)


def _single_shape(calcification: Calcification) -> Morphology | None:
    described = calcification.morphology
    likeliest = described.likeliest if described else None
    if described is None or likeliest is None:
        return None
    if likeliest in _FINE_LINEAR:
        return _plainly_linear(described)
    return likeliest if described.of(likeliest) >= MEMBER_SHAPE_PROBABILITY else None


def _median_of(
    members: Sequence[Calcification], feature: Callable[[ShapeFeatures], float | None]
) -> float | None:
    values = [feature(one.shape) for one in members if one.shape is not None]
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _exceeds(value: float | None, limit: float) -> bool | None:
    return None if value is None else value >= limit


def _mostly(answers: Sequence[bool | None]) -> bool | None:
    known = [answer for answer in answers if answer is not None]
    return 2 * sum(known) > len(known) if known else None


def _is_tubular(group: CalcificationGroup) -> bool | None:
    """True where the description is all but sure of a vessel; otherwise a person must say."""
    plain = group.morphology is not None and group.morphology.of(Morphology.VASCULAR) >= VESSEL_PROBABILITY
    return True if plain else None


def _both_views(surroundings: Surroundings) -> bool | None:
    return surroundings.counterpart if surroundings.other_view else None


def _bilateral(pattern: LateralityPattern) -> bool | None:
    if pattern in (LateralityPattern.NOT_KNOWN, LateralityPattern.NONE):
        return None
    return pattern is not LateralityPattern.UNILATERAL


def _stated(laterality: Laterality | None, context: ClinicalContext) -> dict[str, Any]:
    """Facts that a person stated; those of the breast have the same names there and here."""
    breast = context.of(laterality)
    return {one.name: getattr(breast, one.name) for one in fields(BreastContext)} | {
        "exam_context": context.exam_context,
        "age": context.age,
        "personal_history": context.any_cancer_history,
        "high_risk": context.high_risk,
        "neoadjuvant": context.neoadjuvant,
        "priors_available": context.priors_available,
    }
