"""Documents of a result written, read back, and read as older versions wrote them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from calcwatch.comparison.treatment import TreatmentReading
from calcwatch.domain.assessment import JudgedBy
from calcwatch.domain.errors import NotInResult
from calcwatch.domain.image import QualityFlag
from calcwatch.formats.result.comparison import COMPARISON as COMPARISON_TABLE
from calcwatch.formats.result.comparison import Made, compared_days
from calcwatch.formats.result.document import (
    DOCUMENTS,
    comparison_document,
    document_text,
    findings_document,
    history_document,
    read_comparison,
    read_document,
    read_findings,
    read_history,
    read_result,
)
from calcwatch.formats.result.fields import Document
from calcwatch.formats.result.history import HISTORY
from calcwatch.formats.result.image import WITH_SUGGESTIONS
from calcwatch.formats.result.run import NotAnalyzed, Run
from calcwatch.formats.result.schema import document_schema
from calcwatch.words.exam import NOT_LOOKED_FOR
from tests.formats.result.examples import PROVENANCE, findings
from tests.formats.result.readings import (
    CHANGE,
    COMPARISON,
    TREATED,
    days,
    described,
    examination,
    run_of,
    step,
    written,
)

RELEASED = Path(__file__).parent / "released"
"""Results of one small phantom as older code wrote them.

Findings 1.0 at bd5fef8 (first) and 602880a; findings 1.1, comparison and history 1.0 at ecea554.
"""
SAMPLES = sorted(path.name for path in RELEASED.glob("*.json"))
REFUSED = NotAnalyzed("bad/empty.dcm", "unreadable", "bad/empty.dcm: the file is empty; export it again")


def through_text(document: Document) -> Document:
    """A document as a file holds it."""
    return dict(json.loads(document_text(document)))


def as_read(name: str, document: Document) -> Document:
    """A document written to a file and read from it."""
    return read_document(document_text(document).encode(), f"{name}.json", name)


def sample(name: str) -> Document:
    """A released document with the names of today."""
    return read_document((RELEASED / name).read_bytes(), name, name.split("-", maxsplit=1)[0])


def whole_run() -> Run:
    """Two days, an image in which nothing was found or read, and a file without findings."""
    run = run_of(*days())
    plain = replace(findings("plain.dcm"), landmarks=None, non_lesions=())
    return replace(run, images=(*run.images, plain), not_analyzed=(REFUSED,))


def test_findings_read_back_are_written_the_same() -> None:
    """What is written of a run, read back and written again is the same document."""
    document = through_text(findings_document(whole_run()))
    assert findings_document(read_findings(document)) == document


def test_a_run_comes_back() -> None:
    """A run that was read from a document is equal when it is written and read again."""
    run = read_findings(as_read("findings", findings_document(whole_run())))
    assert read_findings(as_read("findings", findings_document(run))) == run
    assert (run.provenance, run.not_analyzed) == (PROVENANCE, (REFUSED,))
    assert [read.places for read in run.examinations] == [(0,), (1, 2)]
    for read, former in zip(run.examinations, days(), strict=True):
        assert replace(read.findings, images=()) == replace(former.findings, images=())
        assert read.stated == former.stated


def test_findings_of_an_image_come_back() -> None:
    """Flags, descriptions, landmarks and members of an image are those that were written."""
    former = described()
    run = read_findings(as_read("findings", findings_document(Run(PROVENANCE, (former,)))))
    (image,) = run.images
    assert image.description == former.description
    assert set(image.quality_flags) == {QualityFlag.LOSSY_COMPRESSION}
    assert image.landmarks == former.landmarks
    (group,), (former_group,) = image.groups, former.groups
    assert replace(group, outline=()) == replace(former_group, outline=())
    before = {found.tracking_uid: replace(found, outline=()) for found in former.calcifications}
    assert {found.tracking_uid: replace(found, outline=()) for found in image.calcifications} == {
        uid: replace(
            found, score=round(found.score, 4), diameter_mm=0.42, diameter_error_mm=0.04, area_mm2=0.139
        )
        for uid, found in before.items()
    }


@pytest.mark.parametrize("treatment", [None, TREATED])
def test_a_comparison_comes_back(treatment: TreatmentReading | None) -> None:
    """Both days, pairs, changes, what is not paired and the treatment are read as they were written."""
    made = step(treatment)
    document = as_read("comparison", comparison_document(made, PROVENANCE))
    assert read_comparison(document) == compared_days(made.compared)
    row = Made(PROVENANCE, (read_comparison(document),))
    assert COMPARISON_TABLE.write(row) == document


def test_a_history_comes_back() -> None:
    """Every step of a series is read as it was written; groups and dates follow from them."""
    steps = [step(), step(TREATED)]
    document = as_read("history", history_document(steps, PROVENANCE))
    assert read_history(document) == tuple(compared_days(made.compared) for made in steps)
    assert document["groups"][0]["tracking_uid"] == CHANGE.tracking_uid
    assert HISTORY.write(Made(PROVENANCE, read_history(document))) == document


def test_written_documents_follow_their_schemas() -> None:
    """Findings, a comparison and a history follow the schema of each."""
    for name, document in (
        ("findings", findings_document(whole_run())),
        ("comparison", comparison_document(step(), PROVENANCE)),
        ("comparison", comparison_document(step(TREATED), PROVENANCE)),
        ("history", history_document([step(), step(TREATED)], PROVENANCE)),
    ):
        Draft202012Validator(document_schema(name)).validate(through_text(document))


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_schema_of_each_document_is_a_schema(name: str) -> None:
    """Each published schema is a valid JSON Schema of draft 2020-12."""
    Draft202012Validator.check_schema(document_schema(name))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("pairs", 0, "alignment"), "perfect"),
        (("pairs", 0, "overlap"), 1.2),
        (("pairs", 0, "likeness"), 0.9),
        (("changes", 0, "kind"), "worse"),
        (("changes", 0, "code", "scheme"), "RADLEX"),
        (("changes", 0, "matched"), -1),
        (("treatment", "months_since_treatment", "X"), 3),
        (("prior", "sources"), None),
    ],
)
def test_schema_of_a_comparison_refuses(path: tuple[str | int, ...], value: object) -> None:
    """The schema refuses unknown words, names and numbers out of range."""
    broken: Any = through_text(comparison_document(step(TREATED), PROVENANCE))
    place = broken
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert not Draft202012Validator(document_schema("comparison")).is_valid(broken)


def test_every_examination_is_read() -> None:
    """Without a comparison all examinations come back in the order of the worklist, each with its images."""
    document, _ = written()
    first, second = read_result(document)
    assert [len(result.examination.images) for result in (first, second)] == [1, 2]
    assert first.provenance == second.provenance == PROVENANCE
    digests = {read["source"]: read["sha256"] for read in document["provenance"]["inputs"]}
    for image in second.examination.images:
        assert image.description.sha256 == digests[image.description.source] == "ab" * 32


def test_a_comparison_is_of_the_current_examination() -> None:
    """With a comparison only the current examination comes back, with its prior images and every change."""
    (result,) = read_result(*written())
    assert [image.description.source for image in result.prior] == ["2023/L-CC.dcm"]
    assert [image.description.source for image in result.examination.images] == [
        "exam/L-CC.dcm",
        "exam/L-MLO.dcm",
    ]
    assert result.comparison == COMPARISON
    assert result.change_of("g1") == CHANGE
    assert result.change_of("g2") is None


def test_a_comparison_of_other_findings_is_refused() -> None:
    """A comparison whose current images are no examination of the findings is not taken for one of them."""
    document, comparison = written()
    comparison["current"]["sources"].reverse()
    with pytest.raises(ValueError, match="no examination of these findings"):
        read_result(document, comparison)


@pytest.mark.parametrize("spacing_mm", [None, 0.1])
def test_unknown_sizes_stay_unknown(spacing_mm: float | None) -> None:
    """Without a spacing no length in mm comes back."""
    image = described(spacing_mm=spacing_mm)
    (result,) = read_result(findings_document(run_of(examination(image))))
    (again,) = result.examination.images
    assert (again.description.pixel_spacing is None) is (spacing_mm is None)
    assert (again.calcifications[0].diameter_mm is None) is (spacing_mm is None)


def test_an_image_with_nothing_described_comes_back_so() -> None:
    """Findings of the classical detector hold no description, before and after."""
    image = replace(findings(), landmarks=None)
    (again,) = read_result(findings_document(run_of(examination(image))))[0].examination.images
    assert again.groups[0].morphology is None
    assert again.groups[0].distribution is None
    assert again.landmarks is None


@pytest.mark.parametrize("missing", ["provenance", "images", "examinations", "not_analyzed"])
def test_what_no_run_wrote_is_refused(missing: str) -> None:
    """A document without one of its parts raises, it never reads as empty."""
    document, _ = written()
    del document[missing]
    with pytest.raises(KeyError, match=missing):
        read_result(document)
    with pytest.raises(KeyError, match=missing):
        as_read("findings", document)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("groups", 0, "suggested_category"), "4D"),
        (("groups", 0, "location"), None),
        (("groups", 0, "floor"), None),
        (("calcifications", 0, "score"), "high"),
        (("calcifications", 0, "vascular"), "yes"),
        (("rows",), 12.5),
        (("quality_flags",), "lossy_compression"),
        (("landmarks",), []),
    ],
)
def test_wrong_values_are_refused(path: tuple[str | int, ...], value: object) -> None:
    """Unknown words and values of another type raise; none is taken for another."""
    document, _ = written()
    place = document["images"][1]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    with pytest.raises((ValueError, TypeError, KeyError)):
        read_findings(as_read("findings", document))


@pytest.mark.parametrize("name", SAMPLES)
def test_released_versions_are_read_with_the_names_of_today(name: str) -> None:
    """Each released version follows the schema of today once it is read, and every number is as it was."""
    kind = name.split("-", maxsplit=1)[0]
    document = sample(name)
    Draft202012Validator(document_schema(kind)).validate(document)
    former = json.loads((RELEASED / name).read_bytes())
    # What stood with a breast is left out on purpose; the test below says so.
    for read in (*former.get("examinations", ()), *document.get("examinations", ())):
        read["breasts"] = []
    for key in ("row", "column", "score", "diameter_mm", "count", "prior_count", "extent_mm", "source"):
        assert every(document, key) == every(former, key)


def every(document: Any, key: str) -> list[Any]:
    """Every value of a key, in order; settings have their own names."""
    if isinstance(document, dict):
        here = [document[key]] if key in document else []
        return here + [found for value in document.values() for found in every(value, key)]
    return [found for part in document for found in every(part, key)] if isinstance(document, list) else []


def test_findings_1_0_hold_no_description() -> None:
    """What 1.0 did not know is empty: descriptions, examinations and suggestions."""
    for name in ("findings-1.0.json", "findings-1.0-first.json"):
        run = read_findings(sample(name))
        assert run.examinations == ()
        (image,) = run.images
        assert len(image.calcifications) == 5
        assert {found.morphology for found in image.calcifications} == {None}
        assert (image.groups[0].distribution, image.groups[0].suspicion, image.landmarks) == (
            None,
            None,
            None,
        )
        with pytest.raises(NotInResult, match=r"schema 1\.0 holds no suggestions; analyze the images again"):
            read_document((RELEASED / name).read_bytes(), name, least=WITH_SUGGESTIONS)


def test_findings_1_1_are_read_whole() -> None:
    """1.1 is read with its descriptions and suggestions; its density was the contrast a second time."""
    former = json.loads((RELEASED / "findings-1.1.json").read_bytes())
    for image in former["images"]:
        assert all(found["shape"]["density"] == found["contrast"] for found in image["calcifications"])
    results = read_result(sample("findings-1.1.json"), sample("comparison-1.0.json"))
    (result,) = results
    assert result.examination.groups[0].assessment.rule_table_version == "2"
    assert result.changes[0].prior.contrast == 24.34
    assert result.comparison is not None
    assert result.comparison.pairs[0].local_correlation == 0.988
    assert result.comparison.pairs[0].overlap == 1.0
    assert result.comparison.pairs[0].matches[0].distance_mm == 0.06


@pytest.mark.parametrize("name", ["findings-1.1.json", "findings-2.0.json"])
def test_the_category_of_a_breast_is_not_carried_over(name: str) -> None:
    """Former versions gave a breast a category: it is left out; what was not looked for was so then too."""
    former = json.loads((RELEASED / name).read_bytes())
    assert all(breast["suggested_category"] for read in former["examinations"] for breast in read["breasts"])
    for read in read_findings(sample(name)).examinations:
        for breast in read.findings.breasts:
            assert (breast.found, breast.notes, breast.singles) == ("", (), ())
            assert breast.not_looked_for == NOT_LOOKED_FOR
        for reading in read.findings.groups:
            assert reading.assessment.judged_by is JudgedBy.RULES


def test_history_1_0_is_read_whole() -> None:
    """Two steps of a series of three days."""
    first, second = read_history(sample("history-1.0.json"))
    assert (first.prior.study_date, second.current.study_date) == ("20230110", "20250120")
    assert second.treatment is not None
    assert sample("history-1.0.json")["groups"][0]["moments"][0]["contrast"] == 24.34


def renamed(name: str, version: str) -> bytes:
    """A document that says it is of another version."""
    table = {
        "findings": lambda: findings_document(whole_run()),
        "comparison": lambda: comparison_document(step(), PROVENANCE),
        "history": lambda: history_document([step()], PROVENANCE),
    }
    return document_text(table[name]() | {"schema_version": version, "surprise": 1}).encode()


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_newer_version_is_refused_by_name(name: str) -> None:
    """A newer first number is refused with file, version, who wrote it and the remedy."""
    with pytest.raises(NotInResult) as refused:
        read_document(renamed(name, "9.0"), f"run/{name}.json", name)
    words = str(refused.value)
    for said in (
        f"run/{name}.json",
        "schema version 9.0",
        DOCUMENTS[name].version,
        "calcwatch 0.1.0",
        "analyze the images again",
    ):
        assert said in words


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_names_that_were_added_later_are_passed_over(name: str) -> None:
    """A newer second number only adds names: what is known is read, what is not is left out."""
    newer = DOCUMENTS[name].version.replace(".0", ".7")
    document = read_document(renamed(name, newer), "new.json", name)
    assert "surprise" not in document
    Draft202012Validator(document_schema(name)).validate(document)


def test_a_version_that_was_never_released_is_refused() -> None:
    """A version before the first is refused with the remedy."""
    with pytest.raises(NotInResult, match=r"schema version 0\.9; analyze the images again"):
        read_document(renamed("findings", "0.9"), "old.json")


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"{}",
        b'{"schema_version": "2.0"}',
        b'{"schema_version": "2.0", "provenance": {"package": "other"}}',
        b'{"schema_version": "two", "provenance": {"package": "calcwatch"}}',
    ],
)
def test_what_is_no_document_is_refused(content: bytes) -> None:
    """Other JSON, and what is none, raises."""
    with pytest.raises((ValueError, KeyError, TypeError)):
        read_document(content, "findings.json")
