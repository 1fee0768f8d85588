"""Flags, kinds and reasons in plain words, each with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import BLOCKING_FLAGS, QualityFlag

PURPOSE = "Second pair of eyes, for research use; a radiologist decides; not for patients."
"""Stands on every page."""


@dataclass(frozen=True)
class Words:
    """What a code means for the reader of the numbers.

    Attributes:
        sentence: What it means.
        remedy: What to do about it.
    """

    sentence: str
    remedy: str


FLAG_WORDS: dict[QualityFlag, Words] = {
    QualityFlag.HEADER_UNREADABLE: Words(
        "The header says something that cannot be read or cannot be true; nothing was taken in its place.",
        "See what calcwatch check tells of the file, and look at Patient ID, the UIDs and Patient "
        "Orientation; correct the header, or give the value by option.",
    ),
    QualityFlag.STUDY_DATE_UNKNOWN: Words(
        "The Study Date of the header is no single day of the calendar, so the date is not known.",
        "Give it in the table (--table) before comparing with other dates.",
    ),
    QualityFlag.PIXEL_SPACING_UNKNOWN: Words(
        "The distance between pixels is not known, so nothing is given in millimeters; grouping used an "
        "assumed distance.",
        "Give it with --pixel-spacing or in the table, in millimeters in the plane of the breast.",
    ),
    QualityFlag.PIXEL_SPACING_AMBIGUOUS: Words(
        "The file gives more than one pixel spacing; sizes follow the one named above.",
        "Compare with the detector's data sheet before relying on a size.",
    ),
    QualityFlag.PIXELS_NOT_SQUARE: Words(
        "Rows and columns have different spacing; diameters use their geometric mean.",
        "Read diameters as approximate.",
    ),
    QualityFlag.PIXELS_COARSE: Words(
        "The pixels are coarse: calcifications smaller than about two pixels are lost or blurred.",
        "Analyze the original full-resolution image if there is one.",
    ),
    QualityFlag.MAGNIFICATION_VIEW: Words(
        "This is a magnification view; sizes, where given, are corrected with the magnification factor.",
        "Do not compare counts with a view without magnification.",
    ),
    QualityFlag.LATERALITY_UNKNOWN: Words(
        "The file does not say whether this is the left or the right breast.",
        "Give it with --laterality L or R, or in the table.",
    ),
    QualityFlag.LATERALITY_CONFLICT: Words(
        "The file, or the file and the user, disagree about the side; the first one named is used.",
        "Check the side marker on the image.",
    ),
    QualityFlag.VIEW_UNKNOWN: Words(
        "The file does not say which view this is.",
        "Give it with --view, for example CC or MLO, or in the table.",
    ),
    QualityFlag.VIEW_CONFLICT: Words(
        "The file, or the file and the user, disagree about the view; the first one named is used.",
        "Check the marker on the image.",
    ),
    QualityFlag.ORIENTATION_UNKNOWN: Words(
        "The file does not say which side of the picture is up, so no quadrant and no clock time is given.",
        "Look at the image; export it with Patient Orientation, and give the side where that is missing.",
    ),
    QualityFlag.ORIENTATION_CONFLICT: Words(
        "Patient Orientation contradicts the view, the side or the picture, so no quadrant is given.",
        "Check the side marker on the image, and whether the image was turned or mirrored.",
    ),
    QualityFlag.UPSIDE_DOWN: Words(
        "The picture lies upside down, says its header; quadrant and clock position allow for that.",
        "Turn it to read it; compare it only with an image that lies the same way.",
    ),
    QualityFlag.TURNED: Words(
        "The picture is turned by a quarter, says its header, so no place in the breast is given.",
        "Export it with the chest wall at the left or right.",
    ),
    QualityFlag.POLARITY_AMBIGUOUS: Words(
        "The header contradicts itself about whether low values are black or white.",
        "Check that the breast is bright on a dark ground below; if it is inverted, do not use the findings.",
    ),
    QualityFlag.BITS_UNUSED: Words(
        "The pixels use fewer bits than the file holds, so the picture may be read too dark.",
        "Give the true number of bits with --bits-stored.",
    ),
    QualityFlag.PADDING_IN_PICTURE: Words(
        "Pixels inside the picture have the value that the file uses for padding; they were taken as image.",
        "Look whether something was cut out of the picture there.",
    ),
    QualityFlag.LOSSY_COMPRESSION: Words(
        "The image was compressed with loss at some time; faint calcifications may be missing or altered.",
        "Analyze the original from the archive if it still exists.",
    ),
    QualityFlag.FILE_END_ODD: Words(
        "The file ends otherwise than its format says: something is missing or left over behind its pixels, "
        "which are all there.",
        "Copy or export it again, and compare both pictures.",
    ),
    QualityFlag.EIGHT_BIT: Words(
        "Only 8 bits a pixel: faint contrast was thrown away before the file reached calcwatch.",
        "Analyze the original DICOM image if there is one.",
    ),
    QualityFlag.FEW_GRAY_LEVELS: Words(
        "The breast holds few different gray levels; contrast and its error are rough.",
        "Check how the file was exported; export it again with all its gray levels, where there are more.",
    ),
    QualityFlag.NO_WINDOW: Words(
        "The file says nothing about how it is to be displayed; its full range of values was used.",
        "Nothing to do when the picture below looks right; otherwise export it with its window.",
    ),
    QualityFlag.DIGITIZED_FILM: Words(
        "This is digitized film: dust and scratches can look like calcifications.",
        "Compare with the film or with the other view.",
    ),
    QualityFlag.FOR_PROCESSING: Words(
        "The image is raw (For Processing) and was turned to display gray by a general rule.",
        "Prefer the For Presentation image when both exist.",
    ),
    QualityFlag.IMPLANT: Words(
        "A breast implant is recorded or seen; tissue over or beside it may be hidden.",
        "Read implant-displaced views as well.",
    ),
    QualityFlag.PARTLY_SATURATED: Words(
        "Part of the breast is at the end of the gray scale, where nothing can be seen.",
        "Look at that part with another window or at the original image.",
    ),
    QualityFlag.BREAST_SATURATED: Words(
        "The breast is saturated white, so nothing can be found in it.",
        "Correct the window, check that the picture is not inverted, or export it again.",
    ),
    QualityFlag.BREAST_DARK: Words(
        "The breast has almost no gray levels, as when the window is not that of the pixels.",
        "Correct the window, or export the image again with all its gray levels.",
    ),
    QualityFlag.NO_BREAST: Words(
        "No breast was found in the picture.",
        "Check that this is a mammogram and that it is not shown inverted.",
    ),
    QualityFlag.NOT_A_MAMMOGRAM: Words(
        "The picture does not look like a mammogram.",
        "Check the file and its pixel spacing; test patterns, specimens and other examinations are not "
        "analyzed.",
    ),
}
"""Every quality flag in words."""

REFUSALS: dict[QualityFlag, str] = {
    QualityFlag.NO_BREAST: "no breast was found: the picture is all dark or shows no solid shape; "
    "is it a mammogram, and is it inverted?",
    QualityFlag.BREAST_DARK: "the breast has almost no gray levels; correct the window, or export the "
    "image again with all its gray levels",
    QualityFlag.BREAST_SATURATED: "more than a quarter of the breast is pure white; correct the window, "
    "check that the picture is not inverted, or export it again",
    QualityFlag.NOT_A_MAMMOGRAM: "the breast would be smaller than 5 or larger than 1000 square centimeters; "
    "check the pixel spacing, and that it is a mammogram",
}
"""Why an image with a flag that forbids an analysis is not analyzed, and what to do about it."""

KIND_WORDS: dict[NonLesionKind, str] = {
    NonLesionKind.CLIP: "surgical clip",
    NonLesionKind.MARKER: "marker",
    NonLesionKind.WIRE: "wire or suture",
    NonLesionKind.SKIN_FOLD: "skin fold",
    NonLesionKind.POWDER: "deodorant or powder",
    NonLesionKind.DUST: "dust or scratch on film",
    NonLesionKind.TEXT: "burned-in text",
}
"""Every kind of non-lesion in words."""

REASONS: dict[str, str] = {
    "unreadable": "cannot be read",
    "unsupported": "not something calcwatch analyzes",
    "unsuitable": "a mammogram that cannot be analyzed",
    "not_an_image": "another kind of file, not looked at",
    "already_found": "the same image, or the same file under another path",
    "wrong_value": "a table entry is wrong for it",
    "worker_ended": "the analysis ended abruptly",
    "program_error": "an error in calcwatch",
}
"""Every reason code of ``not_analyzed`` in words."""

# Only what cannot hide an image: any other reason may have cost a mammogram.
HARMLESS_REASONS = frozenset({"not_an_image", "already_found"})
"""Reasons that are no failure: no image was missed. They are listed, but the exit status stays 0."""


def reason_to_refuse(flags: frozenset[QualityFlag]) -> str:
    """Say why an image is not analyzed.

    Args:
        flags: Quality flags of the image.

    Returns:
        The reasons in the order of the flags' names; empty when the image is analyzed.
    """
    # All reasons at once, so that a user does not mend them one after the other.
    return "; ".join(REFUSALS[flag] for flag in sorted(flags & BLOCKING_FLAGS))
