"""How much of it: numbers that are measured, and the units they come in."""

from __future__ import annotations

from calcwatch.codes.code import Code

NUMBER_OF_CALCIFICATIONS = Code("DCM", "111038", "Number of calcifications")
"""Members of a group."""

RADIUS = Code("SCT", "131190003", "Radius")
"""Of the smallest circle round all members of a group."""

DIAMETER = Code("SCT", "81827009", "Diameter")
"""Of the circle with the area of a calcification."""

AREA = Code("SCT", "131184002", "Area of defined region")
"""Inside the outline of a calcification."""

MEAN_DISTANCE = Code("DCM", "112200", "Average calcification distance in a calcification cluster")
"""Mean of the distances between any two calcifications of a group (PS3.16 CID 6142)."""

DISTANCE_DEVIATION = Code("DCM", "112201", "Standard deviation distance of calcifications in a cluster")
"""Standard deviation of the distances between any two calcifications of a group (PS3.16 CID 6142)."""

CERTAINTY = Code("DCM", "111012", "Certainty of Finding")
"""Score of a finding: how sure it is that it is what it is called, in percent."""

CERTAINTY_OF_FEATURE = Code("DCM", "111011", "Certainty of Feature")
"""How sure it is that the parts of a composite feature belong together, in percent."""

PROBABILITY_OF_CANCER = Code("DCM", "111047", "Probability of cancer")
"""Read in reports of other makers, in percent; calcwatch never states it."""

UNITS: dict[str, Code] = {
    "1": Code("UCUM", "1", "no units"),
    "%": Code("UCUM", "%", "Percent"),
    "mm": Code("UCUM", "mm", "millimeter"),
    "mm2": Code("UCUM", "mm2", "Square millimeter"),
    "um": Code("UCUM", "um", "micrometer"),
    "mo": Code("UCUM", "mo", "month"),
}
"""Units of measurement by their UCUM code."""

ROI_UNITS: dict[str, Code] = UNITS | {
    "mm": Code("UCUM", "mm", "mm"),
    "mm2": Code("UCUM", "mm2", "square millimeter"),
}
"""Units of measurements of a region (TID 1410), with the meanings of PS3.16 CID 7460 and 7461."""

PIXELS = "{pixels}"
"""Unit of places in an image, as a FHIR quantity has it: an annotation, since UCUM has no pixel."""


def percent(share: float) -> float:
    """A share in percent, as every export states a score.

    Args:
        share: 0 to 1.

    Returns:
        0 to 100, to four decimals.

    """
    return round(100 * share, 4)
