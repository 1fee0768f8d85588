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

from calcwatch.codes.concepts import ViewModifier
from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.image import ImageDescription, Mammogram, QualityFlag
from calcwatch.formats.bounds import check_is_fine, is_too_coarse
from calcwatch.formats.dicom.read.frames import read_codes, read_layout
from calcwatch.formats.dicom.read.header import integer, numbers, with_functional_groups, word, words
from calcwatch.formats.dicom.read.kind import (
    TOMOSYNTHESIS,
    breast_evidence,
    check_is_mammogram,
    is_digitized_film,
    sop_class_name,
)
from calcwatch.formats.dicom.read.parse import DicomFile, parse_dicom, parse_stream
from calcwatch.formats.dicom.read.pixels import (
    apply_table,
    count_bits_used,
    find_padding,
    is_for_processing,
    make_gray_table,
)
from calcwatch.formats.dicom.read.spacing import read_spacing
from calcwatch.formats.dicom.read.syntax import codec_of, syntax_name
from calcwatch.formats.dicom.read.view import read_implant, read_laterality, read_view


def read_dicom(content: bytes, source: str) -> Mammogram:
    """Read one mammogram from the bytes of a DICOM file.

    Raises ``UnreadableImage`` (empty, truncated, encrypted, damaged, beyond its bounds) or
    ``UnsupportedImage`` (not a mammogram, tomosynthesis, unread transfer syntax); the message starts with
    ``source``.
    """
    with _reading(source):
        file = parse_dicom(content)
        return _read(file, _describe(file, source))


def describe_dicom(content: bytes, source: str) -> ImageDescription:
    """Tell what was understood of the bytes of a DICOM file, pixels included; never raises for a bad file.

    ``not_analyzed_because`` holds the reason when :func:`read_dicom` would raise.
    """
    description = ImageDescription(source, file_format="DICOM")
    try:
        with _quiet():
            file = parse_dicom(content)
            description = _describe(file, source)
            return _read(file, description).description
    except CalcwatchError as error:
        return replace(description, not_analyzed_because=str(error))


def read_frames(stream: BinaryIO, source: str) -> Iterator[NDArray[np.float32]]:
    """Yield the gray of each frame of a DICOM image, tomosynthesis included, one at a time.

    ``stream`` is an open, seekable file; memory holds one frame, however many there are. Raises as
    :func:`read_dicom` does, but does not ask whether the image is a mammogram.
    """
    with _reading(source):
        file = parse_stream(stream, stream.seek(0, 2))
        layout = read_layout(file)
    for frame in range(layout.frames):
        with _reading(source):
            table = make_gray_table(with_functional_groups(file.dataset, frame), layout)
            gray = apply_table(table.gray, read_codes(file, layout, frame))
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
        raise type(error)(f"{source}: {error}") from error


def _read(file: DicomFile, description: ImageDescription) -> Mammogram:
    check_is_mammogram(file)
    check_is_fine(description.pixel_spacing)
    layout = read_layout(file)
    table = make_gray_table(file.dataset, layout)
    codes = read_codes(file, layout)
    described = replace(description, bits_used=count_bits_used(table, codes))
    return Mammogram(apply_table(table.gray, codes), described, find_padding(table, codes), table.gray_step)


def _describe(file: DicomFile, source: str) -> ImageDescription:
    """Describe the header; whatever it does not say stays empty."""
    dataset = file.dataset
    sop_class = word(dataset, "SOPClassUID") or word(dataset.file_meta, "MediaStorageSOPClassUID")
    view = read_view(dataset)
    laterality = read_laterality(dataset, view.view)
    implant, implant_flags = read_implant(dataset, view.modifiers)
    spacing = read_spacing(dataset)
    steps, pixel_flags = _pixel_steps(file)
    history, history_flags = _lossy_history(file)
    is_mammogram = breast_evidence(dataset, sop_class) or sop_class in TOMOSYNTHESIS
    flags = (
        *spacing.flags,
        *laterality.flags,
        *view.flags,
        *implant_flags,
        *pixel_flags,
        *history_flags,
        *_kind_flags(dataset, magnified=ViewModifier.MAGNIFICATION in view.modifiers),
        *(() if is_mammogram and not is_too_coarse(spacing.spacing) else (QualityFlag.NOT_A_MAMMOGRAM,)),
    )
    return ImageDescription(
        source=source,
        file_format="DICOM",
        modality=word(dataset, "Modality"),
        sop_class=sop_class_name(sop_class),
        presentation_intent=_intent(dataset),
        transfer_syntax=syntax_name(file.transfer_syntax),
        rows=integer(dataset, "Rows") or 0,
        columns=integer(dataset, "Columns") or 0,
        frames=integer(dataset, "NumberOfFrames") or 1,
        bits_stored=integer(dataset, "BitsStored"),
        photometric_interpretation=word(dataset, "PhotometricInterpretation"),
        pixel_steps=steps,
        pixel_spacing=spacing.spacing,
        pixel_spacing_note=spacing.note,
        image_laterality=laterality.laterality,
        laterality_source=laterality.source,
        view_position=view.view,
        view_source=view.source,
        implant=implant,
        lossy_history=history,
        sop_instance_uid=word(dataset, "SOPInstanceUID") or None,
        study_instance_uid=word(dataset, "StudyInstanceUID") or None,
        patient_id=word(dataset, "PatientID") or None,
        study_date=word(dataset, "StudyDate") or None,
        flags=tuple(dict.fromkeys(flags)),
    )


def _pixel_steps(file: DicomFile) -> tuple[tuple[str, ...], tuple[QualityFlag, ...]]:
    """Name the steps to gray; none for an image whose pixels are not read."""
    try:
        table = make_gray_table(with_functional_groups(file.dataset, 0), read_layout(file))
    except CalcwatchError:
        return (), ()
    return table.steps, table.flags


def _intent(dataset: Dataset) -> str:
    stated = word(dataset, "PresentationIntentType")
    return stated or ("FOR PROCESSING" if is_for_processing(dataset) else "")


def _kind_flags(dataset: Dataset, *, magnified: bool) -> tuple[QualityFlag, ...]:
    found = {
        QualityFlag.EIGHT_BIT: (integer(dataset, "BitsStored") or 16) <= 8,
        QualityFlag.DIGITIZED_FILM: is_digitized_film(dataset),
        QualityFlag.FOR_PROCESSING: is_for_processing(dataset),
        QualityFlag.MAGNIFICATION_VIEW: magnified,
    }
    return tuple(flag for flag, present in found.items() if present)


def _lossy_history(file: DicomFile) -> tuple[str, tuple[QualityFlag, ...]]:
    """Tell what the header and the transfer syntax say of lossy compression (C.7.6.1.1.5)."""
    stated = word(file.dataset, "LossyImageCompression")
    codec = codec_of(file.transfer_syntax)
    now_lossy = codec is not None and codec.may_lose
    if stated != "01" and not (now_lossy and stated != "00"):
        return ("none, says the header" if stated == "00" else ""), ()
    ratios = ", ".join(f"{ratio:g}" for ratio in numbers(file.dataset, "LossyImageCompressionRatio"))
    methods = ", ".join(words(file.dataset, "LossyImageCompressionMethod"))
    details = [f"{name} {found}" for name, found in (("ratio", ratios), ("method", methods)) if found]
    now = f"not stated, but {syntax_name(file.transfer_syntax)}"
    said = "lossy compression stated" if stated == "01" else now
    return ", ".join([said, *details]), (QualityFlag.LOSSY_COMPRESSION,)
