"""The header held against the pixels: what no image can look like was described wrongly, and is refused.

A header that says another width, sign, bit or padding than the pixels have still gives a picture: sheared,
torn or speckled. In such a picture nothing is found, and that would read as "0 calcifications". Every check
looks for something that a radiograph cannot have, whatever it shows; pictures too small to tell are let pass.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy.fft import irfft, next_fast_len, rfft
from scipy.ndimage import label

from calcwatch.domain.errors import UnreadableImage
from calcwatch.formats.dicom.read.header import CORRECT
from calcwatch.formats.settings import READING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from calcwatch.formats.dicom.read.frames import Cells, PixelLayout
    from calcwatch.formats.dicom.read.grayscale import GrayTable

_LEAST_SIDE = 128
"""Rows and columns of a picture that has enough pixels for statistics."""

_BAND_PIXELS = 2**18
"""Pixels of the band of whole rows in the middle that is looked at: enough to tell, and quick."""


def check_against_pixels(table: GrayTable, cells: Cells, layout: PixelLayout, bits_used: int) -> None:
    """Refuse an image whose pixels cannot be what its header says.

    Args:
        table: Tells the stored values of its cells, and which are padding.
        cells: Rows x columns.
        layout: How the header says that they are stored.
        bits_used: Bits that the stored values need.

    Raises:
        UnreadableImage: The pixels are noise, rows are of another length than Columns, values are torn by
            another sign or number of bits, or padding lies amid the picture.

    """
    if min(cells.shape) < _LEAST_SIDE:
        return
    rows = max(2, min(cells.shape[0], _BAND_PIXELS // cells.shape[1]))
    start = (cells.shape[0] - rows) // 2
    band = cells[start : start + rows]
    _check_bits(table, band, layout, bits_used)
    stored = table.stored[band].astype(np.float64)
    # All alike: nothing can be said, and nothing will be found to be a breast.
    if np.ptp(stored) == 0:
        return
    _check_no_noise(stored)
    _check_sign(table.stored[band], layout)
    _check_row_length(stored)
    if table.padding is not None:
        _check_padding(table, cells[::4, ::4])


def enclosed_padding(padding: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Pixels of the value of padding that lie inside the picture.

    Args:
        padding: Rows x columns, True for pixels of that value.

    Returns:
        Those of areas that do not reach the border of the picture: padding fills the picture up, so they are
        image that happens to be as bright, such as a calcification at the end of the scale.

    """
    areas, _ = label(padding)
    at_border = np.unique(np.concatenate([areas[0], areas[-1], areas[:, 0], areas[:, -1]]))
    return np.asarray(padding & ~np.isin(areas, at_border))


def lies_otherwise(gray: NDArray[np.float32], across: str) -> bool:
    """Whether the chest wall is on the other side than Patient Orientation says.

    Args:
        gray: Rows x columns, dense is bright.
        across: Direction along the rows: toward anterior (A) the chest wall is at the left.

    Returns:
        Yes where another border, of the air or above or below, is plainly the brighter one; no where nothing
        is said.

    """
    if across[:1] not in ("A", "P") or min(gray.shape) < _LEAST_SIDE:
        return False
    width = max(1, round(gray.shape[1] * READING.border_share))
    height = max(1, round(gray.shape[0] * READING.border_share))
    left, right = float(gray[:, :width].mean()), float(gray[:, -width:].mean())
    chest, air = (left, right) if across[0] == "A" else (right, left)
    others = (air, float(gray[:height].mean()), float(gray[-height:].mean()))
    return chest < READING.mirrored_share * max(others)


def _check_bits(table: GrayTable, band: Cells, layout: PixelLayout, bits_used: int) -> None:
    """Refuse pixels that use bits of their cells beside those that the header names."""
    shift = layout.high_bit + 1 - layout.bits_stored
    below = band & (2**shift - 1)
    # Nothing above and something below: the values are lower in the cell than High Bit says.
    if shift > 0 and bits_used <= layout.bits_stored - shift and len(np.unique(below)) > 2 ** (shift - 1):
        raise UnreadableImage(
            f"High Bit {layout.high_bit} contradicts the pixels, which use the bits below it; {CORRECT}"
        )
    stored, span = table.stored[band], 2**layout.bits_stored
    above = band >> (layout.high_bit + 1)
    # Bits above a negative value repeat its sign by right.
    extended = above == (2**layout.bits_allocated - 1) >> (layout.high_bit + 1)
    is_used = (above != 0) & ~(extended & (stored < 0))
    if is_used.any() and _is_torn(stored, band.astype(np.int32), span):
        raise UnreadableImage(
            f"Bits Stored {layout.bits_stored} contradicts the pixels, which use more of the "
            f"{layout.bits_allocated} bits; {CORRECT}"
        )


def _check_sign(stored: NDArray[np.int32], layout: PixelLayout) -> None:
    """Refuse values that only the other sign brings together."""
    span = 2**layout.bits_stored
    turned = stored % span if layout.signed else (stored + span // 2) % span - span // 2
    if _is_torn(stored, turned, span):
        named = f"Pixel Representation {int(layout.signed)} ({'signed' if layout.signed else 'unsigned'})"
        raise UnreadableImage(f"{named} contradicts the pixels, whose values are torn by it; {CORRECT}")


def _is_torn(values: NDArray[np.int32], others: NDArray[np.int32], span: int) -> bool:
    """Whether neighbors lie at both ends of the scale that are near each other when read otherwise."""
    jump, step = np.abs(np.diff(values, axis=1)), np.abs(np.diff(others, axis=1))
    # Letters and padding lie at the very ends of the scale by right.
    low, high = values.min(), values.max()
    is_end = (values == low) | (values == high)
    torn = (jump > span // 2) & (step < span // 8) & ~is_end[:, 1:] & ~is_end[:, :-1]
    return float(torn.mean()) > READING.torn_share


def _check_no_noise(stored: NDArray[np.float64]) -> None:
    spread = float(stored.var())
    alike = 1.0 - float(np.mean(np.diff(stored, axis=1) ** 2)) / (2.0 * spread)
    if alike < READING.least_likeness:
        raise UnreadableImage(
            f"neighboring pixels have nothing in common (correlation {alike:.2f}): this is noise, a pattern, "
            "or pixels in another encoding than the header says; export the file again"
        )


def _check_row_length(stored: NDArray[np.float64]) -> None:
    """Refuse rows that are unlike the next while pixels another number of places on are alike."""
    columns = stored.shape[1]
    flat = stored.ravel() - stored.mean()
    difference = _mean_difference(flat, min(4 * columns, len(flat) // 2))
    own = float(difference[columns]) if columns < len(difference) else 0.0
    places = np.arange(len(difference))
    # Nearer ones are the slant of what the picture shows.
    is_other = (places >= columns // 4) & (np.abs(places - columns) > columns // 50)
    # Every second row is alike as well: only halves that show the same tell that two were taken for one.
    if own <= READING.alike_rows * float(flat.var()):
        is_other &= (places > 0) & (columns % np.maximum(places, 1) == 0)
    found = is_other & (difference < np.where(places % columns == 0, 0.5, READING.other_rows) * own)
    if found.any():
        length = int(places[found][np.argmin(difference[found])])
        raise UnreadableImage(
            f"rows are sheared: each seems to have {length} pixels or a part of them, not the {columns} of "
            f"Columns; {CORRECT}"
        )


def _mean_difference(flat: NDArray[np.float64], furthest: int) -> NDArray[np.float64]:
    """Mean squared difference of pixels 0, 1, 2, ... places apart, by their correlation."""
    size = next_fast_len(len(flat) + furthest, real=True)
    transformed = rfft(flat, size)
    products = irfft(np.abs(transformed) ** 2, size)[: furthest + 1]
    pairs = len(flat) - np.arange(furthest + 1)
    squares = np.concatenate([[0.0], np.cumsum(flat**2)])
    apart = np.arange(furthest + 1)
    both = (squares[len(flat) - apart] + squares[-1] - squares[apart]) / pairs
    return np.asarray(both - 2.0 * products / pairs)


def _check_padding(table: GrayTable, sample: Cells) -> None:
    """Refuse padding whose values lie amid those of the picture: it would cut holes into the breast."""
    assert table.padding is not None
    padding = table.padding[sample]
    if not padding.any() or padding.all():
        return
    values = table.stored[sample]
    named = table.stored[table.padding]
    image = values[~padding]
    amid = min(float((image < named.min()).mean()), float((image > named.max()).mean()))
    # An area of one value is padding, wherever its value lies; what is spread over many is image.
    inner = padding[1:-1, 1:-1]
    around = padding[:-2, 1:-1] & padding[2:, 1:-1] & padding[1:-1, :-2] & padding[1:-1, 2:]
    is_area = named.min() == named.max() and (inner & around).sum() >= READING.inner_share * inner.sum()
    if amid > READING.amid_share and not is_area:
        raise UnreadableImage(
            f"Pixel Padding {named.min()} to {named.max()} lies amid the values of the picture, so nobody "
            f"can say which pixels are no image; {CORRECT}"
        )
