"""Distance between pixel centers in the breast, from attributes that say it in different planes.

Object mm = Imager Pixel Spacing (detector plane) / Estimated Radiographic Magnification Factor (PS3.3
C.8.7.1, C.8.11.7). Pixel Spacing may be a calibrated value or a copy (PS3.3 10.7.1). Whatever else the
header says is compared with the chosen value, and a difference is named, never resolved in silence.
"""

from __future__ import annotations

from dataclasses import replace

from pydicom.dataset import Dataset

from calcwatch.domain.image import PixelSpacing, QualityFlag
from calcwatch.formats.dicom.read.header import Reading, items, word
from calcwatch.formats.dicom.read.quirks import Pair, is_binned_spacing, magnification_factor, spacing_pair
from calcwatch.formats.settings import READING

_NO_SPACINGS = {
    "DetectorElementSpacing": "Detector Element Spacing",
    "SpatialResolution": "Spatial Resolution",
}
"""Attributes that look like a pixel spacing and are none."""


def read_spacing(dataset: Dataset) -> Reading[PixelSpacing | None]:
    """Read the pixel spacing in the plane of the breast; it is never guessed.

    Args:
        dataset: Header of the image, as it is in the file.

    Returns:
        The spacing, ``None`` when the header does not say it; the note says what contradicts it.

    """
    slices = [
        item
        for group in items(dataset, "SharedFunctionalGroupsSequence")[:1]
        for item in items(group, "PixelMeasuresSequence")
    ]
    # Already in the plane of the breast (a reconstruction), so it is not divided by the magnification.
    in_slice = spacing_pair(slices[0], "PixelSpacing") if slices else None
    if in_slice:
        source = f"Pixel Measures: Pixel Spacing {in_slice[0]:g} (in the reconstructed slice)"
        return _reading(in_slice, source, 1.0, [], unsure=False)
    # First come attributes whose plane the Standard fixes; bare Pixel Spacing is last, its plane is unknown.
    for keyword, read in (
        ("ImagerPixelSpacing", _from_imager),
        ("NominalScannedPixelSpacing", _from_film),
        ("PixelSpacing", _from_pixel_spacing),
    ):
        pair = spacing_pair(dataset, keyword)
        if pair:
            return read(dataset, pair)
    # Named in the message, so that a user does not state them as the spacing.
    lookalikes = [
        f"{name} {word(dataset, keyword)} is not a pixel spacing"
        for keyword, name in _NO_SPACINGS.items()
        if word(dataset, keyword)
    ]
    unknown = _unknown("; ".join(["the header gives no pixel spacing", *lookalikes]))
    # Without any spacing the ratio of the sides may still be known, and shapes depend on it.
    aspect = spacing_pair(dataset, "PixelAspectRatio") or (1.0, 1.0)
    if _is_square(aspect):
        return unknown
    return replace(unknown, flags=(*unknown.flags, QualityFlag.PIXELS_NOT_SQUARE))


def _reading(
    pair: Pair, source: str, factor: float, notes: list[str], *, unsure: bool
) -> Reading[PixelSpacing | None]:
    """The reading of a distance in the plane of the breast, with the flags its size calls for."""
    try:
        spacing = PixelSpacing(pair[0], pair[1], source, factor)
    # The domain refuses spacings no detector has; a bad header is then an unknown spacing, not a crash.
    except ValueError as error:
        return _unknown(f"{source}: {error}")
    flags = [QualityFlag.PIXEL_SPACING_AMBIGUOUS] if unsure else []
    if not _is_square(pair):
        flags.append(QualityFlag.PIXELS_NOT_SQUARE)
        notes = [*notes, f"rows are {pair[0]:g} mm apart, columns {pair[1]:g} mm"]
    if factor >= READING.magnification_view:
        flags.append(QualityFlag.MAGNIFICATION_VIEW)
    return Reading(spacing, "; ".join(filter(None, notes)), tuple(flags))


def _from_imager(dataset: Dataset, imager: Pair) -> Reading[PixelSpacing | None]:
    factor, note = magnification_factor(dataset)
    in_body = (imager[0] / factor, imager[1] / factor)
    source = f"Imager Pixel Spacing {imager[0]:g} / magnification {factor:g}"
    element, notes = spacing_pair(dataset, "DetectorElementSpacing"), [note]
    # At the detector a spacing is a whole number of elements; if not, the maker has divided it already.
    unsure = element is not None and not is_binned_spacing(imager, element)
    if element and unsure:
        notes.append(
            f"Imager Pixel Spacing is {imager[0]:g} mm but Detector Element Spacing {element[0]:g} mm: "
            "the maker seems to state Imager Pixel Spacing in the plane of the breast"
        )
        at_detector = (imager[0] * factor, imager[1] * factor)
        # Near a factor of 1, rounding explains the difference as well; only magnification shows it.
        if factor >= READING.magnification_view and is_binned_spacing(at_detector, element):
            in_body, source = imager, f"Imager Pixel Spacing {imager[0]:g}, already divided by {factor:g}"
    copied = spacing_pair(dataset, "PixelSpacing")
    # Pixel Spacing may legally repeat either plane; anything else is a contradiction to be named.
    if copied and not _is_same(copied, in_body) and not _is_same(copied, imager):
        unsure = True
        kind = word(dataset, "PixelSpacingCalibrationType") or "no calibration type"
        notes.append(f"Pixel Spacing says {copied[0]:g} mm ({kind}) and is not used")
    return _reading(in_body, source, factor, notes, unsure=unsure)


def _from_film(dataset: Dataset, nominal: Pair) -> Reading[PixelSpacing | None]:
    factor, note = magnification_factor(dataset)
    copied, notes = spacing_pair(dataset, "PixelSpacing"), [note]
    unsure = copied is not None and not _is_same(copied, nominal)
    if copied and unsure:
        notes.append(f"Pixel Spacing says {copied[0]:g} mm and is not used")
    source = f"Nominal Scanned Pixel Spacing {nominal[0]:g} (film) / magnification {factor:g}"
    return _reading((nominal[0] / factor, nominal[1] / factor), source, factor, notes, unsure=unsure)


def _from_pixel_spacing(dataset: Dataset, pair: Pair) -> Reading[PixelSpacing | None]:
    """Use Pixel Spacing alone: calibrated when its type says so, else of an unknown plane (10.7.1.1)."""
    kind = word(dataset, "PixelSpacingCalibrationType")
    factor, note = magnification_factor(dataset)
    # Both calibrations hold at the object, so the magnification is in them already.
    if kind in ("GEOMETRY", "FIDUCIAL"):
        source = f"Pixel Spacing {pair[0]:g} ({kind}: in the plane of the breast)"
        return _reading(pair, source, factor, [], unsure=False)
    # The two readings differ by the factor, 1.5 and more: no size is better than a wrong size.
    if factor >= READING.magnification_view:
        return _unknown(
            f"Pixel Spacing {pair[0]:g} mm does not say whether it is of the detector or of the breast, and "
            f"the magnification is {factor:g}"
        )
    notes = [note, "Pixel Spacing does not say whether it is of the detector or of the breast"]
    return _reading(pair, f"Pixel Spacing {pair[0]:g} (no calibration type)", factor, notes, unsure=True)


def _unknown(why: str) -> Reading[PixelSpacing | None]:
    return Reading(None, why, (QualityFlag.PIXEL_SPACING_UNKNOWN,))


def _is_square(pair: Pair) -> bool:
    return _is_same(pair, (pair[1], pair[0]))


def _is_same(first: Pair, second: Pair) -> bool:
    return all(
        abs(a - b) <= READING.spacing_tolerance * max(a, b) for a, b in zip(first, second, strict=True)
    )
