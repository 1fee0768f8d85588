"""Mammography CAD SR (PS3.3 A.35.5, PS3.16 TID 4000): what mammography workstations show as CAD marks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.uid import MammographyCADSRStorage

from calcwatch.codes import cad
from calcwatch.codes.documents import CAD_REPORT, ENGLISH
from calcwatch.formats.dicom.content_items import (
    CONTAINS,
    HAS_CONCEPT_MOD,
    HAS_PROPERTIES,
    INFERRED_FROM,
    code,
    coded,
    container,
    sop_reference,
    text,
    with_children,
)
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.study import reference_of
from calcwatch.formats.dicom.write.cad.findings import (
    algorithm,
    cluster,
    in_two_views,
    non_lesion,
    on_two_days,
    parameters,
    single,
)
from calcwatch.formats.dicom.write.cad.image_library import image_library
from calcwatch.formats.dicom.write.cad.summary import (
    processing_summary,
    summary_of_analyses,
    summary_of_detections,
)
from calcwatch.formats.dicom.write.common_modules import new_object
from calcwatch.words.summary import impression

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calcwatch.domain.findings import CalcificationGroup
    from calcwatch.formats.dicom.write.evidence import Evidence


def cad_report(evidence: Evidence) -> Dataset:
    """The Mammography CAD SR of an examination, with its prior where it was compared with one.

    Groups are calcification clusters with their calcifications under them; a group seen in two views or on
    two days is a composite feature of both. Every coordinate refers to the very image that was analyzed.

    Args:
        evidence: What it is made from.

    Returns:
        A Mammography CAD SR.

    """
    dataset = new_object(
        evidence,
        MammographyCADSRStorage,
        "cad-sr",
        modality="SR",
        series_number=9001,
        description="CAD report",
    )
    _add_document(dataset, evidence)
    return with_children(
        dataset,
        # Language first, the library second: library_place counts on this order.
        code(HAS_CONCEPT_MOD, cad.LANGUAGE, ENGLISH),
        image_library(evidence),
        _overall(evidence),
        summary_of_detections(evidence),
        summary_of_analyses(evidence),
    )


def _add_document(dataset: Dataset, evidence: Evidence) -> None:
    """Make a data set the root of a report: SR Document General and Content (PS3.3 C.17.2, C.17.3)."""
    # Type 2 in SR Document Series and General: present though software knows no procedure step.
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    # An image of the study was not analyzed: a reader must not take silence about it for "nothing there".
    dataset.CompletionFlag = "PARTIAL" if evidence.failed else "COMPLETE"
    # No person has attested it, and there is no Verifying Observer.
    dataset.VerificationFlag = "UNVERIFIED"
    dataset.CurrentRequestedProcedureEvidenceSequence = _by_study(evidence.headers)
    dataset.ValueType = "CONTAINER"
    dataset.ConceptNameCodeSequence = [coded(CAD_REPORT)]
    dataset.ContinuityOfContent = "SEPARATE"
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "4000"
    dataset.ContentTemplateSequence = [template]


def _by_study(headers: Sequence[Dataset]) -> list[Dataset]:
    """Images by study and series, as Current Requested Procedure Evidence Sequence (0040,A375)."""
    studies = []
    for of_study in _grouped(headers, "StudyInstanceUID"):
        study = Dataset()
        study.ReferencedSeriesSequence = []
        for of_series in _grouped(of_study, "SeriesInstanceUID"):
            series = Dataset()
            series.ReferencedSOPSequence = [sop_reference(reference_of(header)) for header in of_series]
            series.SeriesInstanceUID = of_series[0].SeriesInstanceUID
            study.ReferencedSeriesSequence.append(series)
        study.StudyInstanceUID = of_study[0].StudyInstanceUID
        studies.append(study)
    return studies


def _grouped(headers: Sequence[Dataset], keyword: str) -> list[list[Dataset]]:
    groups: dict[str, list[Dataset]] = {}
    for header in headers:
        groups.setdefault(word(header, keyword), []).append(header)
    return list(groups.values())


def _overall(evidence: Evidence) -> Dataset:
    """Overall impression (TID 4001) with every finding below it."""
    impressions = [
        container(
            INFERRED_FROM,
            cad.INDIVIDUAL_IMPRESSION,
            code(HAS_CONCEPT_MOD, cad.RENDERING_INTENT, cad.PRESENTATION_REQUIRED),
            *findings,
        )
        for findings in _Arrangement(evidence).impressions()
    ]
    # By what is in the tree, so that the summary cannot contradict the report.
    summary = processing_summary(evidence, with_findings=bool(impressions))
    return with_children(code(CONTAINS, cad.PROCESSING_SUMMARY, summary), *_overview(evidence), *impressions)


def _overview(evidence: Evidence) -> Iterator[Dataset]:
    """The examination in words (TID 4002): suggestions are of findings, and a finding has no row for one.

    A category or a follow-up here would be one of the breast, and only calcifications were looked for.
    """
    yield text(HAS_PROPERTIES, cad.IMPRESSION, impression(evidence.result))
    yield from algorithm(evidence)
    yield from parameters(evidence)


class _Arrangement:
    """Every finding in its place in the tree, once: in a composite, under its group, or by itself.

    A class because it keeps what is placed already; groups of the prior are told by their image and UID,
    since one lasting UID may name the group on both days.
    """

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.placed: set[str] = set()
        self.placed_priors: set[str] = set()

    def impressions(self) -> Iterator[list[Dataset]]:
        """What stands together under each individual impression."""
        evidence = self.evidence
        for pair in evidence.result.examination.pairs:
            # A group in two pairs is placed with the first: an item may stand only once in the tree.
            if not {pair.first, pair.second} & self.placed:
                parts = self._group(pair.first, INFERRED_FROM), self._group(pair.second, INFERRED_FROM)
                yield [in_two_views(evidence, pair, parts, CONTAINS)]
        # Then whatever no pair has placed.
        for place, image in enumerate(evidence.findings):
            for group in image.groups:
                if evidence.is_prior(place) and group.tracking_uid not in self.placed_priors:
                    yield [cluster(evidence, place, group, CONTAINS)]
                elif not evidence.is_prior(place) and group.tracking_uid not in self.placed:
                    yield [self._group(group.tracking_uid, CONTAINS)]
        yield from self._by_themselves()

    def _by_themselves(self) -> Iterator[list[Dataset]]:
        """Calcifications outside of groups, then what is no calcification, image by image.

        They stand apart because PixelMed's validator takes one non-lesion for a sign that its neighbors are.
        """
        evidence = self.evidence
        for place, image in enumerate(evidence.findings):
            grouped = {uid for group in image.groups for uid in group.members}
            # Members stand under their cluster; a second time they would count twice.
            alone = [found for found in image.calcifications if found.tracking_uid not in grouped]
            yield from filter(
                None,
                (
                    [single(evidence, place, found, CONTAINS) for found in alone],
                    [non_lesion(evidence, place, found, CONTAINS) for found in image.non_lesions],
                ),
            )

    def _group(self, uid: str, relationship: str) -> Dataset:
        """A current group, together with what it was in the prior."""
        evidence = self.evidence
        # The day has to be asked: a lasting UID may name a group on both days.
        place, group = self._located(uid, is_prior=False)
        self.placed.add(uid)
        change = evidence.result.change_of(uid)
        # The largest piece of a group that fell apart carries the prior: an item stands in the tree once.
        if change is None or not change.prior_groups or change.groups[0] != uid:
            return cluster(evidence, place, group, relationship)
        prior_place, prior_group = self._located(change.prior_groups[0], is_prior=True)
        self.placed_priors.add(prior_group.tracking_uid)
        parts = (
            cluster(evidence, prior_place, prior_group, INFERRED_FROM),
            cluster(evidence, place, group, INFERRED_FROM),
        )
        return on_two_days(evidence, change, parts, relationship)

    def _located(self, uid: str, *, is_prior: bool) -> tuple[int, CalcificationGroup]:
        """A group of one of the days by its tracking UID, and the place of its image."""
        return next(
            (place, group)
            for place, image in enumerate(self.evidence.findings)
            if self.evidence.is_prior(place) is is_prior
            for group in image.groups
            if group.tracking_uid == uid
        )
