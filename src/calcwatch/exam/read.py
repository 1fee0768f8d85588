"""All images of one woman and day, read together: pairs of views, a reading of each group and breast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from calcwatch.domain.assessment import BreastReading, ExaminationFindings, GroupReading
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.image import Laterality
from calcwatch.domain.lexicon import LateralityPattern, Morphology
from calcwatch.domain.views import is_from_above
from calcwatch.exam.assess import assess_breast, assess_group
from calcwatch.exam.correspondence import can_be_compared, pair_groups
from calcwatch.exam.facts import (
    Observed,
    Surroundings,
    facts_of_breast,
    facts_of_group,
    facts_of_single,
    other_descriptions,
)
from calcwatch.exam.laterality import laterality_pattern
from calcwatch.exam.location import locate_group
from calcwatch.image.describe.suspicion import score_of, suspect_single

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from calcwatch.domain.assessment import Assessment, Location, ViewPair
    from calcwatch.domain.findings import (
        Calcification,
        CalcificationGroup,
        ImageFindings,
        MorphologyDescription,
    )
    from calcwatch.exam.rule_table import RuleTable
    from calcwatch.image.describe.suspicion import SuspicionModel


_SIDES = (Laterality.RIGHT, Laterality.LEFT, None)
_MOST_REASONS = 3


@dataclass(frozen=True, eq=False)
class AssessmentInputs:
    """What findings are assessed by: the rules, what a person states, and what a comparison says of groups.

    ``observed``: by the tracking UID of the group; a group that is not in it was compared with nothing.
    """

    table: RuleTable
    context: ClinicalContext
    observed: Mapping[str, Observed]


@dataclass(frozen=True)
class Found:
    """One group in its image, with its member calcifications."""

    image: ImageFindings
    group: CalcificationGroup
    members: tuple[Calcification, ...]


def without_unproven_milk(images: Sequence[ImageFindings]) -> tuple[ImageFindings, ...]:
    """Take milk of calcium out of what a true lateral view may show where no CC view of that side is there.

    Sediment is told by how it changes between the two, so without both it is not attempted.
    """
    seen = {image.description.image_laterality for image in images if _is_from_above(image)}
    return tuple(
        image if image.description.image_laterality in seen else _without_milk(image) for image in images
    )


def _without_milk(image: ImageFindings) -> ImageFindings:
    def cleaned(told: MorphologyDescription | None) -> MorphologyDescription | None:
        milk = told.of(Morphology.MILK_OF_CALCIUM) if told else 0.0
        if told is None or milk in (0.0, 1.0):
            return told
        rest = [
            (shape, p / (1 - milk))
            for shape, p in told.probabilities
            if shape is not Morphology.MILK_OF_CALCIUM
        ]
        return replace(told, probabilities=tuple(rest))

    return replace(
        image,
        calcifications=tuple(
            replace(one, morphology=cleaned(one.morphology)) for one in image.calcifications
        ),
        groups=tuple(replace(group, morphology=cleaned(group.morphology)) for group in image.groups),
    )


def _is_from_above(image: ImageFindings) -> bool:
    return is_from_above(image.description.view_position)


def pair_views(images: Sequence[ImageFindings]) -> tuple[ViewPair, ...]:
    """The same groups on a view from above and one from the side of the same breast."""
    pairs: list[ViewPair] = []
    for side in (Laterality.RIGHT, Laterality.LEFT):
        own = [image for image in images if image.description.image_laterality is side]
        for first, second in product(own, own):
            if _is_from_above(first) and can_be_compared(first, second):
                pairs += pair_groups(first, second)
    return tuple(pairs)


def found_groups(images: Iterable[ImageFindings]) -> tuple[Found, ...]:
    """Every group of every image, in their order, with its members."""
    found = []
    for image in images:
        known = {one.tracking_uid: one for one in image.calcifications}
        found += [Found(image, group, tuple(known[uid] for uid in group.members)) for group in image.groups]
    return tuple(found)


def read_groups(
    images: Sequence[ImageFindings],
    pairs: Sequence[ViewPair],
    pattern: LateralityPattern,
    *,
    asked: AssessmentInputs,
) -> tuple[GroupReading, ...]:
    """Locate and assess every group, in the order of the images."""
    found = {one.group.tracking_uid: one for one in found_groups(images)}
    partner = {pair.first: pair.second for pair in pairs} | {pair.second: pair.first for pair in pairs}
    return tuple(
        _read_group(one, found.get(partner.get(uid, "")), images, pattern, asked=asked)
        for uid, one in found.items()
    )


def _read_group(
    found: Found,
    other: Found | None,
    images: Sequence[ImageFindings],
    pattern: LateralityPattern,
    *,
    asked: AssessmentInputs,
) -> GroupReading:
    side = found.image.description.image_laterality
    other_view = _has_other_view(found.image, images)
    surroundings = Surroundings(side, other_view, other is not None, pattern)
    observed = asked.observed.get(found.group.tracking_uid, Observed())
    facts = facts_of_group(found.group, found.members, surroundings, asked.context, observed=observed)
    return GroupReading(
        tracking_uid=found.group.tracking_uid,
        location=locate_group(found.image, found.group, (other.image, other.group) if other else None),
        counterpart=other.group.tracking_uid if other else None,
        view_note=_view_note(found.image, other, other_view=other_view),
        assessment=assess_group(facts, asked.table, alternatives=other_descriptions(found.group, facts)),
    )


def _has_other_view(image: ImageFindings, images: Sequence[ImageFindings]) -> bool:
    """Whether the groups of an image were looked for on another view: if not, nothing is missing there."""
    return any(can_be_compared(image, other) for other in images)


def _view_note(image: ImageFindings, other: Found | None, *, other_view: bool) -> str:
    here = image.description.view_position or "this view"
    if other is not None:
        return f"seen on {here} and {other.image.description.view_position}"
    return f"seen on {here} only" if other_view else f"no second view to compare {here} with"


def read_breasts(
    images: Sequence[ImageFindings],
    readings: Sequence[GroupReading],
    pattern: LateralityPattern,
    *,
    asked: AssessmentInputs,
) -> tuple[BreastReading, ...]:
    """Assess each breast of which there is an image: right, left, then images of unknown side."""
    assessed = {one.tracking_uid: one.assessment for one in readings}
    breasts = []
    for side in _SIDES:
        own = [image for image in images if _side_of(image) is side]
        if not own:
            continue
        groups = [group for image in own for group in image.groups]
        groups.sort(key=_most_suspicious_first)
        assessments = [assessed[group.tracking_uid] for group in groups]
        assessments += _of_singles(own, Surroundings(side, pattern=pattern), asked)
        breasts.append(
            BreastReading(
                laterality=side,
                groups=tuple(group.tracking_uid for group in groups),
                assessment=assess_breast(assessments, facts_of_breast(side, asked.context), asked.table),
            )
        )
    return tuple(breasts)


def _most_suspicious_first(group: CalcificationGroup) -> tuple[float, float, str]:
    """What is not known comes first: somebody must look."""
    return -(1.0 if group.suspicion is None else group.suspicion), -group.score, group.tracking_uid


def _side_of(image: ImageFindings) -> Laterality | None:
    side = image.description.image_laterality
    return side if side in (Laterality.LEFT, Laterality.RIGHT) else None


def singles_of(image: ImageFindings) -> tuple[Calcification, ...]:
    """Calcifications in no group, in the image's order."""
    grouped = {uid for group in image.groups for uid in group.members}
    return tuple(one for one in image.calcifications if one.tracking_uid not in grouped)


def _of_singles(
    images: Sequence[ImageFindings], surroundings: Surroundings, asked: AssessmentInputs
) -> list[Assessment]:
    return [
        assess_group(facts_of_single(one, surroundings, asked.context), asked.table)
        for image in images
        for one in singles_of(image)
    ]


def suspicion_of(
    images: Sequence[ImageFindings], readings: Sequence[GroupReading], model: SuspicionModel
) -> tuple[float, tuple[str, ...]]:
    """Suspicion of the most suspicious finding, and the two or three findings that lead, in words."""
    known = {one.tracking_uid: one for one in readings}
    ranked = [
        (group.suspicion or 0.0, group.tracking_uid, _group_words(group, known[group.tracking_uid].location))
        for image in images
        for group in image.groups
    ]
    ranked += [
        (suspect_single(one, len(image.calcifications), model), one.tracking_uid, _single_words(one, image))
        for image in images
        for one in singles_of(image)
    ]
    ranked.sort(key=lambda one: -one[0])
    if not ranked:
        return 0.0, ("nothing was marked; that is no normal mammogram",)
    reasons: list[str] = []
    told: set[str | None] = set()
    for _, uid, words in ranked:
        if uid not in told and len(reasons) < _MOST_REASONS:
            reasons.append(words)
            told.add(known[uid].counterpart if uid in known else None)  # the same group in the other view
    return ranked[0][0], tuple(reasons)


def _group_words(group: CalcificationGroup, place: Location) -> str:
    shape = group.morphology.likeliest if group.morphology else None
    layout = group.distribution.likeliest if group.distribution else None
    named = ", ".join(word.replace("_", " ") for word in (shape or "shape not told", layout or "") if word)
    return f"{group.count} calcifications, {named}; {place.words} (suspicion {group.suspicion or 0.0:.2f})"


def _single_words(found: Calcification, image: ImageFindings) -> str:
    shape = found.morphology.likeliest if found.morphology else None
    view = " ".join(filter(None, (image.description.image_laterality, image.description.view_position)))
    return (
        f"a single calcification, {(shape or 'shape not told').replace('_', ' ')}; {view or 'view not known'}"
    )


def analyze_exam(
    images: Sequence[ImageFindings],
    *,
    table: RuleTable,
    suspicion: SuspicionModel,
    context: ClinicalContext | None = None,
    observed: Mapping[str, Observed] | None = None,
) -> ExaminationFindings:
    """Read all images of one woman and day together: the same group on two views, categories, a score.

    ``images``: findings of ``analyze_image``; their order is kept. ``context``: what a person states; nothing
    unless given. ``observed``: what a comparison says of groups, by their tracking UID. Everything is a
    suggestion. Raises ``ValueError`` for no images.
    """
    if not images:
        raise ValueError("an examination needs at least one image")
    asked = AssessmentInputs(table, context or ClinicalContext(), observed or {})
    images = without_unproven_milk(images)
    pairs = pair_views(images)
    pattern = laterality_pattern(images)
    groups = read_groups(images, pairs, pattern, asked=asked)
    breasts = read_breasts(images, groups, pattern, asked=asked)
    highest, reasons = suspicion_of(images, groups, suspicion)
    score = score_of(highest, suspicion.deciles)
    return ExaminationFindings(images, pairs, groups, breasts, pattern, highest, score, reasons)
