"""Stored value -> gray 0 to 1: the grayscale pipeline of PS3.3 C.11 and PS3.4 N.2 as one lookup table.

Every pixel cell of up to 16 bits is one of at most 65536 codes, so the whole chain is computed once for all
of them, from the header alone, and applied by lookup. No pixel can change another pixel's gray.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from calcwatch.domain.errors import UnreadableImage
from calcwatch.domain.image import QualityFlag
from calcwatch.formats.dicom.read.frames import Codes, PixelLayout
from calcwatch.formats.dicom.read.header import integer, items, number, word
from calcwatch.formats.dicom.read.voi import apply_voi, lookup_table

_ROWS_AT_A_TIME = 256
_MID_SCALE = (0.25, 0.75)


@dataclass(frozen=True, eq=False)
class GrayTable:
    """Gray of every possible pixel cell, with the steps that made it.

    ``stored``: the stored value of each code; ``gray``: float32, 0 black to 1 white; ``padding``: True for
    codes of Pixel Padding Value, ``None`` when the header names none; ``gray_step``: mean gray difference of
    neighboring stored values between gray 0.25 and 0.75.
    """

    stored: NDArray[np.int32]
    gray: NDArray[np.float32]
    padding: NDArray[np.bool_] | None
    gray_step: float
    steps: tuple[str, ...]
    flags: tuple[QualityFlag, ...]


@dataclass(frozen=True, eq=False)
class Curve:
    """A function of the stored values so far: its values, the range they can take, and how it came about."""

    values: NDArray[np.float64]
    low: float
    high: float
    steps: tuple[str, ...] = ()
    flags: tuple[QualityFlag, ...] = ()


def make_gray_table(dataset: Dataset, layout: PixelLayout) -> GrayTable:
    """Compute gray for every possible pixel cell of an image with this header.

    Raises ``UnreadableImage`` for a lookup table that contradicts its descriptor, ``UnsupportedImage`` for a
    VOI LUT Function the Standard does not define.
    """
    stored = _stored_values(layout)
    padding, padding_step = _padding(dataset, layout, stored)
    curve = _modality(dataset, _whole_range(layout, stored))
    curve = (
        _for_processing(dataset, layout, curve) if is_for_processing(dataset) else _displayed(dataset, curve)
    )
    gray = np.clip(curve.values, 0.0, 1.0).astype(np.float32)
    if padding is not None:
        gray[padding] = 0.0
    steps = (_stored_step(layout), *padding_step, *curve.steps)
    return GrayTable(stored, gray, padding, _gray_step(curve, layout), steps, curve.flags)


def is_for_processing(dataset: Dataset) -> bool:
    """Tell whether the image is a raw detector image, not prepared for display (For Processing)."""
    return (
        word(dataset, "PresentationIntentType") == "FOR PROCESSING"
        or word(dataset, "SOPClassUID") in FOR_PROCESSING_SOP_CLASSES
    )


FOR_PROCESSING_SOP_CLASSES = frozenset({"1.2.840.10008.5.1.4.1.1.1.2.1", "1.2.840.10008.5.1.4.1.1.1.1.1"})
"""Digital Mammography and Digital X-Ray Image Storage - For Processing."""


def apply_table(table: NDArray[np.float32], codes: Codes) -> NDArray[np.float32]:
    """Look every pixel up, a band of rows at a time so that temporaries stay small."""
    gray = np.empty(codes.shape, np.float32)
    for row in range(0, codes.shape[0], _ROWS_AT_A_TIME):
        band = slice(row, row + _ROWS_AT_A_TIME)
        np.take(table, codes[band], out=gray[band], mode="clip")
    return gray


def find_padding(table: GrayTable, codes: Codes) -> NDArray[np.bool_] | None:
    """Return True where the file recorded no image; ``None`` when the header names no padding."""
    if table.padding is None:
        return None
    padding = np.empty(codes.shape, np.bool_)
    for row in range(0, codes.shape[0], _ROWS_AT_A_TIME):
        band = slice(row, row + _ROWS_AT_A_TIME)
        np.take(table.padding, codes[band], out=padding[band], mode="clip")
    return padding


def count_bits_used(table: GrayTable, codes: Codes) -> int:
    """Return the number of bits the largest stored value (by magnitude) needs; 0 for an image of zeros."""
    seen = np.zeros(len(table.stored), np.bool_)
    for row in range(0, codes.shape[0], _ROWS_AT_A_TIME):
        seen[codes[row : row + _ROWS_AT_A_TIME]] = True
    return int(np.abs(table.stored[seen]).max()).bit_length()


def _stored_values(layout: PixelLayout) -> NDArray[np.int32]:
    """Stored value of every pixel cell: Bits Stored below High Bit, all other bits ignored (PS3.5 8.1.1)."""
    cells = np.arange(2**layout.bits_allocated, dtype=np.int32)
    values = (cells >> (layout.high_bit + 1 - layout.bits_stored)) & (2**layout.bits_stored - 1)
    negative = layout.signed & (values >= 2 ** (layout.bits_stored - 1))
    stored: NDArray[np.int32] = values - np.where(negative, 2**layout.bits_stored, 0).astype(np.int32)
    return stored


def _stored_step(layout: PixelLayout) -> str:
    sign = "signed" if layout.signed else "unsigned"
    where = "" if layout.high_bit == layout.bits_stored - 1 else f", High Bit {layout.high_bit}"
    return f"stored values: {layout.bits_stored} of {layout.bits_allocated} bits, {sign}{where}"


def _whole_range(layout: PixelLayout, stored: NDArray[np.int32]) -> Curve:
    return Curve(stored.astype(np.float64), float(stored.min()), float(stored.max()))


def _padding(
    dataset: Dataset, layout: PixelLayout, stored: NDArray[np.int32]
) -> tuple[NDArray[np.bool_] | None, tuple[str, ...]]:
    """Codes of Pixel Padding Value up to Pixel Padding Range Limit, before the modality LUT (C.7.5.1.1.2)."""
    value, limit = integer(dataset, "PixelPaddingValue"), integer(dataset, "PixelPaddingRangeLimit")
    if value is None:
        return None, ()
    ends = sorted(_signed(end, layout) for end in (value, value if limit is None else limit))
    named = f"Pixel Padding Value {ends[0]}" if limit is None else f"Pixel Padding {ends[0]} to {ends[1]}"
    return (stored >= ends[0]) & (stored <= ends[1]), (f"{named}: no image there, set apart",)


def _signed(value: int, layout: PixelLayout) -> int:
    """Read a padding value written as unsigned in a file of signed pixels as the cell it stands for."""
    wraps = layout.signed and value >= 2 ** (layout.bits_allocated - 1)
    return value - 2**layout.bits_allocated if wraps else value


def _modality(dataset: Dataset, curve: Curve) -> Curve:
    """Apply Modality LUT Sequence or Rescale Slope and Intercept (C.11.1)."""
    luts = items(dataset, "ModalityLUTSequence")
    if luts:
        table = lookup_table(luts[0], "Modality LUT Sequence", signed=curve.low < 0)
        step = f"Modality LUT Sequence{table.name}"
        return Curve(table.look_up(curve.values), 0.0, table.top, (*curve.steps, step))
    slope, intercept = number(dataset, "RescaleSlope"), number(dataset, "RescaleIntercept") or 0.0
    if slope is None or (slope == 1.0 and intercept == 0.0):
        return replace(curve, steps=(*curve.steps, "modality: identity"))
    if slope == 0.0:
        raise UnreadableImage("Rescale Slope is 0: every pixel would have the same value")
    ends = sorted((curve.low * slope + intercept, curve.high * slope + intercept))
    step = f"rescale: value x {slope:g} + {intercept:g}"
    return Curve(curve.values * slope + intercept, ends[0], ends[1], (*curve.steps, step))


def _displayed(dataset: Dataset, curve: Curve) -> Curve:
    """Apply the VOI LUT or window, then the polarity (Photometric Interpretation, Presentation LUT Shape)."""
    shown = apply_voi(dataset, curve.values, curve.low, curve.high)
    steps, flags = (*curve.steps, shown.step), (*curve.flags, *shown.flags)
    inverted, polarity_step, polarity_flags = _polarity(dataset)
    gray = 1.0 - shown.gray if inverted else shown.gray
    return Curve(gray, 0.0, 1.0, (*steps, polarity_step), (*flags, *polarity_flags))


def _polarity(dataset: Dataset) -> tuple[bool, str, tuple[QualityFlag, ...]]:
    """Decide whether low means white: MONOCHROME1 does (C.7.6.3.1.2); Presentation LUT Shape must agree."""
    photometric, shape = word(dataset, "PhotometricInterpretation"), word(dataset, "PresentationLUTShape")
    inverted = photometric == "MONOCHROME1"
    step = f"{photometric}: {'low values are white, inverted' if inverted else 'low values are black'}"
    if shape in ("IDENTITY", "INVERSE") and (shape == "INVERSE") != inverted:
        conflict = f"{step}; Presentation LUT Shape {shape} contradicts it and is not applied"
        return inverted, conflict, (QualityFlag.POLARITY_AMBIGUOUS,)
    return inverted, step, ()


def _for_processing(dataset: Dataset, layout: PixelLayout, curve: Curve) -> Curve:
    """Turn raw values into dense-is-bright: Pixel Intensity Relationship and its Sign (C.8.11.3.1.2).

    Values linear in X-ray intensity become logarithmic, as attenuation is; the scale is the one of all values
    Bits Stored can hold. A window, if any, is not applied: it belongs to display.
    """
    relationship = word(dataset, "PixelIntensityRelationship")
    sign = integer(dataset, "PixelIntensityRelationshipSign")
    more_is_dense, sign_step = _density_direction(dataset, sign)
    scale = curve.high - curve.low
    bright = (curve.values - curve.low) / scale if more_is_dense else (curve.high - curve.values) / scale
    steps = (*curve.steps, "For Processing: no window applied", sign_step)
    if relationship != "LIN":
        named = relationship or "not given"
        step = f"Pixel Intensity Relationship {named}: no logarithm taken"
        return Curve(bright, 0.0, 1.0, (*steps, step))
    logarithmic = 1.0 - np.log1p((1.0 - bright) * scale) / np.log1p(scale)
    step = f"Pixel Intensity Relationship LIN: logarithm over the range of {layout.bits_stored} bits"
    return Curve(logarithmic, 0.0, 1.0, (*steps, step))


def _density_direction(dataset: Dataset, sign: int | None) -> tuple[bool, str]:
    if sign in (1, -1):
        meaning = "higher is less X-ray, so denser" if sign == -1 else "higher is more X-ray: inverted"
        return sign == -1, f"Pixel Intensity Relationship Sign {sign:+d}: {meaning}"
    photometric = word(dataset, "PhotometricInterpretation")
    meaning = "inverted" if photometric == "MONOCHROME1" else "not inverted"
    return (
        photometric != "MONOCHROME1",
        f"Pixel Intensity Relationship Sign not given: {photometric} decides, {meaning}",
    )


def _gray_step(curve: Curve, layout: PixelLayout) -> float:
    """Return the gray between 0.25 and 0.75 divided by the number of stored values that share it."""
    low, high = _MID_SCALE
    cells_a_value = 2 ** (layout.bits_allocated - layout.bits_stored)
    shared = float(np.count_nonzero((curve.values >= low) & (curve.values <= high))) / cells_a_value
    return float((high - low) / max(shared, 1.0))
