"""What the page shows of one image: pictures, marks and sentences, worked out before any HTML."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from calcwatch.domain import (
    Calcification,
    CalcificationGroup,
    ImageDescription,
    ImageFindings,
    NonLesion,
    PixelSpacing,
    Point,
)
from calcwatch.report.findings import ordered_calcifications, ordered_groups, ordered_non_lesions, printable
from calcwatch.report.marks import image_label, label_place, letter, reach, single_calcifications
from calcwatch.report.pictures import (
    Box,
    Picture,
    box_round,
    breast_window,
    close_up,
    close_up_window,
    thumbnail,
)
from calcwatch.report.words import FLAG_WORDS, KIND_WORDS, Words

SHOWN_GROUPS = 12
"""Groups of an image that get pictures; the rest stand in the table and on the overlay."""

SHOWN_TILES = 16
"""Calcifications of a group, and single ones of an image, that get a tile of their own."""

NUMBERED = 40
"""A group of more calcifications has no numbers in its picture: they would cover it."""

TILE_PX = 132
"""Width of a tile on the page, in CSS pixels."""

_GROUP_MARGIN_PX = 32
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

    letter: str
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


@dataclass(frozen=True)
class ImageView:
    """Everything the page shows of one image; ``anchor`` is unique within the page."""

    anchor: str
    label: str
    source: str
    facts: tuple[tuple[str, str], ...]
    notes: tuple[Words, ...]
    thumbnail: Picture
    breast: str
    calcification_marks: tuple[Mark, ...]
    group_marks: tuple[Mark, ...]
    non_lesion_marks: tuple[Mark, ...]
    groups: tuple[GroupView, ...]
    singles: tuple[Tile, ...]
    single_count: int
    non_lesions: tuple[Tile, ...]
    non_lesion_count: int


def _points(outline: Iterable[Point], box: Box) -> str:
    # SVG counts from the corner of the first pixel, we from its center: half a pixel apart.
    return " ".join(f"{column - box.left + 0.5:.2f},{row - box.top + 0.5:.2f}" for row, column in outline)


def length_words(px: float, mm: float | None) -> str:
    """Say a length in mm when it is known, else in pixels."""
    return f"{px:.0f} px" if mm is None else f"{mm:.1f} mm"


def _diameter_words(found: Calcification) -> str:
    if found.diameter_mm is None or found.diameter_error_mm is None:
        return f"{found.diameter_px:.1f} ± {found.diameter_error_px:.1f} px"
    return f"{found.diameter_mm:.2f} ± {found.diameter_error_mm:.2f} mm"


def _calcification_words(found: Calcification) -> str:
    return f"{_diameter_words(found)}, contrast {found.contrast:.1f}, score {found.score:.2f}"


def _calcification_mark(found: Calcification, box: Box) -> Mark:
    return Mark(
        row=found.row - box.top + 0.5,
        column=found.column - box.left + 0.5,
        radius=found.diameter_px / 2,
        points=_points(found.outline, box),
        words=_calcification_words(found),
        reach=reach((found.row, found.column), found.outline, found.diameter_px / 2),
    )


def _group_mark(group: CalcificationGroup, index: int, box: Box) -> Mark:
    name, (row, column) = letter(index), label_place(group)
    return Mark(
        row=group.row - box.top + 0.5,
        column=group.column - box.left + 0.5,
        radius=group.radius_px,
        points=_points(group.outline, box),
        words=f"Group {name}: {group.count} calcifications, score {group.score:.2f}",
        letter=name,
        label_row=row - box.top + 0.5,
        label_column=column - box.left + 0.5,
        has_pictures=index < SHOWN_GROUPS,
    )


def _non_lesion_mark(found: NonLesion, box: Box) -> Mark:
    return Mark(
        row=found.row - box.top + 0.5,
        column=found.column - box.left + 0.5,
        radius=reach((found.row, found.column), found.outline, 2.0),
        points=_points(found.outline, box),
        words=KIND_WORDS[found.kind],
    )


def _magnification(box: Box) -> int:
    return next((times for times in (4, 3) if box.columns * times <= _PANEL_PX), 2)


def _member_row(place: int, found: Calcification) -> tuple[str, ...]:
    return (
        str(place),
        f"{found.row:.1f}",
        f"{found.column:.1f}",
        _diameter_words(found),
        f"{found.contrast:.1f} ± {found.contrast_error:.1f}",
        f"{found.score:.2f}",
    )


def _side_words(side_px: float, spacing: PixelSpacing | None) -> str:
    return f"{side_px:.0f} px" if spacing is None else f"{side_px * spacing.mm:.1f} mm"


def _tile_side(members: Sequence[Calcification]) -> int:
    shown = members[:SHOWN_TILES]
    return int(np.clip(np.ceil(2.4 * max(found.diameter_px for found in shown)), 20, 64))


def _view(row: float, column: float, side: float, box: Box) -> str:
    top = float(np.clip(row - box.top + 0.5 - side / 2, 0, max(0.0, box.rows - side)))
    left = float(np.clip(column - box.left + 0.5 - side / 2, 0, max(0.0, box.columns - side)))
    return f"{left:.2f} {top:.2f} {side:.2f} {side:.2f}"


def _member_tiles(members: Sequence[Calcification], picture: Picture, picture_id: str) -> tuple[Tile, ...]:
    side = _tile_side(members)
    return tuple(
        Tile(
            picture,
            picture_id,
            _view(found.row, found.column, side, picture.box),
            f"{place}: {_diameter_words(found)}",
            _calcification_words(found),
        )
        for place, found in enumerate(members[:SHOWN_TILES], start=1)
    )


def _group_view(
    gray: NDArray[np.float32], findings: ImageFindings, index: int, group: CalcificationGroup, anchor: str
) -> GroupView:
    inside = set(group.members)
    members = [found for found in ordered_calcifications(findings) if found.tracking_uid in inside]
    name = letter(index)
    picture = _group_picture(gray, group, members) if index < SHOWN_GROUPS else None
    tiles = _member_tiles(members, picture, f"{anchor}-{name}") if picture and members else ()
    spacing = findings.description.pixel_spacing
    return GroupView(
        letter=name,
        score=f"{group.score:.2f}",
        size=length_words(2 * group.radius_px, None if group.radius_mm is None else 2 * group.radius_mm),
        count=group.count,
        place=f"{group.row:.0f}, {group.column:.0f}",
        picture=picture,
        magnification=_magnification(picture.box) if picture else 1,
        is_numbered=len(members) <= NUMBERED,
        marks=tuple(_calcification_mark(found, picture.box) for found in members) if picture else (),
        tiles=tiles,
        tile_words=_side_words(_tile_side(members), spacing) if members else "",
        members=tuple(_member_row(place, found) for place, found in enumerate(members, start=1)),
    )


def _group_picture(
    gray: NDArray[np.float32], group: CalcificationGroup, members: Sequence[Calcification]
) -> Picture:
    centers = [(found.row, found.column) for found in members] or [(group.row, group.column)]
    box = box_round(centers, margin_px=_GROUP_MARGIN_PX, smallest_px=120, shape=_shape(gray))
    return close_up(gray, box, close_up_window(gray, centers, box))


def _shape(gray: NDArray[np.float32]) -> tuple[int, int]:
    return gray.shape[0], gray.shape[1]


def _single_tile(
    gray: NDArray[np.float32], found: Calcification, spacing: PixelSpacing | None, picture_id: str
) -> Tile:
    center = (found.row, found.column)
    side = max(33, int(np.ceil(2.4 * found.diameter_px)))
    box = box_round((center,), margin_px=0, smallest_px=max(96, side), shape=_shape(gray))
    picture = close_up(gray, box, close_up_window(gray, (center,), box))
    return Tile(
        picture,
        picture_id,
        _view(*center, side, box),
        _diameter_words(found),
        f"score {found.score:.2f}, row {found.row:.0f}, column {found.column:.0f}, "
        f"tile {_side_words(side, spacing)} wide",
    )


def _non_lesion_tile(gray: NDArray[np.float32], found: NonLesion, picture_id: str) -> Tile:
    points = found.outline or ((found.row, found.column),)
    box = box_round(points, margin_px=16, smallest_px=96, shape=_shape(gray))
    picture = close_up(gray, box, close_up_window(gray, points, box))
    view = f"0 0 {box.columns} {box.rows}"
    place = f"row {found.row:.0f}, column {found.column:.0f}"
    return Tile(picture, picture_id, view, KIND_WORDS[found.kind], place)


def _spacing_words(spacing: PixelSpacing | None) -> str:
    if spacing is None:
        return "unknown: sizes are in pixels"
    return f"{spacing.mm:.4g} mm ({spacing.source})"


def _facts(image: ImageDescription, findings: ImageFindings) -> tuple[tuple[str, str], ...]:
    area = "unknown" if findings.breast_area_cm2 is None else f"{findings.breast_area_cm2:.0f} cm²"
    facts = (
        ("Patient ID", image.patient_id or ""),
        ("Study date", image.study_date or ""),
        ("Size", f"{image.rows} rows × {image.columns} columns"),
        ("Pixel spacing", _spacing_words(image.pixel_spacing)),
        ("Breast area", area),
        ("SOP Instance UID", image.sop_instance_uid or ""),
    )
    return tuple((name, printable(value)) for name, value in facts if value)


def view_image(gray: NDArray[np.float32], findings: ImageFindings, anchor: str) -> ImageView:
    """Work out everything the page shows of one image.

    ``gray``: rows x columns, 0 black to 1 white. ``anchor`` starts every id of this image on the page.
    """
    groups = ordered_groups(findings)
    singles, others = single_calcifications(findings), ordered_non_lesions(findings)
    picture = thumbnail(gray, breast_window(gray, findings))
    return ImageView(
        anchor=anchor,
        label=image_label(findings),
        source=printable(findings.description.source),
        facts=_facts(findings.description, findings),
        notes=tuple(FLAG_WORDS[flag] for flag in sorted(findings.quality_flags)),
        thumbnail=picture,
        breast=_points(findings.breast_outline, picture.box),
        calcification_marks=tuple(
            _calcification_mark(found, picture.box) for found in ordered_calcifications(findings)
        ),
        group_marks=tuple(_group_mark(group, index, picture.box) for index, group in enumerate(groups)),
        non_lesion_marks=tuple(_non_lesion_mark(found, picture.box) for found in others),
        groups=tuple(_group_view(gray, findings, index, group, anchor) for index, group in enumerate(groups)),
        singles=tuple(
            _single_tile(gray, found, findings.description.pixel_spacing, f"{anchor}-s{place}")
            for place, found in enumerate(singles[:SHOWN_TILES])
        ),
        single_count=len(singles),
        non_lesions=tuple(
            _non_lesion_tile(gray, found, f"{anchor}-n{place}")
            for place, found in enumerate(others[:SHOWN_TILES])
        ),
        non_lesion_count=len(others),
    )
