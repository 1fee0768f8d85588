"""Gray levels: every step of the chain against the Standard's formulas written out again by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.image import Mammogram, QualityFlag
from calcwatch.formats.dicom.read.mammogram import describe_dicom, read_dicom
from tests.formats.dicom.make import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    MG_PROCESSING,
    Pixels,
    file_bytes,
    gradient,
    lut_item,
    mammogram,
)


def read(pixels: Pixels, syntax: str = EXPLICIT, **attributes: Any) -> Mammogram:
    return read_dicom(file_bytes(mammogram(pixels, **attributes), syntax), "made.dcm")


def assert_gray(found: Mammogram, expected: list[float]) -> None:
    np.testing.assert_allclose(found.gray.ravel(), expected, rtol=0, atol=1e-6)


ROW = np.array([[0, 1, 1000, 1900, 2047, 2048, 2200, 3000, 4095]], np.uint16)


def linear(x: float, c: float, w: float) -> float:
    """PS3.3 C.11.2.1.2.1 for an output of 0 to 1."""
    if x <= c - 0.5 - (w - 1) / 2:
        return 0.0
    if x > c - 0.5 + (w - 1) / 2:
        return 1.0
    return (x - (c - 0.5)) / (w - 1) + 0.5


def linear_exact(x: float, c: float, w: float) -> float:
    """PS3.3 C.11.2.1.3.2 for an output of 0 to 1."""
    if x <= c - w / 2:
        return 0.0
    return 1.0 if x > c + w / 2 else (x - c) / w + 0.5


def sigmoid(x: float, c: float, w: float) -> float:
    """PS3.3 C.11.2.1.3.1 for an output of 0 to 1."""
    return 1.0 / (1.0 + math.exp(-4.0 * (x - c) / w))


@pytest.mark.parametrize(
    ("function", "formula"),
    [(None, linear), ("LINEAR", linear), ("LINEAR_EXACT", linear_exact), ("SIGMOID", sigmoid)],
)
@pytest.mark.parametrize(("center", "width"), [(2048, 4096), (2000.5, 301), (500, 40)])
def test_windows(function: str | None, formula: Any, center: float, width: float) -> None:
    """Windows LINEAR, LINEAR_EXACT and SIGMOID give the Standard's gray for every value."""
    found = read(ROW, WindowCenter=center, WindowWidth=width, VOILUTFunction=function)
    assert_gray(found, [formula(float(x), center, width) for x in ROW.ravel()])


def test_window_of_width_one() -> None:
    """A LINEAR window of width 1 is a threshold half a value below its center."""
    assert_gray(read(ROW, WindowCenter=2048, WindowWidth=1), [0, 0, 0, 0, 0, 1, 1, 1, 1])


def test_steep_sigmoid_stays_finite() -> None:
    """A very narrow SIGMOID is a step from 0 to 1, without overflow."""
    found = read(ROW, WindowCenter=2047.5, WindowWidth=0.001, VOILUTFunction="SIGMOID")
    assert_gray(found, [0, 0, 0, 0, 0, 1, 1, 1, 1])


def test_first_window_is_chosen_and_named() -> None:
    """Of several windows the first offered is used, and said so with its name."""
    found = read(
        ROW,
        WindowCenter=[1000, 2000],
        WindowWidth=[500, 100],
        WindowCenterWidthExplanation=["NORMAL", "HARDER"],
    )
    assert_gray(found, [linear(float(x), 1000, 500) for x in ROW.ravel()])
    step = "window 1 of 2 'NORMAL' (the first offered): LINEAR, center 1000, width 500"
    assert step in found.description.pixel_steps


def test_voi_lut_sequence_goes_before_window() -> None:
    """A VOI LUT Sequence is used before any window; values beside the table take its first or last entry."""
    entries = np.linspace(0, 1023, 1101).round().astype(np.uint16)
    items = [lut_item(1000, entries, 10, "NORMAL"), lut_item(0, [0, 1023], 10, "HARDER")]
    found = read(ROW, VOILUTSequence=items)
    index = [min(max(int(x) - 1000, 0), 1100) for x in ROW.ravel()]
    assert_gray(found, [entries[i] / 1023 for i in index])
    assert "VOI LUT Sequence item 1 of 2 'NORMAL' (the first offered)" in found.description.pixel_steps


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_voi_lut_as_us(syntax: str) -> None:
    """LUT Data stored as US numbers reads like LUT Data stored as OW words."""
    item = lut_item(0, [0, 100, 255], 8)
    del item.LUTData
    item.add_new("LUTData", "US", [0, 100, 255])
    assert_gray(
        read(np.array([[0, 1, 2, 9]], np.uint16), syntax, VOILUTSequence=[item]), [0, 100 / 255, 1, 1]
    )


def test_voi_lut_packed_in_bytes() -> None:
    """A table of 8-bit entries packed two a word is unpacked, low byte first."""
    item = lut_item(0, [0, 0, 0], 8)
    item.LUTData = bytes([10, 20, 255, 0])
    assert_gray(read(np.array([[0, 1, 2]], np.uint16), VOILUTSequence=[item]), [10 / 255, 20 / 255, 1])


def test_voi_lut_with_negative_first_value() -> None:
    """The first mapped value of a signed image may be negative, even where written as unsigned."""
    cells = np.array([[-3, -2, -1, 0]], np.int16)
    expected = [0.0, 0.0, 0.5, 1.0]
    for first in (-2, 65534):
        item = lut_item(first, [0, 32768, 65535], 16)
        np.testing.assert_allclose(read(cells, VOILUTSequence=[item]).gray.ravel(), expected, atol=1e-4)


def test_short_lut_is_refused() -> None:
    """A lookup table with fewer entries than its descriptor names is refused."""
    item = lut_item(0, [0, 1, 2, 3], 12)
    item.LUTData = b"\0\0\1\0"
    with pytest.raises(UnreadableImage, match="2 of the 4 entries"):
        read(ROW, VOILUTSequence=[item])


def test_lut_without_descriptor_is_refused() -> None:
    """A lookup table without a valid descriptor is refused."""
    item = lut_item(0, [0, 1], 12)
    del item.LUTDescriptor
    with pytest.raises(UnreadableImage, match="LUT Descriptor is missing"):
        read(ROW, VOILUTSequence=[item])


def test_unknown_voi_function_is_refused() -> None:
    """A VOI LUT Function that is not in the Standard is refused, not ignored."""
    with pytest.raises(UnsupportedImage, match="VOI LUT Function VENDOR_CURVE"):
        read(ROW, VOILUTFunction="VENDOR_CURVE")


def test_no_window() -> None:
    """Without window the whole range of Bits Stored is shown, whatever the picture holds, and flagged."""
    found = read(ROW[:, :4], WindowCenter=None, WindowWidth=None)
    assert_gray(found, [x / 4095 for x in (0, 1, 1000, 1900)])
    assert QualityFlag.NO_WINDOW in found.description.flags


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"WindowWidth": 0}, "Window Width 0"),
        ({"WindowWidth": -5}, "Window Width -5"),
        ({"WindowWidth": None}, "Window Center has 1 values and Window Width 0"),
        ({"WindowCenter": [1000, 2000]}, "Window Center has 2 values and Window Width 1"),
    ],
)
def test_a_window_that_is_none_is_refused(given: dict[str, Any], named: str) -> None:
    """A window of no width, or without one of its halves, is refused: no other gray takes its place."""
    with pytest.raises(UnreadableImage, match=named):
        read(ROW, **given)


def test_monochrome1_is_inverted_by_the_header() -> None:
    """MONOCHROME1 is inverted by its window's range, not by the brightest pixel."""
    found = read(ROW[:, :4], PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE")
    assert_gray(found, [1 - linear(float(x), 2048, 4096) for x in (0, 1, 1000, 1900)])
    assert not found.description.flags


@pytest.mark.parametrize(("photometric", "shape"), [("MONOCHROME1", "IDENTITY"), ("MONOCHROME2", "INVERSE")])
def test_polarity_conflict_is_flagged(photometric: str, shape: str) -> None:
    """A Presentation LUT Shape that contradicts the Photometric Interpretation is named and flagged."""
    found = read(ROW, PhotometricInterpretation=photometric, PresentationLUTShape=shape)
    assert (found.gray[0, 0] > found.gray[0, -1]) == (photometric == "MONOCHROME1")
    assert QualityFlag.POLARITY_AMBIGUOUS in found.description.flags


def test_rescale() -> None:
    """Rescale Slope and Intercept come before the window."""
    found = read(ROW, RescaleSlope=0.5, RescaleIntercept=-100, WindowCenter=900, WindowWidth=1000)
    assert_gray(found, [linear(0.5 * float(x) - 100, 900, 1000) for x in ROW.ravel()])


def test_negative_slope_without_window() -> None:
    """A negative Rescale Slope without window shows the rescaled range, dark to bright."""
    found = read(ROW, RescaleSlope=-1, RescaleIntercept=4095, WindowCenter=None, WindowWidth=None)
    assert_gray(found, [(4095 - x) / 4095 for x in ROW.ravel()])


def test_zero_slope_is_refused() -> None:
    """A Rescale Slope of 0 is refused."""
    with pytest.raises(UnreadableImage, match="Rescale Slope is 0"):
        read(ROW, RescaleSlope=0, RescaleIntercept=7)


def test_modality_lut() -> None:
    """A Modality LUT Sequence comes before the window."""
    entries = (np.arange(4096, dtype=np.uint16) * 2)[::-1].copy()
    found = read(ROW, ModalityLUTSequence=[lut_item(0, entries, 13)], WindowCenter=4096, WindowWidth=8192)
    assert_gray(found, [linear(float(2 * (4095 - x)), 4096, 8192) for x in ROW.ravel()])


def test_signed_pixels() -> None:
    """Signed pixels of fewer bits than allocated keep their sign."""
    cells = np.array([[-2048, -1, 0, 2047]], np.int16)
    found = read(cells, WindowCenter=0, WindowWidth=4096)
    assert_gray(found, [linear(float(x), 0, 4096) for x in cells.ravel()])
    assert found.description.bits_used == 12


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG_ENDIAN])
@pytest.mark.parametrize("signed", [False, True])
def test_overlay_bits_are_masked(syntax: str, signed: bool) -> None:
    """Overlay planes in the unused high bits do not touch the gray."""
    kind = np.int16 if signed else np.uint16
    plain = np.array([[0, 5, 1023, 511]], kind)
    dirty = (plain | np.array([[0x1000, 0x4000, 0x2000, 0x7000]], kind)).astype(kind)
    np.testing.assert_array_equal(read(dirty, syntax).gray, read(plain, syntax).gray)


def test_high_bit_above_bits_stored() -> None:
    """Pixels in the upper bits of their cell (High Bit 15, Bits Stored 12) are shifted down."""
    found = read((ROW << 4) | 9, high_bit=15)
    assert_gray(found, [linear(float(x), 2048, 4096) for x in ROW.ravel()])


@pytest.mark.parametrize("syntax", [EXPLICIT, BIG_ENDIAN])
def test_eight_bit_pixels(syntax: str) -> None:
    """Eight bit pixels are read in either byte order and flagged."""
    cells = np.array([[0, 1, 200, 255, 7]], np.uint8)
    found = read(cells, syntax, bits=8)
    assert_gray(found, [linear(float(x), 128, 256) for x in cells.ravel()])
    assert QualityFlag.EIGHT_BIT in found.description.flags


def test_big_endian_words_of_eight_bit_pixels() -> None:
    """Eight bit pixels stored as big endian words (OW) are unswapped."""
    cells = np.array([[1, 2, 3, 4]], np.uint8)
    dataset = mammogram(cells, bits=8)
    dataset["PixelData"].VR = "OW"
    dataset.PixelData = bytes([2, 1, 4, 3])
    found = read_dicom(file_bytes(dataset, BIG_ENDIAN), "made.dcm")
    assert_gray(found, [linear(float(x), 128, 256) for x in cells.ravel()])


def test_padding() -> None:
    """Pixel Padding Value is set apart and black, its neighbors are not."""
    found = read(ROW, PixelPaddingValue=1, PhotometricInterpretation="MONOCHROME1")
    assert found.padding is not None
    assert found.padding.tolist() == [[False, True] + 7 * [False]]
    assert found.gray[0, 1] == 0.0
    assert found.gray[0, 0] == 1.0


@pytest.mark.parametrize(("value", "limit"), [(0, 1000), (1000, 0)])
def test_padding_range(value: int, limit: int) -> None:
    """Padding reaches from Pixel Padding Value to its range limit, both included, in either order."""
    found = read(ROW, PixelPaddingValue=value, PixelPaddingRangeLimit=limit)
    assert found.padding is not None
    assert found.padding.tolist() == [[True] * 3 + [False] * 6]
    assert not read(ROW).padding


@pytest.mark.parametrize("value", [-2000, 63536])
def test_signed_padding(value: int) -> None:
    """A negative padding value is found even where it was written as unsigned."""
    dataset = mammogram(np.array([[-2000, 5]], np.int16))
    dataset.add_new("PixelPaddingValue", "SS" if value < 0 else "US", value)
    padding = read_dicom(file_bytes(dataset), "made.dcm").padding
    assert padding is not None
    assert padding.tolist() == [[True, False]]


def raw(**attributes: Any) -> Mammogram:
    return read(
        ROW,
        SOPClassUID=MG_PROCESSING,
        PresentationIntentType="FOR PROCESSING",
        WindowCenter=None,
        WindowWidth=None,
        **attributes,
    )


def test_for_processing_linear_in_intensity() -> None:
    """For Processing pixels linear in X-ray intensity become logarithmic, dense is bright."""
    found = raw(PixelIntensityRelationship="LIN", PixelIntensityRelationshipSign=1)
    assert_gray(found, [1 - math.log(1 + float(x)) / math.log(4096) for x in ROW.ravel()])
    assert QualityFlag.FOR_PROCESSING in found.description.flags


def test_for_processing_linear_inverted() -> None:
    """For Processing pixels that fall with intensity take the logarithm of the intensity."""
    found = raw(PixelIntensityRelationship="LIN", PixelIntensityRelationshipSign=-1)
    assert_gray(found, [1 - math.log(1 + 4095 - float(x)) / math.log(4096) for x in ROW.ravel()])


@pytest.mark.parametrize(("sign", "bright_is_high"), [(1, False), (-1, True)])
def test_for_processing_logarithmic(sign: int, bright_is_high: bool) -> None:
    """For Processing pixels that are logarithmic already are only turned by their sign."""
    found = raw(PixelIntensityRelationship="LOG", PixelIntensityRelationshipSign=sign)
    assert_gray(found, [x / 4095 if bright_is_high else (4095 - x) / 4095 for x in ROW.ravel()])


def test_for_processing_without_sign() -> None:
    """For Processing pixels without a sign are turned by Photometric Interpretation, and that is said."""
    found = raw(PhotometricInterpretation="MONOCHROME1")
    assert_gray(found, [(4095 - x) / 4095 for x in ROW.ravel()])
    assert any("Sign not given: MONOCHROME1 decides" in step for step in found.description.pixel_steps)


def test_gray_step() -> None:
    """The gray step is the gray difference of one stored value at mid scale."""
    assert read(ROW).gray_step == pytest.approx(1 / 4095, rel=1e-2)
    assert read(ROW, WindowWidth=512).gray_step == pytest.approx(1 / 511, rel=1e-2)
    assert read(ROW.astype(np.uint8), bits=8).gray_step == pytest.approx(1 / 255, rel=1e-2)


@pytest.mark.parametrize(("top", "used"), [(0, 0), (1, 1), (255, 8), (256, 9), (4095, 12)])
def test_bits_used(top: int, used: int) -> None:
    """Bits used are those the largest stored value needs; they change no gray."""
    found = read(np.array([[0, top]], np.uint16))
    assert found.description.bits_used == used
    assert found.description.bits_stored == 12
    assert_gray(found, [0, linear(top, 2048, 4096)])


@settings(max_examples=25, deadline=None)
@given(
    place=st.integers(0, 24 * 32 - 1),
    value=st.integers(0, 4095),
    inverted=st.booleans(),
    windowed=st.booleans(),
    processing=st.booleans(),
)
def test_one_pixel_changes_no_other(
    place: int, value: int, inverted: bool, windowed: bool, processing: bool
) -> None:
    """Changing one pixel changes no other pixel's gray."""
    before = gradient(top=3000)
    after = before.copy()
    after.flat[place] = value
    attributes: dict[str, Any] = {
        "PhotometricInterpretation": "MONOCHROME1" if inverted else "MONOCHROME2",
        "WindowCenter": 1000 if windowed else None,
        "WindowWidth": 900 if windowed else None,
    }
    if processing:
        attributes |= {
            "SOPClassUID": MG_PROCESSING,
            "PresentationIntentType": "FOR PROCESSING",
            "PixelIntensityRelationship": "LIN",
        }
    one, other = read(before, **attributes).gray, read(after, **attributes).gray
    others = np.arange(before.size) != place
    np.testing.assert_array_equal(one.ravel()[others], other.ravel()[others])


def test_pixel_steps_are_in_order() -> None:
    """The pixel steps are told in the order in which they are applied."""
    dataset = mammogram(ROW, RescaleSlope=2, RescaleIntercept=1, PixelPaddingValue=0)
    assert describe_dicom(file_bytes(dataset), "made.dcm").pixel_steps == (
        "stored values: 12 of 16 bits, unsigned",
        "Pixel Padding Value 0: no image there, set apart",
        "rescale: value x 2 + 1",
        "window: LINEAR, center 2048, width 4096",
        "MONOCHROME2: low values are black",
    )
