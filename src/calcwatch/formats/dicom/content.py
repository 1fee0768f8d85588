"""Content items of a structured report (PS3.3 C.17.3), each a short function from values to a data set.

``relationship`` is the item's to its parent. Children are put in by ``with_children``, in order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset
from pydicom.sr.coding import Code as PydicomCode

from calcwatch.codes.concepts import Code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.domain.image import Point
    from calcwatch.domain.study import InstanceReference

AnyCode = Code | PydicomCode
"""A coded concept, ours or one of pydicom's dictionary."""

CONTAINS, INFERRED_FROM, SELECTED_FROM = "CONTAINS", "INFERRED FROM", "SELECTED FROM"
HAS_PROPERTIES, HAS_CONCEPT_MOD = "HAS PROPERTIES", "HAS CONCEPT MOD"
HAS_OBS_CONTEXT, HAS_ACQ_CONTEXT = "HAS OBS CONTEXT", "HAS ACQ CONTEXT"

UNITS = {
    "1": Code("UCUM", "1", "no units"),
    "%": Code("UCUM", "%", "Percent"),
    "mm": Code("UCUM", "mm", "millimeter"),
    "mm2": Code("UCUM", "mm2", "Square millimeter"),
    "um": Code("UCUM", "um", "micrometer"),
    "mo": Code("UCUM", "mo", "month"),
}
"""Units of measurement by their UCUM code."""


def coded(code: AnyCode) -> Dataset:
    """A code as an item of a code sequence (PS3.3 8.8)."""
    item = Dataset()
    scheme = code.scheme if isinstance(code, Code) else code.scheme_designator
    item.CodeValue, item.CodingSchemeDesignator = code.value, scheme
    if isinstance(code, Code) and code.version:
        item.CodingSchemeVersion = code.version
    # pydicom's dictionary holds invisible spaces where the printed Standard may break a line
    item.CodeMeaning = code.meaning.replace("\u200b", "")
    return item


def with_children(item: Dataset, *children: Dataset | None) -> Dataset:
    """Put children into an item, in order, behind those it has; ``None`` is left out. Returns the item."""
    present = [child for child in children if child is not None]
    if present:
        item.ContentSequence = [*item.get("ContentSequence", []), *present]
    return item


def container(relationship: str, concept: AnyCode, *children: Dataset | None) -> Dataset:
    """A heading with content items under it."""
    item = _item(relationship, "CONTAINER", concept)
    item.ContinuityOfContent = "SEPARATE"
    return with_children(item, *children)


def code(relationship: str, concept: AnyCode, value: AnyCode, *children: Dataset | None) -> Dataset:
    """A coded value."""
    item = _item(relationship, "CODE", concept)
    item.ConceptCodeSequence = [coded(value)]
    return with_children(item, *children)


def text(relationship: str, concept: AnyCode, value: str) -> Dataset:
    """A text."""
    item = _item(relationship, "TEXT", concept)
    item.TextValue = value
    return item


def date(relationship: str, concept: AnyCode, value: str) -> Dataset | None:
    """A date ``YYYYMMDD``; ``None`` for ``""``."""
    if not value:
        return None
    item = _item(relationship, "DATE", concept)
    item.Date = value
    return item


def time(relationship: str, concept: AnyCode, value: str) -> Dataset | None:
    """A time ``HHMMSS``; ``None`` for ``""``."""
    if not value:
        return None
    item = _item(relationship, "TIME", concept)
    item.Time = value
    return item


def uid_reference(relationship: str, concept: AnyCode, value: str) -> Dataset:
    """A UID."""
    item = _item(relationship, "UIDREF", concept)
    item.UID = value
    return item


def number(
    relationship: str, concept: AnyCode, value: float | None, unit: str, *children: Dataset | None
) -> Dataset | None:
    """A number with its unit, one of ``UNITS``; ``None`` for ``None``."""
    if value is None:
        return None
    item = _item(relationship, "NUM", concept)
    measured = Dataset()
    measured.MeasurementUnitsCodeSequence = [coded(UNITS[unit])]
    measured.NumericValue = decimal(value)
    item.MeasuredValueSequence = [measured]
    return with_children(item, *children)


def decimal(value: float) -> str:
    """A number as a decimal string of at most 16 characters (PS3.5 6.2)."""
    return next(word for digits in range(15, 5, -1) if len(word := f"{value:.{digits}g}") <= 16)


def points(
    relationship: str,
    concept: AnyCode,
    graphic_type: str,
    place: Sequence[tuple[float, float]],
    *,
    image: str,
) -> Dataset:
    """Coordinates in an image, DICOM's ``(column, row)``.

    ``image``: place of its IMAGE item in the tree, as Referenced Content Item Identifier (0040,DB73) counts,
    parts joined by dots: ``1.2.1``.
    """
    item = _item(relationship, "SCOORD", concept)
    item.GraphicType = graphic_type
    item.GraphicData = [float(part) for point in place for part in point]
    selected = Dataset()
    selected.RelationshipType = SELECTED_FROM
    selected.ReferencedContentItemIdentifier = [int(part) for part in image.split(".")]
    return with_children(item, selected)


def image(relationship: str, reference: InstanceReference, *children: Dataset | None) -> Dataset:
    """A reference to an image; it has no concept name (TID 4020)."""
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, "IMAGE"
    item.ReferencedSOPSequence = [sop_reference(reference)]
    return with_children(item, *children)


def same_item(relationship: str, place: str) -> Dataset:
    """A relationship by reference to another item of the tree (PS3.3 C.17.3.2.5); ``place`` as ``1.2.1``."""
    item = Dataset()
    item.RelationshipType = relationship
    item.ReferencedContentItemIdentifier = [int(part) for part in place.split(".")]
    return item


def sop_reference(reference: InstanceReference) -> Dataset:
    """SOP Class and Instance UID of an instance as an item of a reference sequence."""
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return item


def _item(relationship: str, value_type: str, concept: AnyCode) -> Dataset:
    item = Dataset()
    if relationship:
        item.RelationshipType = relationship
    item.ValueType = value_type
    item.ConceptNameCodeSequence = [coded(concept)]
    return item


def to_dicom(point: Point) -> tuple[float, float]:
    """Our ``(row, column)`` as DICOM's ``(column, row)``, counted from the corner of the first pixel."""
    row, column = point
    return column + 0.5, row + 0.5


def from_dicom(column: float, row: float) -> Point:
    """DICOM's ``(column, row)`` as our ``(row, column)``, counted from the center of the first pixel."""
    return row - 0.5, column - 0.5
