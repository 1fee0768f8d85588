"""Open one image file of any readable format, told by its content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes, ImageDescription, Mammogram, PixelSpacing, QualityFlag
from calcwatch.formats.bounds import check_is_fine
from calcwatch.formats.dicom.read.mammogram import describe_dicom, read_dicom
from calcwatch.formats.dicom.read.parse import is_dicomdir, looks_like_dicom
from calcwatch.formats.raster import describe_raster, raster_format, read_raster

HEAD_BYTES = 512
"""First bytes of a file that tell its format, the media directory's SOP class included."""

MAX_FILE_BYTES = 4 * 2**30
"""Larger files are not read into memory; a long uncompressed tomosynthesis has about 1 GiB."""

_OTHER_PICTURES = (
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"BM", "a BMP picture"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 code stream"),
    (b"8BPS", "a Photoshop picture"),
    (b"P1", "a bitmap of one bit a pixel"),
    (b"P4", "a bitmap of one bit a pixel"),
    (b"P3", "a color picture (PPM)"),
    (b"P6", "a color picture (PPM)"),
)
_ARCHIVES = (
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
)


@dataclass(frozen=True)
class Content:
    """What a file's first bytes show: its format, or ``""`` with what it is instead."""

    file_format: str
    otherwise: str = ""
    is_picture: bool = False
    is_encrypted: bool = False


def tell_format(head: bytes) -> Content:
    """Tell the format from a file's first ``HEAD_BYTES`` bytes; the name plays no part."""
    if is_dicomdir(head):
        return Content("", "a DICOMDIR, an index of other files")
    if looks_like_dicom(head) or raster_format(head):
        return Content(raster_format(head) or "DICOM")
    if _is_encrypted_envelope(head):
        name = "a file encrypted in a CMS envelope (DICOM Secure Media); decrypt it first"
        return Content("", name, is_encrypted=True)
    return _other_content(head)


def _other_content(head: bytes) -> Content:
    for start, name in _OTHER_PICTURES:
        if head.startswith(start):
            return Content("", f"{name}; convert it to DICOM, PNG, TIFF or PGM without loss", is_picture=True)
    for start, name in _ARCHIVES:
        if head.startswith(start):
            locked = start == b"PK\x03\x04" and len(head) > 6 and bool(head[6] & 1)
            words = f"{name}{' encrypted with a password' if locked else ''}; unpack it first"
            return Content("", words, is_encrypted=locked)
    return Content("", "neither DICOM nor PNG, TIFF or PGM; export it as one of these, or leave it out")


def source_of(path: Path) -> str:
    """Return a path as text that can be written anywhere; bytes that are no UTF-8 become escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def open_image(path: Path, given: GivenAttributes) -> Mammogram:
    """Read one mammogram; the file is read once and its format told by content.

    The description carries ``sha256`` of the bytes and ``source``, the path as given. Raises
    ``UnreadableImage`` or ``UnsupportedImage``; the message starts with the path.
    """
    content = _read_bytes(path)
    match _format_of(content, path):
        case "DICOM":
            mammogram = read_dicom(content, source_of(path))
            description = add_given(mammogram.description, given)
            _check_is_fine(description)
        case _:
            mammogram = read_raster(content, source_of(path), given)
            description = mammogram.description
    return replace(mammogram, description=replace(description, sha256=hashlib.sha256(content).hexdigest()))


def describe_image(path: Path, given: GivenAttributes) -> ImageDescription:
    """Tell what was understood of one file; never raises for a bad one, ``not_analyzed_because`` says why."""
    try:
        content = _read_bytes(path)
        kind = _format_of(content, path)
    except CalcwatchError as error:
        reason = str(error).removeprefix(f"{source_of(path)}: ")
        return ImageDescription(source_of(path), not_analyzed_because=reason)
    if kind == "DICOM":
        description = add_given(describe_dicom(content, source_of(path)), given)
    else:
        description = describe_raster(content, source_of(path), given)
    return replace(description, sha256=hashlib.sha256(content).hexdigest())


def add_given(description: ImageDescription, given: GivenAttributes) -> ImageDescription:
    """Fill what a DICOM header does not say; the header wins and a difference is named.

    A given number of bits is not used: Bits Stored of the header says it.
    """
    for fill in (_fill_spacing, _fill_laterality, _fill_view):
        description = fill(description, given)
    return replace(
        description,
        patient_id=description.patient_id or given.patient_id,
        study_date=description.study_date or given.study_date,
    )


def _fill_spacing(description: ImageDescription, given: GivenAttributes) -> ImageDescription:
    mm, stated = given.pixel_spacing_mm, description.pixel_spacing
    if mm is None or (stated is not None and abs(stated.mm - mm) <= 0.01 * mm):
        return description
    if stated is not None:
        note = "; ".join(
            filter(None, [description.pixel_spacing_note, f"{mm:g} mm given by the user is not used"])
        )
        flagged = _flags(description, add=QualityFlag.PIXEL_SPACING_AMBIGUOUS)
        return replace(description, pixel_spacing_note=note, flags=flagged)
    spacing = PixelSpacing(mm, mm, "given by the user")
    flagged = _flags(description, drop=QualityFlag.PIXEL_SPACING_UNKNOWN)
    return replace(description, pixel_spacing=spacing, flags=flagged)


def _fill_laterality(description: ImageDescription, given: GivenAttributes) -> ImageDescription:
    side, stated = given.image_laterality, description.image_laterality
    if side is None or side == stated:
        return description
    if stated is not None:
        source = f"{description.laterality_source}; but the user says {side}"
        flagged = _flags(description, add=QualityFlag.LATERALITY_CONFLICT)
        return replace(description, laterality_source=source, flags=flagged)
    flagged = _flags(description, drop=QualityFlag.LATERALITY_UNKNOWN)
    return replace(description, image_laterality=side, laterality_source="given by the user", flags=flagged)


def _fill_view(description: ImageDescription, given: GivenAttributes) -> ImageDescription:
    view, stated = given.view_position, description.view_position
    if view is None or view == stated:
        return description
    if stated is not None:
        source = f"{description.view_source}; but the user says {view}"
        return replace(
            description, view_source=source, flags=_flags(description, add=QualityFlag.VIEW_CONFLICT)
        )
    flagged = _flags(description, drop=QualityFlag.VIEW_UNKNOWN)
    return replace(description, view_position=view, view_source="given by the user", flags=flagged)


def _flags(
    description: ImageDescription, *, add: QualityFlag | None = None, drop: QualityFlag | None = None
) -> tuple[QualityFlag, ...]:
    kept = [flag for flag in description.flags if flag not in (add, drop)]
    return tuple(kept if add is None else [*kept, add])


def _check_is_fine(description: ImageDescription) -> None:
    """Refuse pixels that are too coarse by a spacing that only the user states."""
    try:
        check_is_fine(description.pixel_spacing)
    except UnsupportedImage as error:
        raise UnsupportedImage(f"{description.source}: {error}") from error


def _read_bytes(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise UnreadableImage(
                f"{source_of(path)}: {size} bytes are more than the {MAX_FILE_BYTES} read into memory; "
                "export it compressed"
            )
        content = path.read_bytes()
    except OSError as error:
        raise UnreadableImage(f"{source_of(path)}: cannot be read: {error.strerror or error}") from error
    if not content:
        raise UnreadableImage(
            f"{source_of(path)}: the file is empty (0 bytes); copy it again from its source"
        )
    return content


def _format_of(content: bytes, path: Path) -> str:
    told = tell_format(content[:HEAD_BYTES])
    if not told.file_format:
        reason = UnreadableImage if told.is_encrypted else UnsupportedImage
        raise reason(f"{source_of(path)}: this is {told.otherwise}")
    return told.file_format


def _is_encrypted_envelope(head: bytes) -> bool:
    """Tell a CMS EnvelopedData (RFC 5652, object identifier 1.2.840.113549.1.7.3) in DER or BER."""
    return head[:1] == b"\x30" and b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03" in head[:24]
