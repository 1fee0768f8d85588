"""The images that a Mammography CAD SR speaks of: its Image Library (TID 4020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.sr.codedict import codes

from calcwatch.codes.concepts import SIDES, VIEW_CODES, VIEW_MEANINGS, Code
from calcwatch.formats.dicom.content import (
    CONTAINS,
    HAS_ACQ_CONTEXT,
    code,
    container,
    date,
    image,
    number,
    text,
    time,
)
from calcwatch.formats.dicom.read.header import numbers, word, words
from calcwatch.formats.dicom.read.view import read_laterality, read_view
from calcwatch.formats.dicom.write.evidence import Evidence, reference_of

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_DCM = codes.DCM


def image_library(evidence: Evidence) -> Dataset:
    """Current images, then those of the prior, then those that were not analyzed, each counted from 1."""
    headers = (*evidence.current, *evidence.prior, *evidence.failed)
    return container(CONTAINS, _DCM.ImageLibrary, *(_entry(header) for header in headers))


def place_of(evidence: Evidence, header: Dataset) -> int:
    """Place of an image in the library, 1 first."""
    headers = [*evidence.current, *evidence.prior, *evidence.failed]
    return next(number for number, one in enumerate(headers, start=1) if one is header)


def _entry(header: Dataset) -> Dataset:
    row, column = (*words(header, "PatientOrientation"), "", "")[:2]
    vertical, horizontal = (*numbers(header, "ImagerPixelSpacing"), None, None)[:2]
    return image(
        CONTAINS,
        reference_of(header),
        _side(header),
        _view(header),
        text(HAS_ACQ_CONTEXT, _DCM.PatientOrientationRow, row) if row else None,
        text(HAS_ACQ_CONTEXT, _DCM.PatientOrientationColumn, column) if column else None,
        date(HAS_ACQ_CONTEXT, _DCM.StudyDate, word(header, "StudyDate")),
        time(HAS_ACQ_CONTEXT, _DCM.StudyTime, word(header, "StudyTime")),
        date(HAS_ACQ_CONTEXT, _DCM.ContentDate, word(header, "ContentDate")),
        time(HAS_ACQ_CONTEXT, _DCM.ContentTime, word(header, "ContentTime")),
        number(HAS_ACQ_CONTEXT, _DCM.HorizontalPixelSpacing, _micrometers(horizontal), "um"),
        number(HAS_ACQ_CONTEXT, _DCM.VerticalPixelSpacing, _micrometers(vertical), "um"),
    )


def _micrometers(mm: float | None) -> float | None:
    """Imager Pixel Spacing as the library states it: at the detector, not corrected for magnification."""
    return None if mm is None else round(1000 * mm, 3)


def _side(header: Dataset) -> Dataset | None:
    side = read_laterality(header, None).laterality
    return None if side is None else code(HAS_ACQ_CONTEXT, _DCM.ImageLaterality, SIDES[side])


def _view(header: Dataset) -> Dataset | None:
    view = read_view(header).view
    sct = next((sct for one, sct, _ in VIEW_CODES if one is view), None)
    if view is None or sct is None:
        return None
    return code(HAS_ACQ_CONTEXT, _DCM.ImageView, Code("SCT", sct, VIEW_MEANINGS[view]))
