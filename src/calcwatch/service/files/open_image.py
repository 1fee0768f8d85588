"""Open one image file of any readable format, told by its content."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from calcwatch.domain.errors import CalcwatchError, UnreadableImage, UnsupportedImage
from calcwatch.domain.image import GivenAttributes, ImageDescription, Mammogram, PixelSpacing, QualityFlag
from calcwatch.domain.orientation import FLAG_OF_LIE, lie_of
from calcwatch.formats.bounds import check_is_fine, check_least_size
from calcwatch.formats.dicom.read.mammogram import describe_dicom, read_dicom
from calcwatch.formats.dicom.read.parse import is_dicomdir, looks_like_dicom
from calcwatch.formats.raster import describe_raster, raster_format, read_raster
from calcwatch.service.files.side_file import read_side_file

HEAD_BYTES = 512
"""First bytes of a file that tell its format, the media directory's SOP class included."""

MAX_FILE_BYTES = 4 * 2**30
"""Larger files are not read into memory; a long uncompressed tomosynthesis has about 1 GiB."""

_SAME_SPACING = 0.01
"""A given spacing that differs from the header's by no more than this share is the same, rounded: ours."""

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
_ZIP = b"PK\x03\x04"
_ARCHIVES = (
    (_ZIP, "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
)
_ENVELOPED_DATA = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03"  # 1.2.840.113549.1.7.3 in DER (RFC 5652)


@dataclass(frozen=True)
class Content:
    """What a file's first bytes show.

    Attributes:
        file_format: ``DICOM``, ``PNG``, ``TIFF`` or ``PGM``; ``""`` for anything else.
        otherwise: What it is instead, in words with the remedy.
        is_picture: It is a picture of a format that is not read.
        is_encrypted: It is encrypted, so it may hold an image.

    """

    file_format: str
    otherwise: str = ""
    is_picture: bool = False
    is_encrypted: bool = False


def tell_format(head: bytes) -> Content:
    """Tell the format of a file; its name plays no part.

    Args:
        head: Its first ``HEAD_BYTES`` bytes, fewer where it is shorter.

    Returns:
        Its format, or what it is instead.

    """
    # First, since a DICOMDIR is a DICOM file too.
    if is_dicomdir(head):
        return Content("", "a DICOMDIR, an index of other files")
    # DICM is four bytes in their own place: a preamble may hold the start of a TIFF (PS3.10 7.1) or of any
    # other format, and a data set without preamble only looks like one.
    if looks_like_dicom(head) or raster_format(head):
        is_surely_dicom = head[128:132] == b"DICM"
        return Content("DICOM" if is_surely_dicom else raster_format(head) or "DICOM")
    # A CMS envelope is a DER sequence; the identifier of its content comes first.
    if head[:1] == b"\x30" and _ENVELOPED_DATA in head[:24]:
        words = "a file encrypted in a CMS envelope (DICOM Secure Media); decrypt it first"
        return Content("", words, is_encrypted=True)
    for start, name in _OTHER_PICTURES:
        if head.startswith(start):
            return Content("", f"{name}; convert it to DICOM, PNG, TIFF or PGM without loss", is_picture=True)
    for start, name in _ARCHIVES:
        if head.startswith(start):
            # bit 0 of the general purpose flag (APPNOTE.TXT 4.4.4)
            locked = start == _ZIP and len(head) > 6 and bool(head[6] & 1)
            words = f"{name}{' encrypted with a password' if locked else ''}; unpack it first"
            return Content("", words, is_encrypted=locked)
    return Content("", "neither DICOM nor PNG, TIFF or PGM; export it as one of these, or leave it out")


def source_of(path: Path) -> str:
    """Write a path as text that can be written anywhere.

    Args:
        path: Any path.

    Returns:
        The path; bytes that are no UTF-8 become escapes.

    """
    # File names are bytes on some systems; lone surrogates could be written to no report.
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def open_image(path: Path | str, given: GivenAttributes | None = None) -> Mammogram:
    """Read one mammogram; the file is read once and its format told by content.

    Args:
        path: A DICOM, PNG, TIFF or PGM file.
        given: What is known of the image that the file does not say; ``None``: nothing.

    Returns:
        Its gray values with its description, in which ``source`` is the path as given and ``sha256`` the hash
        of the file.

    Raises:
        UnreadableImage: The file cannot be read, or is damaged.
        UnsupportedImage: It is no mammogram that is analyzed. Both messages start with the path.

    """
    given = given or GivenAttributes()
    source, content = source_of(Path(path)), _read_image(Path(path))
    if _format_of(content, source) == "DICOM":
        mammogram = read_dicom(content, source)
        description = _add_given(mammogram.description, given)
    else:
        # A picture says nothing of itself, so what is given enters while it is read.
        mammogram = read_raster(content, source, given)
        description = mammogram.description
    try:
        check_is_fine(description.pixel_spacing)  # a spacing that only the user states counts too
        check_least_size(description.rows, description.columns)
    except UnsupportedImage as error:
        raise UnsupportedImage(f"{source}: {error}") from error
    return replace(mammogram, description=replace(description, sha256=hashlib.sha256(content).hexdigest()))


def describe_image(path: Path | str, given: GivenAttributes | None = None) -> ImageDescription:
    """Tell what was understood of one file.

    Args:
        path: Any file.
        given: What is known of the image that the file does not say; ``None``: nothing.

    Returns:
        Its description; of a file that cannot be read, as much as is known, ``not_analyzed_because`` says
        why.

    """
    given = given or GivenAttributes()
    source = source_of(Path(path))
    try:
        content = _read_image(Path(path))
        kind = _format_of(content, source)
    except CalcwatchError as error:
        return ImageDescription(source, not_analyzed_because=str(error).removeprefix(f"{source}: "))
    if kind == "DICOM":
        description = _add_given(describe_dicom(content, source), given)
    else:
        description = describe_raster(content, source, given)
    return replace(description, sha256=hashlib.sha256(content).hexdigest())


def read_bounded(path: Path, most: int, otherwise: str) -> bytes:
    """Read a file whole.

    Args:
        path: The file.
        most: Bytes that it may have.
        otherwise: What a larger file is more than, and the remedy, for the message.

    Returns:
        Its bytes.

    Raises:
        UnreadableImage: It cannot be read, or is larger; the message starts with the path.

    """
    try:
        # Before reading: a wrong file of many gigabytes must not fill memory.
        size = path.stat().st_size
        if size > most:
            raise UnreadableImage(f"{source_of(path)}: {size} bytes are more than the {most} {otherwise}")
        return read_side_file(path, most)
    except OSError as error:
        raise UnreadableImage(f"{source_of(path)}: cannot be read: {error.strerror or error}") from error


def _read_image(path: Path) -> bytes:
    content = read_bounded(path, MAX_FILE_BYTES, "read into memory; export it compressed")
    if not content:
        raise UnreadableImage(
            f"{source_of(path)}: the file is empty (0 bytes); copy it again from its source"
        )
    return content


def _format_of(content: bytes, source: str) -> str:
    shown = tell_format(content[:HEAD_BYTES])
    if not shown.file_format:
        # An encrypted file may hold an image that is missed; another format is only the wrong kind.
        reason = UnreadableImage if shown.is_encrypted else UnsupportedImage
        raise reason(f"{source}: this is {shown.otherwise}")
    return shown.file_format


def _add_given(description: ImageDescription, given: GivenAttributes) -> ImageDescription:
    """Fill what a DICOM header does not say; the header wins and a difference is named.

    A given number of bits is not used: Bits Stored of the header says it.
    """
    stated = (description.image_laterality, description.view_position)
    description = _fill_spacing(description, given.pixel_spacing_mm)
    description = _fill_word(
        description,
        given.image_laterality,
        ("image_laterality", "laterality_source"),
        unknown=QualityFlag.LATERALITY_UNKNOWN,
        conflict=QualityFlag.LATERALITY_CONFLICT,
    )
    description = _fill_word(
        description,
        given.view_position,
        ("view_position", "view_source"),
        unknown=QualityFlag.VIEW_UNKNOWN,
        conflict=QualityFlag.VIEW_CONFLICT,
    )
    if (description.image_laterality, description.view_position) != stated:
        description = _with_lie(description)
    if given.study_date is not None:
        description = _without_flag(description, QualityFlag.STUDY_DATE_UNKNOWN)
    return replace(
        description,
        # The only word that goes before the header's: whoever states it says that two IDs are one woman.
        patient_id=given.patient_id or description.patient_id,
        study_date=description.study_date or given.study_date,
    )


def _with_lie(description: ImageDescription) -> ImageDescription:
    """Judge how the picture lies once more: that depends on side and view, which the user has given."""
    lie = lie_of(description.patient_orientation, description.view_position, description.image_laterality)
    others = tuple(flag for flag in description.flags if flag not in FLAG_OF_LIE.values())
    return replace(description, flags=(*others, *([FLAG_OF_LIE[lie]] if lie in FLAG_OF_LIE else [])))


def _fill_spacing(description: ImageDescription, mm: float | None) -> ImageDescription:
    stated = description.pixel_spacing
    if mm is None or (stated is not None and abs(stated.mm - mm) <= _SAME_SPACING * mm):
        return description
    if stated is not None:
        # The header wins: it came with the pixels, a command line may be of another image.
        notes = [description.pixel_spacing_note, f"{mm:g} mm given by the user is not used"]
        return _with_flag(
            replace(description, pixel_spacing_note="; ".join(filter(None, notes))),
            QualityFlag.PIXEL_SPACING_AMBIGUOUS,
        )
    spacing = PixelSpacing(mm, mm, "given by the user")
    # What was unknown is known now.
    return _without_flag(replace(description, pixel_spacing=spacing), QualityFlag.PIXEL_SPACING_UNKNOWN)


def _fill_word(
    description: ImageDescription,
    given: str | None,
    names: tuple[str, str],
    *,
    unknown: QualityFlag,
    conflict: QualityFlag,
) -> ImageDescription:
    """Fill side or view; ``names``: the fields of the word and of where it comes from."""
    stated, source = (getattr(description, name) for name in names)
    if given is None or given == stated:
        return description
    if stated is not None:
        but: dict[str, Any] = {names[1]: f"{source}; but the user says {given}"}
        return _with_flag(replace(description, **but), conflict)
    filled: dict[str, Any] = {names[0]: given, names[1]: "given by the user"}
    return _without_flag(replace(description, **filled), unknown)


def _with_flag(description: ImageDescription, flag: QualityFlag) -> ImageDescription:
    return replace(description, flags=(*_without_flag(description, flag).flags, flag))


def _without_flag(description: ImageDescription, flag: QualityFlag) -> ImageDescription:
    return replace(description, flags=tuple(kept for kept in description.flags if kept is not flag))
