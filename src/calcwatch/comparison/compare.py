"""Two examinations of one woman: which images belong together, and what became of every group in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from calcwatch.comparison.change import change_of_region, changes_not_comparable, missed_share
from calcwatch.comparison.history import observed_of, with_lasting_uids
from calcwatch.comparison.match import match_calcifications, points_of
from calcwatch.comparison.regions import regions_of
from calcwatch.comparison.register import align, error_at, register
from calcwatch.comparison.settings import DEFAULT
from calcwatch.comparison.surgical_bed import with_surgical_beds
from calcwatch.comparison.treatment import TreatmentReading, read_treatment
from calcwatch.comparison.visibility import visibility_of_pair
from calcwatch.domain.change import Alignment, CalcificationMatch, Comparison, ImagePair
from calcwatch.domain.context import ClinicalContext
from calcwatch.domain.dates import months_between
from calcwatch.domain.image import QualityFlag
from calcwatch.domain.views import are_alike
from calcwatch.exam.read import analyze_exam
from calcwatch.words.comparison import (
    MIRRORED,
    NO_CURRENT_IMAGE,
    NO_PRIOR_IMAGE,
    NOT_ALIGNED,
    TISSUE_LITTLE_ALIKE,
    TISSUE_LITTLE_ALIKE_ONE_WAY,
    TISSUE_OF_ANOTHER,
    TISSUE_ONE_WAY,
    TURNED,
    UPSIDE_DOWN,
    fits_another,
    little_overlap,
    without_current,
    without_prior,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.comparison.match import CalcificationPoints, Matched
    from calcwatch.comparison.register import Nipples
    from calcwatch.comparison.settings import ComparisonSettings, PairSettings
    from calcwatch.domain.assessment import ExaminationFindings
    from calcwatch.domain.change import Change, Registration
    from calcwatch.domain.findings import ImageFindings, TissueMap
    from calcwatch.domain.image import ImageDescription
    from calcwatch.domain.treatment import Treatment
    from calcwatch.exam.rule_table import RuleTable
    from calcwatch.image.describe.suspicion import SuspicionModel


@dataclass(frozen=True, eq=False)
class Compared:
    """A current examination, read with the prior one at hand.

    Attributes:
        prior: Images of the prior examination, which ``comparison`` counts.
        examination: The current examination, read knowing what became of its groups.
        comparison: What became of every group of both.
        treatment: What a stated treatment adds, ``None`` where none was stated.
    """

    prior: tuple[ImageFindings, ...]
    examination: ExaminationFindings
    comparison: Comparison
    treatment: TreatmentReading | None


def compare_with_prior(
    prior: Sequence[ImageFindings],
    current: Sequence[ImageFindings],
    *,
    table: RuleTable,
    suspicion: SuspicionModel,
    context: ClinicalContext | None = None,
    treatment: Treatment | None = None,
    earlier: Sequence[Compared] = (),
    settings: ComparisonSettings = DEFAULT,
) -> Compared:
    """Say what became of every group since the prior examination, and read the current one knowing it.

    Args:
        prior: Findings of ``analyze_image``: the latest earlier image of each view.
        current: Findings of ``analyze_image`` for the images of the day.
        table: Rules by which the current examination is assessed.
        suspicion: Ranks its findings.
        context: What a person states of it, facts of the treatment on that day included
            (``context_of_examination``); ``None`` states nothing.
        treatment: What a person states of the treatment, ``None`` for nothing.
        earlier: The comparisons before, the earliest first, so that groups keep their identifier.
        settings: Numbers of all stages of the comparison.

    Returns:
        The comparison and the current examination.

    Raises:
        ValueError: There is no current image, or findings without tissue.
    """
    context = context or ClinicalContext()
    before = [step.comparison for step in earlier]
    # identifiers first: all that follows is told under them
    comparison = with_lasting_uids(compare_exams(prior, current, settings=settings), before)
    if treatment is not None:
        comparison = with_surgical_beds(comparison, prior, current, treatment, settings=settings)
    # read last, since change and surgical bed are facts for the rules
    examination = analyze_exam(
        current,
        table=table,
        suspicion=suspicion,
        context=context,
        observed=observed_of(comparison, before),
    )
    reading = None if treatment is None else read_treatment(treatment, context, comparison)
    return Compared(tuple(prior), examination, comparison, reading)


def compare_exams(
    prior: Sequence[ImageFindings],
    current: Sequence[ImageFindings],
    *,
    settings: ComparisonSettings = DEFAULT,
) -> Comparison:
    """Compare every current image with the prior one of the same breast and view.

    Args:
        prior: Images of the prior examination, with tissue.
        current: Images of the current examination, with tissue.
        settings: Numbers of all stages.

    Returns:
        What became of every group of both: groups of images without a partner are ``NOT_COMPARABLE``, nothing
        is silently left out.

    Raises:
        ValueError: Findings have no tissue, because they were read from a file.
    """
    partners = _partners(prior, current)
    pairs: list[ImagePair] = []
    changes: list[Change] = []
    for place, partner in enumerate(partners):
        if partner is not None:
            pair, own = _compare_pair(prior, partner, current, place, settings)
            pairs.append(pair)
            changes += own
    for place, image in enumerate(current):
        if partners[place] is None:
            changes += changes_not_comparable(image, place, is_current=True, reason=NO_PRIOR_IMAGE)
    for place, image in enumerate(prior):
        if place not in partners:
            changes += changes_not_comparable(image, place, is_current=False, reason=NO_CURRENT_IMAGE)
    notes = [
        without_prior(image.description)
        for image, partner in zip(current, partners, strict=True)
        if partner is None
    ]
    notes += [
        without_current(image.description) for place, image in enumerate(prior) if place not in partners
    ]
    return Comparison(tuple(pairs), tuple(changes), tuple(notes))


def _partners(prior: Sequence[ImageFindings], current: Sequence[ImageFindings]) -> list[int | None]:
    """For each current image the place of its prior, or ``None``; no prior is taken twice."""
    partners: list[int | None] = []
    for image in current:
        places = (
            place
            for place, candidate in enumerate(prior)
            # an unknown side or view pairs with nothing: a guess could compare two breasts
            if place not in partners and _show_the_same(candidate.description, image.description)
        )
        partners.append(next(places, None))
    return partners


def _show_the_same(first: ImageDescription, second: ImageDescription) -> bool:
    """Whether two images are of the same breast and direction."""
    is_known = first.image_laterality is not None
    return (
        is_known
        and first.image_laterality == second.image_laterality
        and are_alike(first.view_position, second.view_position)
    )


def _compare_pair(
    prior_images: Sequence[ImageFindings],
    prior_place: int,
    current_images: Sequence[ImageFindings],
    current_place: int,
    settings: ComparisonSettings,
) -> tuple[ImagePair, tuple[Change, ...]]:
    """A pair of images, and what became of the groups of both."""
    prior = points_of(prior_images[prior_place], settings=settings.match)
    current = points_of(current_images[current_place], settings=settings.match)
    nipples = _nipples(prior.image, prior.tissue_map, current)
    registration = align(prior.tissue_map, current.tissue_map, nipples, settings=settings.registration)
    alignment, notes = _alignment(registration, prior_images, prior_place, current, settings)
    pair = ImagePair(
        prior=prior_place,
        current=current_place,
        image_laterality=current.image.description.image_laterality,
        view_position=current.image.description.view_position,
        interval_months=months_between(
            prior.image.description.study_date, current.image.description.study_date
        ),
        alignment=alignment,
        local_correlation=registration.local_correlation,
        overlap=registration.overlap,
        error_mm=None,
        matches=(),
        notes=notes,
    )
    # matching would find partners on any tissue: nothing is said of such a pair
    if alignment is Alignment.FAILED:
        not_aligned = partial(
            changes_not_comparable, reason=NOT_ALIGNED, interval_months=pair.interval_months
        )
        return pair, (
            *not_aligned(current.image, current_place, is_current=True),
            *not_aligned(prior.image, prior_place, is_current=False),
        )
    matched = match_calcifications(registration, prior, current, settings=settings.match)
    visibility = visibility_of_pair(prior, current, matched, settings=settings)
    regions = regions_of(visibility, settings=settings.regions)
    pair = replace(
        pair,
        # of the corrected alignment, which the changes rest on
        error_mm=_median_error_mm(matched.registration, current),
        matches=_matches(prior.image, current.image, matched),
        registration=matched.registration,
    )
    # over all regions of the pair: in a single region too few are missed to tell
    missed = missed_share(regions)
    return pair, tuple(
        change_of_region(pair, visibility, region, missed=missed, settings=settings) for region in regions
    )


def _nipples(prior: ImageFindings, tissue: TissueMap, current: CalcificationPoints) -> Nipples | None:
    """Where the nipple lies on a prior image, of ``tissue``, and on the current one."""
    if prior.landmarks is None or current.image.landmarks is None:
        return None
    return (
        tissue.to_working(np.array([prior.landmarks.nipple])),
        current.tissue_map.to_working(np.array([current.image.landmarks.nipple])),
    )


def _alignment(
    registration: Registration,
    prior_images: Sequence[ImageFindings],
    prior_place: int,
    current: CalcificationPoints,
    settings: ComparisonSettings,
) -> tuple[Alignment, tuple[str, ...]]:
    """How well a pair fits, whether anything fits better, and what a reader must know of it."""
    is_mirrored = registration.prior.mirrored is not current.tissue_map.mirrored
    notes = (MIRRORED,) if is_mirrored else ()
    # Said by the headers, however well the tissue seems to fit.
    lies_apart = _lie(prior_images[prior_place]) ^ _lie(current.image)
    if lies_apart:
        return Alignment.FAILED, (*notes, UPSIDE_DOWN if QualityFlag.UPSIDE_DOWN in lies_apart else TURNED)
    if registration.overlap < settings.pairs.min_overlap:
        return Alignment.FAILED, (*notes, little_overlap(registration.overlap))
    # each alternative is an alignment of its own: none is tried where the tissue leaves no doubt
    if registration.local_correlation < settings.pairs.proven_local_correlation:
        better = _better_fit(registration, prior_images, prior_place, current, settings)
        if better is not None:
            return Alignment.FAILED, (*notes, better)
    alignment, doubt = _worth(registration, settings.pairs)
    return alignment, (*notes, doubt) if doubt else notes


def _lie(image: ImageFindings) -> set[QualityFlag]:
    """What its header says of a picture that does not hang upright."""
    return set(image.quality_flags) & {QualityFlag.UPSIDE_DOWN, QualityFlag.TURNED}


def _better_fit(
    registration: Registration,
    prior_images: Sequence[ImageFindings],
    prior_place: int,
    current: CalcificationPoints,
    settings: ComparisonSettings,
) -> str | None:
    """What fits better than the pair as it was found, in words: the prior turned over, or another prior."""
    least = registration.local_correlation + settings.pairs.better_gain
    tissue = registration.prior
    upside_down = replace(
        tissue,
        # the picture is turned, its place in the file is not: only the local correlation is used
        pattern=np.ascontiguousarray(tissue.pattern[::-1]),
        mask=np.ascontiguousarray(tissue.mask[::-1]),
        contrast_to_noise=np.ascontiguousarray(tissue.contrast_to_noise[::-1]),
    )
    # without nipples, whose place would have to be turned over as well
    turned = register(upside_down, current.tissue_map, settings=settings.registration)
    # better than the pair and good by itself: the best of several poor fits proves nothing
    if turned.local_correlation >= max(least, settings.pairs.min_local_correlation):
        return UPSIDE_DOWN
    for place, image in enumerate(prior_images):
        # views labeled the wrong way round: another prior may be the right partner
        if place == prior_place or image.tissue_map is None:
            continue
        nipples = _nipples(image, image.tissue_map, current)
        other = register(image.tissue_map, current.tissue_map, nipples, settings=settings.registration)
        if other.local_correlation >= max(least, settings.pairs.good_local_correlation):
            return fits_another(image.description)
    return None


def _worth(registration: Registration, settings: PairSettings) -> tuple[Alignment, str]:
    """How well the tissue fits, and the doubt in words, empty for none."""
    if registration.local_correlation < settings.min_local_correlation:
        return Alignment.FAILED, TISSUE_OF_ANOTHER
    is_inconsistent = registration.inverse_consistency_error > settings.max_inverse_consistency_error_mm
    if registration.local_correlation < settings.good_local_correlation:
        if is_inconsistent:
            return Alignment.FAILED, TISSUE_LITTLE_ALIKE_ONE_WAY
        return Alignment.UNCERTAIN, TISSUE_LITTLE_ALIKE
    if is_inconsistent:
        return Alignment.UNCERTAIN, TISSUE_ONE_WAY
    return Alignment.GOOD, ""


def _median_error_mm(registration: Registration, current: CalcificationPoints) -> float | None:
    """Median error of the registration at the current calcifications; without any, in the breast."""
    # an error on assumed millimeters is no length (decision 4)
    if not (registration.current.in_mm and registration.prior.in_mm):
        return None
    if len(current.places):
        return float(np.median(error_at(registration, current.places)))
    return float(np.median(registration.error[registration.current.mask > 0]))


def _matches(
    prior: ImageFindings, current: ImageFindings, matched: Matched
) -> tuple[CalcificationMatch, ...]:
    registration = matched.registration
    in_mm = registration.prior.in_mm and registration.current.in_mm
    return tuple(
        CalcificationMatch(
            prior.calcifications[partner].tracking_uid,
            current.calcifications[place].tracking_uid,
            float(probability),
            float(distance) if in_mm else None,
        )
        for place, partner, probability, distance in zip(
            matched.current, matched.prior, matched.probability, matched.distance, strict=True
        )
    )
