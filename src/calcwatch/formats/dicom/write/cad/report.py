"""Mammography CAD SR (PS3.3 A.35.5, PS3.16 TID 4000): what mammography workstations show as CAD marks."""

from __future__ import annotations

from collections.abc import Iterator

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.uid import MammographyCADSRStorage

from calcwatch.codes.concepts import CATEGORIES, ENGLISH, FOLLOW_UPS, SIDES
from calcwatch.domain.assessment import BreastReading
from calcwatch.domain.lexicon import Category
from calcwatch.domain.uids import tracking_uid_of
from calcwatch.formats.dicom.content import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_PROPERTIES,
    INFERRED_FROM,
    code,
    container,
    number,
    text,
    with_children,
)
from calcwatch.formats.dicom.write.cad.findings import (
    REQUIRED,
    Composite,
    Marked,
    algorithm,
    cluster,
    in_space,
    in_time,
    non_lesion,
    parameters,
    single,
)
from calcwatch.formats.dicom.write.cad.image_library import image_library, place_of
from calcwatch.formats.dicom.write.cad.summary import (
    LIBRARY,
    processing_summary,
    summary_of_analyses,
    summary_of_detections,
)
from calcwatch.formats.dicom.write.derived import new_object
from calcwatch.formats.dicom.write.document import add_document
from calcwatch.formats.dicom.write.evidence import Evidence
from calcwatch.words.summary import RESEARCH_USE, impression, most_urgent

_DCM, _SCT = codes.DCM, codes.SCT
_SHORT_INTERVAL_MONTHS = 6


def cad_report(evidence: Evidence) -> Dataset:
    """The Mammography CAD SR of an examination, with its prior where it was compared with one.

    Groups are calcification clusters with their calcifications under them; a group seen in two views or on
    two days is a composite feature of both. Every coordinate refers to the very image that was analyzed.
    """
    dataset = new_object(evidence, MammographyCADSRStorage, "cad-sr", modality="SR", series_number=9001)
    dataset.SeriesDescription = f"calcwatch CAD report. {RESEARCH_USE}"[:64]
    add_document(dataset, evidence, template="4000", title=_DCM.MammographyCADReport)
    return with_children(
        dataset,
        code(HAS_CONCEPT_MOD, _DCM.LanguageOfContentItemAndDescendants, ENGLISH),
        image_library(evidence),
        _overall(evidence),
        summary_of_detections(evidence),
        summary_of_analyses(evidence),
    )


def _overall(evidence: Evidence) -> Dataset:
    """Overall impression (TID 4001) with every finding below it."""
    found = [
        container(
            INFERRED_FROM,
            _DCM.IndividualImpressionRecommendation,
            code(HAS_CONCEPT_MOD, _DCM.RenderingIntent, REQUIRED),
            *items,
        )
        for items in _Arrangement(evidence).containers()
    ]
    summary = processing_summary(evidence, with_findings=bool(found))
    return with_children(
        code(CONTAINS, _DCM.CADProcessingAndFindingsSummary, summary), *_assessment(evidence), *found
    )


def _assessment(evidence: Evidence) -> Iterator[Dataset | None]:
    """Assessment and follow-up of the most urgent breast, and both in words (TID 4002)."""
    breast = most_urgent(evidence.result)
    if breast is not None:
        category = breast.assessment.suggested_category
        yield code(HAS_PROPERTIES, _DCM.AssessmentCategory, CATEGORIES[category], *_side(breast))
    yield text(HAS_PROPERTIES, _DCM.ImpressionDescription, impression(evidence.result))
    if breast is not None:
        yield code(HAS_PROPERTIES, _DCM.RecommendedFollowUp, FOLLOW_UPS[category], *_side(breast))
        months = _SHORT_INTERVAL_MONTHS if category is Category.PROBABLY_BENIGN else None
        yield number(HAS_PROPERTIES, _DCM.RecommendedFollowUpInterval, months, "mo")
    yield from algorithm(evidence.result.provenance)
    yield from parameters(evidence.result.provenance)


def _side(breast: BreastReading) -> list[Dataset]:
    side = breast.laterality
    return [] if side is None else [code(HAS_CONCEPT_MOD, _SCT.Laterality, SIDES[side])]


class _Arrangement:
    """Every finding in its place in the tree, once: in a composite, under its group, or by itself.

    A class because it keeps what is placed already; groups of the prior are told by their image and UID,
    since one lasting UID may name the group on both days.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        made = evidence.result.provenance
        self.current = [
            Marked(image, f"{LIBRARY}.{place_of(evidence, header)}", made)
            for image, header in zip(evidence.images, evidence.current, strict=True)
        ]
        self.prior = [
            Marked(image, f"{LIBRARY}.{place_of(evidence, header)}", made)
            for image, header in zip(evidence.result.prior, evidence.prior, strict=True)
        ]
        self.placed: set[str] = set()
        self.placed_priors: set[str] = set()

    def containers(self) -> Iterator[list[Dataset]]:
        """What stands together under each individual impression."""
        made = self.evidence.result.provenance
        for pair in self.evidence.result.examination.pairs:
            if {pair.first, pair.second} & self.placed:
                continue
            parts = self._group(pair.first, INFERRED_FROM), self._group(pair.second, INFERRED_FROM)
            uid = tracking_uid_of(pair.first, pair.second)
            yield [in_space(Composite(uid, pair.probability, parts), made, CONTAINS)]
        for at in self.current:
            for group in at.findings.groups:
                if group.tracking_uid not in self.placed:
                    yield [self._group(group.tracking_uid, CONTAINS)]
        for at in self.prior:
            for group in at.findings.groups:
                if group.tracking_uid not in self.placed_priors:
                    yield [cluster(group, at, CONTAINS)]
        yield from self._by_themselves()

    def _by_themselves(self) -> Iterator[list[Dataset]]:
        """Calcifications outside of groups, then what is no calcification, image by image.

        They stand apart because PixelMed's validator takes one non-lesion for a sign that its neighbors are.
        """
        for at in (*self.current, *self.prior):
            grouped = {uid for group in at.findings.groups for uid in group.members}
            alone = [one for one in at.findings.calcifications if one.tracking_uid not in grouped]
            others = [non_lesion(one, at, CONTAINS) for one in at.findings.non_lesions]
            yield from filter(None, ([single(one, at, CONTAINS) for one in alone], others))

    def _group(self, uid: str, relationship: str) -> Dataset:
        """A current group, together with what it was on the earlier day."""
        at = self._at(self.current, uid)
        self.placed.add(uid)
        change = self.evidence.result.change_of(uid)
        earlier = change.prior_groups[0] if change and change.prior_groups else None
        if change is None or earlier is None or change.groups[0] != uid:
            return cluster(at.group(uid), at, relationship)
        before = self._at(self.prior, earlier)
        self.placed_priors.add(earlier)
        parts = (
            cluster(before.group(earlier), before, INFERRED_FROM),
            cluster(at.group(uid), at, INFERRED_FROM),
        )
        made = self.evidence.result.provenance
        return in_time(Composite(change.tracking_uid, None, parts), change, made, relationship)

    def _at(self, images: list[Marked], uid: str) -> Marked:
        return next(at for at in images if any(one.tracking_uid == uid for one in at.findings.groups))
