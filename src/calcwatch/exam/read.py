"""All images of one woman and day, read together: pairs of views, a reading of each group and breast."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

from calcwatch.domain.assessment import (
    BreastReading,
    ExaminationFindings,
    GroupReading,
    JudgedBy,
    SingleReading,
)
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.image import Laterality, QualityFlag
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category, Morphology
from calcwatch.domain.views import is_from_above
from calcwatch.exam.assess import assess_group
from calcwatch.exam.correspondence import can_be_compared, pair_groups
from calcwatch.exam.facts import (
    Observed,
    alternative_facts,
    facts_of_context,
    facts_of_group,
    facts_of_single,
    is_bilateral,
    with_statement,
)
from calcwatch.exam.laterality import laterality_pattern
from calcwatch.exam.location import locate_group
from calcwatch.exam.settings import ExamSettings
from calcwatch.exam.statements import assign_statements
from calcwatch.image.describe.suspicion import score_of, suspicion_of_single
from calcwatch.words.exam import (
    NOT_LOOKED_FOR,
    NOTHING_MARKED,
    found_words,
    group_words,
    not_assigned_note,
    notes_of_breast,
    single_words,
    view_note,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calcwatch.domain.assessment import Assessment, ViewPair
    from calcwatch.domain.findings import CalcificationGroup, ImageFindings, MorphologyDescription
    from calcwatch.domain.statements import FindingStatement
    from calcwatch.exam.facts import Facts
    from calcwatch.exam.rule_table import RuleTable
    from calcwatch.image.describe.suspicion import SuspicionModel

_BREASTS = (Laterality.RIGHT, Laterality.LEFT)  # right first, as films hang


def analyze_exam(
    images: Sequence[ImageFindings],
    *,
    table: RuleTable,
    suspicion: SuspicionModel,
    context: ClinicalContext | None = None,
    observed: Mapping[str, Observed] | None = None,
    statements: Mapping[str, FindingStatement] | None = None,
    settings: ExamSettings = ExamSettings(),
) -> ExaminationFindings:
    """Read all images of one woman and day together: the same group on two views, categories, a score.

    Everything is a suggestion.

    Args:
        images: Findings of ``analyze_image``; their order is kept.
        table: The rules that suggest.
        suspicion: The numbers that make the score.
        context: What a person states; nothing unless given.
        observed: What a comparison says of groups, by their tracking UID; a group that is not in it was
            compared with nothing.
        statements: What a person states of groups, by their tracking UID, beside the findings of ``context``;
            what is stated of none of them is told in the notes of each breast.
        settings: The numbers by which an examination is read.

    Returns:
        A reading of every group and every breast, the pairs of views and the score.

    Raises:
        ValueError: There are no images, or two findings of the context are the same group.
    """
    if not images:
        raise ValueError("an examination needs at least one image")
    # before pairs and facts, which both go by the morphology
    images = without_unproven_milk(images)
    pairs = _pair_views(images, settings)
    pattern = laterality_pattern(images, settings=settings.laterality)
    context = context or ClinicalContext()
    stated = {**assign_statements(context.findings, images, settings=settings), **(statements or {})}
    # a cancer that is proven at one finding is her history for every other, on whichever side
    is_placed = any(said.is_proven_cancer for said in stated.values())
    known = {
        side: replace(
            facts_of_context(side, context),
            bilateral=is_bilateral(pattern),
            personal_history=True if is_placed else context.any_cancer_history,
        )
        for side in (*_BREASTS, None)
    }
    told = {
        name: _Told((observed or {}).get(name), stated.get(name)) for name in (*(observed or {}), *stated)
    }
    groups = _read_groups(images, pairs, known, told, table=table, settings=settings)
    singles = _read_singles(images, known, table)
    breasts = _read_breasts(images, groups, singles, _notes(images, context, stated))
    highest, reasons = _suspicion(images, groups, suspicion, settings)
    score = score_of(highest, suspicion.deciles)
    return ExaminationFindings(images, pairs, groups, breasts, pattern, highest, score, reasons)


def without_unproven_milk(images: Sequence[ImageFindings]) -> tuple[ImageFindings, ...]:
    """Take milk of calcium out of what a true lateral view may show where no CC view of that side is there.

    Sediment is told by how it changes between the two, so without both it is not attempted.

    Args:
        images: Findings of all images of an examination.

    Returns:
        The same findings in the same order; where a side has no view from above, the probability of milk of
        calcium is 0 and the others are raised in proportion.
    """
    seen = {image.description.image_laterality for image in images if _is_from_above(image)}
    return tuple(
        image if image.description.image_laterality in seen else _without_milk(image) for image in images
    )


def _without_milk(image: ImageFindings) -> ImageFindings:
    def cleaned(described: MorphologyDescription | None) -> MorphologyDescription | None:
        milk = described.of(Morphology.MILK_OF_CALCIUM) if described else 0.0
        # A description of nothing else is left alone: there is nothing to put in its place.
        if described is None or milk in (0.0, 1.0):
            return described
        rest = [
            # the rest adds up to 1 again
            (shape, p / (1 - milk))
            for shape, p in described.probabilities
            if shape is not Morphology.MILK_OF_CALCIUM
        ]
        return replace(described, probabilities=tuple(rest))

    return replace(
        image,
        calcifications=tuple(
            replace(found, morphology=cleaned(found.morphology)) for found in image.calcifications
        ),
        groups=tuple(replace(group, morphology=cleaned(group.morphology)) for group in image.groups),
    )


def _is_from_above(image: ImageFindings) -> bool:
    return is_from_above(image.description.view_position)


def _pair_views(images: Sequence[ImageFindings], settings: ExamSettings) -> tuple[ViewPair, ...]:
    """The same groups on a view from above and one from the side of the same breast, right breast first."""
    pairs: list[ViewPair] = []
    for side in _BREASTS:
        own = [image for image in images if image.description.image_laterality is side]
        for first, second in product(own, own):
            # from above first: each pair of views is met in a single order
            if _is_from_above(first) and can_be_compared(first, second):
                pairs += pair_groups(first, second, settings=settings)
    return tuple(pairs)


@dataclass(frozen=True)
class _Told:
    """What is told of a group beside its pixels."""

    observed: Observed | None = None
    stated: FindingStatement | None = None


def _read_groups(
    images: Sequence[ImageFindings],
    pairs: Sequence[ViewPair],
    known: Mapping[Laterality | None, Facts],
    told: Mapping[str, _Told],
    *,
    table: RuleTable,
    settings: ExamSettings,
) -> tuple[GroupReading, ...]:
    """Locate and assess every group, in the order of the images; ``known``: of each breast."""
    seen = {group.tracking_uid: (image, group) for image in images for group in image.groups}
    # both ways, since a group of either view asks
    partner = {pair.first: pair.second for pair in pairs} | {pair.second: pair.first for pair in pairs}
    readings = []
    for uid, (image, group) in seen.items():
        counterpart = seen.get(partner.get(uid, ""))
        # Where the groups of this image were looked for on no other view, nothing is missing there.
        was_compared = any(can_be_compared(image, other) for other in images)
        own = told.get(uid, _Told())
        facts = facts_of_group(
            group,
            image.members_of(group),
            _known_of(
                image,
                known[_breast_of(image)],
                own,
                # not known where no crossing view was there: "on a single view" would be a finding
                both_views=counterpart is not None if was_compared else None,
            ),
            table.thresholds,
            # a person's word for one view is no word of the pixels for the other
            counterpart=(
                counterpart[1]
                if counterpart and not _has_word(told.get(counterpart[1].tracking_uid))
                else None
            ),
        )
        readings.append(
            GroupReading(
                tracking_uid=uid,
                location=locate_group(image, group, counterpart, settings=settings),
                counterpart=counterpart[1].tracking_uid if counterpart else None,
                view_note=view_note(
                    image.description.view_position,
                    counterpart[0].description.view_position if counterpart else None,
                    was_compared=was_compared,
                ),
                assessment=_assess(group, facts, own.stated, table),
                stated=own.stated,
            )
        )
    return tuple(readings)


def _known_of(image: ImageFindings, known: Facts, told: _Told, *, both_views: bool | None) -> Facts:
    """What is known of a group beside its pixels and what a person states of it."""
    compared = told.observed or Observed()
    is_magnified = QualityFlag.MAGNIFICATION_VIEW in image.quality_flags
    return replace(
        known,
        both_views=both_views,
        change=compared.change,
        stable_months=compared.stable_months,
        in_bed=compared.in_bed,
        # what is seen on a magnification view has been magnified, whatever is stated of the breast
        magnification_done=True if is_magnified else known.magnification_done,
    )


def _has_word(told: _Told | None) -> bool:
    return told is not None and told.stated is not None and bool(told.stated.morphology)


def _assess(
    group: CalcificationGroup, facts: Facts, stated: FindingStatement | None, table: RuleTable
) -> Assessment:
    """Assess a group by what a person states of it where they do, else by what the pixels tell."""
    if stated is None:
        others = alternative_facts(group, facts, table.thresholds)
        return assess_group(facts, table, alternatives=others)
    facts = with_statement(facts, stated)
    is_theirs = bool(stated.morphology or stated.distribution) and facts.suspicious is None
    return assess_group(
        facts,
        table,
        # a person who has named the shape needs no other guesses
        alternatives=() if is_theirs else alternative_facts(group, facts, table.thresholds),
        judged_by=JudgedBy.PERSON if is_theirs else None,
    )


def _notes(
    images: Sequence[ImageFindings], context: ClinicalContext, stated: Mapping[str, FindingStatement]
) -> Mapping[Laterality | None, tuple[str, ...]]:
    """What a person stated that matters for each breast whatever was found."""
    side_of = {group.tracking_uid: _breast_of(image) for image in images for group in image.groups}
    not_assigned = tuple(not_assigned_note(name) for name in stated if name not in side_of)
    placed = {side_of.get(name) for name, statement in stated.items() if statement.is_proven_cancer}
    # a symptom at a place where nothing is marked is as urgent, and whose side it is is not known here
    with_symptom = {
        side
        for name, statement in stated.items()
        if statement.symptom
        for side in ([side_of[name]] if name in side_of else (*_BREASTS, None))
    }
    return {
        side: (
            *notes_of_breast(
                context, side, cancer_is_placed=side in placed, symptom_is_placed=side in with_symptom
            ),
            *not_assigned,
        )
        for side in (*_BREASTS, None)
    }


def _read_singles(
    images: Sequence[ImageFindings], known: Mapping[Laterality | None, Facts], table: RuleTable
) -> dict[str, SingleReading]:
    """Assess every calcification in no group, by its tracking UID."""
    readings = {}
    for image in images:
        for single in image.singles:
            # what is stated of the breast is told in its notes, not once more by every speck
            hers = replace(known[_breast_of(image)], symptom=None, companion=None, ultrasound_scar=None)
            facts = facts_of_single(single, hers, table.thresholds)
            readings[single.tracking_uid] = SingleReading(single.tracking_uid, assess_group(facts, table))
    return readings


def _read_breasts(
    images: Sequence[ImageFindings],
    readings: Sequence[GroupReading],
    singles: Mapping[str, SingleReading],
    notes: Mapping[Laterality | None, tuple[str, ...]],
) -> tuple[BreastReading, ...]:
    """Say what was found in each breast of which there is an image: right, left, then side not known."""
    reading_of = {reading.tracking_uid: reading for reading in readings}
    breasts = []
    for side in (*_BREASTS, None):
        own = [image for image in images if _breast_of(image) is side]
        if not own:
            continue
        groups = sorted(
            (group for image in own for group in image.groups),
            key=lambda group: (reading_of[group.tracking_uid].is_rejected, *_most_suspicious_first(group)),
        )
        its_singles = [singles[single.tracking_uid] for image in own for single in image.singles]
        its_groups = [reading_of[group.tracking_uid] for group in groups]
        breasts.append(_breast(side, its_groups, its_singles, notes[side]))
    return tuple(breasts)


def _breast(
    side: Laterality | None,
    groups: Sequence[GroupReading],
    singles: Sequence[SingleReading],
    notes: tuple[str, ...],
) -> BreastReading:
    shown = [single for single in singles if _is_above_benign(single.assessment)]
    assessments = [reading.assessment for reading in groups if not reading.is_rejected]
    assessments += [single.assessment for single in shown]
    return BreastReading(
        laterality=side,
        groups=tuple(reading.tracking_uid for reading in groups),
        singles=tuple(shown),
        found=found_words(len(groups), len(singles), sum(reading.is_rejected for reading in groups)),
        not_looked_for=NOT_LOOKED_FOR,
        notes=notes,
        # a dict keeps the order and drops repetitions
        missing=tuple(dict.fromkeys(name for assessment in assessments for name in assessment.missing)),
    )


def _is_above_benign(assessment: Assessment) -> bool:
    return RANKED_CATEGORIES.index(assessment.floor) > RANKED_CATEGORIES.index(Category.BENIGN)


def _most_suspicious_first(group: CalcificationGroup) -> tuple[float, float, str]:
    """What is not known comes first: somebody must look."""
    # the tracking UID last: the order must not depend on anything else
    return -(1.0 if group.suspicion is None else group.suspicion), -group.score, group.tracking_uid


def _breast_of(image: ImageFindings) -> Laterality | None:
    side = image.description.image_laterality
    return side if side in _BREASTS else None


def _suspicion(
    images: Sequence[ImageFindings],
    readings: Sequence[GroupReading],
    model: SuspicionModel,
    settings: ExamSettings,
) -> tuple[float, tuple[str, ...]]:
    """Suspicion of the most suspicious finding, and the few findings that lead, in words."""
    reading_of = {reading.tracking_uid: reading for reading in readings}
    ranked = [
        (
            # the score rises with suspicion that was told and with nothing else (decision 13)
            group.suspicion or 0.0,
            group.tracking_uid,
            group_words(group, reading_of[group.tracking_uid].location),
        )
        for image in images
        for group in image.groups
        # what a person rejected orders no worklist
        if not reading_of[group.tracking_uid].is_rejected
    ]
    ranked += [
        (
            suspicion_of_single(single, model),
            single.tracking_uid,
            single_words(single, image.description),
        )
        for image in images
        for single in image.singles
    ]
    # stable: of equals the first image's comes first
    ranked.sort(key=lambda finding: -finding[0])
    if not ranked:
        return 0.0, (NOTHING_MARKED,)
    reasons: list[str] = []
    named: set[str | None] = set()  # the same group in the other view is no further reason
    for _, uid, words in ranked:
        if uid not in named and len(reasons) < settings.max_score_reasons:
            reasons.append(words)
            named.add(reading_of[uid].counterpart if uid in reading_of else None)
    return ranked[0][0], tuple(reasons)
