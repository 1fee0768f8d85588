"""Stored value -> gray 0 to 1: the grayscale pipeline of PS3.3 C.11 and PS3.4 N.2 as one lookup table.

Every pixel cell of up to 16 bits is one of at most 65536 codes, so the whole chain is computed once for all
of them, from the header alone, and applied by lookup. No pixel can change another pixel's gray.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.image import QualityFlag
from calcwatch.formats.dicom.read.frames import Cells, PixelLayout
from calcwatch.formats.dicom.read.header import (
    CORRECT,
    stated,
    sure_integer,
    sure_items,
    sure_number,
    sure_word,
    unread_word,
    word,
    words,
)
from calcwatch.formats.dicom.read.quirks import (
    contradicts_photometric,
    first_lut_input,
    higher_is_denser,
    is_for_processing,
    lut_entries,
    lut_top,
)
from calcwatch.formats.settings import READING

Values = NDArray[np.float64]
"""A number for each pixel cell that there can be."""

_Scalar = TypeVar("_Scalar", bound=np.generic)

MAX_WINDOWS = 100
"""Windows that an image may offer; more are no list of windows."""

_ROWS_AT_A_TIME = 256
"""Rows that are looked up together, so that temporaries stay small; the answer does not depend on it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class GrayTable:
    """Gray of every possible pixel cell, with the steps that made it.

    Attributes:
        stored: The stored value of each cell, int32.
        gray: Its gray, float32, 0 black to 1 white.
        unpadded: The same without regard to padding, which is black in ``gray``.
        padding: True for cells of Pixel Padding Value; ``None`` when the header names none.
        gray_step: Mean gray difference of neighboring stored values in the middle of the scale.
        steps: The steps from stored value to gray, in words.
        flags: What must be known about them.

    """

    stored: NDArray[np.int32]
    gray: NDArray[np.float32]
    unpadded: NDArray[np.float32]
    padding: NDArray[np.bool_] | None
    gray_step: float
    steps: tuple[str, ...]
    flags: tuple[QualityFlag, ...]

    @property
    def is_bright_padding(self) -> bool:
        """Whether padding would be bright if it were image, as calcifications are."""
        middle = 0.5  # of the scale
        return self.padding is not None and bool((self.unpadded[self.padding] > middle).any())


@dataclass(frozen=True, eq=False)
class _Curve:
    """A function of the stored values so far: its values, the range they can take, and how it came about."""

    values: Values
    low: float
    high: float
    steps: tuple[str, ...] = ()
    flags: tuple[QualityFlag, ...] = ()

    def then(
        self, step: str, values: Values, low: float = 0.0, high: float = 1.0, *flags: QualityFlag
    ) -> _Curve:
        """The curve after one more step."""
        return _Curve(values, low, high, (*self.steps, step), (*self.flags, *flags))


def make_gray_table(dataset: Dataset, layout: PixelLayout) -> GrayTable:
    """Compute gray for every possible pixel cell of an image.

    Args:
        dataset: Its header, corrected, with the functional groups of the frame beside its own attributes.
        layout: How its pixels are stored.

    Returns:
        The table, one entry for each value that a pixel cell can have.

    Raises:
        UnreadableImage: Something that the gray depends on is there and cannot be read, a lookup table
            contradicts its descriptor, or all values would be the same.
        UnsupportedImage: The VOI LUT Function is not in the Standard.

    """
    stored = _stored_values(layout)
    padding, padding_step, padding_flags = _padding(dataset, stored)
    # Numbers of a header can be too large for any sum of them; what came out is judged at the end.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        curve = _to_gray(dataset, layout, stored)
    _check_gray(curve)
    gray = unpadded = np.clip(curve.values, 0.0, 1.0).astype(np.float32)
    if padding is not None:
        # Padding is shown black whatever it stores, which may well be the largest value.
        gray = np.where(padding, np.float32(0.0), unpadded)
    sign = "signed" if layout.signed else "unsigned"
    where = "" if layout.high_bit == layout.bits_stored - 1 else f", High Bit {layout.high_bit}"
    first = f"stored values: {layout.bits_stored} of {layout.bits_allocated} bits, {sign}{where}"
    return GrayTable(
        stored=stored,
        gray=gray,
        unpadded=unpadded,
        padding=padding,
        gray_step=_gray_step(curve.values, layout),
        steps=(first, *padding_step, *curve.steps),
        flags=(*padding_flags, *curve.flags),
    )


def look_up(table: NDArray[_Scalar], cells: Cells) -> NDArray[_Scalar]:
    """Look up every pixel in a table.

    Args:
        table: An entry for each value of a pixel cell.
        cells: Rows x columns.

    Returns:
        Rows x columns, of the type of the table.

    """
    found = np.empty(cells.shape, table.dtype)
    for row in range(0, cells.shape[0], _ROWS_AT_A_TIME):
        band = slice(row, row + _ROWS_AT_A_TIME)
        # clip cannot change anything, every cell has an entry; it spares the check of each index.
        np.take(table, cells[band], out=found[band], mode="clip")
    return found


def count_bits_used(table: GrayTable, cells: Cells) -> int:
    """How many bits the values of an image need.

    Args:
        table: Tells the stored values of its cells.
        cells: Rows x columns.

    Returns:
        Bits of the largest stored value by magnitude; 0 for an image of zeros.

    """
    # Marks codes instead of collecting values: no sorting of 20 million pixels.
    seen = np.zeros(len(table.stored), np.bool_)
    for row in range(0, cells.shape[0], _ROWS_AT_A_TIME):
        seen[cells[row : row + _ROWS_AT_A_TIME]] = True
    return int(np.abs(table.stored[seen]).max()).bit_length()


def _stored_values(layout: PixelLayout) -> NDArray[np.int32]:
    """Stored value of every pixel cell: Bits Stored below High Bit, all other bits ignored (PS3.5 8.1.1)."""
    cells = np.arange(2**layout.bits_allocated, dtype=np.int32)
    values = (cells >> (layout.high_bit + 1 - layout.bits_stored)) & (2**layout.bits_stored - 1)
    # Two's complement within Bits Stored, not within the cell: bits above it may hold overlays.
    negative = layout.signed & (values >= 2 ** (layout.bits_stored - 1))
    stored: NDArray[np.int32] = values - np.where(negative, 2**layout.bits_stored, 0).astype(np.int32)
    return stored


def _to_gray(dataset: Dataset, layout: PixelLayout, stored: NDArray[np.int32]) -> _Curve:
    curve = _modality(dataset, _Curve(stored.astype(np.float64), float(stored.min()), float(stored.max())))
    if is_for_processing(dataset):
        # Raw values have their own direction: Photometric Interpretation would turn them a second time.
        return _dense_is_bright(dataset, layout, curve)
    # Raw or not is a different gray altogether: a word that is neither is no word for display.
    if sure_word(dataset, "PresentationIntentType").upper() not in ("FOR PRESENTATION", ""):
        raise UnreadableImage(f"{unread_word(dataset, 'PresentationIntentType')}; {CORRECT}")
    # Window before polarity, as PS3.4 N.2 orders them: a window is stated for values not yet inverted.
    return _polarity(dataset, _value_of_interest(dataset, curve))


def _check_gray(curve: _Curve) -> None:
    """Refuse a chain whose numbers leave no gray: the one guard of every step before it."""
    if not np.isfinite(curve.values).all():
        reason = "gray would be no number"
    elif not np.ptp(np.clip(curve.values, 0.0, 1.0)) > 0:
        reason = "every pixel would have the same gray"
    else:
        return
    raise UnreadableImage(f"{reason} ({'; '.join(curve.steps)}); {CORRECT}")


def _padding(
    dataset: Dataset, stored: NDArray[np.int32]
) -> tuple[NDArray[np.bool_] | None, tuple[str, ...], tuple[QualityFlag, ...]]:
    """Cells of Pixel Padding Value to Pixel Padding Range Limit, before the modality LUT (C.7.5.1.1.2)."""
    # Compared with stored values: the rescale may not be applied to padding.
    padding, limit = (
        sure_integer(dataset, "PixelPaddingValue"),
        sure_integer(dataset, "PixelPaddingRangeLimit"),
    )
    if padding is None:
        return None, (), ()
    # The limit may lie on either side of the value (C.7.5.1.1.2).
    low, high = sorted((padding, padding if limit is None else limit))
    named = f"Pixel Padding Value {low}" if limit is None else f"Pixel Padding {low} to {high}"
    cells = (stored >= low) & (stored <= high)
    if not cells.any():
        step = f"{named} is no value that a pixel can have: nothing is set apart"
        return None, (step,), (QualityFlag.HEADER_UNREADABLE,)
    if cells.all():
        raise UnreadableImage(f"{named} is every value that a pixel can have; {CORRECT}")
    return cells, (f"{named}: no image there, set apart",), ()


def _modality(dataset: Dataset, curve: _Curve) -> _Curve:
    """Apply Modality LUT Sequence or Rescale Slope and Intercept (C.11.1)."""
    luts = sure_items(dataset, "ModalityLUTSequence")
    if luts:
        outputs, top, name = _through_lut(luts[0], "Modality LUT Sequence", curve)
        return curve.then(f"Modality LUT Sequence{name}", outputs, 0.0, top)
    slope, intercept = sure_number(dataset, "RescaleSlope"), sure_number(dataset, "RescaleIntercept") or 0.0
    if slope is None and intercept:
        raise UnreadableImage(f"Rescale Intercept is {intercept:g} but Rescale Slope is not given; {CORRECT}")
    if slope is None or (slope == 1.0 and intercept == 0.0):
        return curve.then("modality: identity", curve.values, curve.low, curve.high)
    if slope == 0.0:
        raise UnreadableImage(f"Rescale Slope is 0: every pixel would have the same value; {CORRECT}")
    # A negative slope swaps the ends of the range.
    low, high = sorted((curve.low * slope + intercept, curve.high * slope + intercept))
    step = f"rescale: value x {slope:g} + {intercept:g}"
    return curve.then(step, curve.values * slope + intercept, low, high)


def _value_of_interest(dataset: Dataset, curve: _Curve) -> _Curve:
    """Map modality values to gray: first VOI LUT, else first window, else the whole range (C.11.2)."""
    luts = sure_items(dataset, "VOILUTSequence")
    if luts:
        outputs, top, name = _through_lut(luts[0], "VOI LUT Sequence", curve)
        step = f"VOI LUT Sequence item 1 of {len(luts)}{name} (the first offered)"
        return curve.then(step, outputs / top)
    window = _first_window(dataset)
    if window is None:
        return _whole_range(curve, "no VOI LUT and no window")
    function = sure_word(dataset, "VOILUTFunction").upper() or "LINEAR"
    if function not in _WINDOWS:
        raise UnsupportedImage(
            f"VOI LUT Function {function} is not in the Standard; export the image with a VOI LUT Sequence"
        )
    center, width, offered = window
    # LINEAR divides by width - 1 (C.11.2.1.2.1), so it needs at least 1; the others only a positive width.
    if width <= 0 or (function == "LINEAR" and width < 1):
        raise UnreadableImage(f"Window Width {width:g} is no width of a window; {CORRECT}")
    names = words(dataset, "WindowCenterWidthExplanation")
    named = f" '{names[0]}'" if names and names[0] else ""
    chosen = f"1 of {offered}{named} (the first offered)" if offered > 1 else named.strip()
    step = f"window {chosen}".rstrip() + f": {function}, center {center:g}, width {width:g}"
    return curve.then(step, _WINDOWS[function](curve.values, center, width))


def _first_window(dataset: Dataset) -> tuple[float, float, int] | None:
    """Center and width of the first window, and how many are offered; ``None`` where none is."""
    centers = stated(dataset, "WindowCenter", most=MAX_WINDOWS)
    widths = stated(dataset, "WindowWidth", most=MAX_WINDOWS)
    # Gray of the whole range would be another gray than the one that the header speaks of.
    if unread := "; ".join(filter(None, [centers.unread, widths.unread])):
        raise UnreadableImage(f"{unread}; {CORRECT}")
    if len(centers.values) != len(widths.values):
        raise UnreadableImage(
            f"Window Center has {len(centers.values)} values and Window Width {len(widths.values)}; {CORRECT}"
        )
    return (centers.values[0], widths.values[0], len(centers.values)) if centers.values else None


def _whole_range(curve: _Curve, why: str) -> _Curve:
    step = f"{why}: the whole range {curve.low:g} to {curve.high:g} is shown"
    gray = (curve.values - curve.low) / (curve.high - curve.low)
    return curve.then(step, gray, 0.0, 1.0, QualityFlag.NO_WINDOW)


def _through_lut(item: Dataset, owner: str, curve: _Curve) -> tuple[Values, float, str]:
    """Look values up in a LUT of the header (C.11.1.1): LUT Descriptor is entries, first input, bits.

    Returns the outputs, the largest value that they can have, and the LUT's own name in quotes. Inputs
    outside take the first or last entry.
    """
    said = stated(item, "LUTDescriptor", most=3)
    descriptor = [int(entry) for entry in said.values]
    if len(descriptor) != 3 or not 1 <= descriptor[2] <= 16:
        raise UnreadableImage(f"{owner}: its LUT Descriptor is missing or invalid; {CORRECT}")
    # 65536 entries do not fit the descriptor's 16 bits and are written as 0
    count, bits = descriptor[0] % 65536 or 65536, descriptor[2]
    entries = lut_entries(item, count, bits)
    # One more makes the length of packed bytes even.
    if not count <= len(entries) <= count + 1:
        raise UnreadableImage(
            f"{owner}: {len(entries)} of the {count} entries its descriptor names are there; {CORRECT}"
        )
    entries = entries[:count]
    top = lut_top(entries, bits)
    if not entries.max() <= top:
        raise UnreadableImage(
            f"{owner}: its entries reach {entries.max():g}, more than the {bits} bits its descriptor names; "
            f"{CORRECT}"
        )
    first = first_lut_input(descriptor[1], signed=curve.low < 0)
    # Values behind a rescale are fractions, a LUT has whole inputs.
    index = np.clip(np.rint(curve.values) - first, 0, count - 1).astype(np.intp)
    explanation = word(item, "LUTExplanation")
    stretched = "" if top == 2**bits - 1 else f", its entries use {top:g} of {2**bits - 1} steps"
    return entries[index], top, (f" '{explanation}'" if explanation else "") + stretched


def _linear(inputs: Values, center: float, width: float) -> Values:
    """PS3.3 C.11.2.1.2.1; a width of 1 is a threshold."""
    if width == 1:
        return (inputs > center - 0.5).astype(np.float64)
    # The half and the 1 are the Standard's: LINEAR counts whole values, unlike LINEAR_EXACT.
    return np.clip((inputs - (center - 0.5)) / (width - 1) + 0.5, 0.0, 1.0)


def _linear_exact(inputs: Values, center: float, width: float) -> Values:
    """PS3.3 C.11.2.1.3.2."""
    return np.clip((inputs - center) / width + 0.5, 0.0, 1.0)


def _sigmoid(inputs: Values, center: float, width: float) -> Values:
    """PS3.3 C.11.2.1.3.1; the exponent is bounded where the answer is 0 or 1 to all digits."""
    return 1.0 / (1.0 + np.exp(np.clip(-4.0 * (inputs - center) / width, -700.0, 700.0)))


_WINDOWS: dict[str, Callable[[Values, float, float], Values]] = {
    "LINEAR": _linear,
    "LINEAR_EXACT": _linear_exact,
    "SIGMOID": _sigmoid,
}
"""VOI LUT Function (0028,1056): values, center and width -> gray 0 to 1."""


def _polarity(dataset: Dataset, curve: _Curve) -> _Curve:
    """Turn gray round where low means white: MONOCHROME1 says so (C.7.6.3.1.2)."""
    photometric = word(dataset, "PhotometricInterpretation")
    is_inverse = photometric == "MONOCHROME1"
    gray = 1.0 - curve.values if is_inverse else curve.values
    step = f"{photometric}: {'low values are white, inverted' if is_inverse else 'low values are black'}"
    shape = contradicts_photometric(dataset)
    if not shape:
        return curve.then(step, gray)
    # Photometric Interpretation is required of every image with pixels, so it is believed.
    step = f"{step}; Presentation LUT Shape {shape} contradicts it and is not applied"
    return curve.then(step, gray, 0.0, 1.0, QualityFlag.POLARITY_AMBIGUOUS)


def _dense_is_bright(dataset: Dataset, layout: PixelLayout, curve: _Curve) -> _Curve:
    """Turn raw values into dense-is-bright: Pixel Intensity Relationship and its Sign (C.8.11.3.1.2).

    Values linear in X-ray intensity become logarithmic, as attenuation is; the scale is the one of all values
    Bits Stored can hold. A window, if any, is not applied: it belongs to display.
    """
    relationship = sure_word(dataset, "PixelIntensityRelationship").upper()
    if relationship not in ("LIN", "LOG", "DISP", ""):
        raise UnreadableImage(f"{unread_word(dataset, 'PixelIntensityRelationship')}; {CORRECT}")
    is_denser, sign_step = higher_is_denser(dataset)
    scale = curve.high - curve.low
    bright = (curve.values - curve.low) / scale if is_denser else (curve.high - curve.values) / scale
    curve = curve.then("For Processing: no window applied", curve.values).then(sign_step, bright)
    # LOG is logarithmic already; without a word, a second logarithm would do more harm than none.
    if relationship != "LIN":
        named = relationship or "not given"
        return curve.then(f"Pixel Intensity Relationship {named}: no logarithm taken", bright)
    logarithmic = 1.0 - np.log1p((1.0 - bright) * scale) / np.log1p(scale)
    step = f"Pixel Intensity Relationship LIN: logarithm over the range of {layout.bits_stored} bits"
    return curve.then(step, logarithmic)


def _gray_step(gray: Values, layout: PixelLayout) -> float:
    """Return the gray of the middle of the scale divided by the number of stored values that share it."""
    low, high = READING.mid_scale
    # Cells that differ only in ignored bits hold the same value; they are not counted twice.
    cells_a_value = 2 ** (layout.bits_allocated - layout.bits_stored)
    # The middle alone: ends of the scale are flat under a sigmoid or a window and would hide the step.
    shared = float(np.count_nonzero((gray >= low) & (gray <= high))) / cells_a_value
    return float((high - low) / max(shared, 1.0))
