"""Results that somebody changed: each is read or refused in words, whatever stands where."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from calcwatch.domain.errors import CalcwatchError
from calcwatch.domain.image import GivenAttributes, ViewPosition
from calcwatch.formats.fhir.bundle import result_bundle
from calcwatch.formats.result.document import document_text, findings_document
from calcwatch.formats.result.run import Run
from calcwatch.service.explain import explain_group
from calcwatch.service.files.evidence import read_result_folder
from calcwatch.service.files.examination_files import find_examination_files
from tests.formats.result.examples import PROVENANCE
from tests.formats.result.readings import described, examination

BAD: tuple[Any, ...] = (None, 5, -1, 10**14, "x", "", [], {}, True, [5], {"a": 1}, "\0<b>")
"""Values that may stand anywhere in JSON; those that no JSON holds are refused before (test_json_text)."""

Path_ = tuple[str | int, ...]


def document() -> dict[str, Any]:
    views = (
        described("L-CC.dcm", uid="2.25.1001"),
        described("L-MLO.dcm", view=ViewPosition.MLO, uid="2.25.2001"),
    )
    return findings_document(Run(PROVENANCE, views, (examination(*views),)))


def places(value: Any, above: Path_ = ()) -> Iterator[Path_]:
    """Every key, and the first entry of every list."""
    if above:
        yield above
    if isinstance(value, dict):
        for key in value:
            yield from places(value[key], (*above, key))
    elif isinstance(value, list) and value:
        yield from places(value[0], (*above, 0))


def changed(place: Path_, value: Any) -> str:
    whole = document()
    inner: Any = whole
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    return document_text(whole)


def read_everywhere(folder: Path) -> None:
    """Read a result as explain, export and compare do; what they may raise is theirs alone."""
    for read in (
        lambda: explain_group("1:A", folder),
        lambda: [
            json.dumps(result_bundle(result, None, made=datetime.now(UTC)))
            for result in read_result_folder(folder).examinations
        ],
        lambda: find_examination_files([folder / "findings.json"], None, GivenAttributes()),
    ):
        try:
            read()
        except CalcwatchError as refused:
            assert str(refused)


def test_no_changed_value_is_a_traceback(tmp_path: Path) -> None:
    """A result with one value changed is read, or refused in words, by explain, export and compare."""
    for number, place in enumerate(places(document())):
        # Another value at each place: all of them everywhere would take minutes.
        value = BAD[number % len(BAD)]
        (tmp_path / "findings.json").write_text(changed(place, value), encoding="utf-8")
        try:
            read_everywhere(tmp_path)
        except Exception as error:
            raise AssertionError(f"{place} = {value!r}") from error


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("schema_version",), None),
        (("examinations", 0, "sources"), []),
        (("images", 0, "calcifications"), []),
        (("images", 0, "groups", 0, "kind_probabilities"), {}),
        (("images", 0, "groups", 0, "distribution_probabilities"), {}),
        (("images", 0, "groups", 0, "distribution_measurements"), None),
        (("images", 0, "groups", 0, "rule_ids"), ["x"]),
        (("images", 0, "groups", 0, "reasons"), []),
    ],
)
def test_what_names_something_else_names_something(place: Path_, value: Any, tmp_path: Path) -> None:
    """What the schema cannot say is held too: members, images, probabilities and rules that are there."""
    (tmp_path / "findings.json").write_text(changed(place, value), encoding="utf-8")
    read_everywhere(tmp_path)


def test_the_place_is_named_and_the_value_is_not(tmp_path: Path) -> None:
    """What is wrong of a result is told by its place; a value may be of a patient and is not repeated."""
    (tmp_path / "findings.json").write_text(
        changed(("images", 0, "patient_id"), ["Doe^Jane"]), encoding="utf-8"
    )
    with pytest.raises(CalcwatchError, match=r"\$\.images\[0\]\.patient_id") as caught:
        read_result_folder(tmp_path)
    assert "Doe" not in str(caught.value)
