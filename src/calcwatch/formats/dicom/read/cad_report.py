"""The Mammography CAD SR of any vendor, read as marks (PS3.16 TID 4000, 4003 to 4012).

What is not understood is passed over, item by item: a report is often older than the Standard we know.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code as PydicomCode
from pydicom.uid import MammographyCADSRStorage

from calcwatch.codes.concepts import DISTRIBUTIONS, MORPHOLOGIES, SNOMED_RT_DESIGNATORS, Code
from calcwatch.domain.errors import UnreadableImage, UnsupportedImage
from calcwatch.domain.findings import CadMark, CadReport
from calcwatch.domain.image import Point
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.formats.dicom.content import HAS_PROPERTIES, AnyCode, from_dicom
from calcwatch.formats.dicom.read.header import word
from calcwatch.formats.dicom.read.parse import parse_dicom

MAX_REPORT_BYTES = 256 * 2**20
"""A report may not be longer: ours of a hundred findings is 200 kB."""

MAX_ITEMS, MAX_DEPTH = 200_000, 32
"""Content items of a report, and how deep they may be nested; a report of ours is 12 deep."""

_DCM = codes.DCM
_FINDINGS = (_DCM.SingleImageFinding, _DCM.CompositeFeature)


@dataclass(frozen=True)
class _Item:
    """A content item: its place in the tree counted from 1, and the place of the mark it belongs to."""

    dataset: Dataset
    place: tuple[int, ...]
    mark: int | None


def read_cad_report(content: bytes) -> CadReport:
    """Read the bytes of a file. Coordinates come back as ``(row, column)``, 0 at a pixel's center.

    Raises ``UnreadableImage`` where the file is damaged or too large, ``UnsupportedImage`` where it is
    something else than a Mammography CAD SR.
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
    except (UnreadableImage, UnsupportedImage):
        raise
    except Exception as error:  # pydicom answers damaged values with errors of any kind
        raise UnreadableImage(
            f"the content of this report is damaged ({type(error).__name__}); export it again"
        ) from error


def _report(root: Dataset) -> CadReport:
    items = list(_walk(root))
    images = {item.place: _referenced(item.dataset) for item in items if _referenced(item.dataset)}
    marked = [item for item in items if _is_finding(item.dataset)]
    marks = tuple(_mark(item, marked, images) for item in marked)
    return CadReport(
        manufacturer=word(root, "Manufacturer"),
        algorithm=_algorithm(items),
        study_instance_uid=word(root, "StudyInstanceUID"),
        sop_instance_uid=word(root, "SOPInstanceUID"),
        marks=marks,
        detections=_status(items, _DCM.SummaryOfDetections),
        analyses=_status(items, _DCM.SummaryOfAnalyses),
    )


def _walk(root: Dataset) -> Iterator[_Item]:
    """Every content item, parents first; a loop is not possible and depth is bounded."""
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
        children = [
            _Item(child, (*item.place, number), mark)
            for number, child in enumerate(_children(item.dataset), 1)
        ]
        waiting += reversed(children)


def _children(dataset: Dataset) -> list[Dataset]:
    content = dataset.get("ContentSequence")
    return list(content) if content else []


def _is_finding(dataset: Dataset) -> bool:
    return any(_named(dataset, concept) for concept in _FINDINGS)


def _mark(item: _Item, marked: list[_Item], images: dict[tuple[int, ...], str]) -> CadMark:
    said = _children(item.dataset)
    center, outline = _place(said, _DCM.Center), _place(said, _DCM.Outline)
    middle = center[0] if center else _middle(outline)
    types = _types(said)
    return CadMark(
        finding=_meaning(item.dataset) or "finding",
        row=None if middle is None else middle[0],
        column=None if middle is None else middle[1],
        outline=outline,
        sop_instance_uid=_image_of(said, images),
        tracking_uid=next((word(one, "UID") for one in _of(said, _DCM.TrackingUniqueIdentifier)), ""),
        rendering_intent=next((_meaning(one) for one in _of(said, _DCM.RenderingIntent)), ""),
        certainty_percent=_number(said, _DCM.CertaintyOfFinding, _DCM.CertaintyOfFeature),
        probability_percent=_number(said, _DCM.ProbabilityOfCancer),
        count=_count(_number(said, _DCM.NumberOfCalcifications)),
        morphology=_morphology(types),
        distribution=_distribution(types),
        words=tuple(one.meaning for one in types if one.meaning),
        part_of=item.mark if item.mark is not None and item.mark < len(marked) else None,
    )


def _count(number: float | None) -> int | None:
    return None if number is None or number < 0 else round(number)


def _code(dataset: Dataset, keyword: str) -> PydicomCode | None:
    """A code as pydicom compares it: the old designators of SNOMED-RT are alike (PS3.16 8.1)."""
    items = dataset.get(keyword)
    if not items:
        return None
    value, scheme = word(items[0], "CodeValue"), word(items[0], "CodingSchemeDesignator")
    if not value or not scheme:
        return None
    return PydicomCode(
        value, "SRT" if scheme in SNOMED_RT_DESIGNATORS else scheme, word(items[0], "CodeMeaning")
    )


def _named(dataset: Dataset, concept: AnyCode) -> bool:
    found = _code(dataset, "ConceptNameCodeSequence")
    return found is not None and found == _pydicom(concept)


def _of(said: list[Dataset], concept: AnyCode) -> Iterator[Dataset]:
    return (one for one in said if _named(one, concept))


def _pydicom(code: AnyCode) -> PydicomCode:
    return PydicomCode(code.value, code.scheme, code.meaning) if isinstance(code, Code) else code


def _meaning(dataset: Dataset) -> str:
    found = _code(dataset, "ConceptCodeSequence")
    return found.meaning if found else ""


def _types(said: list[Dataset]) -> list[PydicomCode]:
    """Every coded property of a finding: type, distribution, how a composite belongs together, the object."""
    coded = [one for one in said if word(one, "RelationshipType") == HAS_PROPERTIES]
    types = [_code(one, "ConceptCodeSequence") for one in coded if not _named(one, _DCM.ScopeOfFeature)]
    return [one for one in types if one is not None]


def _morphology(types: list[PydicomCode]) -> Morphology | None:
    return next((ours for ours, code in MORPHOLOGIES.items() if _pydicom(code) in types), None)


def _distribution(types: list[PydicomCode]) -> Distribution | None:
    return next((ours for ours, code in DISTRIBUTIONS.items() if _pydicom(code) in types), None)


def _number(said: list[Dataset], *concepts: AnyCode) -> float | None:
    """The value of the first of some measurements; ``None`` where it is not there or no finite number."""
    for one in (item for concept in concepts for item in _of(said, concept)):
        measured = one.get("MeasuredValueSequence")
        try:
            value = float(word(measured[0], "NumericValue")) if measured else math.nan
        except ValueError:
            continue
        if math.isfinite(value):
            return value
    return None


def _place(said: list[Dataset], concept: AnyCode) -> tuple[Point, ...]:
    """Points of a graphic, the closing point of an outline left out; empty where there is none."""
    graphic = next((one for one in _of(said, concept) if word(one, "ValueType") == "SCOORD"), None)
    data = None if graphic is None else graphic.get("GraphicData")
    numbers = [float(one) for one in data] if isinstance(data, Iterable) else []
    if not all(map(math.isfinite, numbers)):
        return ()
    points = [from_dicom(column, row) for column, row in zip(numbers[::2], numbers[1::2], strict=False)]
    return tuple(points[:-1] if len(points) > 1 and points[0] == points[-1] else points)


def _middle(outline: tuple[Point, ...]) -> Point | None:
    if not outline:
        return None
    return sum(row for row, _ in outline) / len(outline), sum(column for _, column in outline) / len(outline)


def _image_of(said: list[Dataset], images: dict[tuple[int, ...], str]) -> str:
    """UID of the image that a finding was drawn on, named by reference or by an item of its own."""
    for graphic in said:
        if word(graphic, "ValueType") != "SCOORD":
            continue
        for child in _children(graphic):
            own = _referenced(child) or images.get(_reference(child), "")
            if own:
                return own
    return ""


def _reference(dataset: Dataset) -> tuple[int, ...]:
    """The place in the tree that an item refers to; the Standard counts from the root, 1 first."""
    place = dataset.get("ReferencedContentItemIdentifier")
    if place is None:
        return ()
    return (int(place),) if isinstance(place, int) else tuple(int(one) for one in place)


def _referenced(dataset: Dataset) -> str:
    if word(dataset, "ValueType") != "IMAGE":
        return ""
    references = dataset.get("ReferencedSOPSequence")
    return word(references[0], "ReferencedSOPInstanceUID") if references else ""


def _algorithm(items: list[_Item]) -> str:
    """The first name and version that the report gives."""
    said = [
        next((word(one.dataset, "TextValue") for one in items if _named(one.dataset, concept)), "")
        for concept in (_DCM.AlgorithmName, _DCM.AlgorithmVersion)
    ]
    return " ".join(filter(None, said))


def _status(items: list[_Item], concept: AnyCode) -> str:
    return next((_meaning(one.dataset) for one in items if _named(one.dataset, concept)), "")
