"""What the page shows of one group: its cut-out, the marks on it, tiles of its members, their table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings
from calcwatch.domain.image import PixelSpacing, Point
from calcwatch.domain.uids import letter
from calcwatch.formats.result.order import ordered_calcifications
from calcwatch.report.marks import reach
from calcwatch.report.pictures import Box, Picture
from calcwatch.report.take_pictures import SHOWN_TILES, tile_side
from calcwatch.report.views.reading import DescriptionView, morphology_words, shape_cells, view_description

NUMBERED = 40
"""A group of more calcifications has no numbers in its picture: they would cover it."""

_PANEL_PX = 600


@dataclass(frozen=True)
class Mark:
    """One thing marked: its shape in the coordinates of the picture's SVG, and the words of its tooltip."""

    row: float
    column: float
    radius: float
    points: str
    words: str
    letter: str = ""
    reach: float = 0.0
    label_row: float = 0.0
    label_column: float = 0.0
    has_pictures: bool = False


@dataclass(frozen=True)
class Tile:
    """A small window onto a picture: ``view`` is the SVG viewBox, ``words`` the caption."""

    picture: Picture
    picture_id: str
    view: str
    words: str
    details: str


@dataclass(frozen=True)
class GroupView:
    """One group: sentences, the cut-out, its marks, tiles of its members; no picture for a group too many."""

    tracking_uid: str
    letter: str
    description: DescriptionView
    score: str
    size: str
    count: int
    place: str
    picture: Picture | None
    magnification: int
    is_numbered: bool
    marks: tuple[Mark, ...]
    tiles: tuple[Tile, ...]
    tile_words: str
    members: tuple[tuple[str, ...], ...]


def outline_points(outline: Iterable[Point], box: Box) -> str:
    """Write an outline as the points of an SVG polygon on the picture of a box."""
    # SVG counts from the corner of the first pixel, we from its center: half a pixel apart.
    return " ".join(f"{column - box.left + 0.5:.2f},{row - box.top + 0.5:.2f}" for row, column in outline)


def length_words(px: float, mm: float | None) -> str:
    """Say a length in mm when it is known, else in pixels."""
    return f"{px:.0f} px" if mm is None else f"{mm:.1f} mm"


def diameter_words(found: Calcification) -> str:
    """Say a diameter with its error, in mm when it is known, else in pixels."""
    if found.diameter_mm is None or found.diameter_error_mm is None:
        return f"{found.diameter_px:.1f} ± {found.diameter_error_px:.1f} px"
    return f"{found.diameter_mm:.2f} ± {found.diameter_error_mm:.2f} mm"


def calcification_words(found: Calcification) -> str:
    """Say a calcification in one line: its shape where one was described, diameter, contrast, score."""
    named = morphology_words(found)
    start = f"{named}, " if named else ""
    return f"{start}{diameter_words(found)}, contrast {found.contrast:.1f}, score {found.score:.2f}"


def calcification_mark(found: Calcification, box: Box) -> Mark:
    """Work out the mark of a calcification on the picture of a box."""
    return Mark(
        row=found.row - box.top + 0.5,
        column=found.column - box.left + 0.5,
        radius=found.diameter_px / 2,
        points=outline_points(found.outline, box),
        words=calcification_words(found),
        reach=reach((found.row, found.column), found.outline, found.diameter_px / 2),
    )


def _magnification(box: Box) -> int:
    return next((times for times in (4, 3) if box.columns * times <= _PANEL_PX), 2)


def _member_row(place: int, found: Calcification) -> tuple[str, ...]:
    return (
        str(place),
        f"{found.row:.1f}",
        f"{found.column:.1f}",
        diameter_words(found),
        f"{found.contrast:.1f} ± {found.contrast_error:.1f}",
        f"{found.score:.2f}",
        *shape_cells(found),
    )


def side_words(side_px: float, spacing: PixelSpacing | None) -> str:
    """Say the side of a tile in mm when the spacing is known, else in pixels."""
    return f"{side_px:.0f} px" if spacing is None else f"{side_px * spacing.mm:.1f} mm"


def _tile_side(members: Sequence[Calcification]) -> int:
    return min(64, tile_side([found.diameter_px for found in members[:SHOWN_TILES]], 20))


def tile_view(row: float, column: float, side: float, box: Box) -> str:
    """Write the viewBox of a square round a place, kept inside the picture of a box."""
    top = float(np.clip(row - box.top + 0.5 - side / 2, 0, max(0.0, box.rows - side)))
    left = float(np.clip(column - box.left + 0.5 - side / 2, 0, max(0.0, box.columns - side)))
    return f"{left:.2f} {top:.2f} {side:.2f} {side:.2f}"


def _member_tiles(members: Sequence[Calcification], picture: Picture, picture_id: str) -> tuple[Tile, ...]:
    side = _tile_side(members)
    return tuple(
        Tile(
            picture,
            picture_id,
            tile_view(found.row, found.column, side, picture.box),
            f"{place}: {diameter_words(found)}",
            morphology_words(found),
        )
        for place, found in enumerate(members[:SHOWN_TILES], start=1)
    )


def view_group(
    picture: Picture | None, findings: ImageFindings, group: CalcificationGroup, *, index: int, anchor: str
) -> GroupView:
    """Work out everything the page shows of one group.

    ``picture``: ``None`` for a group too many. ``index``: its place among the groups of the image, 0 first;
    ``anchor`` starts every id of the image.
    """
    inside = set(group.members)
    members = [found for found in ordered_calcifications(findings) if found.tracking_uid in inside]
    name = letter(index)
    tiles = _member_tiles(members, picture, f"{anchor}-{name}") if picture and members else ()
    spacing = findings.description.pixel_spacing
    return GroupView(
        tracking_uid=group.tracking_uid,
        letter=name,
        description=view_description(group, members),
        score=f"{group.score:.2f}",
        size=length_words(2 * group.radius_px, None if group.radius_mm is None else 2 * group.radius_mm),
        count=group.count,
        place=f"{group.row:.0f}, {group.column:.0f}",
        picture=picture,
        magnification=_magnification(picture.box) if picture else 1,
        is_numbered=len(members) <= NUMBERED,
        marks=tuple(calcification_mark(found, picture.box) for found in members) if picture else (),
        tiles=tiles,
        tile_words=side_words(_tile_side(members), spacing) if members else "",
        members=tuple(_member_row(place, found) for place, found in enumerate(members, start=1)),
    )
