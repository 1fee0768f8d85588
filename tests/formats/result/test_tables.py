import csv
import io
import re
from typing import Literal

import pytest

from calcwatch.formats.result.schema import document_schema
from calcwatch.formats.result.tables import (
    CALCIFICATION_COLUMNS,
    COMPUTED,
    EXAMINATION_COLUMNS,
    GROUP_COLUMNS,
    calcifications_table,
    examinations_table,
    groups_table,
)
from tests.formats.result.examples import findings
from tests.formats.result.readings import described, examination

COUNTED = "images[].groups[].composition"
"""The one object that is a cell, since all it holds are words with their numbers."""

PATHS = sorted({*CALCIFICATION_COLUMNS.values(), *GROUP_COLUMNS.values(), *EXAMINATION_COLUMNS.values()})


@pytest.mark.parametrize("path", PATHS)
def test_every_column_is_a_field_of_findings(path: str) -> None:
    """The path of each column leads to a field of findings.json, through lists and objects that it names."""
    schema = document_schema()
    for part in path.split(".") if path != COMPUTED else []:
        schema = schema["properties"][part.removesuffix("[]")]
        assert part.endswith("[]") is ("items" in schema) or path.endswith(part)
        schema = schema["items"] if part.endswith("[]") else schema
    assert "object" not in schema["type"] or path in (COMPUTED, COUNTED)


def test_columns_that_are_no_field_are_few() -> None:
    """Letters, the group of a calcification and counts are worked out; every other column is a field."""
    tables = (CALCIFICATION_COLUMNS, GROUP_COLUMNS, EXAMINATION_COLUMNS)
    computed = {name for columns in tables for name, path in columns.items() if path == COMPUTED}
    assert computed == {"group_tracking_uid", "group_letter", "images", "groups"}


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_one_row_a_calcification() -> None:
    """Each calcification has one row with its image, its group's letter and its measurements."""
    table = rows(calcifications_table([findings(), findings("b.dcm", empty=True)]))
    assert list(table[0]) == list(CALCIFICATION_COLUMNS)
    assert len(table) == 6
    assert table[0]["group_letter"] == "A"
    assert table[0]["group_tracking_uid"] == "g1"
    assert (table[0]["row"], table[0]["diameter_mm"]) == ("500.25", "0.42")
    assert {row["source"] for row in table} == {"exam/L-CC.dcm"}
    single = next(row for row in table if row["tracking_uid"] == "c9")
    assert single["group_letter"] == single["group_tracking_uid"] == ""


def test_one_row_a_group() -> None:
    """Each group has one row with its count and radius."""
    (row,) = rows(groups_table([findings()]))
    assert list(row) == list(GROUP_COLUMNS)
    assert (row["group_letter"], row["count"], row["radius_mm"]) == ("A", "5", "3.5")


def test_nothing_found_is_a_table_with_its_head() -> None:
    """Nothing found gives a table that holds its column names and no row."""
    assert calcifications_table([findings(empty=True)]) == ",".join(CALCIFICATION_COLUMNS) + "\r\n"
    assert groups_table([]) == ",".join(GROUP_COLUMNS) + "\r\n"


def test_unknown_is_an_empty_cell() -> None:
    """A size without pixel spacing is an empty cell, not zero."""
    table = rows(calcifications_table([findings(spacing_mm=None)]))
    assert {row["diameter_mm"] for row in table} == {""}


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)", '=HYPERLINK("http://x")', "\uff1d1+1"])
def test_formula_in_a_file_name(name: str) -> None:
    """A file name that a spreadsheet would take for a formula gets an apostrophe; numbers get none."""
    table = rows(calcifications_table([findings(name)]))
    assert all(row["source"] == "'" + name for row in table)
    assert all(not row["row"].startswith("'") for row in table)


@pytest.mark.parametrize("between", [",", ";", "\t", "|", " "])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_NONE])
@pytest.mark.parametrize(
    "name",
    ["a;=1+1;b.dcm", 'x;"=1+1"', "-2+3\r\n=1+1", " =1+1", "P\t@SUM(A1)", "a|+1", "\u00a0=1", "a, -x", "x =1"],
)
def test_no_dialect_finds_a_formula(name: str, between: str, quoting: Literal[0, 3]) -> None:
    """However a spreadsheet parts a line into cells, no cell of text starts with a sign of a formula."""
    table = calcifications_table([findings(name)])
    assert "\r\n=" not in table
    lines = csv.reader(io.StringIO(table), delimiter=between, quoting=quoting)
    cells = [cell.strip(' "\u00a0') for line in lines for cell in line]
    # A number may begin with a minus, and a sign alone computes nothing.
    assert not [cell for cell in cells if re.match(r"[=+@].|-[^0-9]", cell)]


@pytest.mark.parametrize(("name", "told"), [("a\nb.dcm", "a\\nb.dcm"), ("\u202egpj.dcm", "\\u202egpj.dcm")])
def test_controls_are_shown_as_what_they_are(name: str, told: str) -> None:
    """A line end stays in its line, and nothing is shown in another order than it is written."""
    assert {row["source"] for row in rows(calcifications_table([findings(name)]))} == {told}


@pytest.mark.parametrize("name", ['a,"b".dcm', "山田.dcm", "x" * 4000])
def test_awkward_file_names_come_back(name: str) -> None:
    """Commas, quotes, other scripts and very long names come back from the table unchanged."""
    assert {row["source"] for row in rows(calcifications_table([findings(name)]))} == {name}


def test_tables_carry_descriptions_and_suggestions() -> None:
    """Rows say shape, distribution, place and suggestion; what was not described is an empty cell."""
    image = described()
    (group,) = rows(groups_table([image], [examination(image)]))
    assert (group["morphology"], group["distribution"]) == ("fine_pleomorphic", "grouped")
    assert (group["suggested_category"], group["if_confirmed"], group["floor"]) == ("0", "4B", "4B")
    assert (group["likelihood_low"], group["rule_ids"]) == ("0.28", "M-PLE-GRP X-SCREEN")
    assert (group["kind"], group["composition"]) == (
        "small_suspicious",
        "3 fine_pleomorphic; 1 amorphous",
    )
    assert (group["extent_mm"], group["nipple_distance_mm"]) == ("5.7", "34.0")
    found = rows(calcifications_table([image]))[0]
    assert (found["size_class"], found["length_mm"], found["branches"]) == ("microcalcification", "0.62", "1")
    (plain,) = rows(groups_table([findings()]))
    assert {plain[name] for name in ("suspicion", "morphology", "suggested_category", "location")} == {""}


def test_worklist_is_a_table() -> None:
    """The table of examinations has a row each, highest score first, with what was found in each breast."""
    seen, empty = described(), findings("b.dcm", empty=True)
    table = rows(examinations_table([examination(empty), examination(seen, first=1)]))
    assert list(table[0]) == list(EXAMINATION_COLUMNS)
    assert [row["score"] for row in table] == ["8", "1"]
    assert table[0]["left_found"] == "Marked on all its views together: 1 group."
    assert "were not looked for" in table[0]["left_not_looked_for"]
    assert (table[0]["right_found"], table[0]["images"], table[0]["groups"]) == ("", "1", "1")
    assert not any("categor" in name for name in EXAMINATION_COLUMNS)
    assert table[0]["sources"] == "exam/L-CC.dcm"
    assert examinations_table([]) == ",".join(EXAMINATION_COLUMNS) + "\r\n"
