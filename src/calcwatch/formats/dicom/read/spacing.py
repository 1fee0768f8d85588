"""Distance between pixel centers in the breast, from attributes that say it in different planes.

Object mm = Imager Pixel Spacing (detector plane) / Estimated Radiographic Magnification Factor (PS3.3
C.8.7.1, C.8.11.7). Pixel Spacing may be a calibrated value or a copy (PS3.3 10.7.1). Whatever else the
header says is compared with the chosen value, and a difference is named, never resolved in silence.
"""

from __future__ import annotations

from dataclasses import replace

from pydicom.dataset import Dataset

from calcwatch.codes.views import ViewModifier
from calcwatch.domain.image import PixelSpacing, QualityFlag
from calcwatch.formats.dicom.read.header import Reading, Stated, is_stated, items, unread_word, word
from calcwatch.formats.dicom.read.quirks import Pair, is_binned_spacing, magnification_factor, stated_pair
from calcwatch.formats.dicom.read.view import read_view_modifiers
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
        The spacing; ``None`` when the header does not say it, or says it in a way that cannot be read. The
        note says what contradicts it.

    """
    slices = [
        item
        for group in items(dataset, "SharedFunctionalGroupsSequence")[:1]
        for item in items(group, "PixelMeasuresSequence")
    ]
    # Already in the plane of the breast (a reconstruction), so it is not divided by the magnification.
    in_slice, said = stated_pair(slices[0], "PixelSpacing") if slices else (None, Stated())
    if said.unread:
        return _unreadable(said.unread)
    if in_slice:
        source = f"Pixel Measures: Pixel Spacing {in_slice[0]:g} (in the reconstructed slice)"
        return _reading(in_slice, source, 1.0, [said.note], unsure=False)
    # First come attributes whose plane the Standard fixes; bare Pixel Spacing is last, its plane is unknown.
    for keyword, read in (
        ("ImagerPixelSpacing", _from_imager),
        ("NominalScannedPixelSpacing", _from_film),
        ("PixelSpacing", _from_pixel_spacing),
    ):
        pair, said = stated_pair(dataset, keyword)
        # The next one is of another plane and would be another size: what was meant here is not known.
        if said.unread:
            return _unreadable(said.unread)
        if pair:
            return _noted(read(dataset, pair), said.note)
    return _not_given(dataset)


def _not_given(dataset: Dataset) -> Reading[PixelSpacing | None]:
    # Named in the message, so that a user does not state them as the spacing.
    lookalikes = [
        f"{name} {word(dataset, keyword)} is not a pixel spacing"
        for keyword, name in _NO_SPACINGS.items()
        if word(dataset, keyword)
    ]
    unknown = _unknown("; ".join(["the header gives no pixel spacing", *lookalikes]))
    # Without any spacing the ratio of the sides may still be known, and shapes depend on it.
    aspect, said = stated_pair(dataset, "PixelAspectRatio")
    if said.unread:
        return _noted(replace(unknown, flags=(*unknown.flags, QualityFlag.HEADER_UNREADABLE)), said.unread)
    if aspect is None or _is_square(aspect):
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
        return _unreadable(f"{source}: {error}")
    flags = [QualityFlag.PIXEL_SPACING_AMBIGUOUS] if unsure else []
    if not _is_square(pair):
        flags.append(QualityFlag.PIXELS_NOT_SQUARE)
        notes = [*notes, f"rows are {pair[0]:g} mm apart, columns {pair[1]:g} mm"]
    if factor >= READING.magnification_view:
        flags.append(QualityFlag.MAGNIFICATION_VIEW)
    return Reading(spacing, "; ".join(filter(None, notes)), tuple(flags))


def _from_imager(dataset: Dataset, imager: Pair) -> Reading[PixelSpacing | None]:
    factor, note = magnification_factor(dataset, is_magnified=_is_magnified(dataset))
    if factor is None:
        return _unreadable(f"Imager Pixel Spacing {imager[0]:g} mm is of the detector, and {note}")
    in_body = (imager[0] / factor, imager[1] / factor)
    source = f"Imager Pixel Spacing {imager[0]:g} / magnification {factor:g}"
    element, of_element = stated_pair(dataset, "DetectorElementSpacing")
    notes = [note, of_element.unread]
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
    copied, of_copy = stated_pair(dataset, "PixelSpacing")
    notes.append(of_copy.unread)
    # Pixel Spacing may legally repeat either plane; anything else is a contradiction to be named.
    if copied and not _is_same(copied, in_body) and not _is_same(copied, imager):
        unsure = True
        kind = word(dataset, "PixelSpacingCalibrationType") or "no calibration type"
        notes.append(f"Pixel Spacing says {copied[0]:g} mm ({kind}) and is not used")
    found = _reading(in_body, source, factor, notes, unsure=unsure)
    return _flagged(found) if of_element.unread or of_copy.unread else found


def _from_film(dataset: Dataset, nominal: Pair) -> Reading[PixelSpacing | None]:
    factor, note = magnification_factor(dataset, is_magnified=_is_magnified(dataset))
    if factor is None:
        return _unreadable(f"Nominal Scanned Pixel Spacing {nominal[0]:g} mm is of the film, and {note}")
    copied, of_copy = stated_pair(dataset, "PixelSpacing")
    notes, unsure = [note, of_copy.unread], copied is not None and not _is_same(copied, nominal)
    if copied and unsure:
        notes.append(f"Pixel Spacing says {copied[0]:g} mm and is not used")
    source = f"Nominal Scanned Pixel Spacing {nominal[0]:g} (film) / magnification {factor:g}"
    found = _reading((nominal[0] / factor, nominal[1] / factor), source, factor, notes, unsure=unsure)
    return _flagged(found) if of_copy.unread else found


def _from_pixel_spacing(dataset: Dataset, pair: Pair) -> Reading[PixelSpacing | None]:
    """Use Pixel Spacing alone: calibrated when its type says so, else of an unknown plane (10.7.1.1)."""
    kind = word(dataset, "PixelSpacingCalibrationType").upper()
    factor, note = magnification_factor(dataset, is_magnified=_is_magnified(dataset))
    # Both calibrations hold at the object, so the magnification is in them already.
    if kind in ("GEOMETRY", "FIDUCIAL"):
        source = f"Pixel Spacing {pair[0]:g} ({kind}: in the plane of the breast)"
        return _reading(pair, source, factor or 1.0, [] if factor else [note], unsure=False)
    # A calibration of another kind is one of which nobody knows the plane.
    if is_stated(dataset, "PixelSpacingCalibrationType"):
        return _unreadable(f"{unread_word(dataset, 'PixelSpacingCalibrationType')}, so neither can its plane")
    # The two readings differ by the factor, 1.5 and more: no size is better than a wrong size.
    if factor is None or factor >= READING.magnification_view:
        why = note if factor is None else f"the magnification is {factor:g}"
        plane = f"Pixel Spacing {pair[0]:g} mm does not say whether it is of the detector or of the breast"
        return _unknown(f"{plane}, and {why}")
    notes = [note, "Pixel Spacing does not say whether it is of the detector or of the breast"]
    return _reading(pair, f"Pixel Spacing {pair[0]:g} (no calibration type)", factor, notes, unsure=True)


def _is_magnified(dataset: Dataset) -> bool:
    """Whether the view is called a magnified one, by a code that is known or by its meaning in words."""
    meanings = (
        word(modifier, "CodeMeaning").lower()
        for view in items(dataset, "ViewCodeSequence")
        for modifier in items(view, "ViewModifierCodeSequence")
    )
    is_coded = ViewModifier.MAGNIFICATION in read_view_modifiers(dataset)
    return is_coded or any("magnif" in meaning for meaning in meanings)


def _unreadable(why: str) -> Reading[PixelSpacing | None]:
    """No size: what the header says of it cannot be read or believed."""
    return _flagged(_unknown(why))


def _flagged(found: Reading[PixelSpacing | None]) -> Reading[PixelSpacing | None]:
    return replace(found, flags=(*found.flags, QualityFlag.HEADER_UNREADABLE))


def _noted(found: Reading[PixelSpacing | None], note: str) -> Reading[PixelSpacing | None]:
    return replace(found, note="; ".join(filter(None, [found.note, note])))


def _unknown(why: str) -> Reading[PixelSpacing | None]:
    return Reading(None, why, (QualityFlag.PIXEL_SPACING_UNKNOWN,))


def _is_square(pair: Pair) -> bool:
    return _is_same(pair, (pair[1], pair[0]))


def _is_same(first: Pair, second: Pair) -> bool:
    return all(
        abs(a - b) <= READING.spacing_tolerance * max(a, b) for a, b in zip(first, second, strict=True)
    )
