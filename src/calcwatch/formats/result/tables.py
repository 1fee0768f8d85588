"""Findings as CSV tables (RFC 4180), columns in a fixed order: calcifications, groups, examinations."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from calcwatch.domain.findings import ImageFindings
from calcwatch.formats.result.document import examination_document
from calcwatch.formats.result.examinations import ReadExamination, Readings, readings_by_place, worklist
from calcwatch.formats.result.findings import image_document
from calcwatch.formats.result.order import group_letters

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
"""Columns that say which image a row belongs to; the tables of calcifications and groups begin with them."""

_SHAPE_COLUMNS = (
    "length_mm",
    "width_mm",
    "length_to_width",
    "roundness",
    "solidity",
    "edge_sharpness",
    "density",
    "lucent_center",
    "branches",
)


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
    "size_class",
    "morphology",
    "morphology_note",
    *_SHAPE_COLUMNS,
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
    "suspicion",
    "morphology",
    "morphology_note",
    "distribution",
    "extent_mm",
    "location",
    "nipple_distance_mm",
    "counterpart",
    "view_note",
    "suggested_category",
    "if_confirmed",
    "floor",
    "likelihood_low",
    "likelihood_high",
    "rule_ids",
    "reasons",
    "missing",
)
"""Columns of ``groups.csv``; ``group_letter`` is the letter on the overlay and the page."""

EXAMINATION_COLUMNS = (
    "patient_id",
    "study_date",
    "study_instance_uid",
    "images",
    "groups",
    "score",
    "suspicion",
    "laterality_pattern",
    "right_suggested_category",
    "right_if_confirmed",
    "left_suggested_category",
    "left_if_confirmed",
    "unknown_side_suggested_category",
    "unknown_side_if_confirmed",
    "score_reasons",
    "sources",
)
"""Columns of ``examinations.csv``, the worklist."""

_SIDES = {"R": "right", "L": "left"}

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
        shape = found["shape"] or dict.fromkeys(_SHAPE_COLUMNS)
        group = {"group_tracking_uid": group_uid, "group_letter": letters.get(group_uid or "")}
        yield image | shape | found | group


def _group_rows(findings: ImageFindings, readings: Readings) -> Iterator[dict[str, Any]]:
    image = image_document(findings, readings)
    letters = group_letters(findings)
    for found in image["groups"]:
        location, likelihood = found["location"] or {}, found["likelihood_range"] or {}
        yield (
            image
            | found
            | {
                "group_letter": letters[found["tracking_uid"]],
                "extent_mm": (found["distribution_measurements"] or {}).get("extent_mm"),
                "location": location.get("words"),
                "nipple_distance_mm": location.get("nipple_distance_mm"),
                "likelihood_low": likelihood.get("low"),
                "likelihood_high": likelihood.get("high"),
                "rule_ids": " ".join(found["rule_ids"]),
                "reasons": " ".join(found["reasons"]),
                "missing": "; ".join(found["missing"]),
            }
        )


def _examination_row(examination: ReadExamination) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(EXAMINATION_COLUMNS)
    document = examination_document(examination)
    for breast in document["breasts"]:
        side = _SIDES.get(breast["image_laterality"], "unknown_side")
        row[f"{side}_suggested_category"] = breast["suggested_category"]
        row[f"{side}_if_confirmed"] = breast["if_confirmed"]
    return (
        row
        | document
        | {
            "images": len(document["sources"]),
            "groups": len(examination.findings.groups),
            "score_reasons": "; ".join(document["score_reasons"]),
            "sources": "; ".join(document["sources"]),
        }
    )


def calcifications_table(images: Sequence[ImageFindings]) -> str:
    """Write one CSV row a calcification, images in order, most believable first; unknown is an empty cell.

    A text cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    rows = (row for findings in images for row in _calcification_rows(findings))
    return _table(CALCIFICATION_COLUMNS, rows)


def groups_table(images: Sequence[ImageFindings], examinations: Sequence[ReadExamination] = ()) -> str:
    """Write one CSV row a group, images in order, most suspicious first; unknown is an empty cell.

    A text cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    readings = readings_by_place(examinations)
    rows = (
        row for place, findings in enumerate(images) for row in _group_rows(findings, readings.get(place, {}))
    )
    return _table(GROUP_COLUMNS, rows)


def examinations_table(examinations: Sequence[ReadExamination]) -> str:
    """Write one CSV row an examination in the order of the worklist; unknown is an empty cell.

    A text cell that a spreadsheet would take for a formula gets an apostrophe in front.
    """
    return _table(EXAMINATION_COLUMNS, map(_examination_row, worklist(examinations)))
