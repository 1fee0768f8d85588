"""Findings as CSV tables (RFC 4180), columns in a fixed order: calcifications, groups, examinations.

A column is a field of ``findings.json``, named by its path; words, units and roundings are those written
there.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from calcwatch.domain.findings import ImageFindings
from calcwatch.formats.result.fields import Document
from calcwatch.formats.result.findings import EXAMINATION
from calcwatch.formats.result.image import image_document
from calcwatch.formats.result.order import group_letters
from calcwatch.formats.result.run import ReadExamination, readings_by_place, worklist
from calcwatch.words.printable import shown

COMPUTED = ""
"""Path of a column that is worked out of the whole document and stands in no field of it."""

_SIDES = {"R": "right", "L": "left", None: "unknown_side"}

_OF_A_BREAST = ("found", "not_looked_for", "notes")  # never a category: suggestions are of findings


def _fields(path: str, *names: str) -> dict[str, str]:
    """Columns that are called as the fields below a path are."""
    return {name: f"{path}.{name}" for name in names}


IMAGE_COLUMNS = _fields(
    "images[]",
    *("source", "patient_id", "study_date", "study_instance_uid", "sop_instance_uid"),
    *("image_laterality", "view_position", "pixel_spacing_mm"),
)
"""Columns that say which image a row belongs to; the tables of calcifications and groups begin with them."""

# Columns are listed by hand: a new field of the document must not shift columns that a script relies on.
CALCIFICATION_COLUMNS = {
    **IMAGE_COLUMNS,
    **_fields("images[].calcifications[]", "tracking_uid"),
    "group_tracking_uid": COMPUTED,
    "group_letter": COMPUTED,
    **_fields(
        "images[].calcifications[]",
        *("row", "column", "score", "diameter_mm", "diameter_error_mm", "diameter_px", "diameter_error_px"),
        *("area_mm2", "area_px", "contrast", "contrast_error", "vascular", "size_class"),
        *("morphology", "morphology_note"),
    ),
    **_fields(
        "images[].calcifications[].shape",
        *("length_mm", "width_mm", "length_to_width", "roundness", "solidity", "edge_sharpness"),
        *("lucent_center", "branches"),
    ),
}
"""Columns of ``calcifications.csv`` and the paths of their fields."""

GROUP_COLUMNS = {
    **IMAGE_COLUMNS,
    **_fields("images[].groups[]", "tracking_uid"),
    "group_letter": COMPUTED,
    **_fields(
        "images[].groups[]",
        *("row", "column", "radius_px", "radius_mm", "score", "count", "suspicion"),
        *("kind", "composition", "morphology", "morphology_note", "distribution"),
    ),
    **_fields("images[].groups[].distribution_measurements", "extent_mm"),
    "location": "images[].groups[].location.words",
    **_fields("images[].groups[].location", "nipple_distance_mm"),
    **_fields("images[].groups[]", "counterpart", "view_note", "suggested_category", "if_confirmed", "floor"),
    **_fields("images[].groups[]", "judged_by", "cost_ratio"),
    "stated_verdict": "images[].groups[].stated.verdict",
    "stated_category": "images[].groups[].stated.category",
    "likelihood_low": "images[].groups[].likelihood_range.low",
    "likelihood_high": "images[].groups[].likelihood_range.high",
    **_fields("images[].groups[]", "rule_ids", "reasons", "missing"),
}
"""Columns of ``groups.csv``; ``group_letter`` is the letter on the overlay and the page."""

EXAMINATION_COLUMNS = {
    **_fields("examinations[]", "patient_id", "study_date", "study_instance_uid"),
    "images": COMPUTED,
    "groups": COMPUTED,
    **_fields("examinations[]", "score", "suspicion", "laterality_pattern"),
    **{
        f"{side}_{name}": f"examinations[].breasts[].{name}"
        for side in _SIDES.values()
        for name in _OF_A_BREAST
    },
    **_fields("examinations[]", "score_reasons", "sources"),
}
"""Columns of ``examinations.csv``, the worklist."""

# Reasons are sentences and rule names single words: a space parts them well enough.
_BETWEEN = {"rule_ids": " ", "reasons": " "}
"""What stands between the parts of a list in one cell; ``"; "`` unless named here."""

# A spreadsheet runs a cell that starts so: text from a header could carry a formula (CSV injection). A cell
# starts wherever any dialect parts one, whatever blanks and quotes are between; full-width signs count too.
_STARTS_A_FORMULA = re.compile(r"((?:^|[;,|:\t])[\s\"'`]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe63])")

# A blank parts cells in some imports; a sign with more behind it is no word of a sentence.
_AFTER_A_BLANK = re.compile(r"(?<=\s)(?=[=@\uff1d\uff20]\S)")

_Objects = Mapping[str, Any]
"""Path of a list of ``findings.json``, such as ``images[]`` -> the entry of it that a row is of."""


def _cells(columns: Mapping[str, str], objects: _Objects, computed: Mapping[str, Any]) -> list[str]:
    """A row: what was computed, and what stands at the path of every other column."""
    return [
        _cell(computed[name] if name in computed else _at(path, objects), _BETWEEN.get(name, "; "))
        for name, path in columns.items()
    ]


def _at(path: str, objects: _Objects) -> Any:
    """What stands at a path; ``None`` where it, or what should hold it, is not known."""
    owner, _, names = path.rpartition("[].")
    value = objects.get(f"{owner}[]")
    for name in names.split("."):
        value = None if value is None else value[name]
    return value


def _cell(value: Any, between: str) -> str:
    if isinstance(value, dict):
        return _cell([f"{number} {name}" for name, number in value.items()], between)
    if isinstance(value, list):
        return _cell(between.join(value), between)
    # Only text: a negative number begins with "-" and has to stay a number.
    if isinstance(value, str):
        return inert(value)
    # As in JSON; Python's True would be another word for the same field.
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def inert(text: str) -> str:
    """Text that no spreadsheet takes for a formula, however it parts the cells of a line.

    Args:
        text: Any text, such as the name of a file or a Patient ID.

    Returns:
        One line without control characters, with an apostrophe before every sign that could start a formula.

    """
    return _AFTER_A_BLANK.sub("'", _STARTS_A_FORMULA.sub(r"\1'", shown(text)))


def _table(columns: Mapping[str, str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    # RFC 4180 wants CRLF on every system.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return text.getvalue()


def calcifications_table(images: Sequence[ImageFindings]) -> str:
    """Write the table of calcifications.

    Args:
        images: Findings of each image of a run.

    Returns:
        One CSV row a calcification, images in order, most believable first; unknown is an empty cell. In
        text every sign that a spreadsheet could take for a formula gets an apostrophe in front.

    """

    def rows(findings: ImageFindings) -> Iterator[list[str]]:
        image, letters = image_document(findings), group_letters(findings)
        group_of = {uid: group.tracking_uid for group in findings.groups for uid in group.members}
        for found in image["calcifications"]:
            group = group_of.get(found["tracking_uid"])
            yield _cells(
                CALCIFICATION_COLUMNS,
                {"images[]": image, "images[].calcifications[]": found},
                {"group_tracking_uid": group, "group_letter": letters.get(group or "")},
            )

    return _table(CALCIFICATION_COLUMNS, (row for findings in images for row in rows(findings)))


def groups_table(images: Sequence[ImageFindings], examinations: Sequence[ReadExamination] = ()) -> str:
    """Write the table of groups.

    Args:
        images: Findings of each image of a run.
        examinations: What was read of them; without, cells of places and suggestions are empty.

    Returns:
        One CSV row a group, images in order, most suspicious first; unknown is an empty cell. In text
        every sign that a spreadsheet could take for a formula gets an apostrophe in front.

    """
    readings = readings_by_place(examinations)

    def rows(place: int, findings: ImageFindings) -> Iterator[list[str]]:
        image, letters = image_document(findings, readings.get(place)), group_letters(findings)
        for found in image["groups"]:
            yield _cells(
                GROUP_COLUMNS,
                {"images[]": image, "images[].groups[]": found},
                {"group_letter": letters[found["tracking_uid"]]},
            )

    return _table(GROUP_COLUMNS, (row for place, image in enumerate(images) for row in rows(place, image)))


def examinations_table(examinations: Sequence[ReadExamination]) -> str:
    """Write the worklist.

    Args:
        examinations: Those of a run, in any order.

    Returns:
        One CSV row an examination in the order of the worklist; unknown is an empty cell. In text every sign
        that a spreadsheet could take for a formula gets an apostrophe in front.

    """

    def row(examination: ReadExamination) -> list[str]:
        document: Document = EXAMINATION.write(examination)
        computed = {
            "images": len(document["sources"]),
            "groups": len(examination.findings.groups),
        } | {
            f"{_SIDES.get(breast['image_laterality'], 'unknown_side')}_{name}": breast[name]
            for breast in document["breasts"]
            for name in _OF_A_BREAST
        }
        return _cells(EXAMINATION_COLUMNS, {"examinations[]": document}, computed)

    return _table(EXAMINATION_COLUMNS, map(row, worklist(examinations)))
