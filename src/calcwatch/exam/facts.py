"""What the rules ask about a finding: facts from the pixels, from a person, and from earlier images.

A fact is known or ``None``: not known. Nothing is guessed, and what is not known never reassures.
"""

# ruff: noqa: RUF009  (``_fact`` makes the field of a dataclass)

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields, replace
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BiopsyResult, BreastContext, ExamContext, ScarFinding
from calcwatch.domain.lexicon import (
    FINE_LINEAR,
    RANKED_DISTRIBUTIONS,
    RANKED_MORPHOLOGIES,
    SUSPICIOUS,
    Distribution,
    LateralityPattern,
    Morphology,
    SizeClass,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calcwatch.domain.context import ClinicalContext
    from calcwatch.domain.findings import (
        Calcification,
        CalcificationGroup,
        MorphologyDescription,
        ShapeFeatures,
    )
    from calcwatch.domain.image import Laterality

_Kind = TypeVar("_Kind")

_BORDERLINE = frozenset({SizeClass.BORDERLINE_HALF_MM, SizeClass.BORDERLINE_ONE_MM})


def _threshold(unit: str) -> Any:
    """A field of ``FactThresholds``: its value comes from the file, only its unit is fixed here."""
    return field(metadata={"unit": unit})


@dataclass(frozen=True, kw_only=True)
class FactThresholds:
    """From where on something that was measured is a fact; ``rules/facts.toml`` gives and explains each.

    Attributes:
        worst_shape_members: So many calcifications of a group make their shape the group's, if it is the
            more worrying one.
        member_shape_probability: A calcification counts for its likeliest shape from here on.
        single_fine_linear_probability: A single calcification is plainly fine linear from here on.
        worse_distribution_probability: A more worrying distribution than the likeliest counts from here on.
        tubular_probability: A group is taken for the double track of a vessel from here on.
        vessel_members_share: A group follows a vessel where more than this part of its members do.
        smooth_edge_sharpness: An edge is smooth and sharp from this median sharpness on.
        lucent_center_depth: A center is lucent where it lies so far below the rim.
        irregular_solidity: A shape is irregular up to this median solidity.
        toward_nipple_degrees: A group points to the nipple up to this angle.
        alternative_probability: A description is listed as an alternative from here on.
        max_alternatives: No more alternatives are listed than a reader looks at.
    """

    worst_shape_members: int = _threshold("count")
    member_shape_probability: float = _threshold("probability")
    single_fine_linear_probability: float = _threshold("probability")
    worse_distribution_probability: float = _threshold("probability")
    tubular_probability: float = _threshold("probability")
    vessel_members_share: float = _threshold("share")
    smooth_edge_sharpness: float = _threshold("share")
    lucent_center_depth: float = _threshold("share")
    irregular_solidity: float = _threshold("share")
    toward_nipple_degrees: float = _threshold("degrees")
    alternative_probability: float = _threshold("probability")
    max_alternatives: int = _threshold("count")


def _fact(kind: type[_Kind]) -> _Kind | None:
    """A fact that is not known until somebody says so; ``kind`` says what it is when it is known."""
    fact: _Kind | None = field(default=None, metadata={"kind": kind})
    return fact


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that rules ask; ``None`` is not known.

    Lengths are in mm and ``None`` without pixel spacing, so that no rule of size can hold. What a person must
    have seen (``thin_rim`` to ``dominant_group``) the software never claims. What is stated of the
    examination and the breast (``exam_context`` to ``gone_after_wiping``) is explained in
    ``domain/context.py``.

    Attributes:
        morphology: The worst shape that counts.
        distribution: The worst distribution that counts.
        count: Number of calcifications; 0 for a breast in which nothing is marked.
        median_mm: Median diameter of the members.
        largest_mm: Largest diameter of the members.
        width_mm: Median width of the members.
        extent_mm: Of the group.
        borderline_size: A member's size lies within 0.1 mm of a limit.
        both_views: Seen in both views of the breast; ``False`` where the other view does not show it,
            ``None`` where it was not looked for on another.
        bilateral: Calcifications are spread over both breasts.
        tubular: A double track or tube.
        follows_vessel: Most of the members lie in the wall of a vessel.
        toward_nipple: It points to the nipple.
        lucent_center: The members have a lucent center.
        smooth_edge: The members have smooth sharp edges.
        irregular_shape: The members are irregular.
        thin_rim: A person saw a thin smooth shell.
        knot: A person saw a knot, as of a stitch.
        on_surgical_line: A person saw it where stitches were placed.
        inside_smooth_mass: A person saw it inside a smooth mass.
        proven_in_skin: A tangential view proves that it lies in the skin.
        changes_with_projection: A smudge in CC, a crescent or line in a true lateral view.
        all_members_change: All members do so without exception.
        dominant_group: One group stands out from the others.
        exam_context: Stated.
        age: Stated, in years.
        personal_history: Stated, or known from what is stated of either breast.
        high_risk: Stated.
        neoadjuvant: Stated.
        known_cancer: Stated of the breast.
        priors_available: Stated.
        magnification_done: Stated of the breast.
        treated: Stated of the breast.
        reduction: Stated of the breast.
        months_since_treatment: Stated of the breast.
        original_malignant: Stated of the breast.
        original_calcified: Stated of the breast.
        first_after_surgery: Stated of the breast.
        companion: Stated of the breast.
        symptom: Stated of the breast.
        biopsy: Stated of the breast.
        ultrasound_scar: Stated of the breast.
        products: Stated of the breast.
        gone_after_wiping: Stated of the breast.
        change: What a comparison with a prior examination says; not known where there was none.
        stable_months: How long it has not changed; likewise.
        in_bed: Inside or outside the bed of an operation; a place that is not known is treated as outside.
        classic: Set by the rules: all conditions of a typically benign kind hold.
        above_benign: Set by the rules: the category is above 2.
    """

    morphology: Morphology | None = _fact(Morphology)
    distribution: Distribution | None = _fact(Distribution)
    count: int | None = _fact(int)
    median_mm: float | None = _fact(float)
    largest_mm: float | None = _fact(float)
    width_mm: float | None = _fact(float)
    extent_mm: float | None = _fact(float)
    borderline_size: bool | None = _fact(bool)
    both_views: bool | None = _fact(bool)
    bilateral: bool | None = _fact(bool)
    tubular: bool | None = _fact(bool)
    follows_vessel: bool | None = _fact(bool)
    toward_nipple: bool | None = _fact(bool)
    lucent_center: bool | None = _fact(bool)
    smooth_edge: bool | None = _fact(bool)
    irregular_shape: bool | None = _fact(bool)

    thin_rim: bool | None = _fact(bool)
    knot: bool | None = _fact(bool)
    on_surgical_line: bool | None = _fact(bool)
    inside_smooth_mass: bool | None = _fact(bool)
    proven_in_skin: bool | None = _fact(bool)
    changes_with_projection: bool | None = _fact(bool)
    all_members_change: bool | None = _fact(bool)
    dominant_group: bool | None = _fact(bool)

    exam_context: ExamContext | None = _fact(ExamContext)
    age: int | None = _fact(int)
    personal_history: bool | None = _fact(bool)
    high_risk: bool | None = _fact(bool)
    neoadjuvant: bool | None = _fact(bool)
    known_cancer: bool | None = _fact(bool)
    priors_available: bool | None = _fact(bool)
    magnification_done: bool | None = _fact(bool)
    treated: bool | None = _fact(bool)
    reduction: bool | None = _fact(bool)
    months_since_treatment: int | None = _fact(int)
    original_malignant: bool | None = _fact(bool)
    original_calcified: bool | None = _fact(bool)
    first_after_surgery: bool | None = _fact(bool)
    companion: bool | None = _fact(bool)
    symptom: bool | None = _fact(bool)
    biopsy: BiopsyResult | None = _fact(BiopsyResult)
    ultrasound_scar: ScarFinding | None = _fact(ScarFinding)
    products: bool | None = _fact(bool)
    gone_after_wiping: bool | None = _fact(bool)

    change: ChangeKind | None = _fact(ChangeKind)
    stable_months: int | None = _fact(int)
    in_bed: SurgicalBedPosition | None = _fact(SurgicalBedPosition)

    classic: bool | None = _fact(bool)
    above_benign: bool | None = _fact(bool)


# from the metadata: annotations are strings here and would have to be evaluated
FACT_KINDS: Mapping[str, type] = {fact.name: fact.metadata["kind"] for fact in fields(Facts)}
"""What each fact is when it is known: a yes or no, a number or a word of an enum."""


@dataclass(frozen=True)
class Observed:
    """What a comparison with a prior examination says of a group; ``Observed()``: there was none.

    Attributes:
        change: What became of it; ``None`` where that is not known.
        stable_months: How long it has not changed; ``None`` where that is not known.
        in_bed: Inside or outside the bed of an operation; ``None`` where that is not known.
    """

    change: ChangeKind | None = None
    stable_months: int | None = None
    in_bed: SurgicalBedPosition | None = None


def facts_of_context(laterality: Laterality | None, context: ClinicalContext) -> Facts:
    """Take the facts that a person stated.

    Args:
        laterality: Of the breast; ``None`` where the side is not known: then only what is stated of both
            breasts alike is known.
        context: What was stated.

    Returns:
        Facts of which nothing else is known.
    """
    breast = context.of(laterality)
    return Facts(
        **{statement.name: getattr(breast, statement.name) for statement in fields(BreastContext)},
        exam_context=context.exam_context,
        age=context.age,
        personal_history=context.any_cancer_history,
        high_risk=context.high_risk,
        neoadjuvant=context.neoadjuvant,
        priors_available=context.priors_available,
    )


def is_bilateral(pattern: LateralityPattern) -> bool | None:
    """Whether calcifications are spread over both breasts.

    Args:
        pattern: Of the examination.

    Returns:
        ``None`` where that is not known or there are none.
    """
    if pattern in (LateralityPattern.NOT_KNOWN, LateralityPattern.NONE):
        return None
    return pattern is not LateralityPattern.UNILATERAL


def facts_of_group(
    group: CalcificationGroup, members: Sequence[Calcification], known: Facts, thresholds: FactThresholds
) -> Facts:
    """Add what the pixels tell of a group to what else is known of it.

    Args:
        group: The group with its descriptions.
        members: Its calcifications.
        known: What is known beside its pixels: stated, compared, seen on the other view.
        thresholds: From where on something is a fact.

    Returns:
        The facts; what no description or spacing tells is ``None``.
    """
    described = group.distribution
    angle = described.measurements.nipple_angle_degrees if described else None
    vascular = group.morphology.of(Morphology.VASCULAR) if group.morphology else 0.0
    diameters = [member.diameter_mm for member in members if member.diameter_mm is not None]
    return replace(
        _with_appearance(known, members, thresholds),
        morphology=worst_shape(group, members, thresholds),
        distribution=worst_distribution(group, thresholds),
        count=group.count,
        median_mm=median(diameters) if diameters else None,
        largest_mm=max(diameters, default=None),
        width_mm=_median_of(members, lambda shape: shape.width_mm),
        extent_mm=described.measurements.extent_mm if described else None,
        # without a spacing no size is known, which is not the same as no size near a limit
        borderline_size=any(member.size_class in _BORDERLINE for member in members) if diameters else None,
        # Short of being all but sure the software does not say "no": a person must look.
        tubular=vascular >= thresholds.tubular_probability or None,
        follows_vessel=_mostly([member.vascular for member in members], thresholds.vessel_members_share),
        toward_nipple=None if angle is None else angle <= thresholds.toward_nipple_degrees,
    )


def facts_of_single(calcification: Calcification, known: Facts, thresholds: FactThresholds) -> Facts:
    """Add what the pixels tell of a calcification in no group to what else is known of it.

    Fine linear must be plain to count: one speck shows little of its shape.

    Args:
        calcification: The calcification.
        known: What is known beside its pixels.
        thresholds: From where on something is a fact.

    Returns:
        The facts; what no description or spacing tells is ``None``.
    """
    return replace(
        _with_appearance(known, [calcification], thresholds),
        morphology=_single_shape(calcification, thresholds),
        distribution=Distribution.SINGLE,
        count=1,
        median_mm=calcification.diameter_mm,
        largest_mm=calcification.diameter_mm,
        width_mm=calcification.shape.width_mm if calcification.shape else None,
        follows_vessel=calcification.vascular,
    )


def worst_shape(
    group: CalcificationGroup, members: Sequence[Calcification], thresholds: FactThresholds
) -> Morphology | None:
    """Find the most worrying shape of a group that counts.

    It is the group's own, or one that enough members have, or fine linear if a single member plainly has it.
    Where the group's own cannot be told, members can only make it suspicious, never name it benign.

    Args:
        group: The group.
        members: Its calcifications.
        thresholds: How many members are enough, and what is plain.

    Returns:
        The shape; ``None`` where the pixels do not carry it.
    """
    own = group.morphology.likeliest if group.morphology else None
    shapes = [*_shapes_of_members(members, thresholds), *([own] if own else [])]
    # by an explicit rank: the order of an enumeration is never data (decision 20)
    worst = max(shapes, key=RANKED_MORPHOLOGIES.index, default=None)
    # members alone may make a group suspicious but never name it benign
    return None if own is None and worst not in SUSPICIOUS else worst


def worst_distribution(group: CalcificationGroup, thresholds: FactThresholds) -> Distribution | None:
    """Find the most worrying of the likeliest distribution and those that are likely enough.

    Args:
        group: The group.
        thresholds: What is likely enough.

    Returns:
        The distribution; ``None`` where none was described.
    """
    if group.distribution is None:
        return None
    likely = [
        distribution
        for distribution, probability in group.distribution.probabilities
        if probability >= thresholds.worse_distribution_probability
    ]
    return max((group.distribution.likeliest, *likely), key=RANKED_DISTRIBUTIONS.index)


def alternative_facts(
    group: CalcificationGroup, facts: Facts, thresholds: FactThresholds
) -> tuple[tuple[Facts, float], ...]:
    """List what the facts would be if the group were of another shape or distribution that the pixels allow.

    Args:
        group: The group with its descriptions.
        facts: What is known of it.
        thresholds: How likely a description must be, and how many are listed.

    Returns:
        Facts and how likely the shape or distribution is in which they differ, the likeliest first.
    """
    shapes = group.morphology.probabilities if group.morphology else ()
    distributions = group.distribution.probabilities if group.distribution else ()
    others = [
        *((replace(facts, morphology=shape), p) for shape, p in shapes if shape != facts.morphology),
        *(
            (replace(facts, distribution=distribution), p)
            for distribution, p in distributions
            if distribution != facts.distribution
        ),
    ]
    likely = [(other, p) for other, p in others if p >= thresholds.alternative_probability]
    # a stable sort: shapes stay before distributions of the same probability
    return tuple(sorted(likely, key=lambda other: -other[1])[: thresholds.max_alternatives])


def _shapes_of_members(members: Sequence[Calcification], thresholds: FactThresholds) -> list[Morphology]:
    """Shapes that enough members have, and those of members that are plainly fine linear."""
    described = [member.morphology for member in members if member.morphology is not None]
    seen = Counter(
        shape.likeliest
        for shape in described
        if shape.likeliest is not None and shape.of(shape.likeliest) >= thresholds.member_shape_probability
    )
    common = [shape for shape, number in seen.items() if number >= thresholds.worst_shape_members]
    lines = (_plainly_linear(shape, thresholds) for shape in described)
    return [*common, *(line for line in lines if line)]


def _plainly_linear(described: MorphologyDescription, thresholds: FactThresholds) -> Morphology | None:
    """Which fine linear shape it is, branching or not, where it is plainly one of them."""
    # together: a doubt between branching and not is none about being linear
    if sum(described.of(shape) for shape in FINE_LINEAR) < thresholds.single_fine_linear_probability:
        return None
    return max(FINE_LINEAR, key=described.of)


def _single_shape(calcification: Calcification, thresholds: FactThresholds) -> Morphology | None:
    described = calcification.morphology
    likeliest = described.likeliest if described else None
    if described is None or likeliest is None:
        return None
    if likeliest in FINE_LINEAR:
        return _plainly_linear(described, thresholds)
    return likeliest if described.of(likeliest) >= thresholds.member_shape_probability else None


def _with_appearance(known: Facts, members: Sequence[Calcification], thresholds: FactThresholds) -> Facts:
    """Add what the median member looks like."""
    # medians: a single member with a hole or a rough outline does not speak for the group
    lucent = _median_of(members, lambda shape: shape.lucent_center)
    sharp = _median_of(members, lambda shape: shape.edge_sharpness)
    solid = _median_of(members, lambda shape: shape.solidity)
    return replace(
        known,
        lucent_center=None if lucent is None else lucent >= thresholds.lucent_center_depth,
        smooth_edge=None if sharp is None else sharp >= thresholds.smooth_edge_sharpness,
        irregular_shape=None if solid is None else solid <= thresholds.irregular_solidity,
    )


def _median_of(
    members: Sequence[Calcification], feature: Callable[[ShapeFeatures], float | None]
) -> float | None:
    """Median over the members of which it is known; ``None`` where it is known of none."""
    values = [feature(member.shape) for member in members if member.shape is not None]
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _mostly(answers: Sequence[bool | None], share: float) -> bool | None:
    known = [answer for answer in answers if answer is not None]
    # share of those that a detector with classes has looked at
    return sum(known) > share * len(known) if known else None
