"""Results read back from the documents that were written."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from calcwatch.comparison.compare import Compared
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
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Morphology
from calcwatch.formats.result.comparison import Step, comparison_document
from calcwatch.formats.result.document import examination_document, findings_document
from calcwatch.formats.result.examinations import ReadExamination
from calcwatch.formats.result.findings import image_document
from calcwatch.formats.result.read_result import read_result
from calcwatch.formats.result.values import Document
from tests.formats.result.examples import PROVENANCE, findings
from tests.formats.result.readings import described, examination

CHANGE = Change(
    kind=ChangeKind.INCREASED_IN_NUMBER,
    tracking_uid="p1",
    groups=("g1",),
    prior_groups=("p1",),
    image_laterality=Laterality.LEFT,
    view_position=ViewPosition.CC,
    image=0,
    prior_image=0,
    place=(510.0, 310.0),
    prior_place=(512.0, 311.0),
    current=GroupMeasurement(5, 0, 5.7, 0.42, 12.0, Morphology.FINE_PLEOMORPHIC),
    prior=GroupMeasurement(3, 1, 4.1, 0.4, 11.0, None),
    matched=3,
    new=2,
    gone=0,
    not_assessable=0,
    size_ratio=1.02,
    interval_months=12.1,
    error_mm=0.3,
    reasons=("5 calcifications now, 3 then",),
    in_bed=SurgicalBedPosition.OUTSIDE,
    bed_margin_mm=14.0,
)
PAIR = ImagePair(
    prior=0,
    current=0,
    image_laterality=Laterality.LEFT,
    view_position=ViewPosition.CC,
    interval_months=12.1,
    alignment=Alignment.GOOD,
    local_correlation=0.91,
    overlap=0.98,
    error_mm=0.3,
    matches=(CalcificationMatch("p-c1", "c1", 0.97, 0.1),),
    notes=("taken on another device",),
)


def written() -> tuple[Document, Document]:
    """Both documents of a run on two days, through their text as a file holds it."""
    prior = examination(described("2023/L-CC.dcm", uid="p1"))
    current = examination(
        described(uid="g1"), described("exam/L-MLO.dcm", view=ViewPosition.MLO, uid="g2"), first=1
    )
    images = [*prior.findings.images, *current.findings.images]
    document = findings_document(images, (), PROVENANCE, (prior, current))
    compared = Compared(
        prior.findings.images,
        current.findings,
        Comparison((PAIR,), (CHANGE,), ("R MLO: no prior",)),
        None,
    )
    step = comparison_document(Step((0,), (1, 2), compared), PROVENANCE)
    return json.loads(json.dumps(document)), json.loads(json.dumps(step))


def test_findings_written_again_are_the_same() -> None:
    """Every image and examination that is read back is written as it was."""
    document, _ = written()
    by_source = {one["source"]: one for one in document["images"]}
    for result, former in zip(read_result(document), document["examinations"], strict=True):
        stated = tuple(former["stated"].items())
        again = ReadExamination(tuple(range(len(result.examination.images))), result.examination, stated)
        assert examination_document(again) == former
        readings = {one.tracking_uid: one for one in result.examination.groups}
        for image in result.examination.images:
            assert image_document(image, readings) == by_source[image.description.source]


def test_a_comparison_is_of_the_current_examination() -> None:
    """With a comparison only the current examination comes back, with its prior images and every change."""
    (result,) = read_result(*written())
    assert [one.description.source for one in result.prior] == ["2023/L-CC.dcm"]
    assert [one.description.source for one in result.examination.images] == [
        "exam/L-CC.dcm",
        "exam/L-MLO.dcm",
    ]
    assert result.comparison == Comparison((PAIR,), (CHANGE,), ("R MLO: no prior",))
    assert result.change_of("g1") == CHANGE
    assert result.change_of("g2") is None


def test_provenance_and_digests_come_back() -> None:
    """How the result was made is read as it was, and each image's digest with it."""
    document, _ = written()
    first, second = read_result(document)
    assert first.provenance == second.provenance == PROVENANCE
    digests = {one["source"]: one["sha256"] for one in document["provenance"]["inputs"]}
    for image in first.examination.images:
        assert image.description.sha256 == (digests[image.description.source] or "")


@pytest.mark.parametrize("spacing_mm", [None, 0.1])
def test_unknown_sizes_stay_unknown(spacing_mm: float | None) -> None:
    """Without a spacing no length in mm comes back."""
    image = described(spacing_mm=spacing_mm)
    document = findings_document([image], (), PROVENANCE, (examination(image),))
    (result,) = read_result(document)
    (again,) = result.examination.images
    assert (again.description.pixel_spacing is None) is (spacing_mm is None)
    assert (again.calcifications[0].diameter_mm is None) is (spacing_mm is None)


def test_an_image_with_nothing_described_comes_back_so() -> None:
    """Findings of the classical detector hold no description, before and after."""
    image = replace(findings(), landmarks=None)
    document = findings_document([image], (), PROVENANCE, (examination(image),))
    (again,) = read_result(document)[0].examination.images
    assert again.groups[0].morphology is None
    assert again.groups[0].distribution is None
    assert again.landmarks is None


@pytest.mark.parametrize("missing", ["provenance", "images", "examinations"])
def test_what_no_run_wrote_is_refused(missing: str) -> None:
    """A document without one of its parts raises, it never reads as empty."""
    document, _ = written()
    del document[missing]
    with pytest.raises(KeyError, match=missing):
        read_result(document)
