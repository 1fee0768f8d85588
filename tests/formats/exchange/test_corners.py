"""One mark per corner of an image: where it is in every object, on turned, flipped and inverse images too."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import highdicom
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataset import Dataset

from calcwatch.domain.assessment import (
    Assessment,
    BreastReading,
    ExaminationFindings,
    ExaminationResult,
    GroupReading,
    Location,
)
from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, Provenance
from calcwatch.domain.identity import tracking_uid_of
from calcwatch.domain.image import ImageDescription, Laterality, PixelSpacing, Point, ViewPosition
from calcwatch.domain.lexicon import Category, LateralityPattern
from calcwatch.formats.dicom.read.cad_report import read_cad_report
from calcwatch.formats.dicom.read.study import read_header
from calcwatch.formats.dicom.write.cad.report import cad_report
from calcwatch.formats.dicom.write.common_modules import file_bytes
from calcwatch.formats.dicom.write.evidence import Evidence
from calcwatch.formats.dicom.write.mammogram import mammogram_dataset
from calcwatch.formats.dicom.write.measurements.report import measurement_report
from calcwatch.formats.dicom.write.presentation_state import presentation_state
from calcwatch.formats.dicom.write.segmentation import segmentation
from calcwatch.image.settings import AnalysisSettings
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from tests.formats.exchange.tools import DCMTK, needs, run

TURNS: dict[str, Callable[[NDArray[np.uint16]], NDArray[np.uint16]]] = {
    "as acquired": lambda pixels: pixels,
    "turned by 90 degrees": np.rot90,
    "turned by 180 degrees": lambda pixels: np.rot90(pixels, 2),
    "flipped": lambda pixels: pixels[:, ::-1],
    "upside down": lambda pixels: pixels[::-1],
}
SPECK = 0.02
"""How far from its pixel's center each mark lies, so that rounding would show."""


def picture(turn: str, photometric: str) -> Dataset:
    """A small mammogram, turned, whose four corner pixels alone are at the bright end of the scale."""
    settings = PhantomSettings(
        field_mm=(50.0, 40.0),
        pixel_spacing_mm=0.1,
        views=(ViewPosition.CC,),
        groups=(),
        non_lesions=(),
        texture=False,
    )
    dataset = mammogram_dataset(make_examination(3, settings=settings).images[0])
    pixels = np.ascontiguousarray(TURNS[turn](dataset.pixel_array))
    pixels = np.minimum(pixels, 4000)
    for row, column in ((0, 0), (0, -1), (-1, 0), (-1, -1)):
        pixels[row, column] = 4095
    if photometric == "MONOCHROME1":
        pixels = 4095 - pixels
        dataset.PhotometricInterpretation, dataset.PresentationLUTShape = photometric, "INVERSE"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.PixelData = pixels.astype("<u2").tobytes()
    return dataset


def bright_pixels(dataset: Dataset) -> list[tuple[int, int]]:
    """Corner pixels as the file shows them, found without calcwatch."""
    pixels = dataset.pixel_array.astype(int)
    if dataset.PhotometricInterpretation == "MONOCHROME1":
        pixels = 4095 - pixels
    return [(int(row), int(column)) for row, column in np.argwhere(pixels == 4095)]


def evidence(dataset: Dataset) -> Evidence:
    """One calcification at each bright pixel, a hair off its center, all in one group."""
    places = [(row + SPECK, column - SPECK) for row, column in bright_pixels(dataset)]
    image = ImageFindings(described(dataset), 10.0, (), (), specks(places), (), (group(places),))
    assessment = Assessment(Category.INCOMPLETE, Category.INCOMPLETE, (), ("A test.",))
    place = Location(Laterality.LEFT, None, None, None, None, "left breast")
    found = ExaminationFindings(
        images=(image,),
        pairs=(),
        groups=(GroupReading(image.groups[0].tracking_uid, place, None, "", assessment),),
        breasts=(BreastReading(laterality=Laterality.LEFT, groups=(image.groups[0].tracking_uid,)),),
        laterality_pattern=LateralityPattern.UNILATERAL,
        suspicion=0.5,
        score=5,
        score_reasons=(),
    )
    header = read_header(file_bytes(dataset), "corner.dcm").dataset
    result = ExaminationResult(found, Provenance("0.1.0", "3", AnalysisSettings().numbers()))
    made = datetime(2026, 1, 2, tzinfo=UTC)
    return Evidence(result=result, current=(header,), prior=(), made=made, digest="digest")


def described(dataset: Dataset) -> ImageDescription:
    return ImageDescription(
        source="corner.dcm",
        sha256=hashlib.sha256(dataset.PixelData).hexdigest(),
        rows=dataset.Rows,
        columns=dataset.Columns,
        pixel_spacing=PixelSpacing(0.1, 0.1, "Imager Pixel Spacing"),
        image_laterality=Laterality.LEFT,
        view_position=ViewPosition.CC,
    )


def specks(places: list[Point]) -> tuple[Calcification, ...]:
    return tuple(
        Calcification(
            tracking_uid=tracking_uid_of("corner", number),
            row=row,
            column=column,
            score=0.9,
            diameter_px=1.0,
            diameter_error_px=0.1,
            area_px=0.8,
            contrast=9.0,
            contrast_error=0.5,
            diameter_mm=0.1,
            diameter_error_mm=0.01,
            area_mm2=0.008,
            outline=((row - 0.4, column), (row, column + 0.4), (row + 0.4, column), (row, column - 0.4)),
        )
        for number, (row, column) in enumerate(places)
    )


def group(places: list[Point]) -> CalcificationGroup:
    (top, left), (bottom, right) = places[0], places[-1]
    members = tuple(tracking_uid_of("corner", number) for number in range(4))
    center = ((top + bottom) / 2, (left + right) / 2)
    return CalcificationGroup(
        tracking_uid_of("corners"), *center, 300.0, 30.0, 0.9, members, tuple(sorted(places))
    )


def turned(turn: str, photometric: str) -> tuple[Dataset, Evidence, list[tuple[int, int]]]:
    dataset = picture(turn, photometric)
    corners = bright_pixels(dataset)
    rows, columns = dataset.Rows, dataset.Columns
    assert corners == [(0, 0), (0, columns - 1), (rows - 1, 0), (rows - 1, columns - 1)]
    return dataset, evidence(dataset), corners


def graphics(root: Dataset, concept: str) -> dict[str, list[float]]:
    """Graphic data of every Center or Outline by the tracking UID that stands beside it."""
    found: dict[str, list[float]] = {}
    waiting = [root]
    while waiting:
        item = waiting.pop()
        children = list(item.get("ContentSequence", []))
        named = {one.ConceptNameCodeSequence[0].CodeMeaning: one for one in children if named_item(one)}
        if concept in named and "Tracking Unique Identifier" in named:
            found[named["Tracking Unique Identifier"].UID] = list(named[concept].GraphicData)
        waiting += children
    return found


def named_item(item: Dataset) -> bool:
    return "ConceptNameCodeSequence" in item


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("turn", TURNS)
def test_marks_stand_on_their_pixels(turn: str, photometric: str) -> None:
    """In both reports and on the presentation state each mark lies within 0.01 pixel of its place.

    DICOM counts (column, row) from the corner of the first pixel (PS3.3 C.10.5, C.18.6.1): a pixel's center
    is half a pixel in.
    """
    _, made, corners = turned(turn, photometric)
    expected = {
        tracking_uid_of("corner", number): [column + 0.5 - SPECK, row + 0.5 + SPECK]
        for number, (row, column) in enumerate(corners)
    }
    marks = presentation_state(made, 0)
    assert marks is not None
    rings = next(one for one in marks.GraphicAnnotationSequence if one.GraphicLayer == "CALCIFICATIONS")
    drawn = {one.TrackingUID: list(one.GraphicData)[:2] for one in rings.GraphicObjectSequence}
    for found in (
        graphics(cad_report(made), "Center"),
        graphics(measurement_report(made), "Center"),
        drawn,
    ):
        for uid, place in expected.items():
            assert found[uid] == pytest.approx(place, abs=0.01)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("turn", TURNS)
def test_our_reader_gives_the_places_back(turn: str, photometric: str) -> None:
    """What the report says comes back in our own coordinates, with the image it was found in."""
    dataset, made, corners = turned(turn, photometric)
    read = {one.tracking_uid: one for one in read_cad_report(file_bytes(cad_report(made))).marks}
    for number, (row, column) in enumerate(corners):
        mark = read[tracking_uid_of("corner", number)]
        assert (mark.row, mark.column) == pytest.approx((row + SPECK, column - SPECK), abs=0.01)
        assert mark.sop_instance_uid == dataset.SOPInstanceUID


@pytest.mark.parametrize("turn", TURNS)
def test_segments_cover_the_very_pixels(turn: str, tmp_path: Path) -> None:
    """The segmentation has the four corner pixels and no other; highdicom reads it."""
    _, made, corners = turned(turn, "MONOCHROME2")
    found = segmentation(made, 0)
    assert found is not None
    (tmp_path / "seg.dcm").write_bytes(file_bytes(found))
    frames: NDArray[np.uint8] = highdicom.seg.segread(tmp_path / "seg.dcm").pixel_array
    rows, columns = found.Rows, found.Columns
    assert [tuple(one) for one in np.argwhere(frames.reshape(rows, columns))] == corners


@needs(str(DCMTK / "dcmp2pgm"))
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_gray_is_shown_as_the_image_says(photometric: str, tmp_path: Path) -> None:
    """DCMTK draws the image through the presentation state: what is white stays white, inverse images too."""
    dataset, made, corners = turned("as acquired", photometric)
    marks = presentation_state(made, 0)
    assert marks is not None
    (tmp_path / "image.dcm").write_bytes(file_bytes(dataset))
    (tmp_path / "marks.dcm").write_bytes(file_bytes(marks))
    answer = run(
        DCMTK / "dcmp2pgm", "--pstate", tmp_path / "marks.dcm", tmp_path / "image.dcm", tmp_path / "shown.pgm"
    )
    assert answer.returncode == 0, answer.stderr
    shown = read_pgm((tmp_path / "shown.pgm").read_bytes())
    assert shown.shape == (dataset.Rows, dataset.Columns)
    assert all(shown[corner] == shown.max() for corner in corners)
    assert shown.min() < 0.2 * shown.max()


def read_pgm(content: bytes) -> NDArray[np.uint8]:
    """Pixels of a binary PGM of 8 bits; lines that start with a number sign are comments."""
    lines = content.split(b"\n")
    words: list[bytes] = []
    used = 0
    for line in lines:
        used += len(line) + 1
        if not line.startswith(b"#"):
            words += line.split()
        if len(words) >= 4:
            break
    columns, rows = int(words[1]), int(words[2])
    return np.frombuffer(content[used:], np.uint8)[: rows * columns].reshape(rows, columns)


def test_written_files_are_read_by_pydicom(tmp_path: Path) -> None:
    """The objects of a turned image are whole files."""
    _, made, _ = turned("flipped", "MONOCHROME1")
    for number, one in enumerate((cad_report(made), measurement_report(made))):
        path = tmp_path / f"{number}.dcm"
        path.write_bytes(file_bytes(one))
        assert dcmread(path).SOPInstanceUID == one.SOPInstanceUID
