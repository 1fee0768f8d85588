"""DICOM bytes -> mammogram, or what was understood of them and why they are not analyzed."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from calcwatch.codes.views import ViewModifier
from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.image import ImageDescription, Mammogram, QualityFlag
from calcwatch.domain.orientation import FLAG_OF_LIE, lie_of
from calcwatch.formats.bounds import check_is_fine, is_too_coarse
from calcwatch.formats.dicom.read.against_pixels import (
    check_against_pixels,
    enclosed_padding,
    lies_otherwise,
)
from calcwatch.formats.dicom.read.frames import read_cells, read_layout
from calcwatch.formats.dicom.read.grayscale import count_bits_used, look_up, make_gray_table
from calcwatch.formats.dicom.read.header import (
    Reading,
    holds_no_text,
    identifier,
    integer,
    is_stated,
    numbers,
    with_functional_groups,
    word,
    words,
)
from calcwatch.formats.dicom.read.kind import (
    TOMOSYNTHESIS,
    breast_evidence,
    check_is_mammogram,
    sop_class_name,
)
from calcwatch.formats.dicom.read.parse import DicomFile, parse_dicom, parse_stream
from calcwatch.formats.dicom.read.quirks import (
    correct_header,
    is_digitized_film,
    is_for_processing,
    sop_class_of,
)
from calcwatch.formats.dicom.read.spacing import read_spacing
from calcwatch.formats.dicom.read.study import read_study_date
from calcwatch.formats.dicom.read.syntax import codec_of, syntax_name
from calcwatch.formats.dicom.read.view import read_implant, read_laterality, read_view, read_view_modifiers
from calcwatch.formats.settings import READING


def read_dicom(content: bytes, source: str) -> Mammogram:
    """Read one mammogram.

    Args:
        content: Bytes of a DICOM file.
        source: Where they come from, as messages and the description name it.

    Returns:
        Gray 0 to 1 of the image as stored in the file, with its description.

    Raises:
        UnreadableImage: It is empty, truncated, encrypted, damaged, or beyond its bounds.
        UnsupportedImage: It is no mammogram, a tomosynthesis, or of a transfer syntax that is not read.

    """
    with _reading(source):
        file = parse_dicom(content)
        correct_header(file.dataset)
        return _read(file, _describe(file, source))


def describe_dicom(content: bytes, source: str) -> ImageDescription:
    """Describe what was understood of a DICOM file, pixels included; never raises for a bad file.

    Args:
        content: Bytes of the file.
        source: Where they come from.

    Returns:
        The description; ``not_analyzed_because`` holds the reason where :func:`read_dicom` would raise.

    """
    # Replaced as more is understood: whatever fails, the user sees all that was read until then.
    description = ImageDescription(source, file_format="DICOM")
    try:
        with _quiet():
            file = parse_dicom(content)
            correct_header(file.dataset)
            description = _describe(file, source)
            return _read(file, description).description
    except CalcwatchError as error:
        return replace(description, not_analyzed_because=str(error))


def read_frames(stream: BinaryIO, source: str) -> Iterator[NDArray[np.float32]]:
    """Read the frames of a DICOM image, tomosynthesis included, one at a time.

    Memory holds one frame, however many there are. Whether the image is a mammogram is not looked at.

    Args:
        stream: An open, seekable file.
        source: Where it comes from.

    Yields:
        Gray 0 to 1 of each frame, rows x columns.

    Raises:
        UnreadableImage: The file is truncated, damaged, or beyond its bounds.
        UnsupportedImage: It is in color, or of a transfer syntax that is not read.

    """
    with _reading(source):
        # From the stream, not from bytes: a tomosynthesis stack need not fit into memory.
        file = parse_stream(stream, stream.seek(0, 2))
        correct_header(file.dataset)
        layout = read_layout(file)
    for frame in range(layout.frames):
        with _reading(source):
            # A table for each frame, because window and rescale may differ from frame to frame.
            table = make_gray_table(with_functional_groups(file.dataset, frame), layout)
            gray = look_up(table.gray, read_cells(file, layout, frame))
        # Outside the context: an error of whoever consumes the frames is not an error of this file.
        yield gray


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence pydicom's warnings: whatever matters in them is checked and stated here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def _reading(source: str) -> Iterator[None]:
    try:
        with _quiet():
            yield
    except CalcwatchError as error:
        # The kind of error stays, since callers sort files by it.
        raise type(error)(f"{source}: {error}") from error


def _read(file: DicomFile, description: ImageDescription) -> Mammogram:
    # All that the header tells is refused before pixels are decoded, which is the slow part.
    check_is_mammogram(file)
    check_is_fine(description.pixel_spacing)
    layout = read_layout(file)
    table = make_gray_table(file.dataset, layout)
    cells = read_cells(file, layout)
    bits_used = count_bits_used(table, cells)
    check_against_pixels(table, cells, layout, bits_used)
    gray, described = look_up(table.gray, cells), replace(description, bits_used=bits_used)
    padding = None if table.padding is None else look_up(table.padding, cells)
    if padding is not None and table.is_bright_padding:
        # Looked up as image, because padding that is black loses nothing and white may hide what is sought.
        inside = enclosed_padding(padding)
        if inside.any():
            gray[inside] = look_up(table.unpadded, cells)[inside]
            padding &= ~inside
            described = _flagged(described, QualityFlag.PADDING_IN_PICTURE)
    if lies_otherwise(gray, described.patient_orientation):
        others = tuple(flag for flag in described.flags if flag not in FLAG_OF_LIE.values())
        described = _flagged(replace(described, flags=others), QualityFlag.ORIENTATION_CONFLICT)
    return Mammogram(gray, described, padding, table.gray_step)


def _flagged(description: ImageDescription, flag: QualityFlag) -> ImageDescription:
    return replace(description, flags=(*description.flags, flag))


def _describe(file: DicomFile, source: str) -> ImageDescription:
    """Describe the header; whatever it does not say stays empty."""
    dataset = file.dataset
    sop_class = sop_class_of(dataset)
    # The view comes first: whether orientation speaks of a side depends on it.
    view = read_view(dataset)
    laterality = read_laterality(dataset, view.value)
    implant = read_implant(dataset)
    spacing = read_spacing(dataset)
    orientation = "\\".join(words(dataset, "PatientOrientation")).strip("\\")
    lie = lie_of(orientation, view.value, laterality.value)
    study_date = read_study_date(dataset)
    history = _lossy_history(file)
    steps, pixel_flags = _pixel_steps(file)
    is_raw = is_for_processing(dataset)
    is_mammogram = breast_evidence(dataset, sop_class) or sop_class in TOMOSYNTHESIS
    flags = (
        *spacing.flags,
        *laterality.flags,
        *view.flags,
        *([FLAG_OF_LIE[lie]] if is_mammogram and lie in FLAG_OF_LIE else []),
        *study_date.flags,
        *([QualityFlag.HEADER_UNREADABLE] if _has_unread_names(dataset) else []),
        *implant.flags,
        *pixel_flags,
        *history.flags,
        *_kind_flags(dataset, is_raw=is_raw, is_mammogram=is_mammogram and not is_too_coarse(spacing.value)),
    )
    return ImageDescription(
        source=source,
        file_format="DICOM",
        modality=word(dataset, "Modality"),
        sop_class=sop_class_name(sop_class),
        presentation_intent=word(dataset, "PresentationIntentType") or ("FOR PROCESSING" if is_raw else ""),
        transfer_syntax=syntax_name(file.transfer_syntax),
        rows=integer(dataset, "Rows") or 0,
        columns=integer(dataset, "Columns") or 0,
        frames=integer(dataset, "NumberOfFrames") or 1,
        bits_stored=integer(dataset, "BitsStored"),
        photometric_interpretation=word(dataset, "PhotometricInterpretation"),
        pixel_steps=steps,
        pixel_spacing=spacing.value,
        pixel_spacing_note=spacing.note,
        image_laterality=laterality.value,
        laterality_source=laterality.note,
        view_position=view.value,
        view_source=view.note,
        patient_orientation=orientation,
        implant=implant.value,
        lossy_history=history.value,
        sop_instance_uid=word(dataset, "SOPInstanceUID") or None,
        study_instance_uid=word(dataset, "StudyInstanceUID") or None,
        patient_id=identifier(dataset, "PatientID") or None,
        study_date=study_date.value,
        # Two readers may raise the same flag; the first place keeps the order stable.
        flags=tuple(dict.fromkeys(flags)),
    )


_SINGLE_WORDS = (
    *("PatientID", "StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"),
    *("BreastImplantPresent", "LossyImageCompression", "DetectorType", "ConversionType"),
    "BurnedInAnnotation",
)


def _has_unread_names(dataset: Dataset) -> bool:
    """Whether what says whose image it is, which and of what kind it is, or how it lies, is no text."""
    return any(holds_no_text(dataset, name) for name in (*_SINGLE_WORDS, "PatientOrientation")) or any(
        # Of two values nobody knows which one is meant.
        is_stated(dataset, name) and len(words(dataset, name)) > 1
        for name in _SINGLE_WORDS
    )


def _kind_flags(dataset: Dataset, *, is_raw: bool, is_mammogram: bool) -> list[QualityFlag]:
    """What kind of an image it is, as far as a reader must know."""
    of_the_kind = {
        # A file that does not say is not accused of few gray levels: 16 is assumed.
        QualityFlag.EIGHT_BIT: (integer(dataset, "BitsStored") or 16) <= READING.eight_bit,
        QualityFlag.DIGITIZED_FILM: is_digitized_film(dataset),
        QualityFlag.FOR_PROCESSING: is_raw,
        QualityFlag.MAGNIFICATION_VIEW: ViewModifier.MAGNIFICATION in read_view_modifiers(dataset),
        QualityFlag.NOT_A_MAMMOGRAM: not is_mammogram,
    }
    return [flag for flag, is_set in of_the_kind.items() if is_set]


def _pixel_steps(file: DicomFile) -> tuple[tuple[str, ...], tuple[QualityFlag, ...]]:
    """Name the steps to gray; none for an image whose pixels are not read."""
    try:
        table = make_gray_table(with_functional_groups(file.dataset, 0), read_layout(file))
    # A description goes on without steps; the reason is told by whoever reads the pixels.
    except CalcwatchError:
        return (), ()
    return table.steps, table.flags


def _lossy_history(file: DicomFile) -> Reading[str]:
    """Say what the header and the transfer syntax say of lossy compression (C.7.6.1.1.5)."""
    lossy = word(file.dataset, "LossyImageCompression")
    codec = codec_of(file.transfer_syntax)
    is_lossy_now = codec is not None and codec.may_lose
    # A lossy syntax may hold lossless streams: an explicit 00 is believed over the syntax.
    if lossy != "01" and not (is_lossy_now and lossy != "00"):
        return Reading("none, says the header" if lossy == "00" else "", "Lossy Image Compression")
    ratios = ", ".join(f"{ratio:g}" for ratio in numbers(file.dataset, "LossyImageCompressionRatio"))
    methods = ", ".join(words(file.dataset, "LossyImageCompressionMethod"))
    details = [f"{name} {said}" for name, said in (("ratio", ratios), ("method", methods)) if said]
    by_syntax = f"not stated, but {syntax_name(file.transfer_syntax)}"
    said = "lossy compression stated" if lossy == "01" else by_syntax
    return Reading(", ".join([said, *details]), "Lossy Image Compression", (QualityFlag.LOSSY_COMPRESSION,))
