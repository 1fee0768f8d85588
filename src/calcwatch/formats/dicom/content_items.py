"""Content items of a structured report (PS3.3 C.17.3), each a short function from values to a data set.

``relationship`` is the item's to its parent, one of the constants below. Children are put in, in order, by
``with_children``. Places in the tree are written as ``1.2.1``: the root is 1, its second child 1.2.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydicom.dataset import Dataset

from calcwatch.codes.quantities import UNITS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calcwatch.codes.code import Code
    from calcwatch.domain.identity import InstanceReference

CONTAINS = "CONTAINS"
"""Relationship Type (0040,A010): a heading and what stands under it."""

INFERRED_FROM = "INFERRED FROM"
"""Relationship Type: a conclusion and what it was drawn from."""

SELECTED_FROM = "SELECTED FROM"
"""Relationship Type: coordinates and the image that they are of."""

HAS_PROPERTIES = "HAS PROPERTIES"
"""Relationship Type: a finding and what is said of it."""

HAS_CONCEPT_MOD = "HAS CONCEPT MOD"
"""Relationship Type: a code and what modifies it."""

HAS_OBS_CONTEXT = "HAS OBS CONTEXT"
"""Relationship Type: an item and what identifies it."""

HAS_ACQ_CONTEXT = "HAS ACQ CONTEXT"
"""Relationship Type: an image and how it was acquired."""

_LONGEST_DECIMAL = 16
"""Characters of a decimal string (PS3.5 6.2, DS)."""


def coded(code: Code) -> Dataset:
    """A code as an item of a code sequence (PS3.3 8.8).

    Args:
        code: The concept.

    Returns:
        The item.

    """
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = code.value, code.scheme
    if code.version:
        item.CodingSchemeVersion = code.version
    # Code Meaning is required in every coded entry (PS3.3 8.8), whatever the reader's own dictionary says.
    item.CodeMeaning = code.meaning
    return item


def with_children(item: Dataset, *children: Dataset | None) -> Dataset:
    """Put children into an item, in order, behind those it has.

    Args:
        item: The parent; it is changed.
        *children: Content items; ``None`` is left out.

    Returns:
        The parent.

    """
    # Optional rows are handed in as None, so that a caller can write a template's rows in one list.
    present = [child for child in children if child is not None]
    if present:
        item.ContentSequence = [*item.get("ContentSequence", []), *present]
    return item


def container(relationship: str, concept: Code, *children: Dataset | None) -> Dataset:
    """A heading with content items under it.

    Args:
        relationship: To its parent.
        concept: The heading.
        *children: What stands under it; ``None`` is left out.

    Returns:
        A content item of type CONTAINER.

    """
    item = _item(relationship, "CONTAINER", concept)
    # Items are rows of a table, not sentences that run on.
    item.ContinuityOfContent = "SEPARATE"
    return with_children(item, *children)


def code(relationship: str, concept: Code, value: Code, *children: Dataset | None) -> Dataset:
    """A question with a code for an answer.

    Args:
        relationship: To its parent.
        concept: The question.
        value: The answer.
        *children: What stands under it; ``None`` is left out.

    Returns:
        A content item of type CODE.

    """
    item = _item(relationship, "CODE", concept)
    item.ConceptCodeSequence = [coded(value)]
    return with_children(item, *children)


def text(relationship: str, concept: Code, value: str) -> Dataset:
    """A text under a heading.

    Args:
        relationship: To its parent.
        concept: The heading.
        value: The text.

    Returns:
        A content item of type TEXT.

    """
    item = _item(relationship, "TEXT", concept)
    item.TextValue = value
    return item


def date(relationship: str, concept: Code, value: str) -> Dataset | None:
    """A date.

    Args:
        relationship: To its parent.
        concept: What happened on that day.
        value: ``YYYYMMDD``, or ``""``.

    Returns:
        A content item of type DATE; ``None`` for ``""``.

    """
    if not value:
        return None
    item = _item(relationship, "DATE", concept)
    item.Date = value
    return item


def time(relationship: str, concept: Code, value: str) -> Dataset | None:
    """A time of day.

    Args:
        relationship: To its parent.
        concept: What happened at that time.
        value: ``HHMMSS``, or ``""``.

    Returns:
        A content item of type TIME; ``None`` for ``""``.

    """
    if not value:
        return None
    item = _item(relationship, "TIME", concept)
    item.Time = value
    return item


def uid_reference(relationship: str, concept: Code, value: str) -> Dataset:
    """A UID.

    Args:
        relationship: To its parent.
        concept: What it is the UID of.
        value: The UID.

    Returns:
        A content item of type UIDREF.

    """
    item = _item(relationship, "UIDREF", concept)
    item.UID = value
    return item


def number(relationship: str, concept: Code, value: float | None, unit: str) -> Dataset | None:
    """A number with its unit.

    Args:
        relationship: To its parent.
        concept: What was measured.
        value: The number, ``None`` where it is not known.
        unit: One of ``codes.quantities.UNITS``.

    Returns:
        A content item of type NUM; ``None`` for ``None``.

    """
    if value is None:
        return None
    item = _item(relationship, "NUM", concept)
    measured = Dataset()
    measured.MeasurementUnitsCodeSequence = [coded(UNITS[unit])]
    # as many digits as a decimal string holds; six are always few enough
    digits = (f"{value:.{count}g}" for count in range(15, 5, -1))
    measured.NumericValue = next(written for written in digits if len(written) <= _LONGEST_DECIMAL)
    item.MeasuredValueSequence = [measured]
    return item


def points(
    relationship: str,
    concept: Code,
    graphic_type: str,
    places: Sequence[tuple[float, float]],
    *,
    image: str,
) -> Dataset:
    """Coordinates in an image.

    Args:
        relationship: To its parent.
        concept: What they are of.
        graphic_type: Graphic Type (0070,0023): POINT, POLYLINE.
        places: ``(column, row)`` as DICOM counts, in file pixels from the corner of the first one.
        image: Place of the IMAGE item in the tree (Referenced Content Item Identifier, 0040,DB73).

    Returns:
        A content item of type SCOORD.

    """
    item = _item(relationship, "SCOORD", concept)
    item.GraphicType = graphic_type
    # SCOORD holds (column, row) pairs in one flat list (PS3.3 C.18.6).
    item.GraphicData = [float(part) for place in places for part in place]
    return with_children(item, same_item(SELECTED_FROM, image))


def image(relationship: str, reference: InstanceReference, *children: Dataset | None) -> Dataset:
    """A reference to an image; it has no concept name (TID 4020).

    Args:
        relationship: To its parent.
        reference: Where the image is filed.
        *children: What is said of it; ``None`` is left out.

    Returns:
        A content item of type IMAGE.

    """
    item = Dataset()
    item.RelationshipType, item.ValueType = relationship, "IMAGE"
    item.ReferencedSOPSequence = [sop_reference(reference)]
    return with_children(item, *children)


def same_item(relationship: str, place: str) -> Dataset:
    """A relationship by reference to another item of the tree (PS3.3 C.17.3.2.5).

    Args:
        relationship: To its parent.
        place: Of the other item, as ``1.2.1``.

    Returns:
        A content item without value.

    """
    item = Dataset()
    item.RelationshipType = relationship
    # By reference: the image stands once in the Image Library and is pointed at by its place.
    item.ReferencedContentItemIdentifier = [int(part) for part in place.split(".")]
    return item


def sop_reference(reference: InstanceReference) -> Dataset:
    """An instance as an item of a reference sequence.

    Args:
        reference: Where it is filed.

    Returns:
        An item with its SOP Class and SOP Instance UID.

    """
    item = Dataset()
    item.ReferencedSOPClassUID = reference.sop_class_uid
    item.ReferencedSOPInstanceUID = reference.sop_instance_uid
    return item


def _item(relationship: str, value_type: str, concept: Code) -> Dataset:
    item = Dataset()
    item.RelationshipType = relationship
    item.ValueType = value_type
    item.ConceptNameCodeSequence = [coded(concept)]
    return item
