"""Distance between pixel centers in the breast, from attributes that say it in different planes.

Object mm = Imager Pixel Spacing (detector plane) / Estimated Radiographic Magnification Factor (PS3.3
C.8.7.1, C.8.11.7). Pixel Spacing may be a calibrated value or a copy (PS3.3 10.7.1). Whatever else the
header says is compared with the chosen value, and a difference is named, never resolved in silence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pydicom.dataset import Dataset

from calcwatch.domain.image import PixelSpacing, QualityFlag
from calcwatch.formats.dicom.read.header import items, number, numbers, word

MAGNIFICATION_VIEW_FACTOR = 1.2
"""Contact views have factors of about 1.0 to 1.1, magnification views 1.5 and more."""

_SAME = 0.01
_Pair = tuple[float, float]


@dataclass(frozen=True)
class SpacingReading:
    """The spacing, or ``None`` when the header does not say it, with what must be known about it."""

    spacing: PixelSpacing | None
    note: str
    flags: tuple[QualityFlag, ...]


def read_spacing(dataset: Dataset) -> SpacingReading:
    """Read the pixel spacing in the plane of the breast; never raises, never guesses."""
    slices = [
        item
        for group in items(dataset, "SharedFunctionalGroupsSequence")[:1]
        for item in items(group, "PixelMeasuresSequence")
    ]
    sliced = _pair(slices[0], "PixelSpacing") if slices else None
    if sliced:
        source = f"Pixel Measures: Pixel Spacing {sliced[0]:g} (in the reconstructed slice)"
        return describe_spacing(sliced, source, 1.0, [], unsure=False)
    imager, nominal = _pair(dataset, "ImagerPixelSpacing"), _pair(dataset, "NominalScannedPixelSpacing")
    if imager:
        return _from_imager(dataset, imager)
    if nominal:
        return _from_film(dataset, nominal)
    calibrated = _pair(dataset, "PixelSpacing")
    if calibrated:
        return _from_pixel_spacing(dataset, calibrated)
    aspect = _pair(dataset, "PixelAspectRatio") or (1.0, 1.0)
    unknown = _unknown(_unused(dataset))
    if _same(aspect, (aspect[1], aspect[0])):
        return unknown
    return replace(unknown, flags=(*unknown.flags, QualityFlag.PIXELS_NOT_SQUARE))


def describe_spacing(
    pair: _Pair, source: str, factor: float, notes: list[str], *, unsure: bool
) -> SpacingReading:
    """Make the reading of ``pair`` mm in the plane of the breast, with the flags its size calls for."""
    try:
        spacing = PixelSpacing(pair[0], pair[1], source, factor)
    except ValueError as error:
        return _unknown(f"{source}: {error}")
    flags = [QualityFlag.PIXEL_SPACING_AMBIGUOUS] if unsure else []
    if not _same(pair, (pair[1], pair[0])):
        flags.append(QualityFlag.PIXELS_NOT_SQUARE)
        notes.append(f"rows are {pair[0]:g} mm apart, columns {pair[1]:g} mm")
    if factor >= MAGNIFICATION_VIEW_FACTOR:
        flags.append(QualityFlag.MAGNIFICATION_VIEW)
    return SpacingReading(spacing, "; ".join(notes), tuple(flags))


def _from_imager(dataset: Dataset, imager: _Pair) -> SpacingReading:
    factor, notes = _magnification(dataset)
    in_body = (imager[0] / factor, imager[1] / factor)
    element, unsure = _pair(dataset, "DetectorElementSpacing"), False
    source = f"Imager Pixel Spacing {imager[0]:g} / magnification {factor:g}"
    if element and not _is_multiple(imager, element):
        unsure = True
        notes.append(_element_note(imager, element))
        if factor >= MAGNIFICATION_VIEW_FACTOR and _is_multiple(
            (imager[0] * factor, imager[1] * factor), element
        ):
            in_body, source = imager, f"Imager Pixel Spacing {imager[0]:g}, already divided by {factor:g}"
    other = _pair(dataset, "PixelSpacing")
    if other and not _same(other, in_body) and not _same(other, imager):
        unsure = True
        kind = word(dataset, "PixelSpacingCalibrationType") or "no calibration type"
        notes.append(f"Pixel Spacing says {other[0]:g} mm ({kind}) and is not used")
    return describe_spacing(in_body, source, factor, notes, unsure=unsure)


def _element_note(imager: _Pair, element: _Pair) -> str:
    return (
        f"Imager Pixel Spacing is {imager[0]:g} mm but Detector Element Spacing {element[0]:g} mm: the maker "
        "seems to state Imager Pixel Spacing in the plane of the breast"
    )


def _from_film(dataset: Dataset, nominal: _Pair) -> SpacingReading:
    factor, notes = _magnification(dataset)
    other = _pair(dataset, "PixelSpacing")
    unsure = bool(other and not _same(other, nominal))
    if other and unsure:
        notes.append(f"Pixel Spacing says {other[0]:g} mm and is not used")
    source = f"Nominal Scanned Pixel Spacing {nominal[0]:g} (film) / magnification {factor:g}"
    in_body = (nominal[0] / factor, nominal[1] / factor)
    return describe_spacing(in_body, source, factor, notes, unsure=unsure)


def _from_pixel_spacing(dataset: Dataset, pair: _Pair) -> SpacingReading:
    """Use Pixel Spacing alone: calibrated when its type says so, else of an unknown plane (10.7.1.1)."""
    kind = word(dataset, "PixelSpacingCalibrationType")
    factor, notes = _magnification(dataset)
    if kind in ("GEOMETRY", "FIDUCIAL"):
        source = f"Pixel Spacing {pair[0]:g} ({kind}: in the plane of the breast)"
        return describe_spacing(pair, source, factor, [], unsure=False)
    if factor >= MAGNIFICATION_VIEW_FACTOR:
        return _unknown(
            f"Pixel Spacing {pair[0]:g} mm does not say whether it is of the detector or of the breast, and "
            f"the magnification is {factor:g}"
        )
    notes.append("Pixel Spacing does not say whether it is of the detector or of the breast")
    return describe_spacing(
        pair, f"Pixel Spacing {pair[0]:g} (no calibration type)", factor, notes, unsure=True
    )


def _magnification(dataset: Dataset) -> tuple[float, list[str]]:
    factor = number(dataset, "EstimatedRadiographicMagnificationFactor")
    if factor is None or not 0.8 <= factor <= 5.0:
        stated = "not given" if factor is None else f"{factor:g}, not credible"
        return 1.0, [f"Estimated Radiographic Magnification Factor {stated}: taken as 1"]
    return factor, []


def _unknown(why: str) -> SpacingReading:
    return SpacingReading(None, why, (QualityFlag.PIXEL_SPACING_UNKNOWN,))


def _unused(dataset: Dataset) -> str:
    """Name what looks like a spacing and is none."""
    lookalikes = [
        f"{name} {word(dataset, keyword)} is not a pixel spacing"
        for keyword, name in (
            ("DetectorElementSpacing", "Detector Element Spacing"),
            ("SpatialResolution", "Spatial Resolution"),
        )
        if word(dataset, keyword)
    ]
    return "; ".join(["the header gives no pixel spacing", *lookalikes])


def _pair(dataset: Dataset, keyword: str) -> _Pair | None:
    """Return row and column spacing; one value means square pixels; ``None`` when not above 0."""
    found = numbers(dataset, keyword)
    if len(found) not in (1, 2) or min(found) <= 0:
        return None
    return found[0], found[-1]


def _same(one: _Pair, other: _Pair) -> bool:
    return all(abs(a - b) <= _SAME * max(a, b) for a, b in zip(one, other, strict=True))


def _is_multiple(spacing: _Pair, element: _Pair) -> bool:
    """Tell whether the spacing is that of 1, 2, 3, ... detector elements binned."""
    ratios = [a / b for a, b in zip(spacing, element, strict=True)]
    return all(round(ratio) >= 1 and abs(ratio / round(ratio) - 1) <= _SAME for ratio in ratios)
