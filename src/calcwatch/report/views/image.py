"""What the page shows of one image and its groups: pictures, marks, tiles and sentences, before any HTML."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np

from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings
from calcwatch.domain.identity import letter
from calcwatch.domain.image import ImageDescription, PixelSpacing, Point
from calcwatch.formats.result.order import (
    ordered_calcifications,
    ordered_groups,
    ordered_non_lesions,
    single_calcifications,
)
from calcwatch.report.marks import NON_LESION_REACH_PX, anchor, image_label, label_place, reach
from calcwatch.report.pictures import SHOWN_TILES, Box, ImagePictures, Picture, tile_side
from calcwatch.report.template import Row
from calcwatch.report.views.reading import morphology_words, shape_cells, view_description
from calcwatch.words.dates import date_words
from calcwatch.words.flags import FLAG_WORDS, KIND_WORDS

NUMBERED = 40
"""A group of more calcifications has no numbers in its picture: they would cover it."""

_PANEL_PX = 600  # width of the place that a magnified group has on the page at most
_MEMBER_TILE_PX = 20, 64  # smallest and largest side of a tile in a group, in file pixels
_FRAME_MARGIN = 0.02  # of the rows of an image, shown round the breast
_SINGLE_TILE_PX = 33  # smallest side of a tile of a single calcification


def view_image(pictures: ImagePictures, findings: ImageFindings, index: int) -> Row:
    """Work out everything the page shows of one image.

    Args:
        pictures: Of the image.
        findings: Of the image, in file pixels.
        index: Place of the image in the run, 0 first.

    Returns:
        A row for ``image.html``; ``anchor`` is unique within the page.

    """
    name, box = anchor(index), pictures.whole.box
    groups, non_lesions = ordered_groups(findings), ordered_non_lesions(findings)
    calcifications, singles = ordered_calcifications(findings), single_calcifications(findings)
    spacing = findings.description.pixel_spacing
    group_of = {uid: group for group in groups for uid in group.members}
    return {
        "anchor": name,
        "label": image_label(findings),
        "source": findings.description.source,
        "facts": _facts(findings.description, findings.breast_area_cm2),
        "notes": [FLAG_WORDS[flag] for flag in sorted(findings.quality_flags)],
        "thumbnail": pictures.whole,
        "breast": _polygon(findings.breast_outline, box),
        "frame": _frame(findings.breast_outline, box),
        "nipple": _nipple_mark(findings, box),
        "calcification_marks": [
            {
                **_calcification_mark(found, box),
                "group": group_of[found.tracking_uid].tracking_uid if found.tracking_uid in group_of else "",
                # Rings of many would hide what they mark.
                "is_one_of_many": found.tracking_uid in group_of
                and group_of[found.tracking_uid].count > NUMBERED,
            }
            for found in calcifications
        ],
        "group_marks": [_group_mark(group, place, box) for place, group in enumerate(groups)],
        "non_lesion_marks": [
            _mark(
                (found.row, found.column),
                box,
                KIND_WORDS[found.kind],
                radius=reach((found.row, found.column), found.outline, NON_LESION_REACH_PX),
                points=_polygon(found.outline, box),
            )
            for found in non_lesions
        ],
        "groups": [
            _view_group(pictures.groups.get(group.tracking_uid), findings, group, place, name)
            for place, group in enumerate(groups)
        ],
        "singles": [
            _single_tile(pictures.singles[single.tracking_uid], single, spacing, f"{name}-s{place}")
            for place, single in enumerate(
                single for single in singles if single.tracking_uid in pictures.singles
            )
        ],
        "single_count": len(singles),
        "non_lesions": [
            {
                "picture": picture,
                "picture_id": f"{name}-n{place}",
                "view": f"0 0 {picture.box.columns} {picture.box.rows}",
                "words": KIND_WORDS[found.kind],
                "details": f"row {found.row:.0f}, column {found.column:.0f}",
            }
            for place, (picture, found) in enumerate(zip(pictures.non_lesions, non_lesions, strict=False))
        ],
        "non_lesion_count": len(non_lesions),
    }


def _frame(outline: Sequence[Point], box: Box) -> Box:
    """The part of an image that shows the breast: the air round it is not worth the place on the page."""
    if not outline:
        return box
    rows, columns = zip(*outline, strict=True)
    margin = box.rows * _FRAME_MARGIN
    top, left = max(min(rows) - margin, 0.0), max(min(columns) - margin, 0.0)
    bottom, right = min(max(rows) + margin, box.rows), min(max(columns) + margin, box.columns)
    return Box(int(top), int(left), math.ceil(bottom - top), math.ceil(right - left))


def _facts(image: ImageDescription, area_cm2: float | None) -> list[tuple[str, str]]:
    spacing = image.pixel_spacing
    facts = (
        ("Patient ID", image.patient_id or ""),
        ("Study date", date_words(image.study_date)),
        ("Size", f"{image.rows} rows × {image.columns} columns"),
        (
            "Pixel spacing",
            f"{spacing.mm:.4g} mm ({spacing.source})" if spacing else "unknown: sizes are in pixels",
        ),
        ("Breast area", "unknown" if area_cm2 is None else f"{area_cm2:.0f} cm²"),
        ("SOP Instance UID", image.sop_instance_uid or ""),
    )
    return [(name, value) for name, value in facts if value]


def _view_group(
    picture: Picture | None, findings: ImageFindings, group: CalcificationGroup, index: int, name: str
) -> Row:
    """A group; ``picture``: ``None`` for a group too many; ``name`` starts every id of the image."""
    inside = set(group.members)
    members = [found for found in ordered_calcifications(findings) if found.tracking_uid in inside]
    own = letter(index)
    spacing = findings.description.pixel_spacing
    smallest, largest = _MEMBER_TILE_PX
    inside_picture = [
        (place, member)
        for place, member in enumerate(members, start=1)
        if picture is not None and _is_in(member, picture.box)
    ]
    shown = inside_picture[:SHOWN_TILES]
    diameters = [member.diameter_px for _, member in shown]
    # One side for all tiles of a group, so that sizes can be compared by eye.
    side = min(largest, tile_side(diameters, smallest)) if shown else 0
    size = f"{2 * group.radius_px:.0f} px" if group.radius_mm is None else f"{2 * group.radius_mm:.1f} mm"
    return {
        "tracking_uid": group.tracking_uid,
        "letter": own,
        "description": view_description(group, members),
        "belief": f"{group.score:.2f}",
        "size": size,
        "count": group.count,
        "picture": picture,
        "magnification": _magnification(picture.box) if picture else 1,
        "is_numbered": len(members) <= NUMBERED,
        "marks": [_calcification_mark(member, picture.box) for member in members] if picture else [],
        "tiles": [_member_tile(picture, f"{name}-{own}", place, member, side) for place, member in shown]
        if picture
        else [],
        "tile_words": _side_words(side, spacing) if shown else "",
        "outside": len(members) - len(inside_picture),
        "shown_words": _side_words(picture.box.columns, spacing) if picture else "",
        "members": [_member_cells(place, member) for place, member in enumerate(members, start=1)],
    }


def _member_tile(picture: Picture, name: str, place: int, member: Calcification, side: float) -> Row:
    return {
        "picture": picture,
        "picture_id": name,
        "view": _tile_view(member, side, picture.box),
        "words": f"{place}: {_diameter_words(member)}",
        "details": morphology_words(member),
    }


def _is_in(member: Calcification, box: Box) -> bool:
    """Whether a picture shows a calcification of its group: that of a wide one shows its densest part."""
    return 0 <= member.row - box.top < box.rows and 0 <= member.column - box.left < box.columns


def _magnification(box: Box) -> int:
    # Whole factors only: a fraction would blur pixels unevenly.
    return next((times for times in (6, 5, 4, 3, 2) if box.columns * times <= _PANEL_PX), 1)


def _member_cells(place: int, member: Calcification) -> tuple[str, ...]:
    return (
        str(place),
        f"{member.row:.1f}",
        f"{member.column:.1f}",
        _diameter_words(member),
        f"{member.contrast:.1f} ± {member.contrast_error:.1f}",
        f"{member.score:.2f}",
        *shape_cells(member),
    )


def _single_tile(picture: Picture, single: Calcification, spacing: PixelSpacing | None, name: str) -> Row:
    side = tile_side([single.diameter_px], _SINGLE_TILE_PX)
    shape = morphology_words(single)
    return {
        "picture": picture,
        "picture_id": name,
        "view": _tile_view(single, side, picture.box),
        "words": _diameter_words(single),
        "details": f"{f'{shape}, ' if shape else ''}belief {single.score:.2f}, row {single.row:.0f}, column "
        f"{single.column:.0f}, tile {_side_words(side, spacing)} wide",
    }


def _tile_view(calcification: Calcification, side: float, box: Box) -> str:
    """The viewBox of a square round a calcification, kept inside the picture of a box."""
    row, column = calcification.row, calcification.column
    # Half a pixel more: SVG counts from the corner of the first pixel, we from its center.
    top = float(np.clip(row - box.top + 0.5 - side / 2, 0, max(0.0, box.rows - side)))
    left = float(np.clip(column - box.left + 0.5 - side / 2, 0, max(0.0, box.columns - side)))
    return f"{left:.2f} {top:.2f} {side:.2f} {side:.2f}"


def _side_words(side_px: float, spacing: PixelSpacing | None) -> str:
    return f"{side_px:.0f} px" if spacing is None else f"{side_px * spacing.mm:.1f} mm"


def _diameter_words(found: Calcification) -> str:
    """A diameter with its error, in mm when it is known, else in pixels."""
    if found.diameter_mm is None or found.diameter_error_mm is None:
        return f"{found.diameter_px:.1f} ± {found.diameter_error_px:.1f} px"
    return f"{found.diameter_mm:.2f} ± {found.diameter_error_mm:.2f} mm"


def _group_mark(group: CalcificationGroup, index: int, box: Box) -> Row:
    name, (row, column) = letter(index), label_place(group)
    return {
        **_mark(
            (group.row, group.column),
            box,
            f"Group {name}: {group.count} calcifications, belief {group.score:.2f}",
            radius=group.radius_px,
            points=_polygon(group.outline, box),
        ),
        "letter": name,
        "tracking_uid": group.tracking_uid,
        "label_row": row - box.top + 0.5,
        "label_column": column - box.left + 0.5,
    }


def _calcification_mark(found: Calcification, box: Box) -> Row:
    shape = morphology_words(found)
    words = (
        f"{f'{shape}, ' if shape else ''}{_diameter_words(found)}, contrast {found.contrast:.1f}, "
        f"belief {found.score:.2f}"
    )
    center, radius = (found.row, found.column), found.diameter_px / 2
    return {
        **_mark(center, box, words, radius=radius, points=_polygon(found.outline, box)),
        "reach": reach(center, found.outline, radius),
    }


def _nipple_mark(findings: ImageFindings, box: Box) -> Row | None:
    landmarks = findings.landmarks
    if landmarks is None:
        return None
    words = "Nipple as found" if landmarks.nipple_seen else "Nipple, told from the shape of the breast alone"
    return _mark(landmarks.nipple, box, words)


def _mark(place: Point, box: Box, words: str, *, radius: float = 0.0, points: str = "") -> Row:
    """One thing marked, in the coordinates of the SVG of a box; ``words``: of its tooltip."""
    # SVG counts from the corner of the first pixel, we from its center: half a pixel apart.
    row, column = place[0] - box.top + 0.5, place[1] - box.left + 0.5
    return {"row": row, "column": column, "radius": radius, "points": points, "words": words}


def _polygon(outline: Iterable[Point], box: Box) -> str:
    """An outline as the points of an SVG polygon on the picture of a box."""
    return " ".join(f"{column - box.left + 0.5:.2f},{row - box.top + 0.5:.2f}" for row, column in outline)
