"""A result read back: examinations of ``findings.json``, and the comparison of ``comparison.json``."""

from __future__ import annotations

from collections.abc import Sequence

from calcwatch.domain.assessment import (
    Alternative,
    Assessment,
    BreastReading,
    ExaminationFindings,
    ExaminationResult,
    GroupReading,
    LikelihoodRange,
    Location,
    ViewPair,
)
from calcwatch.domain.change import (
    Alignment,
    CalcificationMatch,
    Change,
    ChangeKind,
    Comparison,
    GroupMeasurement,
    ImagePair,
    SurgicalBedPosition,
)
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Laterality, Point, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, LateralityPattern, Morphology
from calcwatch.formats.result.read_findings import read_digests, read_image, read_provenance, word_of
from calcwatch.formats.result.values import Document


def read_result(findings: Document, comparison: Document | None = None) -> tuple[ExaminationResult, ...]:
    """Examinations of a result, in the order of its worklist; with a comparison, its current one alone.

    ``findings``: what ``findings.json`` holds; ``comparison``: what ``comparison.json`` beside it holds.
    Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what no run has written.
    """
    digests = read_digests(findings)
    images = {str(one["source"]): (one, read_image(one, digests)) for one in findings["images"]}
    made = read_provenance(findings)
    read = [
        (one, _examination(one, [images[source] for source in one["sources"]]))
        for one in findings["examinations"]
    ]
    if comparison is None:
        return tuple(ExaminationResult(found, made) for _, found in read)
    sources = list(comparison["current"]["sources"])
    found = next(found for document, found in read if set(document["sources"]) == set(sources))
    prior = tuple(images[source][1] for source in comparison["prior"]["sources"])
    own = [image.description.source for image in found.images]
    return (ExaminationResult(found, made, prior, _comparison(comparison, own)),)


_Image = tuple[Document, ImageFindings]


def _examination(found: Document, images: Sequence[_Image]) -> ExaminationFindings:
    version, lexicon = str(found["rule_table_version"]), str(found["lexicon"])
    return ExaminationFindings(
        images=tuple(image for _, image in images),
        pairs=tuple(ViewPair(**one) for one in found["pairs"]),
        groups=tuple(
            _reading(group, version, lexicon) for document, _ in images for group in document["groups"]
        ),
        breasts=tuple(_breast(one, version, lexicon) for one in found["breasts"]),
        laterality_pattern=LateralityPattern(found["laterality_pattern"]),
        suspicion=float(found["suspicion"]),
        score=int(found["score"]),
        score_reasons=tuple(found["score_reasons"]),
    )


def _breast(found: Document, version: str, lexicon: str) -> BreastReading:
    side = word_of(Laterality, found["image_laterality"])
    return BreastReading(side, tuple(found["groups"]), _assessment(found, version, lexicon))


def _reading(found: Document, version: str, lexicon: str) -> GroupReading:
    place = dict(found["location"])
    side = word_of(Laterality, place.pop("laterality"))
    return GroupReading(
        tracking_uid=str(found["tracking_uid"]),
        location=Location(laterality=side, **place),
        counterpart=found["counterpart"],
        view_note=str(found["view_note"]),
        assessment=_assessment(found, version, lexicon),
    )


def _assessment(found: Document, version: str, lexicon: str) -> Assessment:
    likelihood = found["likelihood_range"]
    return Assessment(
        suggested_category=Category(found["suggested_category"]),
        floor=Category(found["floor"]),
        rule_ids=tuple(found["rule_ids"]),
        reasons=tuple(found["reasons"]),
        if_confirmed=word_of(Category, found["if_confirmed"]),
        likelihood_range=None if likelihood is None else LikelihoodRange(**likelihood),
        missing=tuple(found["missing"]),
        alternatives=tuple(_alternative(one) for one in found["alternatives"]),
        rule_table_version=version,
        lexicon=lexicon,
    )


def _alternative(found: Document) -> Alternative:
    return Alternative(
        morphology=word_of(Morphology, found["morphology"]),
        distribution=word_of(Distribution, found["distribution"]),
        probability=float(found["probability"]),
        category=Category(found["category"]),
    )


def _comparison(found: Document, own: Sequence[str]) -> Comparison:
    """``own``: sources of the examination, in its order; places of images count these."""
    prior = list(found["prior"]["sources"])
    return Comparison(
        pairs=tuple(_pair(one, prior, own) for one in found["pairs"]),
        changes=tuple(_change(one, prior, own) for one in found["changes"]),
        not_paired=tuple(found["not_paired"]),
    )


def _pair(found: Document, prior: Sequence[str], own: Sequence[str]) -> ImagePair:
    return ImagePair(
        prior=prior.index(found["prior_source"]),
        current=own.index(found["source"]),
        image_laterality=word_of(Laterality, found["image_laterality"]),
        view_position=word_of(ViewPosition, found["view_position"]),
        interval_months=found["interval_months"],
        alignment=Alignment(found["alignment"]),
        local_correlation=found["likeness"],
        overlap=found["shared"],
        error_mm=found["error_mm"],
        matches=tuple(
            CalcificationMatch(
                one["prior_tracking_uid"], one["tracking_uid"], one["probability"], one["apart_mm"]
            )
            for one in found["matches"]
        ),
        notes=tuple(found["notes"]),
    )


def _change(found: Document, prior: Sequence[str], own: Sequence[str]) -> Change:
    names = (
        *("tracking_uid", "matched", "new", "gone", "not_assessable", "size_ratio", "interval_months"),
        *("error_mm", "bed_margin_mm"),
    )
    return Change(
        kind=ChangeKind(found["kind"]),
        groups=tuple(found["groups"]),
        prior_groups=tuple(found["prior_groups"]),
        image_laterality=word_of(Laterality, found["image_laterality"]),
        view_position=word_of(ViewPosition, found["view_position"]),
        image=None if found["source"] is None else own.index(found["source"]),
        prior_image=None if found["prior_source"] is None else prior.index(found["prior_source"]),
        place=_place(found["row"], found["column"]),
        prior_place=_place(found["prior_row"], found["prior_column"]),
        current=_measured(found, ""),
        prior=_measured(found, "prior_"),
        reasons=tuple(found["reasons"]),
        in_bed=word_of(SurgicalBedPosition, found["in_bed"]),
        **{name: found[name] for name in names},
    )


def _place(row: float | None, column: float | None) -> Point | None:
    return None if row is None or column is None else (float(row), float(column))


def _measured(found: Document, prefix: str) -> GroupMeasurement:
    return GroupMeasurement(
        count=found[f"{prefix}count"],
        subthreshold=found[f"{prefix}faint"],
        extent_mm=found[f"{prefix}extent_mm"],
        diameter_mm=found[f"{prefix}diameter_mm"],
        contrast=found[f"{prefix}density"],
        morphology=word_of(Morphology, found[f"{prefix}morphology"]),
    )
