"""Bounds of a mammogram that hold for files of every format."""

from __future__ import annotations

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.image import PixelSpacing

MAX_PIXELS = 100_000_000
"""Pixels allowed in a frame or picture; the largest mammograms have 20 million."""

NOT_MAMMOGRAPHIC_MM = 0.25
"""Above this, no mammography detector or film scan for diagnosis: the image is refused."""


def check_size(rows: int, columns: int) -> None:
    """Pass when a header promises no more pixels than a mammogram has; else raise ``UnreadableImage``."""
    if rows * columns > MAX_PIXELS:
        raise UnreadableImage(
            f"the header promises {rows} x {columns} pixels, more than {MAX_PIXELS}: "
            "refused as a compression bomb; do not trust this file"
        )


def is_too_coarse(spacing: PixelSpacing | None) -> bool:
    """Tell whether pixels are farther apart than a mammogram's; an unknown spacing is not."""
    return spacing is not None and spacing.mm > NOT_MAMMOGRAPHIC_MM


def check_is_fine(spacing: PixelSpacing | None) -> None:
    """Pass when pixels are as close as a mammogram's or their spacing is unknown.

    Raises ``UnsupportedImage`` with the spacing and its source.
    """
    if spacing is not None and is_too_coarse(spacing):
        raise UnsupportedImage(
            f"not a mammogram for diagnosis: its pixels are {spacing.mm:.3g} mm apart in the breast "
            f"({spacing.source}), those of mammograms at most {NOT_MAMMOGRAPHIC_MM} mm; check the pixel "
            "spacing, or leave the image out"
        )
