"""Settings of reading: numbers that decide what a file is taken for and what is said of it."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, setting


@dataclass(frozen=True, kw_only=True)
class ReadingSettings:
    """What a header or a picture is held against.

    Attributes:
        not_mammographic_mm: Largest distance between pixel centers in the breast.
        magnification_view: Smallest magnification factor of a magnification view.
        credible_magnification: Smallest and largest magnification factor that is believed.
        magnification_tolerance: How far the magnification factor may be from the ratio of the distances.
        spacing_tolerance: How far two spacings may differ and be the same.
        mid_scale: Gray between which the step between neighboring stored values is taken.
        unused_bits: High bits of a picture that have to be empty before it is said.
        eight_bit: Most bits a pixel of an image that is flagged as coarse in gray.
        torn_share: Share of neighbors that only another sign or number of bits brings together.
        least_likeness: Least correlation of neighboring pixels of a picture.
        alike_rows: Mean squared difference of neighboring rows, of the variance, that tells nothing.
        other_rows: Difference at another row length, of that at the header's, that refutes the header.
        amid_share: Share of a picture on either side of its padding values that refutes the padding.
        inner_share: Share of padding pixels among their like that makes an area of it.
        border_share: Width of the border that is looked at for the chest wall.
        mirrored_share: Brightness of the chest side, of the other, below which the picture is mirrored.

    """

    not_mammographic_mm: float = setting(
        0.25,
        "mm",
        CHOSEN,
        "pixels farther apart are of no mammography detector or film scan: the image is refused",
    )
    magnification_view: float = setting(
        1.2,
        "1",
        CHOSEN,
        "contact views have factors of about 1.0 to 1.1, magnification views 1.5 and more",
    )
    credible_magnification: tuple[float, float] = setting(
        (0.8, 5.0), "1", CHOSEN, "a magnification factor outside is a mistake of the header: no sizes"
    )
    magnification_tolerance: float = setting(
        0.1,
        "share",
        CHOSEN,
        "the factor is of the middle of the breast, the distances of its support: they differ by 2 to 5 %",
    )
    spacing_tolerance: float = setting(
        0.01, "share", CHOSEN, "spacings that differ by less are the same, rounded differently"
    )
    mid_scale: tuple[float, float] = setting(
        (0.25, 0.75), "share", CHOSEN, "gray between which the mean step of stored values is taken"
    )
    unused_bits: int = setting(
        2, "count", CHOSEN, "as many high bits or more that no value uses are named: 12 bits in a file of 16"
    )
    eight_bit: int = setting(
        8, "count", CHOSEN, "an image of at most as many bits is flagged as coarse in gray"
    )
    torn_share: float = setting(
        0.0002,
        "share",
        CHOSEN,
        "a radiograph has no such neighbors; a wrong sign makes a hundred times as many",
    )
    least_likeness: float = setting(
        0.5, "1", CHOSEN, "neighboring pixels of radiographs correlate by 0.9 and more, those of noise by 0"
    )
    alike_rows: float = setting(
        0.02,
        "share",
        CHOSEN,
        "rows of radiographs differ by less than this, sheared ones by several times it",
    )
    other_rows: float = setting(
        1.2, "ratio", CHOSEN, "at no other length than their own rows of a picture are nearly as alike"
    )
    amid_share: float = setting(
        0.01, "share", CHOSEN, "padding is darker or brighter than all image but for a few pixels"
    )
    inner_share: float = setting(
        0.8, "share", CHOSEN, "an area of padding consists of pixels among their like but for its outline"
    )
    border_share: float = setting(
        0.05, "share", CHOSEN, "so wide is the border where the chest wall is sought"
    )
    mirrored_share: float = setting(
        0.5, "share", CHOSEN, "the chest side is bright and the other is air; half leaves room for labels"
    )


READING = ReadingSettings()
"""The settings that files are read with."""
