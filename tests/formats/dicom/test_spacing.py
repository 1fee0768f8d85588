"""Pixel spacing: every source the header may hold, and what contradicts it."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from calcwatch.domain.image import PixelSpacing, QualityFlag
from calcwatch.formats.dicom.read.header import Reading
from calcwatch.formats.dicom.read.spacing import read_spacing
from tests.formats.dicom.make import attributes, code

AMBIGUOUS, UNKNOWN = QualityFlag.PIXEL_SPACING_AMBIGUOUS, QualityFlag.PIXEL_SPACING_UNKNOWN
UNREADABLE = QualityFlag.HEADER_UNREADABLE
MAGNIFIED = QualityFlag.MAGNIFICATION_VIEW


def read(**given: Any) -> Reading[PixelSpacing | None]:
    return read_spacing(attributes(**given))


def factor(value: float) -> dict[str, Any]:
    return {"EstimatedRadiographicMagnificationFactor": value}


@pytest.mark.parametrize(
    ("given", "mm", "flags"),
    [
        ({"ImagerPixelSpacing": [0.07, 0.07], **factor(1)}, 0.07, ()),
        ({"ImagerPixelSpacing": [0.07, 0.07], **factor(1.07)}, 0.07 / 1.07, ()),
        ({"ImagerPixelSpacing": [0.1, 0.1], **factor(1.8)}, 0.1 / 1.8, (MAGNIFIED,)),
        ({"ImagerPixelSpacing": [0.2, 0.2], **factor(1)}, 0.2, ()),
        ({"ImagerPixelSpacing": [0.07, 0.07], "DetectorElementSpacing": [0.07, 0.07], **factor(1)}, 0.07, ()),
        ({"ImagerPixelSpacing": [0.14, 0.14], "DetectorElementSpacing": [0.07, 0.07], **factor(1)}, 0.14, ()),
        ({"NominalScannedPixelSpacing": [0.05, 0.05], **factor(1)}, 0.05, ()),
        ({"PixelSpacing": [0.08, 0.08], "PixelSpacingCalibrationType": "GEOMETRY"}, 0.08, ()),
        (
            {"PixelSpacing": [0.05, 0.05], "PixelSpacingCalibrationType": "FIDUCIAL", **factor(1.5)},
            0.05,
            (MAGNIFIED,),
        ),
        ({"PixelSpacing": [0.08, 0.08], **factor(1)}, 0.08, (AMBIGUOUS,)),
    ],
)
def test_sources(given: dict[str, Any], mm: float, flags: tuple[QualityFlag, ...]) -> None:
    """Each attribute that says the spacing gives the spacing in the plane of the breast."""
    found = read(**given)
    assert found.value is not None
    assert found.value.mm == pytest.approx(mm)
    assert found.flags == flags


def test_maker_states_the_plane_of_the_breast() -> None:
    """Imager Pixel Spacing below the detector's elements is used and flagged, both values are named."""
    found = read(ImagerPixelSpacing=[0.0941, 0.0941], DetectorElementSpacing=[0.1, 0.1], **factor(1))
    assert found.value is not None
    assert found.value.mm == pytest.approx(0.0941)
    assert found.value.magnification == 1
    assert found.flags == (AMBIGUOUS,)
    assert "0.0941 mm" in found.note
    assert "0.1 mm" in found.note


def test_magnification_is_not_divided_out_twice() -> None:
    """Imager Pixel Spacing that is the element's divided by the factor already is not divided again."""
    found = read(ImagerPixelSpacing=[0.05, 0.05], DetectorElementSpacing=[0.09, 0.09], **factor(1.8))
    assert found.value is not None
    assert found.value.mm == pytest.approx(0.05)
    assert found.flags == (AMBIGUOUS, MAGNIFIED)
    assert "already divided by 1.8" in found.value.source


def test_calibrated_value_beside_imager_spacing() -> None:
    """A calibrated Pixel Spacing that differs is named and flagged; Imager Pixel Spacing stays the source."""
    both = {"ImagerPixelSpacing": [0.1, 0.1], "PixelSpacing": [0.08, 0.08], **factor(1)}
    found = read(**both, PixelSpacingCalibrationType="FIDUCIAL")
    assert found.value is not None
    assert found.value.mm == pytest.approx(0.1)
    assert found.flags == (AMBIGUOUS,)
    assert "Pixel Spacing says 0.08 mm (FIDUCIAL)" in found.note
    assert "no calibration type" in read(**both).note


@pytest.mark.parametrize("pixel_spacing", [0.1, 0.1 / 1.5])
def test_pixel_spacing_that_agrees(pixel_spacing: float) -> None:
    """Pixel Spacing that copies Imager Pixel Spacing or is corrected by the factor contradicts nothing."""
    found = read(ImagerPixelSpacing=[0.1, 0.1], PixelSpacing=[pixel_spacing, pixel_spacing], **factor(1.5))
    assert AMBIGUOUS not in found.flags


def test_magnification_not_given() -> None:
    """A missing magnification factor of a contact view is taken as 1, and that is said."""
    found = read(ImagerPixelSpacing=[0.07, 0.07], EstimatedRadiographicMagnificationFactor=None)
    assert found.value is not None
    assert found.value.magnification == 1
    assert "taken as 1" in found.note


@pytest.mark.parametrize(
    "given",
    [
        {"SpatialResolution": 0.05},
        {"DetectorElementSpacing": [0.1, 0.1]},
        {"PixelSpacing": [0.1, 0.1], **factor(1.8)},
        {"PixelSpacing": [0.1, 0.1], **factor(0)},
        {},
    ],
)
def test_unknown(given: dict[str, Any]) -> None:
    """A spacing that the header does not say is unknown, flagged, and never guessed."""
    found = read(**given)
    assert found.value is None
    assert found.flags == (UNKNOWN,)
    assert found.note


MAGNIFIED_VIEW = [code("399162004", ViewModifierCodeSequence=[code("399163009")])]


@pytest.mark.parametrize(
    "given",
    [
        {"ImagerPixelSpacing": [0, 0]},
        {"ImagerPixelSpacing": [-0.1, -0.1]},
        {"ImagerPixelSpacing": [0.0001, 0.0001]},
        {"ImagerPixelSpacing": [7, 7]},
        {"PixelSpacing": [0.1, 0.1], "PixelSpacingCalibrationType": "MEASURED", **factor(1)},
        {"ImagerPixelSpacing": [0.1, 0.1, 0.1]},
        {"ImagerPixelSpacing": [0, 0], "PixelSpacing": [0.1, 0.1], **factor(1)},
        {"ImagerPixelSpacing": [0.1, 0.1], **factor(0)},
        {"ImagerPixelSpacing": [0.1, 0.1], **factor(150)},
        {"ImagerPixelSpacing": [0.1, 0.1], "ViewCodeSequence": MAGNIFIED_VIEW},
        {"ImagerPixelSpacing": [0.1, 0.1], "ViewCodeSequence": MAGNIFIED_VIEW, **factor(1)},
        {"ImagerPixelSpacing": [0.1, 0.1], "DistanceSourceToDetector": 660, "DistanceSourceToPatient": 360},
        {
            "NominalScannedPixelSpacing": [0.05, 0.05],
            "DistanceSourceToDetector": 660,
            "DistanceSourceToPatient": 360,
            **factor(1),
        },
    ],
)
def test_no_size_is_taken_from_what_cannot_be(given: dict[str, Any]) -> None:
    """A spacing or a factor that cannot be, or is contradicted, gives no size, is flagged and named."""
    found = read(**given)
    assert found.value is None
    assert found.flags == (UNKNOWN, UNREADABLE)
    assert found.note


@pytest.mark.parametrize(("given", "mm"), [({}, None), (factor(1), 0.1)])
def test_a_distance_that_cannot_be_read_is_told(given: dict[str, Any], mm: float | None) -> None:
    """It might have said that the view is magnified: without a factor there are no sizes."""
    dataset = attributes(ImagerPixelSpacing=[0.1, 0.1], DistanceSourceToPatient=360, **given)
    dataset.add_new("DistanceSourceToDetector", "LO", "far")
    found = read_spacing(dataset)
    assert (found.value.mm if found.value else None) == mm
    assert "Distance Source to Detector 'far' cannot be read" in found.note


def test_magnification_that_the_distances_confirm() -> None:
    """A factor near the ratio of the distances from the source is used."""
    found = read(
        ImagerPixelSpacing=[0.1, 0.1],
        DistanceSourceToDetector=660,
        DistanceSourceToPatient=380,
        **factor(1.8),
    )
    assert found.value is not None
    assert found.value.mm == pytest.approx(0.1 / 1.8)


@pytest.mark.parametrize(
    ("parts", "mm"),
    [
        (["0,07", "0,07"], 0.07),
        (["0,07"], 0.07),
        (["0.07 ", "0.07"], 0.07),
        (["0,07", "abc"], None),
        (["", "0.07"], None),
        (["0.07", ""], None),
        (["0.07mm"], None),
        (["nan"], None),
        (["1,000"], None),
        (["0_1"], None),
    ],
)
def test_spelling_of_a_spacing(parts: list[str], mm: float | None) -> None:
    """A decimal comma is read where it can be nothing else; anything else that is no number is no size."""
    dataset = attributes(PixelSpacing=[0.07, 0.07], **factor(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset.add_new("ImagerPixelSpacing", "LO", parts)
    found = read_spacing(dataset)
    if mm is None:
        assert found.value is None
        assert found.flags == (UNKNOWN, UNREADABLE)
        assert "Imager Pixel Spacing" in found.note
    else:
        assert found.value is not None
        assert found.value.mm == pytest.approx(mm)
        assert ("decimal comma" in found.note) is ("," in parts[0])


@pytest.mark.parametrize("keyword", ["DetectorElementSpacing", "PixelSpacing"])
def test_a_witness_that_cannot_be_read_is_named(keyword: str) -> None:
    """What the spacing is held against is named and flagged where it cannot be read; the size stays."""
    found = read(**{"ImagerPixelSpacing": [0.07, 0.07], keyword: [0, 0], **factor(1)})
    assert found.value is not None
    assert found.flags == (UNREADABLE,)
    assert "cannot be read" in found.note


def test_lookalikes_are_named() -> None:
    """What looks like a spacing and is none is named as such."""
    assert "Spatial Resolution 0.05 is not a pixel spacing" in read(SpatialResolution=0.05).note
    assert (
        "Detector Element Spacing 0.1 is not a pixel spacing" in read(DetectorElementSpacing=[0.1, 0.1]).note
    )


def test_oblong_pixels() -> None:
    """Pixels that are not square keep both distances and are flagged."""
    found = read(ImagerPixelSpacing=[0.05, 0.1], **factor(1))
    assert found.value is not None
    assert (found.value.row_mm, found.value.column_mm) == (0.05, 0.1)
    assert found.flags == (QualityFlag.PIXELS_NOT_SQUARE,)
    assert read(PixelAspectRatio=[2, 1]).flags == (UNKNOWN, QualityFlag.PIXELS_NOT_SQUARE)


def test_film_with_another_pixel_spacing() -> None:
    """A film scan whose Pixel Spacing differs from the scanner's is flagged."""
    found = read(NominalScannedPixelSpacing=[0.05, 0.05], PixelSpacing=[0.06, 0.06], **factor(1))
    assert found.value is not None
    assert found.value.mm == pytest.approx(0.05)
    assert found.flags == (AMBIGUOUS,)


def test_single_value() -> None:
    """A spacing written as one value is that of square pixels."""
    found = read(ImagerPixelSpacing=0.07, **factor(1))
    assert found.value is not None
    assert (found.value.row_mm, found.value.column_mm) == (0.07, 0.07)


def test_reconstructed_slices() -> None:
    """Tomosynthesis takes the spacing of its reconstructed slices."""
    shared = [attributes(PixelMeasuresSequence=[attributes(PixelSpacing=[0.1, 0.1], SliceThickness=1)])]
    found = read(SharedFunctionalGroupsSequence=shared)
    assert found.value is not None
    assert found.value.mm == pytest.approx(0.1)
    assert "reconstructed slice" in found.value.source
