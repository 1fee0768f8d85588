"""The images that a Mammography CAD SR speaks of: its Image Library (TID 4020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.codes import cad
from calcwatch.codes.body import SIDES
from calcwatch.codes.views import VIEWS
from calcwatch.formats.dicom.content_items import (
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
from calcwatch.formats.dicom.read.study import reference_of
from calcwatch.formats.dicom.read.view import read_laterality, read_view

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from calcwatch.formats.dicom.write.evidence import Evidence

_LIBRARY = "1.2"
"""Where the Image Library stands in the tree: the second child of the root, behind the language."""


def image_library(evidence: Evidence) -> Dataset:
    """Current images, then those of the prior, then those that were not analyzed.

    Args:
        evidence: What the report is made from.

    Returns:
        The container of the library.

    """
    return container(CONTAINS, cad.IMAGE_LIBRARY, *(_entry(header) for header in evidence.headers))


def library_place(place: int) -> str:
    """Where an image stands in the tree of a Mammography CAD SR.

    Args:
        place: Of the image among the evidence's ``headers``, the first is 0.

    Returns:
        The place as ``1.2.1``.

    """
    return f"{_LIBRARY}.{place + 1}"


def _entry(header: Dataset) -> Dataset:
    # Padded, since the attribute may be absent or have a single value.
    row, column = (*words(header, "PatientOrientation"), "", "")[:2]
    # DICOM spacing is (between rows, between columns): the vertical distance comes first.
    vertical, horizontal = (*numbers(header, "ImagerPixelSpacing"), None, None)[:2]
    # No view is handed in: orientation is only a witness against a side and not needed here.
    side, view = read_laterality(header, None).value, read_view(header).value
    view_code = VIEWS.get(view) if view else None
    return image(
        CONTAINS,
        reference_of(header),
        code(HAS_ACQ_CONTEXT, cad.IMAGE_LATERALITY, SIDES[side]) if side else None,
        code(HAS_ACQ_CONTEXT, cad.IMAGE_VIEW, view_code) if view_code else None,
        text(HAS_ACQ_CONTEXT, cad.PATIENT_ORIENTATION_ROW, row) if row else None,
        text(HAS_ACQ_CONTEXT, cad.PATIENT_ORIENTATION_COLUMN, column) if column else None,
        date(HAS_ACQ_CONTEXT, cad.STUDY_DATE, word(header, "StudyDate")),
        time(HAS_ACQ_CONTEXT, cad.STUDY_TIME, word(header, "StudyTime")),
        date(HAS_ACQ_CONTEXT, cad.CONTENT_DATE, word(header, "ContentDate")),
        time(HAS_ACQ_CONTEXT, cad.CONTENT_TIME, word(header, "ContentTime")),
        number(HAS_ACQ_CONTEXT, cad.HORIZONTAL_PIXEL_SPACING, _micrometers(horizontal), "um"),
        number(HAS_ACQ_CONTEXT, cad.VERTICAL_PIXEL_SPACING, _micrometers(vertical), "um"),
    )


def _micrometers(mm: float | None) -> float | None:
    """Imager Pixel Spacing as the library states it: at the detector, not corrected for magnification."""
    return None if mm is None else round(1000 * mm, 3)
