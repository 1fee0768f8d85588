"""Value of interest: VOI LUT Sequence, window LINEAR, LINEAR_EXACT, SIGMOID (PS3.3 C.11.2.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.image import QualityFlag
from calcwatch.formats.dicom.read.header import items, numbers, value, word, words

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Voi:
    """Gray 0 to 1 before polarity, the step in words, and what a reader of the numbers must know."""

    gray: Values
    step: str
    flags: tuple[QualityFlag, ...] = ()


@dataclass(frozen=True, eq=False)
class LookupTable:
    """A LUT of the header: entries for inputs from ``first``; outputs 0 to ``top`` (C.11.1.1)."""

    entries: Values
    first: int
    top: float
    name: str

    def look_up(self, inputs: Values) -> Values:
        """Return the entry of each input; inputs outside take the first or last entry."""
        index = np.clip(np.rint(inputs) - self.first, 0, len(self.entries) - 1).astype(np.intp)
        found: Values = self.entries[index]
        return found


def apply_voi(dataset: Dataset, inputs: Values, low: float, high: float) -> Voi:
    """Map modality values to gray: the first VOI LUT item, else the first window, else their whole range.

    ``low`` and ``high`` end the range the values can take. Raises ``UnreadableImage`` for a LUT that
    contradicts its descriptor, ``UnsupportedImage`` for an unknown VOI LUT Function.
    """
    luts = items(dataset, "VOILUTSequence")
    if luts:
        table = lookup_table(luts[0], "VOI LUT Sequence", signed=low < 0)
        which = f"item 1 of {len(luts)}{table.name} (the first offered)"
        return Voi(table.look_up(inputs) / table.top, f"VOI LUT Sequence {which}")
    centers, widths = numbers(dataset, "WindowCenter"), numbers(dataset, "WindowWidth")
    if not centers or not widths:
        return _whole_range(inputs, low, high, "no VOI LUT and no window")
    return _windowed(dataset, inputs, (low, high), (centers[0], widths[0]))


def lookup_table(item: Dataset, owner: str, *, signed: bool) -> LookupTable:
    """Read one LUT item: LUT Descriptor (entries, first input, bits) and LUT Data of US or OW.

    ``owner`` names the sequence in messages; ``signed``: inputs may be negative, so a first input written
    as unsigned stands for a negative one. Raises ``UnreadableImage`` when data and descriptor disagree.
    """
    descriptor = [int(entry) for entry in numbers(item, "LUTDescriptor")]
    if len(descriptor) != 3 or not 1 <= descriptor[2] <= 16:
        raise UnreadableImage(f"{owner}: its LUT Descriptor is missing or invalid")
    count, first, bits = descriptor[0] % 65536 or 65536, descriptor[1], descriptor[2]
    entries = _entries(item, count, bits)
    if signed and first >= 32768:
        first -= 65536
    if len(entries) < count:
        raise UnreadableImage(
            f"{owner}: {len(entries)} of the {count} entries its descriptor names are there"
        )
    explanation = word(item, "LUTExplanation")
    return LookupTable(entries[:count], first, float(2**bits - 1), f" '{explanation}'" if explanation else "")


def _entries(item: Dataset, count: int, bits: int) -> Values:
    """LUT Data as numbers; up to 8 bits may be packed two entries a word, low byte first (C.11.1.1)."""
    data = value(item, "LUTData")
    if isinstance(data, bytes):
        order = ">" if item.original_encoding[1] is False else "<"
        cells = np.frombuffer(data[: len(data) // 2 * 2], f"{order}u2").astype(np.uint16)
    else:
        cells = np.array([int(entry) & 0xFFFF for entry in numbers(item, "LUTData")], np.uint16)
    if bits <= 8 and len(cells) == (count + 1) // 2 < count:
        cells = cells.astype("<u2").view(np.uint8).astype(np.uint16)
    return cells.astype(np.float64)


def _windowed(
    dataset: Dataset, inputs: Values, ends: tuple[float, float], window: tuple[float, float]
) -> Voi:
    center, width = window
    function = word(dataset, "VOILUTFunction") or "LINEAR"
    if function not in _WINDOWS:
        raise UnsupportedImage(
            f"VOI LUT Function {function} is not in the Standard; export the image with a VOI LUT Sequence"
        )
    if width <= 0 or (function == "LINEAR" and width < 1):
        return _whole_range(inputs, *ends, f"window width {width:g} is not valid and not applied")
    names = words(dataset, "WindowCenterWidthExplanation")
    named = f" '{names[0]}'" if names and names[0] else ""
    count = len(numbers(dataset, "WindowCenter"))
    offered = f"1 of {count}{named} (the first offered)" if count > 1 else named.strip()
    step = f"window {offered}".rstrip() + f": {function}, center {center:g}, width {width:g}"
    return Voi(_WINDOWS[function](inputs, center, width), step)


def _linear(inputs: Values, center: float, width: float) -> Values:
    """PS3.3 C.11.2.1.2.1; a width of 1 is a threshold."""
    if width == 1:
        return (inputs > center - 0.5).astype(np.float64)
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


def _whole_range(inputs: Values, low: float, high: float, why: str) -> Voi:
    step = f"{why}: the whole range {low:g} to {high:g} is shown"
    return Voi((inputs - low) / (high - low), step, (QualityFlag.NO_WINDOW,))
