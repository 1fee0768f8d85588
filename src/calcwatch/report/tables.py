"""Findings as CSV tables (RFC 4180): one row a calcification, one row a group, columns in a fixed order."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from calcwatch.domain import ImageFindings
from calcwatch.report.findings import image_document
from calcwatch.report.marks import group_letters

IMAGE_COLUMNS = (
    "source",
    "patient_id",
    "study_date",
    "study_instance_uid",
    "sop_instance_uid",
    "image_laterality",
    "view_position",
    "pixel_spacing_mm",
)
"""Columns that say which image a row belongs to; both tables begin with them."""

CALCIFICATION_COLUMNS = (
    *IMAGE_COLUMNS,
    "tracking_uid",
    "group_tracking_uid",
    "group_letter",
    "row",
    "column",
    "score",
    "diameter_mm",
    "diameter_error_mm",
    "diameter_px",
    "diameter_error_px",
    "area_mm2",
    "area_px",
    "contrast",
    "contrast_error",
    "vascular",
)
"""Columns of ``calcifications.csv``; the words, units and roundings are those of ``findings.json``."""

GROUP_COLUMNS = (
    *IMAGE_COLUMNS,
    "tracking_uid",
    "group_letter",
    "row",
    "column",
    "radius_px",
    "radius_mm",
    "score",
    "count",
)
"""Columns of ``groups.csv``; ``group_letter`` is the letter on the overlay and the page."""

_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def _cell(value: Any) -> str:
    if isinstance(value, str) and value.startswith(_STARTS_A_FORMULA):
        return "'" + value
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _table(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([_cell(row[column]) for column in columns] for row in rows)
    return text.getvalue()


def _calcification_rows(findings: ImageFindings) -> Iterator[dict[str, Any]]:
    image = image_document(findings)
    letters = group_letters(findings)
    group_of = {uid: group.tracking_uid for group in findings.groups for uid in group.members}
    for found in image["calcifications"]:
        group_uid = group_of.get(found["tracking_uid"])
        yield image | found | {"group_tracking_uid": group_uid, "group_letter": letters.get(group_uid or "")}


def _group_rows(findings: ImageFindings) -> Iterator[dict[str, Any]]:
    image = image_document(findings)
    letters = group_letters(findings)
    for found in image["groups"]:
        yield image | found | {"group_letter": letters[found["tracking_uid"]]}


def calcifications_table(images: Sequence[ImageFindings]) -> str:
    """Write one CSV row a calcification, images in order, most believable first; unknown is an empty cell.

    A text cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    rows = (row for findings in images for row in _calcification_rows(findings))
    return _table(CALCIFICATION_COLUMNS, rows)


def groups_table(images: Sequence[ImageFindings]) -> str:
    """Write one CSV row a group, images in order, most believable first; unknown is an empty cell.

    A text cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    return _table(GROUP_COLUMNS, (row for findings in images for row in _group_rows(findings)))
