"""Headers that contradict the pixels: refused or flagged, never a picture without calcifications."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.errors import UnreadableImage
from calcwatch.domain.image import Mammogram, QualityFlag
from calcwatch.formats.dicom.read.mammogram import read_dicom
from tests.formats.dicom.make import file_bytes, mammogram


def breast(rows: int = 600, columns: int = 480) -> NDArray[np.uint16]:
    """Return a bright half disk at the left border on a dark ground, with texture and noise."""
    row, column = np.indices((rows, columns))
    depth = 1 - np.hypot((row - rows / 2) / (rows * 0.45), column / (columns * 0.7))
    texture = 120 * np.sin(row / 23) * np.cos(column / 17)
    gray = 40 + np.where(depth > 0, 1200 + 1800 * np.clip(depth, 0, 1) + texture, 0)
    return np.clip(gray + np.random.default_rng(3).normal(0, 8, gray.shape), 1, 4094).astype(np.uint16)


def read(pixels: NDArray[np.generic], **given: Any) -> Mammogram:
    # Toward anterior along the rows, as the chest wall is at the left.
    given = {"ImageLaterality": "L", "PatientOrientation": ["A", "FR"], **given}
    return read_dicom(file_bytes(mammogram(pixels, **given)), "made.dcm")


def test_a_picture_that_its_header_describes_is_read() -> None:
    """Nothing is held against a picture that is as its header says."""
    assert read(breast()).description.flags == ()


@pytest.mark.parametrize(("rows", "columns"), [(480, 600), (1200, 240), (300, 960)])
def test_sheared_rows_are_refused(rows: int, columns: int) -> None:
    """Rows and Columns whose product is right and that shear the picture are refused."""
    with pytest.raises(UnreadableImage, match="rows are sheared"):
        read(breast().reshape(rows, columns))


@pytest.mark.parametrize("seed", [1, 2])
def test_noise_is_refused(seed: int) -> None:
    """Uniform noise, as of pixels that are encrypted or of another encoding, is no picture."""
    noise = np.random.default_rng(seed).integers(0, 4096, (256, 256)).astype(np.uint16)
    with pytest.raises(UnreadableImage, match="this is noise"):
        read(noise)


def test_swapped_bytes_are_refused() -> None:
    """Pixels in the other byte order than the transfer syntax says are no picture."""
    with pytest.raises(UnreadableImage):
        read(breast().byteswap())


@pytest.mark.parametrize(
    ("pixels", "given", "named"),
    [
        (breast() * 8, {}, "Bits Stored 12"),
        (breast(), {"bits": 8}, "Bits Stored 8"),
        (breast(), {"high_bit": 15}, "High Bit 15"),
        (breast(), {"PixelRepresentation": 1}, "Pixel Representation 1"),
        ((breast().astype(np.int16) - 2048) & 0xFFF, {"PixelRepresentation": 0}, "Pixel Representation 0"),
    ],
)
def test_bits_that_tear_the_picture_are_refused(
    pixels: NDArray[np.generic], given: dict[str, Any], named: str
) -> None:
    """Too few bits, bits elsewhere in the cell and the wrong sign are refused with their attribute."""
    with pytest.raises(UnreadableImage, match=named):
        read(pixels.astype(np.uint16), **given)


def test_bits_that_are_elsewhere_by_right_are_read() -> None:
    """High Bit 15 is right where the values lie there, whatever the low bits hold."""
    expected = read(breast()).gray
    np.testing.assert_array_equal(read((breast() << 4) | 9, high_bit=15).gray, expected)


@pytest.mark.parametrize("given", [(1500, 2200), (2000, None)])
def test_padding_amid_the_picture_is_refused(given: tuple[int, int | None]) -> None:
    """Padding whose values are those of the breast is refused: it would cut holes into it."""
    with pytest.raises(UnreadableImage, match="amid the values"):
        read(breast(), PixelPaddingValue=given[0], PixelPaddingRangeLimit=given[1])


def test_padding_that_fills_the_picture_up_is_set_apart() -> None:
    """An area of one value is padding, at the end of the scale or amid it."""
    for value in (0, 2000):
        pixels = breast()
        pixels[:, 400:] = value
        found = read(pixels, PixelPaddingValue=value)
        assert found.padding is not None
        assert found.padding[:, 400:].all()
        assert not found.gray[:, 400:].any()
        assert found.description.flags == ()


def test_a_white_spot_of_the_value_of_padding_stays_white() -> None:
    """What is as bright as bright padding and lies inside the picture is image, and that is flagged."""
    pixels = breast()
    pixels[:, 400:] = 4095
    pixels[150:153, 40:43] = 4095
    found = read(pixels, PixelPaddingValue=4095)
    assert found.padding is not None
    assert found.padding[:, 400:].all()
    assert not found.padding[150:153, 40:43].any()
    assert (found.gray[150:153, 40:43] == 1).all()
    assert found.description.flags == (QualityFlag.PADDING_IN_PICTURE,)


@pytest.mark.parametrize("turned", [breast()[:, ::-1], breast().T, breast().T[::-1]])
def test_a_mirrored_or_turned_picture_is_flagged(turned: NDArray[np.uint16]) -> None:
    """A picture whose chest wall is not where Patient Orientation says has no place."""
    assert read(turned).description.flags == (QualityFlag.ORIENTATION_CONFLICT,)
