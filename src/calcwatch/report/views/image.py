"""What the page shows of one image: pictures, marks and sentences, worked out before any HTML."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, Landmarks, NonLesion
from calcwatch.domain.image import ImageDescription, PixelSpacing
from calcwatch.domain.uids import letter
from calcwatch.formats.result.fields import printable
from calcwatch.formats.result.order import (
    ordered_calcifications,
    ordered_groups,
    ordered_non_lesions,
    single_calcifications,
)
from calcwatch.report.marks import anchor, image_label, label_place, reach
from calcwatch.report.pictures import Box, Picture
from calcwatch.report.take_pictures import SHOWN_GROUPS, ImagePictures, tile_side
from calcwatch.report.views.group import (
    GroupView,
    Mark,
    Tile,
    calcification_mark,
    diameter_words,
    outline_points,
    side_words,
    tile_view,
    view_group,
)
from calcwatch.report.views.reading import morphology_words
from calcwatch.words.dates import date_words
from calcwatch.words.flags import FLAG_WORDS, KIND_WORDS, Words

TILE_PX = 132
"""Width of a tile on the page, in CSS pixels."""


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
    nipple: Mark | None
    calcification_marks: tuple[Mark, ...]
    group_marks: tuple[Mark, ...]
    non_lesion_marks: tuple[Mark, ...]
    groups: tuple[GroupView, ...]
    singles: tuple[Tile, ...]
    single_count: int
    non_lesions: tuple[Tile, ...]
    non_lesion_count: int


def _group_mark(group: CalcificationGroup, index: int, box: Box) -> Mark:
    name, (row, column) = letter(index), label_place(group)
    return Mark(
        row=group.row - box.top + 0.5,
        column=group.column - box.left + 0.5,
        radius=group.radius_px,
        points=outline_points(group.outline, box),
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
        points=outline_points(found.outline, box),
        words=KIND_WORDS[found.kind],
    )


def _single_tile(
    picture: Picture, found: Calcification, spacing: PixelSpacing | None, picture_id: str
) -> Tile:
    side = tile_side([found.diameter_px], 33)
    named = morphology_words(found)
    start = f"{named}, " if named else ""
    return Tile(
        picture,
        picture_id,
        tile_view(found.row, found.column, side, picture.box),
        diameter_words(found),
        f"{start}score {found.score:.2f}, row {found.row:.0f}, column {found.column:.0f}, "
        f"tile {side_words(side, spacing)} wide",
    )


def _non_lesion_tile(picture: Picture, found: NonLesion, picture_id: str) -> Tile:
    view = f"0 0 {picture.box.columns} {picture.box.rows}"
    place = f"row {found.row:.0f}, column {found.column:.0f}"
    return Tile(picture, picture_id, view, KIND_WORDS[found.kind], place)


def _nipple_mark(found: Landmarks | None, box: Box) -> Mark | None:
    if found is None:
        return None
    words = "Nipple as found" if found.nipple_seen else "Nipple, told from the shape of the breast alone"
    return Mark(found.nipple[0] - box.top + 0.5, found.nipple[1] - box.left + 0.5, 0.0, "", words)


def _spacing_words(spacing: PixelSpacing | None) -> str:
    if spacing is None:
        return "unknown: sizes are in pixels"
    return f"{spacing.mm:.4g} mm ({spacing.source})"


def _facts(image: ImageDescription, findings: ImageFindings) -> tuple[tuple[str, str], ...]:
    area = "unknown" if findings.breast_area_cm2 is None else f"{findings.breast_area_cm2:.0f} cm²"
    facts = (
        ("Patient ID", image.patient_id or ""),
        ("Study date", date_words(image.study_date)),
        ("Size", f"{image.rows} rows × {image.columns} columns"),
        ("Pixel spacing", _spacing_words(image.pixel_spacing)),
        ("Breast area", area),
        ("SOP Instance UID", image.sop_instance_uid or ""),
    )
    return tuple((name, printable(value)) for name, value in facts if value)


def _singles(pictures: ImagePictures, findings: ImageFindings, name: str) -> tuple[Tile, ...]:
    spacing = findings.description.pixel_spacing
    shown = [found for found in single_calcifications(findings) if found.tracking_uid in pictures.singles]
    return tuple(
        _single_tile(pictures.singles[found.tracking_uid], found, spacing, f"{name}-s{place}")
        for place, found in enumerate(shown)
    )


def _groups(pictures: ImagePictures, findings: ImageFindings, name: str) -> tuple[GroupView, ...]:
    return tuple(
        view_group(pictures.groups.get(group.tracking_uid), findings, group, index=place, anchor=name)
        for place, group in enumerate(ordered_groups(findings))
    )


def view_image(pictures: ImagePictures, findings: ImageFindings, index: int) -> ImageView:
    """Work out everything the page shows of one image. ``index``: place of the image in the run, 0 first."""
    name, others, box = anchor(index), ordered_non_lesions(findings), pictures.whole.box
    return ImageView(
        anchor=name,
        label=image_label(findings),
        source=printable(findings.description.source),
        facts=_facts(findings.description, findings),
        notes=tuple(FLAG_WORDS[flag] for flag in sorted(findings.quality_flags)),
        thumbnail=pictures.whole,
        breast=outline_points(findings.breast_outline, box),
        nipple=_nipple_mark(findings.landmarks, box),
        calcification_marks=tuple(
            calcification_mark(found, box) for found in ordered_calcifications(findings)
        ),
        group_marks=tuple(
            _group_mark(group, place, box) for place, group in enumerate(ordered_groups(findings))
        ),
        non_lesion_marks=tuple(_non_lesion_mark(found, box) for found in others),
        groups=_groups(pictures, findings, name),
        singles=_singles(pictures, findings, name),
        single_count=len(single_calcifications(findings)),
        non_lesions=tuple(
            _non_lesion_tile(picture, found, f"{name}-n{place}")
            for place, (picture, found) in enumerate(zip(pictures.non_lesions, others, strict=False))
        ),
        non_lesion_count=len(others),
    )
