"""What the rules ask about a finding: facts from the pixels, from a person, and from earlier images.

A fact is known or ``None``: not known. Nothing is guessed, and what is not known never reassures.
"""

# ruff: noqa: RUF009  (``_fact`` makes the field of a dataclass)

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from statistics import median
from typing import TYPE_CHECKING, Any, TypeVar

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import (
    BiopsyResult,
    BreastContext,
    BreastDensity,
    ExamContext,
    RadiationKind,
    ScarFinding,
    Sex,
)
from calcwatch.domain.lexicon import (
    FINE_LINEAR,
    RANKED_MORPHOLOGIES,
    SUSPICIOUS,
    Distribution,
    GroupKind,
    LateralityPattern,
    Morphology,
    SizeClass,
    kind_of_word,
)
from calcwatch.domain.statements import FindingStatement
from calcwatch.exam.judgment import judge_group

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
        cost_ratio: How many needless alarms weigh as much as one missed suspicious group.
        doubtful_probability: Below it a suspicious group is likelier not suspicious.
        other_view_weight: How much the other view of a group counts when both are judged.
        single_shape_probability: A calcification in no group has its likeliest shape from here on.
        single_fine_linear_probability: It is plainly fine linear from here on.
        single_fine_linear_suspicion: So likely a reader calls one suspicious that is plainly fine linear.
        smooth_edge_sharpness: An edge is smooth and sharp from this median sharpness on.
        lucent_center_depth: A center is lucent where it lies so far below the rim.
        irregular_solidity: A shape is irregular up to this median solidity.
        toward_nipple_degrees: A group points to the nipple up to this angle.
        alternative_probability: A description is listed as an alternative from here on.
        max_alternatives: No more alternatives are listed than a reader looks at.
    """

    cost_ratio: float = _threshold("ratio")
    doubtful_probability: float = _threshold("probability")
    other_view_weight: float = _threshold("share")
    single_shape_probability: float = _threshold("probability")
    single_fine_linear_probability: float = _threshold("probability")
    single_fine_linear_suspicion: float = _threshold("probability")
    smooth_edge_sharpness: float = _threshold("share")
    lucent_center_depth: float = _threshold("share")
    irregular_solidity: float = _threshold("share")
    toward_nipple_degrees: float = _threshold("degrees")
    alternative_probability: float = _threshold("probability")
    max_alternatives: int = _threshold("count")

    @property
    def least_suspicious_probability(self) -> float:
        """From here on missing a suspicious group is expected to cost more than a needless alarm."""
        return 1 / (1 + self.cost_ratio)


def _fact(kind: type[_Kind]) -> _Kind | None:
    """A fact that is not known until somebody says so; ``kind`` says what it is when it is known."""
    fact: _Kind | None = field(default=None, metadata={"kind": kind})
    return fact


@dataclass(frozen=True, kw_only=True)
class Facts:
    """Everything that rules ask; ``None`` is not known.

    Lengths are in mm and ``None`` without pixel spacing, so that no rule of size can hold. What a person must
    have seen (``tubular``, ``thin_rim`` to ``dominant_group``) the software never claims. What is stated of
    the examination and the breast (``exam_context`` to ``radiation``) is explained in ``domain/context.py``,
    what is stated of the finding in ``domain/statements.py``.

    Attributes:
        morphology: The shape: the worst that a person names, else the likeliest that fits what the group is
            taken for.
        distribution: The distribution: the one that a person names, else the likeliest.
        suspicious: Missing it would be expected to cost more than a needless alarm; ``None`` where nothing
            was described, and where a person's word counts instead.
        doubtful: Likewise suspicious, but likelier not.
        kind: What a group that is not suspicious is taken for.
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
        follows_vessel: It lies in the wall of a vessel.
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
        known_cancer: Stated of the finding: the proven cancer lies there.
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
        biopsy: Stated of the finding.
        ultrasound_scar: Stated of the breast.
        products: Stated of the breast.
        gone_after_wiping: Stated of the breast.
        sex: Stated.
        systemic_disease: Stated.
        breast_density: Stated.
        injury: Stated of the breast.
        fat_grafting: Stated of the breast.
        reconstruction: Stated of the breast.
        benign_excision: Stated of the breast.
        injection: Stated of the breast.
        infection: Stated of the breast.
        implants: Stated of the breast.
        radiation: Stated of the breast.
        change: What a comparison with a prior examination says; not known where there was none.
        stable_months: How long it has not changed; likewise.
        in_bed: Inside or outside the bed of an operation; a place that is not known is treated as outside.
        classic: Set by the rules: all conditions of a typically benign kind hold.
        probably_benign: Set by the rules: before anything raises it is 3.
        above_benign: Set by the rules: the category is above 2.
    """

    morphology: Morphology | None = _fact(Morphology)
    distribution: Distribution | None = _fact(Distribution)
    suspicious: bool | None = _fact(bool)
    doubtful: bool | None = _fact(bool)
    kind: GroupKind | None = _fact(GroupKind)
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
    sex: Sex | None = _fact(Sex)
    systemic_disease: bool | None = _fact(bool)
    breast_density: BreastDensity | None = _fact(BreastDensity)
    injury: bool | None = _fact(bool)
    fat_grafting: bool | None = _fact(bool)
    reconstruction: bool | None = _fact(bool)
    benign_excision: bool | None = _fact(bool)
    injection: bool | None = _fact(bool)
    infection: bool | None = _fact(bool)
    implants: bool | None = _fact(bool)
    radiation: RadiationKind | None = _fact(RadiationKind)

    change: ChangeKind | None = _fact(ChangeKind)
    stable_months: int | None = _fact(int)
    in_bed: SurgicalBedPosition | None = _fact(SurgicalBedPosition)

    classic: bool | None = _fact(bool)
    probably_benign: bool | None = _fact(bool)
    above_benign: bool | None = _fact(bool)


ANSWERS = tuple(
    statement.name
    for statement in fields(FindingStatement)
    if statement.name in {fact.name for fact in fields(Facts)} - {"morphology"}
)
"""Facts that a person may state of a finding, by their names; its shape is stated beside them."""

_KINDS_OF_ANY_DISTRIBUTION = (GroupKind.VASCULAR, GroupKind.TYPICALLY_BENIGN)  # a vessel is a line

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
    stated = {
        statement.name: getattr(breast, statement.name)
        for statement in fields(BreastContext)
        # Which finding of the breast they are of is stated of the finding: else one hides another.
        if statement.name not in ("biopsy", "known_cancer")
    }
    return Facts(
        **stated | {"treated": breast.is_treated},
        exam_context=context.exam_context,
        age=context.age,
        personal_history=context.any_cancer_history,
        high_risk=context.high_risk,
        neoadjuvant=context.neoadjuvant,
        priors_available=context.priors_available,
        sex=context.sex,
        systemic_disease=context.systemic_disease,
        breast_density=context.breast_density,
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
    group: CalcificationGroup,
    members: Sequence[Calcification],
    known: Facts,
    thresholds: FactThresholds,
    *,
    counterpart: CalcificationGroup | None = None,
) -> Facts:
    """Add what the pixels tell of a group to what else is known of it.

    Args:
        group: The group with its descriptions.
        members: Its calcifications.
        known: What is known beside its pixels: stated, compared, seen on the other view.
        thresholds: From where on something is a fact.
        counterpart: The same group on the other view, so that both are judged alike; ``None`` where there is
            none.

    Returns:
        The facts; what no description or spacing tells is ``None``.
    """
    described = group.distribution
    angle = described.measurements.nipple_angle_degrees if described else None
    diameters = [member.diameter_mm for member in members if member.diameter_mm is not None]
    judged = judge_group(group, counterpart, thresholds)
    return replace(
        _with_appearance(known, members, thresholds),
        morphology=judged.morphology,
        distribution=judged.distribution,
        suspicious=judged.suspicious,
        doubtful=judged.doubtful,
        kind=judged.kind,
        count=group.count,
        median_mm=median(diameters) if diameters else None,
        largest_mm=max(diameters, default=None),
        width_mm=_median_of(members, lambda shape: shape.width_mm),
        extent_mm=described.measurements.extent_mm if described else None,
        # without a spacing no size is known, which is not the same as no size near a limit
        borderline_size=any(member.size_class in _BORDERLINE for member in members) if diameters else None,
        # of a group that is taken for suspicious it is never said: it could only reassure
        follows_vessel=judged.kind is GroupKind.VASCULAR or None,
        toward_nipple=None if angle is None else angle <= thresholds.toward_nipple_degrees,
    )


def with_statement(facts: Facts, stated: FindingStatement) -> Facts:
    """Let what a person states of a finding stand in the place of what the software says of it.

    A shape that a person names is judged as it stands: of several the most worrying counts, and what the
    classifier took the group for is dropped with everything it alone said.

    Args:
        facts: What is known without it.
        stated: What a person states.

    Returns:
        The facts with it.
    """
    answers = {name: value for name in ANSWERS if (value := getattr(stated, name)) is not None}
    # unchanged for 0 months is no stability: it was seen once
    if stated.stable_months and stated.change is None:
        answers["change"] = ChangeKind.NO_SIGNIFICANT_CHANGE
    if stated.morphology:
        worst = max(stated.morphology, key=RANKED_MORPHOLOGIES.index)
        facts = replace(_without_judgment(facts), morphology=worst)
    elif (stated.distribution and facts.kind not in _KINDS_OF_ANY_DISTRIBUTION) or (
        stated.follows_vessel is False and facts.kind is GroupKind.VASCULAR
    ):
        facts = _without_judgment(facts)
    return replace(facts, **answers)


def _without_judgment(facts: Facts) -> Facts:
    return replace(facts, suspicious=None, doubtful=None, kind=None, follows_vessel=None)


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
    shape = _single_shape(calcification, thresholds)
    suspicion = thresholds.single_fine_linear_suspicion if shape in FINE_LINEAR else 0.0
    least = thresholds.least_suspicious_probability
    return replace(
        _with_appearance(known, [calcification], thresholds),
        morphology=shape,
        distribution=Distribution.SINGLE,
        # one that the costs do not clear is judged by its shape
        suspicious=False if shape is not None and suspicion < least else None,
        count=1,
        median_mm=calcification.diameter_mm,
        largest_mm=calcification.diameter_mm,
        width_mm=calcification.shape.width_mm if calcification.shape else None,
        follows_vessel=calcification.vascular,
    )


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
        *((_as_if(facts, shape), p) for shape, p in shapes if shape != facts.morphology),
        *(
            (replace(facts, distribution=distribution), p)
            for distribution, p in distributions
            if distribution != facts.distribution
        ),
    ]
    likely = [(other, p) for other, p in others if p >= thresholds.alternative_probability]
    # a stable sort: shapes stay before distributions of the same probability
    return tuple(sorted(likely, key=lambda other: -other[1])[: thresholds.max_alternatives])


def _as_if(facts: Facts, morphology: Morphology) -> Facts:
    """What the facts would be if the group were of that shape, and taken for what goes with it."""
    if facts.suspicious is None:
        return replace(facts, morphology=morphology)
    is_suspicious = morphology in SUSPICIOUS
    return replace(
        facts,
        morphology=morphology,
        suspicious=is_suspicious,
        doubtful=False if is_suspicious else None,
        kind=None if is_suspicious else kind_of_word(morphology, facts.distribution),
        follows_vessel=None,
    )


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
    return likeliest if described.of(likeliest) >= thresholds.single_shape_probability else None


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
