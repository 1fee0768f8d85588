"""Every exported object, as judged by validators that we did not write."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import highdicom
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from calcwatch.service.export import FORMATS, Exported, export_result
from tests.formats.exchange.filed import CLIP, NOW, uid
from tests.formats.exchange.tools import DCMTK, PIXELMED, needs, pixelmed, run, validator_errors

REPORTS = ("cad-sr.dcm", "sr.dcm")


def datasets(exported: Exported) -> dict[str, Dataset]:
    """Every DICOM object by its file name."""
    return {one.name: dcmread(exported.out / one.name) for one in exported.files if one.name.endswith(".dcm")}


def test_every_format_is_written(exported: Exported) -> None:
    """Two images, both with groups: one report of each kind, one object an image of each other kind."""
    number = Counter(one.format for one in exported.files)
    assert number == {
        **{"cad-sr": 1, "sr": 1, "ko": 1, "fhir": 1},
        **{"seg": 2, "pr": 2, "sc": 2, "pdf": 2},
    }
    assert set(number) == set(FORMATS)
    assert not exported.empty
    assert not exported.not_exported
    for one in exported.files:
        content = (exported.out / one.name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one.sha256


@needs("dciodvfy")
def test_dciodvfy_finds_no_error(exported: Exported) -> None:
    """No object breaks its information object definition."""
    found = {name: validator_errors(exported.out / name) for name in datasets(exported)}
    assert len(found) == 10
    assert {name: errors for name, errors in found.items() if errors} == {}


@pytest.mark.long
@needs("java", str(PIXELMED))
def test_pixelmed_finds_no_error_in_reports(exported: Exported) -> None:
    """Both structured reports follow their templates, row by row."""
    started = [pixelmed(exported.out / name) for name in REPORTS]
    for name, validator in zip(REPORTS, started, strict=True):
        said, _ = validator.communicate(timeout=900)
        assert "validation complete" in said, f"{name}: {said[-2000:]}"
        errors = [line for line in said.splitlines() if line.startswith("Error")]
        assert errors == [], name


@needs(str(DCMTK / "dsrdump"))
@pytest.mark.parametrize("name", REPORTS)
def test_dsrdump_reads_reports(exported: Exported, name: str) -> None:
    """DCMTK reads both structured reports and prints what they find."""
    answer = run(DCMTK / "dsrdump", exported.out / name)
    assert answer.returncode == 0
    assert "E:" not in answer.stderr
    assert answer.stdout.count("Calcification Cluster") >= 8


def test_objects_join_the_study(result: Path, exported: Exported) -> None:
    """Patient, study and accession number are those of the images; nothing else is theirs."""
    image = dcmread(result.parent / "current" / "L-CC.dcm")
    for name, one in datasets(exported).items():
        for keyword in ("PatientID", "PatientName", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
            assert one.get(keyword) == image.get(keyword), (name, keyword)
        assert one.SeriesInstanceUID != image.SeriesInstanceUID
        assert one.Manufacturer == "calcwatch"
        assert one.SoftwareVersions


def test_every_object_says_research_use(exported: Exported) -> None:
    """Wherever an object is opened it says what it is for."""
    for name, one in datasets(exported).items():
        assert "research use" in one.SeriesDescription, name


def test_uids_are_unique(exported: Exported) -> None:
    """No two objects share an instance UID, and no two kinds a series."""
    found = datasets(exported)
    assert len({one.SOPInstanceUID for one in found.values()}) == len(found)
    series = {(one.SOPClassUID, one.SeriesInstanceUID) for one in found.values()}
    assert len({one for _, one in series}) == len(series) == 7


def test_the_same_result_gives_the_same_bytes(result: Path, exported: Exported, tmp_path: Path) -> None:
    """Nothing depends on when or how often it is exported: an archive takes it as the object it has."""
    again = export_result(result, tmp_path / "again")
    assert again.files == exported.files


def test_segments_hold_the_pixels_of_their_group(exported: Exported) -> None:
    """Each segment is named by its group, and covers its calcifications and nothing far from them."""
    for number, plan in enumerate(NOW.values(), start=1):
        name = next(one.name for one in exported.files if one.name.startswith(f"seg-{number}"))
        found = highdicom.seg.segread(exported.out / name)
        assert [one.TrackingUID for one in found.SegmentSequence] == [uid(one[0]) for one in plan]
        frames = found.pixel_array.reshape(len(plan), found.Rows, found.Columns)
        for frame, (_, center, count, *_) in zip(frames, plan, strict=True):
            rows, columns = np.nonzero(frame)
            # an octagon of radius 2 holds about 12 pixels
            assert 8 * count < len(rows) < 14 * count
            assert np.hypot(rows - center[0], columns - center[1]).max() < 32


def test_presentation_states_draw_groups_and_the_clip(exported: Exported) -> None:
    """Groups are outlined, calcifications and the clip ringed, each on its own layer with its own color."""
    shown = datasets(exported)["pr-1-L-CC.dcm"]
    layers = {one.GraphicLayer: one for one in shown.GraphicAnnotationSequence}
    assert set(layers) == {"GROUPS", "CALCIFICATIONS", "NON_LESIONS"}
    groups = layers["GROUPS"]
    assert [one.TrackingUID for one in groups.GraphicObjectSequence] == [uid("a"), uid("b"), uid("v")]
    labels = [one.UnformattedTextValue for one in groups.TextObjectSequence]
    assert labels == ["A: 8, BI-RADS 4C?", "B: 7, BI-RADS 4B?", "C: 6, BI-RADS 2?"]
    assert len(layers["CALCIFICATIONS"].GraphicObjectSequence) == 22
    column, row = layers["NON_LESIONS"].GraphicObjectSequence[0].GraphicData[:2]
    assert (row - 0.5, column - 0.5) == CLIP


def test_key_objects_are_the_images_with_findings(result: Path, exported: Exported) -> None:
    """Both current images carry findings; those of the prior belong to another study."""
    found = datasets(exported)["ko.dcm"]
    listed = {
        one.ReferencedSOPInstanceUID
        for study in found.CurrentRequestedProcedureEvidenceSequence
        for series in study.ReferencedSeriesSequence
        for one in series.ReferencedSOPSequence
    }
    current = [dcmread(one).SOPInstanceUID for one in (result.parent / "current").iterdir()]
    assert listed == set(current)


def test_the_pdf_is_embedded_whole(exported: Exported) -> None:
    """The document inside the DICOM object is the PDF beside it."""
    found = datasets(exported)["pdf.dcm"]
    embedded = found.EncapsulatedDocument[: found.EncapsulatedDocumentLength]
    assert embedded == (exported.out / "report.pdf").read_bytes()
    assert embedded.startswith(b"%PDF-")
