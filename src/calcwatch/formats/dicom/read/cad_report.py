"""The Mammography CAD SR of any maker, read as marks (PS3.16 TID 4000, 4003 to 4012).

What is not understood is passed over, item by item: a report is often older than the Standard we know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from pydicom.dataset import Dataset
from pydicom.uid import MammographyCADSRStorage

from calcwatch.codes import cad
from calcwatch.codes.code import Code
from calcwatch.codes.findings import DISTRIBUTIONS, MORPHOLOGIES
from calcwatch.codes.quantities import (
    CERTAINTY,
    CERTAINTY_OF_FEATURE,
    NUMBER_OF_CALCIFICATIONS,
    PROBABILITY_OF_CANCER,
)
from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.findings import CadMark, CadReport
from calcwatch.domain.image import Point
from calcwatch.formats.dicom.content_items import HAS_PROPERTIES
from calcwatch.formats.dicom.coordinates import from_dicom
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.parse import parse_dicom
from calcwatch.formats.dicom.read.quirks import current_code, is_code

MAX_REPORT_BYTES = 256 * 2**20
"""A report may not be longer: ours of a hundred findings is 200 kB."""

MAX_ITEMS = 200_000
"""Content items that a report may have; ours of a hundred findings has some thousands."""

MAX_DEPTH = 32
"""How deep its items may be nested; a report of ours is 12 deep."""

_Place = tuple[int, ...]
"""Where a content item stands in the tree: the root is (1,), its second child (1, 2) (PS3.3 C.17.3.2.5)."""


class _Item(NamedTuple):
    """A content item, its place, the number of the mark it belongs to, and what holds for it from above."""

    dataset: Dataset
    place: _Place
    mark: int | None
    intent: str = ""
    is_shown: bool = True


def read_cad_report(content: bytes) -> CadReport:
    """Read a Mammography CAD SR.

    Args:
        content: Bytes of the file.

    Returns:
        Its marks in the order of the report, parents first. Places are ``(row, column)`` in file pixels, 0 at
        the center of the first one.

    Raises:
        UnreadableImage: The file is damaged or too large.
        UnsupportedImage: It is something else than a Mammography CAD SR.

    """
    if len(content) > MAX_REPORT_BYTES:
        raise UnreadableImage(
            f"{len(content)} bytes are more than the {MAX_REPORT_BYTES} a CAD report may have; check the file"
        )
    root = parse_dicom(content).dataset
    sop_class = word(root, "SOPClassUID")
    if sop_class != MammographyCADSRStorage:
        raise UnsupportedImage(
            f"this is no Mammography CAD SR: its SOP Class is {sop_class or 'not given'}, not "
            f"{MammographyCADSRStorage}; give the CAD report of a mammogram"
        )
    try:
        return _report(root)
    # These have a message of their own; the broad net below would hide it.
    except (UnreadableImage, UnsupportedImage):
        raise
    except Exception as error:  # pydicom answers damaged values with errors of any kind
        raise UnreadableImage("the content of this report is damaged; export it again") from error


def _report(root: Dataset) -> CadReport:
    items = list(_walk(root))
    # By place, because findings name their image by reference to an item of the Image Library.
    images = {item.place: uid for item in items if (uid := _referenced_image(item.dataset))}
    marked = [item for item in items if _is_finding(item.dataset)]
    everything = [item.dataset for item in items]
    algorithm = (
        next((word(item, "TextValue") for item in _named(everything, concept)), "")
        for concept in (cad.ALGORITHM_NAME, cad.ALGORITHM_VERSION)
    )
    return CadReport(
        manufacturer=word(root, "Manufacturer"),
        algorithm=" ".join(filter(None, algorithm)),
        study_instance_uid=word(root, "StudyInstanceUID"),
        sop_instance_uid=word(root, "SOPInstanceUID"),
        marks=tuple(_mark(item, len(marked), images) for item in marked),
        detections=_status(everything, cad.SUMMARY_OF_DETECTIONS),
        analyses=_status(everything, cad.SUMMARY_OF_ANALYSES),
        processing=_answer(everything, cad.PROCESSING_SUMMARY),
        failed=tuple(_failed(everything, images)),
    )


def _walk(root: Dataset) -> Iterator[_Item]:
    """Every content item, parents first; a loop is not possible and depth is bounded."""
    # A stack instead of recursion: nesting in a hostile file must not exhaust Python's own stack.
    waiting = [_Item(root, (1,), None)]
    count = marks = 0
    while waiting:
        item = waiting.pop()
        count += 1
        if count > MAX_ITEMS or len(item.place) > MAX_DEPTH:
            raise UnreadableImage(
                f"this report holds more than {MAX_ITEMS} items, or nests them deeper than {MAX_DEPTH}; "
                "no CAD report needs that: do not trust this file"
            )
        yield item
        mark = item.mark
        if _is_finding(item.dataset):
            mark, marks = marks, marks + 1
        below = _Item(item.dataset, item.place, mark, *_intent(item))
        children = [
            below._replace(dataset=child, place=(*item.place, number))
            for number, child in enumerate(_children(item.dataset), 1)
        ]
        # Reversed, since the stack gives back the last: the report's order is kept.
        waiting += reversed(children)


def _intent(item: _Item) -> tuple[str, bool]:
    """Rendering intent of an item in words, its own or that from above, and whether it may be shown."""
    named = [_coded(child) for child in _named(_children(item.dataset), cad.RENDERING_INTENT)]
    own = next(filter(None, named), None)
    if own is None:
        return item.intent, item.is_shown
    # What is kept back keeps everything under it back, whatever that says of itself.
    return word(own, "CodeMeaning") or item.intent, item.is_shown and not is_code(
        own, cad.NOT_FOR_PRESENTATION
    )


def _mark(item: _Item, count: int, images: dict[_Place, str]) -> CadMark:
    children = _children(item.dataset)
    center, outline = _graphic(children, cad.CENTER), _graphic(children, cad.OUTLINE)
    # A report may give an outline and no center.
    row, column = _middle(center[:1] or outline)
    properties = _properties(children)
    codes = [current_code(code) for code in properties]
    number = _number(children, NUMBER_OF_CALCIFICATIONS)
    uids = (word(child, "UID") for child in _named(children, cad.TRACKING_UNIQUE_IDENTIFIER))
    intent, is_shown = _intent(item)
    return CadMark(
        finding=_meaning(item.dataset) or "finding",
        row=row,
        column=column,
        outline=outline,
        sop_instance_uid=_image_of(children, images),
        tracking_uid=next(uids, ""),
        rendering_intent=intent,
        is_shown=is_shown,
        certainty_percent=_number(children, CERTAINTY, CERTAINTY_OF_FEATURE),
        probability_percent=_number(children, PROBABILITY_OF_CANCER),
        # NUM items are decimal strings, so a count is read as a float; a negative count says nothing.
        count=None if number is None or number < 0 else round(number),
        morphology=next((key for key, code in MORPHOLOGIES.items() if code[:2] in codes), None),
        distribution=next((key for key, code in DISTRIBUTIONS.items() if code[:2] in codes), None),
        words=tuple(meaning for code in properties if (meaning := word(code, "CodeMeaning"))),
        # A composite feature contains its single findings: they keep their parent, so none is counted twice.
        part_of=item.mark if item.mark is not None and item.mark < count else None,
    )


def _children(item: Dataset) -> list[Dataset]:
    content = item.get("ContentSequence")
    return list(content) if content else []


def _is_finding(item: Dataset) -> bool:
    return _is_named(item, cad.SINGLE_IMAGE_FINDING) or _is_named(item, cad.COMPOSITE_FEATURE)


def _is_named(item: Dataset, concept: Code) -> bool:
    """Whether an item answers a question or stands under a heading."""
    names = item.get("ConceptNameCodeSequence")
    return bool(names) and is_code(names[0], concept)


def _named(items: list[Dataset], concept: Code) -> Iterator[Dataset]:
    return (item for item in items if _is_named(item, concept))


def _coded(item: Dataset) -> Dataset | None:
    """The code that an item has for a value; ``None`` where it has none, or no whole one."""
    answers = item.get("ConceptCodeSequence")
    if not answers or not all(current_code(answers[0])):
        return None
    code: Dataset = answers[0]
    return code


def _meaning(item: Dataset) -> str:
    code = _coded(item)
    return "" if code is None else word(code, "CodeMeaning")


def _answer(items: list[Dataset], concept: Code) -> str:
    """Meaning of the first answer to a question; ``""`` where it is not answered."""
    return next((_meaning(item) for item in _named(items, concept)), "")


def _status(items: list[Dataset], concept: Code) -> str:
    """What came of detections or analyses: a status of the Standard in its own words, by its code."""
    answers = filter(None, map(_coded, _named(items, concept)))
    code = next(answers, None)
    if code is None:
        return ""
    known = (status.meaning for status in cad.STATUSES.values() if is_code(code, status))
    return next(known, "") or word(code, "CodeMeaning")


def _failed(items: list[Dataset], images: dict[_Place, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every detection and analysis that failed, with its images by reference or by items of their own."""
    for heading in (cad.FAILED_DETECTIONS, cad.FAILED_ANALYSES):
        for tried in (child for item in _named(items, heading) for child in _children(item)):
            parts = _children(tried)
            uids = (_referenced_image(part) or images.get(_reference(part), "") for part in parts)
            yield _meaning(tried) or heading.meaning, tuple(filter(None, uids))


def _properties(children: list[Dataset]) -> list[Dataset]:
    """Every coded property of a finding: type, distribution, how a composite belongs together, the object."""
    coded = [
        _coded(child)
        for child in children
        # The scope (one image or several) says nothing about what was found.
        if word(child, "RelationshipType") == HAS_PROPERTIES and not _is_named(child, cad.SCOPE_OF_FEATURE)
    ]
    return [code for code in coded if code is not None]


def _number(children: list[Dataset], *concepts: Code) -> float | None:
    """The value of the first of some measurements; ``None`` where it is not there or no finite number."""
    for child in (child for concept in concepts for child in _named(children, concept)):
        measured = child.get("MeasuredValueSequence")
        try:
            value = float(word(measured[0], "NumericValue")) if measured else math.nan
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return None


def _graphic(children: list[Dataset], concept: Code) -> tuple[Point, ...]:
    """Points of a graphic, the closing point of an outline left out; empty where there is none."""
    graphic = next((item for item in _named(children, concept) if word(item, "ValueType") == "SCOORD"), None)
    data = None if graphic is None else graphic.get("GraphicData")
    numbers = [float(number) for number in data] if isinstance(data, Iterable) else []
    if not all(map(math.isfinite, numbers)):
        return ()
    # GraphicData alternates column and row; a last number without partner is dropped.
    points = [from_dicom(column, row) for column, row in zip(numbers[::2], numbers[1::2], strict=False)]
    return tuple(points[:-1] if len(points) > 1 and points[0] == points[-1] else points)


def _middle(points: tuple[Point, ...]) -> tuple[float, float] | tuple[None, None]:
    if not points:
        return None, None
    return sum(row for row, _ in points) / len(points), sum(column for _, column in points) / len(points)


def _image_of(children: list[Dataset], images: dict[_Place, str]) -> str:
    """UID of the image that a finding was drawn on, named by reference or by an item of its own."""
    for graphic in children:
        if word(graphic, "ValueType") != "SCOORD":
            continue
        for child in _children(graphic):
            own = _referenced_image(child) or images.get(_reference(child), "")
            if own:
                return own
    return ""


def _reference(item: Dataset) -> _Place:
    """The place in the tree that an item refers to; empty where it refers to none."""
    place = item.get("ReferencedContentItemIdentifier")
    if place is None:
        return ()
    return (int(place),) if isinstance(place, int) else tuple(int(number) for number in place)


def _referenced_image(item: Dataset) -> str:
    """UID of the image that an IMAGE item names; ``""`` for every other item."""
    if word(item, "ValueType") != "IMAGE":
        return ""
    references = item.get("ReferencedSOPSequence")
    return word(references[0], "ReferencedSOPInstanceUID") if references else ""
