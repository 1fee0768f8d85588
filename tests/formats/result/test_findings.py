import json
import math
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion
from calcwatch.domain.image import QualityFlag, ViewPosition
from calcwatch.formats.result.document import DOCUMENTS, document_text, findings_document
from calcwatch.formats.result.fields import number
from calcwatch.formats.result.run import NotAnalyzed, ReadExamination, Run
from calcwatch.formats.result.schema import document_schema, schema_text
from calcwatch.words.printable import printable
from tests.formats.result.examples import PROVENANCE, findings
from tests.formats.result.readings import described, examination

REFUSED = NotAnalyzed("bad/empty.dcm", "unreadable", "bad/empty.dcm: the file is empty; export it again")


def _everything(image: ImageFindings) -> list[Calcification | NonLesion | CalcificationGroup]:
    return [*image.calcifications, *image.non_lesions, *image.groups]


def document(*images: ImageFindings, read: Sequence[ReadExamination] = ()) -> Any:
    return json.loads(document_text(findings_document(Run(PROVENANCE, images, tuple(read), (REFUSED,)))))


def whole_examination() -> Any:
    """The document of a breast in two views, described and read, and of an image in which nothing is."""
    views = (described(), described("exam/L-MLO.dcm", view=ViewPosition.MLO, uid="g2"))
    empty = findings("b.dcm", empty=True)
    return document(empty, *views, read=[examination(empty), examination(*views, first=1)])


def test_schema_is_a_schema() -> None:
    """The published schema is a valid JSON Schema of draft 2020-12."""
    Draft202012Validator.check_schema(json.loads(schema_text()))


@pytest.mark.parametrize("spacing_mm", [0.1, None])
@pytest.mark.parametrize("empty", [True, False])
def test_findings_follow_the_schema(spacing_mm: float | None, empty: bool) -> None:
    """Findings follow the schema with and without spacing, with and without calcifications."""
    validator = Draft202012Validator(document_schema())
    validator.validate(document(findings(spacing_mm=spacing_mm, empty=empty)))


def test_what_is_described_and_suggested_follows_the_schema() -> None:
    """Descriptions, readings, pairs and examinations follow the schema, with and without spacing."""
    validator = Draft202012Validator(document_schema())
    validator.validate(whole_examination())
    unknown = described(spacing_mm=None)
    validator.validate(document(unknown, read=[examination(unknown)]))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("examinations", 0, "score"), 11),
        (("examinations", 0, "breasts", 0, "needs_human"), False),
        (("images", 1, "groups", 0, "suggested_category"), "4D"),
        (("images", 1, "groups", 0, "morphology_probabilities", "spiky"), 0.1),
        (("images", 1, "groups", 0, "location", "clock"), 13),
        (("images", 1, "groups", 0, "likelihood_range", "high"), 1.5),
        (("images", 1, "calcifications", 0, "shape", "branches"), -1),
        (("images", 1, "landmarks", "nipple"), [1.0]),
    ],
)
def test_schema_refuses_what_no_description_is(path: tuple[str | int, ...], value: object) -> None:
    """The schema refuses unknown words and impossible numbers in descriptions and suggestions."""
    broken = whole_examination()
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not Draft202012Validator(document_schema()).is_valid(broken)


def test_group_carries_its_description_and_suggestion() -> None:
    """A group says what it looks like, where it lies, what is suggested and why; a person decides."""
    group = whole_examination()["images"][1]["groups"][0]
    assert group["suspicion"] == 0.71
    assert group["morphology"] == "fine_pleomorphic"
    assert group["morphology_probabilities"]["amorphous"] == 0.25
    assert group["distribution"] == "grouped"
    assert group["distribution_measurements"]["extent_mm"] == 5.7
    assert group["location"]["nipple_distance_mm"] == 34.0
    assert group["counterpart"] == "g2"
    assert (group["suggested_category"], group["if_confirmed"], group["floor"]) == ("0", "4B", "4B")
    assert group["rule_ids"] == ["M-PLE-GRP", "X-SCREEN"]
    assert len(group["reasons"]) == 2
    assert group["likelihood_range"]["low"] == 0.28
    assert group["missing"] == ["priors_available", "age"]
    assert group["alternatives"][0]["category"] == "4C"
    assert group["needs_human"] is True


def test_calcification_carries_its_shape() -> None:
    """A calcification says its size class and shape, or why no shape is told."""
    found = {one["tracking_uid"]: one for one in whole_examination()["images"][1]["calcifications"]}
    assert found["c0"]["morphology"] == "fine_pleomorphic"
    assert found["c0"]["morphology_note"] == ""
    assert found["c0"]["shape"]["length_mm"] == 0.62
    assert found["c0"]["size_class"] == "microcalcification"
    assert found["c4"]["morphology"] is None
    assert "too few" in found["c4"]["morphology_note"]


def test_nothing_described_stays_unknown() -> None:
    """Where nothing was described or read, words are null, lists empty, and a person is still needed."""
    image = document(findings())["images"][0]
    group, found = image["groups"][0], image["calcifications"][0]
    assert found["shape"] is found["morphology"] is image["landmarks"] is None
    names = ("suspicion", "morphology", "distribution", "location", "suggested_category", "floor")
    assert {group[name] for name in names} == {None}
    assert (group["rule_ids"], group["missing"], group["needs_human"]) == ([], [], True)


def test_examinations_stand_as_in_the_worklist() -> None:
    """Examinations come highest score first and say score, reasons, breasts, pairs and what was stated."""
    first, second = whole_examination()["examinations"]
    assert (first["score"], second["score"]) == (8, 1)
    assert first["sources"] == ["exam/L-CC.dcm", "exam/L-MLO.dcm"]
    assert first["score_reasons"]
    breast = first["breasts"][0]
    assert breast["found"] == "Marked on all its views together: 2 groups."
    assert "were not looked for" in breast["not_looked_for"]
    assert not any("categor" in name for name in breast)
    assert [(pair["first"], pair["second"]) for pair in first["pairs"]] == [("g1", "g2")]
    assert first["stated"] == {"exam_context": "screening"}
    assert (first["patient_id"], first["rule_table_version"]) == ("PHANTOM-1", "3")


def test_groups_stand_by_suspicion_and_the_unknown_first() -> None:
    """Groups come most suspicious first; one whose suspicion is not known is not put out of sight."""
    image = findings()
    plain = image.groups[0]
    believed = replace(plain, tracking_uid="believed", suspicion=0.1, score=0.99)
    feared = replace(plain, tracking_uid="feared", suspicion=0.8, score=0.6)
    unknown = replace(plain, tracking_uid="unknown", score=0.5)
    written = document(replace(image, groups=(believed, feared, unknown)))["images"][0]["groups"]
    assert [group["tracking_uid"] for group in written] == ["unknown", "feared", "believed"]


def test_a_lost_reading_is_refused() -> None:
    """An examination that has no reading for a group, or places for other images, is no examination."""
    read = examination(described())
    with pytest.raises(ValueError, match="not read group by group"):
        ReadExamination((0,), replace(read.findings, groups=()))
    with pytest.raises(ValueError, match="2 places for 1 images"):
        ReadExamination((0, 1), read.findings)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("images", 0, "calcifications", 0, "score"), 1.2),
        (("images", 0, "quality_flags", 0), "made_up"),
        (("images", 0, "groups", 0, "outline", 0), [1.0]),
        (("images", 0, "image_laterality"), "X"),
        (("not_analyzed", 0, "reason_code"), "because"),
        (("images", 0, "surprise"), 1),
        (("provenance", "package"), "other"),
    ],
)
def test_schema_refuses(path: tuple[str | int, ...], value: object) -> None:
    """The schema refuses values out of range, unknown words, short points and unknown names."""
    broken = document(findings())
    place = broken
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not Draft202012Validator(document_schema()).is_valid(broken)


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_every_property_is_explained(name: str) -> None:
    """Every property of every schema has a description."""

    def objects(schema: Any) -> Iterator[dict[str, Any]]:
        if isinstance(schema, dict):
            yield schema
            for part in schema.values():
                yield from objects(part)

    named = [
        (key, part)
        for schema in objects(document_schema(name))
        if isinstance(schema.get("properties"), dict)
        for key, part in schema["properties"].items()
    ]
    assert len(named) > 50
    assert [key for key, part in named if not part.get("description")] == []


def test_names_other_tools_rely_on() -> None:
    """The names that other tools rely on are there."""
    whole = document(findings())
    image = whole["images"][0]
    assert {
        "source", "sop_instance_uid", "image_laterality", "view_position", "rows", "columns",
        "pixel_spacing_mm", "breast_area_cm2", "quality_flags", "calcifications", "non_lesions", "groups",
    } <= image.keys()  # fmt: skip
    assert {"tracking_uid", "row", "column", "score", "diameter_mm", "area_mm2", "contrast"} <= image[
        "calcifications"
    ][0].keys()
    assert {"kind", "row", "column"} <= image["non_lesions"][0].keys()
    assert {
        "row", "column", "radius_px", "radius_mm", "score", "count", "members", "outline",
    } <= image["groups"][0].keys()  # fmt: skip
    assert {"package_version", "analysis_version", "settings", "model", "inputs"} <= whole[
        "provenance"
    ].keys()
    assert whole["provenance"]["model"] == {"name": "classical", "hash": None}


def test_numbers_are_those_found_and_rounded() -> None:
    """Pixels keep 3 decimals, millimeters and scores 4, and the point order is row, column."""
    image = document(findings())["images"][0]
    first = image["calcifications"][0]
    assert (first["row"], first["column"], first["score"]) == (500.25, 299.875, 0.95)
    assert (first["diameter_mm"], first["diameter_error_mm"], first["area_mm2"]) == (0.42, 0.04, 0.139)
    assert image["groups"][0]["count"] == len(image["groups"][0]["members"]) == 5
    assert number(3).write(1.23456) == 1.235
    assert math.copysign(1.0, number(3).write(-0.0)) == 1.0


def test_unknown_spacing_gives_null_sizes() -> None:
    """Without pixel spacing every size in millimeters is null and the flag is there."""
    image = document(findings(spacing_mm=None))["images"][0]
    assert image["pixel_spacing_mm"] is image["pixel_spacing_source"] is None
    for found in image["calcifications"]:
        assert found["diameter_mm"] is found["diameter_error_mm"] is found["area_mm2"] is None
    assert image["groups"][0]["radius_mm"] is None
    assert QualityFlag.PIXEL_SPACING_UNKNOWN in image["quality_flags"]


def test_order_does_not_depend_on_the_order_found() -> None:
    """The same findings in another order give the same bytes, most believable first."""
    one = findings()
    other = replace(
        one, calcifications=one.calcifications[::-1], quality_flags=tuple(reversed(one.quality_flags))
    )
    texts = {document_text(findings_document(Run(PROVENANCE, (each,)))) for each in (one, other)}
    assert len(texts) == 1
    scores = [found["score"] for found in document(one)["images"][0]["calcifications"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_no_number_is_refused(wrong: float) -> None:
    """A value that is not finite is refused, never written."""
    broken = findings()
    spoiled = replace(broken.calcifications[0], contrast=wrong)
    with pytest.raises(ValueError, match="no number"):
        findings_document(Run(PROVENANCE, (replace(broken, calcifications=(spoiled,), groups=()),)))


def test_text_form() -> None:
    """The text ends with one newline, a point stands on one line, and no string is changed."""
    trap = findings(source="odd [\\n 1, 2 ].dcm")
    text = document_text(findings_document(Run(PROVENANCE, (trap,))))
    assert text.endswith("}\n")
    assert json.loads(text)["images"][0]["source"] == "odd [\\n 1, 2 ].dcm"
    points = [line.strip().rstrip(",") for line in text.splitlines() if line.strip().startswith("[")]
    outlines = [len(found.outline) for found in _everything(trap)]
    assert len(points) == sum(outlines)
    assert all(point.endswith("]") for point in points)


def test_name_that_is_no_utf8() -> None:
    """Bytes of a file name that are no UTF-8 are written as such and the file stays UTF-8."""
    source = os.fsdecode(b"caf\xe9.dcm")
    assert printable(source) == r"caf\xe9.dcm"
    text = document_text(findings_document(Run(PROVENANCE, (findings(source),))))
    assert json.loads(text.encode("utf-8"))["images"][0]["source"] == r"caf\xe9.dcm"


def test_counts_and_inputs() -> None:
    """Totals count images, refused files, calcifications and groups; inputs name every file and its hash."""
    whole = document(findings("b.dcm"), findings("a.dcm", empty=True))
    assert whole["counts"] == {"images": 2, "not_analyzed": 1, "calcifications": 6, "groups": 1}
    assert [(one["source"], one["sha256"]) for one in whole["provenance"]["inputs"]] == [
        ("a.dcm", "ab" * 32),
        ("b.dcm", "ab" * 32),
        ("bad/empty.dcm", None),
    ]
    assert [image["source"] for image in whole["images"]] == ["b.dcm", "a.dcm"]
