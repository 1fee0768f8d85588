"""Bounds of a mammogram that hold for files of every format, and what to do about a damaged one."""

from __future__ import annotations

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.image import PixelSpacing
from calcwatch.formats.settings import READING

MAX_PIXELS = 100_000_000
"""Pixels allowed in a frame or picture, a bound of memory; the largest mammograms have 20 million."""

MAX_SIDE = 32_767
"""Rows or columns allowed: OpenCV counts the pixels of a line in 15 bits (``SHRT_MAX`` of its remap)."""

MIN_SIDE = 16
"""Rows or columns needed: filters of the analysis are of 9 pixels and more."""

AGAIN = "copy or export the file again"
"""What to do about a file that is cut off or damaged."""


def check_size(rows: int, columns: int) -> None:
    """Check that a header promises a picture that can be a mammogram, before any decoder is given it.

    Args:
        rows: Number of rows that the header promises.
        columns: Number of columns.

    Raises:
        UnreadableImage: There would be more than ``MAX_PIXELS``, a side longer than ``MAX_SIDE``, or none.

    """
    if rows < 1 or columns < 1:
        raise UnreadableImage(f"the picture has {rows} x {columns} pixels; export it again")
    if rows * columns > MAX_PIXELS:
        raise UnreadableImage(
            f"the header promises {rows} x {columns} pixels, more than {MAX_PIXELS}: "
            "refused as a compression bomb; do not trust this file"
        )
    if max(rows, columns) > MAX_SIDE:
        raise UnreadableImage(
            f"the header promises {rows} x {columns} pixels, a side longer than {MAX_SIDE}: no detector "
            "and no film scanner makes such a picture; do not trust this file"
        )


def check_least_size(rows: int, columns: int) -> None:
    """Check that a picture is large enough for the filters of an analysis.

    Args:
        rows: Number of rows.
        columns: Number of columns.

    Raises:
        UnsupportedImage: A side is shorter than ``MIN_SIDE``.

    """
    if min(rows, columns) < MIN_SIDE:
        raise UnsupportedImage(
            f"not a mammogram: the picture has {rows} x {columns} pixels, fewer than {MIN_SIDE} on a side; "
            "leave it out, or export the image in its full size"
        )


def is_too_coarse(spacing: PixelSpacing | None) -> bool:
    """Whether pixels are farther apart than a mammogram's.

    Args:
        spacing: In the plane of the breast; ``None`` where it is not known.

    Returns:
        Yes or no; an unknown spacing is not too coarse.

    """
    return spacing is not None and spacing.mm > READING.not_mammographic_mm


def check_is_fine(spacing: PixelSpacing | None) -> None:
    """Check that pixels are as close as a mammogram's, or that their spacing is unknown.

    Args:
        spacing: In the plane of the breast; ``None`` where it is not known.

    Raises:
        UnsupportedImage: They are farther apart; the message names the spacing and its source.

    """
    if spacing is not None and is_too_coarse(spacing):
        raise UnsupportedImage(
            f"not a mammogram for diagnosis: its pixels are {spacing.mm:.3g} mm apart in the breast "
            f"({spacing.source}), those of mammograms at most {READING.not_mammographic_mm} mm; check the "
            "pixel spacing, or leave the image out"
        )
