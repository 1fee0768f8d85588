"""What a Mammography CAD SR marks, whoever made it: beside our findings, never among them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calcwatch.domain.image import Point
    from calcwatch.domain.lexicon import Distribution, Morphology


@dataclass(frozen=True)
class CadMark:
    """One finding of a CAD report.

    ``finding``: what it is, in the report's words; ``words``: what else it says of it, such as a type.
    ``row, column``: its center, ``None`` where it has no place of its own; ``outline`` may be empty.
    ``sop_instance_uid``: of the image it lies in, ``""`` where the report does not say. ``part_of``: place
    of the mark that it belongs to in the report's marks, ``None`` for a mark by itself. ``certainty``,
    ``probability``: on the maker's own scale. ``rendering_intent``: whether a viewer must show it, in the
    report's words.
    """

    finding: str
    row: float | None = None
    column: float | None = None
    outline: tuple[Point, ...] = ()
    sop_instance_uid: str = ""
    tracking_uid: str = ""
    rendering_intent: str = ""
    certainty_percent: float | None = None
    probability_percent: float | None = None
    count: int | None = None
    morphology: Morphology | None = None
    distribution: Distribution | None = None
    words: tuple[str, ...] = ()
    part_of: int | None = None


@dataclass(frozen=True)
class CadReport:
    """A Mammography CAD SR as read: who made it, what it marks.

    ``algorithm``: name and version; ``detections``, ``analyses``: what came of them, in the report's words;
    ``""`` is not said. No marks is an empty tuple; whether that means "none found" stands in ``detections``.
    """

    manufacturer: str
    algorithm: str
    study_instance_uid: str
    sop_instance_uid: str
    marks: tuple[CadMark, ...]
    detections: str = ""
    analyses: str = ""
