"""Mammography CAD SR of other vendors, old and new, read as marks."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian, MammographyCADSRStorage

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.formats.dicom.read.cad_report import MAX_DEPTH, read_cad_report
from tests.formats.dicom.make import attributes, code

IMAGE = "1.2.3.99.1"


def item(value_type: str, name: Dataset | None, *children: Dataset, **given: object) -> Dataset:
    """A content item; ``relation`` is its relationship to its parent, CONTAINS unless given."""
    relation = given.pop("relation", "CONTAINS")
    return attributes(
        RelationshipType=relation,
        ValueType=value_type,
        ConceptNameCodeSequence=None if name is None else [name],
        ContentSequence=list(children) or None,
        **given,
    )


def dcm(value: str, meaning: str) -> Dataset:
    return code(value, "DCM", meaning)


def coded(name: Dataset, value: Dataset, *children: Dataset, relation: str = "HAS PROPERTIES") -> Dataset:
    return item("CODE", name, *children, relation=relation, ConceptCodeSequence=[value])


def number(name: Dataset, value: str) -> Dataset:
    measured = attributes(NumericValue=value, MeasurementUnitsCodeSequence=[code("%", "UCUM", "Percent")])
    return item("NUM", name, relation="HAS PROPERTIES", MeasuredValueSequence=[measured])


def image(relation: str = "SELECTED FROM") -> Dataset:
    reference = attributes(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.1.2", ReferencedSOPInstanceUID=IMAGE
    )
    return item("IMAGE", None, relation=relation, ReferencedSOPSequence=[reference])


def center(column: float, row: float, source: Dataset | None = None) -> Dataset:
    return item(
        "SCOORD",
        dcm("111010", "Center"),
        source or image(),
        relation="HAS PROPERTIES",
        GraphicType="POINT",
        GraphicData=[column, row],
    )


def finding(value: Dataset, *children: Dataset, relation: str = "CONTAINS") -> Dataset:
    return coded(dcm("111059", "Single Image Finding"), value, *children, relation=relation)


def report(*children: Dataset, syntax: str = ExplicitVRLittleEndian, **given: object) -> bytes:
    """A CAD report as a file."""
    library = item("CONTAINER", dcm("111028", "Image Library"), image("CONTAINS"))
    base: dict[str, object] = {
        "SOPClassUID": MammographyCADSRStorage,
        "SOPInstanceUID": "1.2.3.7",
        "StudyInstanceUID": "1.2.3.8",
        "Manufacturer": "Another Vendor",
        "Modality": "SR",
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": [dcm("111036", "Mammography CAD Report")],
        "ContentSequence": [library, *children],
    }
    dataset = attributes(**(base | given))
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(syntax)
    content = BytesIO()
    dcmwrite(content, FileDataset(content, dataset, file_meta=meta), enforce_file_format=True)
    return content.getvalue()


CLUSTER_SRT = code("F-01775", "SRT", "Calcification Cluster")
INDIVIDUAL_SRT = code("F-01776", "SNM3", "Individual Calcification")


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("scheme", ["SRT", "SNM3", "99SDM"])
def test_codes_of_old_reports_are_understood(scheme: str, syntax: str) -> None:
    """SNOMED-RT identifiers mean the same under each designator that reports have used for them."""
    kind = coded(dcm("111009", "Calcification Type"), code("F-0176D", scheme, "Fine, linear"))
    spread = coded(dcm("111008", "Calcification Distribution"), code("F-01774", scheme, "Segmental"))
    read = read_cad_report(
        report(
            finding(CLUSTER_SRT, kind, spread, number(dcm("111038", "Number"), "7"), center(100.5, 200.5)),
            syntax=syntax,
        )
    )
    (mark,) = read.marks
    assert mark.morphology is Morphology.FINE_LINEAR
    assert mark.distribution is Distribution.SEGMENTAL
    assert (mark.row, mark.column, mark.count) == (200.0, 100.0, 7)
    assert mark.sop_instance_uid == IMAGE
    assert mark.words == ("Fine, linear", "Segmental")


def test_current_codes_give_our_own_words() -> None:
    """SNOMED CT codes of types and distributions come back as shapes and distributions."""
    kind = coded(dcm("111009", "Calcification Type"), code("129761009", "SCT", "Fine, linear"))
    spread = coded(dcm("111008", "Calcification Distribution"), code("129768003", "SCT", "Segmental"))
    (mark,) = read_cad_report(report(finding(CLUSTER_SRT, kind, spread, center(1, 2)))).marks
    assert mark.morphology is Morphology.FINE_LINEAR
    assert mark.distribution is Distribution.SEGMENTAL


def test_images_are_found_by_reference() -> None:
    """A graphic that refers to an entry of the image library lies in that image."""
    source = attributes(RelationshipType="SELECTED FROM", ReferencedContentItemIdentifier=[1, 1, 1])
    (mark,) = read_cad_report(report(finding(CLUSTER_SRT, center(5.0, 6.0, source)))).marks
    assert mark.sop_instance_uid == IMAGE


def test_calcifications_belong_to_their_cluster() -> None:
    """A finding below a finding is part of it; the order is that of the report."""
    inner = finding(INDIVIDUAL_SRT, center(3, 4), relation="INFERRED FROM")
    other = finding(code("F-01796", "SRT", "Mammography breast density"), center(9, 9))
    first, second, third = read_cad_report(report(finding(CLUSTER_SRT, center(1, 2), inner), other)).marks
    assert (first.part_of, second.part_of, third.part_of) == (None, 0, None)
    assert second.finding == "Individual Calcification"


def test_an_outline_without_center_gives_its_middle() -> None:
    """Where only an outline is drawn, the mark lies in its middle; the closing point is not kept."""
    outline = item(
        "SCOORD",
        dcm("111041", "Outline"),
        image(),
        relation="HAS PROPERTIES",
        GraphicType="POLYLINE",
        GraphicData=[0.5, 0.5, 10.5, 0.5, 10.5, 20.5, 0.5, 20.5, 0.5, 0.5],
    )
    (mark,) = read_cad_report(report(finding(CLUSTER_SRT, outline))).marks
    assert mark.outline == ((0.0, 0.0), (0.0, 10.0), (20.0, 10.0), (20.0, 0.0))
    assert (mark.row, mark.column) == (10.0, 5.0)


def test_certainty_and_probability_are_kept_apart() -> None:
    """Both are the maker's own numbers, each under its own name."""
    (mark,) = read_cad_report(
        report(
            finding(
                CLUSTER_SRT,
                number(dcm("111012", "Certainty of Finding"), "61"),
                number(dcm("111047", "Probability of cancer"), "7.5"),
            )
        )
    ).marks
    assert (mark.certainty_percent, mark.probability_percent) == (61.0, 7.5)
    assert mark.row is None


def test_no_marks_and_what_came_of_the_detection_are_told_apart() -> None:
    """A report without marks says whether anything was looked for."""
    summary = item(
        "CODE",
        dcm("111064", "Summary of Detections"),
        ConceptCodeSequence=[dcm("111225", "Not Attempted")],
    )
    read = read_cad_report(report(summary))
    assert read.marks == ()
    assert read.detections == "Not Attempted"
    assert read.manufacturer == "Another Vendor"


REQUIRED, NOT_SHOWN = ("111150", "Presentation Required"), ("111152", "Not for Presentation")


def intent(value: tuple[str, str]) -> Dataset:
    return coded(dcm("111056", "Rendering Intent"), dcm(*value), relation="HAS CONCEPT MOD")


def impression(*children: Dataset) -> Dataset:
    return item("CONTAINER", dcm("111034", "Individual Impression/Recommendation"), *children)


@pytest.mark.parametrize(
    ("above", "own", "is_shown", "words"),
    [
        (None, None, True, ""),
        (None, REQUIRED, True, "Presentation Required"),
        (None, NOT_SHOWN, False, "Not for Presentation"),
        (REQUIRED, None, True, "Presentation Required"),
        (NOT_SHOWN, None, False, "Not for Presentation"),
        (REQUIRED, NOT_SHOWN, False, "Not for Presentation"),
        (NOT_SHOWN, REQUIRED, False, "Presentation Required"),
    ],
)
def test_rendering_intent_decides_what_is_shown(
    above: tuple[str, str] | None, own: tuple[str, str] | None, is_shown: bool, words: str
) -> None:
    """What its maker keeps back, or what stands under it, is not shown; a mark without an intent is."""
    found = finding(CLUSTER_SRT, *([intent(own)] if own else []), center(1, 2))
    (mark,) = read_cad_report(report(impression(*([intent(above)] if above else []), found))).marks
    assert (mark.is_shown, mark.rendering_intent) == (is_shown, words)


def test_what_failed_is_told_with_its_images() -> None:
    """A status is told by its code, whatever its words are; every failed detection names its images."""
    tried = coded(dcm("111022", "Detection Performed"), CLUSTER_SRT, image("HAS PROPERTIES"))
    summary = item(
        "CODE",
        dcm("111064", "Summary of Detections"),
        item("CONTAINER", dcm("111025", "Failed Detections"), tried),
        ConceptCodeSequence=[dcm("111224", "mislukt")],
    )
    read = read_cad_report(report(summary))
    assert (read.detections, read.analyses) == ("Failed", "")
    assert read.failed == (("Calcification Cluster", (IMAGE,)),)


def test_another_object_is_refused() -> None:
    """A mammogram or another report is no CAD report, and the message says what it is."""
    with pytest.raises(UnsupportedImage, match=re.escape("1.2.840.10008.5.1.4.1.1.88.33")):
        read_cad_report(report(SOPClassUID="1.2.840.10008.5.1.4.1.1.88.33"))


def test_endless_nesting_is_refused() -> None:
    """A tree deeper than any report is refused before anything is made of it."""
    inner = finding(CLUSTER_SRT, center(1, 1))
    for _ in range(MAX_DEPTH):
        inner = item("CONTAINER", dcm("111034", "Individual Impression/Recommendation"), inner)
    with pytest.raises(UnreadableImage, match="nests them deeper"):
        read_cad_report(report(inner))


@pytest.mark.parametrize("data", [[], [1.0], [float("nan"), 2.0], [float("inf"), 2.0]])
def test_graphics_that_are_no_place_give_none(data: list[float]) -> None:
    """A damaged coordinate is left out; the mark stays, without a place."""
    bad = item("SCOORD", dcm("111010", "Center"), image(), relation="HAS PROPERTIES", GraphicData=data)
    (mark,) = read_cad_report(report(finding(CLUSTER_SRT, bad))).marks
    assert mark.row is None
