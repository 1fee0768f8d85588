"""What an image is before any analysis: side, view, spacing, flags, gray."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from calcwatch.domain.dates import check_date, read_date

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Enum = TypeVar("_Enum", bound=StrEnum)
_Number = TypeVar("_Number", int, float)

Point = tuple[float, float]
"""``(row, column)`` in pixels, (0, 0) at the center of the top-left pixel of the file as stored."""


class Laterality(StrEnum):
    """Image Laterality (0020,0062)."""

    LEFT = "L"
    RIGHT = "R"
    BOTH = "B"


class ViewPosition(StrEnum):
    """View Position (0018,5101), the values of DICOM CID 4014 in their ACR abbreviation."""

    CC = "CC"
    MLO = "MLO"
    ML = "ML"
    LM = "LM"
    LMO = "LMO"
    XCC = "XCC"
    XCCL = "XCCL"
    XCCM = "XCCM"
    FB = "FB"
    SIO = "SIO"
    ISO = "ISO"
    CV = "CV"
    AT = "AT"


class QualityFlag(StrEnum):
    """Something a reader of the numbers must know; a flagged number is kept and explained, never dropped."""

    HEADER_UNREADABLE = "header_unreadable"
    STUDY_DATE_UNKNOWN = "study_date_unknown"
    PIXEL_SPACING_UNKNOWN = "pixel_spacing_unknown"
    PIXEL_SPACING_AMBIGUOUS = "pixel_spacing_ambiguous"
    PIXELS_NOT_SQUARE = "pixels_not_square"
    PIXELS_COARSE = "pixels_coarse"
    MAGNIFICATION_VIEW = "magnification_view"
    LATERALITY_UNKNOWN = "laterality_unknown"
    LATERALITY_CONFLICT = "laterality_conflict"
    VIEW_UNKNOWN = "view_unknown"
    VIEW_CONFLICT = "view_conflict"
    ORIENTATION_UNKNOWN = "orientation_unknown"
    ORIENTATION_CONFLICT = "orientation_conflict"
    UPSIDE_DOWN = "upside_down"
    TURNED = "turned"
    POLARITY_AMBIGUOUS = "polarity_ambiguous"
    BITS_UNUSED = "bits_unused"
    PADDING_IN_PICTURE = "padding_in_picture"
    LOSSY_COMPRESSION = "lossy_compression"
    FILE_END_ODD = "file_end_odd"
    EIGHT_BIT = "eight_bit"
    FEW_GRAY_LEVELS = "few_gray_levels"
    NO_WINDOW = "no_window"
    DIGITIZED_FILM = "digitized_film"
    FOR_PROCESSING = "for_processing"
    IMPLANT = "implant"
    PARTLY_SATURATED = "partly_saturated"
    BREAST_SATURATED = "breast_saturated"
    BREAST_DARK = "breast_dark"
    NO_BREAST = "no_breast"
    NOT_A_MAMMOGRAM = "not_a_mammogram"


BLOCKING_FLAGS = frozenset(
    {
        QualityFlag.BREAST_SATURATED,
        QualityFlag.BREAST_DARK,
        QualityFlag.NO_BREAST,
        QualityFlag.NOT_A_MAMMOGRAM,
    }
)
"""Flags that forbid an analysis: the image is reported as an error, never as "0 calcifications"."""


@dataclass(frozen=True)
class PixelSpacing:
    """Distance between pixel centers in the plane of the breast, in mm, and where it comes from.

    Object size = pixels x Imager Pixel Spacing (0018,1164) / Estimated Radiographic Magnification Factor
    (0018,1114); PS3.3 C.8.7.1 and 10.7.1.3.

    Attributes:
        row_mm: Distance between rows.
        column_mm: Distance between columns.
        source: Which attribute or option it was taken from, in words.
        magnification: The factor that the distances were divided by.

    Raises:
        ValueError: A distance that no mammogram has; the message names it and the remedy.
    """

    row_mm: float
    column_mm: float
    source: str
    magnification: float = 1.0

    def __post_init__(self) -> None:
        # Bounds for slips of units (micrometers, inches); what is a mammogram is judged elsewhere.
        if not (0.005 <= self.row_mm <= 2.0 and 0.005 <= self.column_mm <= 2.0):
            raise ValueError(
                f"pixel spacing {self.row_mm} x {self.column_mm} mm is not between 0.005 and 2 mm; "
                "give the distance between pixel centers in millimeters, for example 0.07"
            )

    @property
    def mm(self) -> float:
        """Geometric mean of the two distances, in mm."""
        # The geometric mean keeps areas right where pixels are not square.
        return float((self.row_mm * self.column_mm) ** 0.5)


@dataclass(frozen=True)
class GivenAttributes:
    """What the user states about an image by option or table; ``None`` is "not given".

    A file's own header is believed first: a given value fills what the file does not say.

    Attributes:
        patient_id: Patient ID (0010,0020).
        study_date: Study Date (0008,0020), ``YYYYMMDD``.
        image_laterality: Image Laterality (0020,0062).
        view_position: View Position (0018,5101).
        pixel_spacing_mm: Distance between pixel centers in the plane of the breast, in mm.
        bits_stored: Number of bits that carry gray in a PNG, TIFF or PGM, 8 to 16.

    Raises:
        ValueError: A value that cannot be; the message names it and the remedy.
    """

    patient_id: str | None = None
    study_date: str | None = None
    image_laterality: Laterality | None = None
    view_position: ViewPosition | None = None
    pixel_spacing_mm: float | None = None
    bits_stored: int | None = None

    def __post_init__(self) -> None:
        if self.study_date is not None:
            check_date("study_date", self.study_date)
        if self.pixel_spacing_mm is not None:
            # Made only for its check, so that the bounds stand in one place.
            PixelSpacing(self.pixel_spacing_mm, self.pixel_spacing_mm, "given")
        if self.bits_stored is not None and not 8 <= self.bits_stored <= 16:
            raise ValueError(f"bits_stored {self.bits_stored} is not between 8 and 16")

    @classmethod
    def from_text(cls, **cells: str | None) -> GivenAttributes:
        """Read attributes from the words of a table row or of options.

        Args:
            **cells: Words by field name; an empty word is "not given". Dates may be written 2026-01-31,
                letters in either case.

        Returns:
            The attributes.

        Raises:
            ValueError: A word that is no value; the message names attribute, word and the allowed ones.
        """
        words = {name: word.strip() for name, word in cells.items() if word is not None and word.strip()}
        return cls(
            patient_id=words.get("patient_id"),
            study_date=read_date("study_date", words["study_date"]) if "study_date" in words else None,
            image_laterality=_one_of(Laterality, "image_laterality", words.get("image_laterality")),
            view_position=_one_of(ViewPosition, "view_position", words.get("view_position")),
            pixel_spacing_mm=_number(float, "pixel_spacing_mm", words.get("pixel_spacing_mm")),
            bits_stored=_number(int, "bits_stored", words.get("bits_stored")),
        )


def _one_of(kind: type[_Enum], name: str, word: str | None) -> _Enum | None:
    if word is None:
        return None
    if word.upper() not in list(kind):
        raise ValueError(f"{name} {word!r} is not one of {', '.join(kind)}")
    return kind(word.upper())


def _number(kind: type[_Number], name: str, word: str | None) -> _Number | None:
    if word is None:
        return None
    try:
        # Python alone also takes 0_1, and digits of other scripts.
        if not word.isascii() or "_" in word:
            raise ValueError
        return kind(word)
    except ValueError:
        example = "12" if kind is int else "0.07"
        raise ValueError(f"{name} {word!r} is not a number; write it like {example}") from None


@dataclass(frozen=True)
class ImageDescription:
    """What was understood of one file before any analysis; ``calcwatch check`` prints it.

    Words that are ``""`` were not given by the file.

    Attributes:
        source: The path as given.
        file_format: ``DICOM``, ``PNG`` and the like.
        sha256: SHA-256 of the file in hexadecimal.
        modality: Modality (0008,0060).
        sop_class: Name of the SOP class.
        presentation_intent: Presentation Intent Type (0008,0068).
        transfer_syntax: Name of the transfer syntax.
        rows: Rows of the picture as stored.
        columns: Columns of the picture as stored.
        frames: Number of frames.
        bits_used: Bits that the pixels really use, ``None`` where that was not looked at.
        bits_stored: Bits Stored (0028,0101), ``None`` where not given.
        photometric_interpretation: Photometric Interpretation (0028,0004).
        pixel_steps: Steps from stored value to gray, in order, each with its reason.
        pixel_spacing: Distance between pixel centers, ``None`` where it is not known: it is never guessed.
        pixel_spacing_note: What else the file says of distances.
        image_laterality: Which breast, ``None`` where not known.
        laterality_source: Where that was read, and what contradicts it.
        view_position: Which view, ``None`` where not known.
        view_source: Where that was read, and what contradicts it.
        patient_orientation: Patient Orientation (0020,0020) along rows and down columns, a backslash between.
        implant: What is said of an implant.
        lossy_history: What is said of compression with loss.
        sop_instance_uid: SOP Instance UID (0008,0018), ``None`` for a file without.
        study_instance_uid: Study Instance UID (0020,000D), ``None`` for a file without.
        patient_id: Patient ID (0010,0020), ``None`` where not given.
        study_date: Study Date (0008,0020), ``YYYYMMDD``, ``None`` where not given.
        flags: What a reader of the numbers must know.
        not_analyzed_because: Why the image will not be analyzed; ``""`` when it will.
    """

    source: str
    file_format: str = ""
    sha256: str = ""
    modality: str = ""
    sop_class: str = ""
    presentation_intent: str = ""
    transfer_syntax: str = ""
    rows: int = 0
    columns: int = 0
    frames: int = 1
    bits_used: int | None = None
    bits_stored: int | None = None
    photometric_interpretation: str = ""
    pixel_steps: tuple[str, ...] = ()
    pixel_spacing: PixelSpacing | None = None
    pixel_spacing_note: str = ""
    image_laterality: Laterality | None = None
    laterality_source: str = ""
    view_position: ViewPosition | None = None
    view_source: str = ""
    patient_orientation: str = ""
    implant: str = ""
    lossy_history: str = ""
    sop_instance_uid: str | None = None
    study_instance_uid: str | None = None
    patient_id: str | None = None
    study_date: str | None = None
    flags: tuple[QualityFlag, ...] = ()
    not_analyzed_because: str = ""


@dataclass(frozen=True, eq=False)
class Mammogram:
    """One mammographic image, ready to analyze.

    Attributes:
        gray: Rows x columns, float32, 0 = black (air) to 1 = white (dense), as the header says it is to be
            displayed; it depends on the header alone, never on what else is in the picture.
        description: What was understood of the file.
        padding: Rows x columns, True where the file recorded no image (Pixel Padding Value; gray is 0 there),
            or ``None`` when it names no padding.
        gray_step: Difference in gray of one stored value at mid scale: how coarse the quantization is.

    Raises:
        ValueError: Arrays of another shape or type.
    """

    gray: NDArray[np.float32]
    description: ImageDescription
    padding: NDArray[np.bool_] | None = None
    gray_step: float = 1.0 / 4095

    def __post_init__(self) -> None:
        # By its name: domain does not import numpy to run.
        if self.gray.ndim != 2 or self.gray.dtype.name != "float32":
            raise ValueError(f"gray must be a 2-D float32 array, not {self.gray.ndim}-D {self.gray.dtype}")
        if self.padding is not None and self.padding.shape != self.gray.shape:
            raise ValueError(f"padding is {self.padding.shape} but gray is {self.gray.shape}")
