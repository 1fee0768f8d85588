"""What a person states of a woman and her treatment is understood, or refused with place, word and remedy."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from calcwatch.domain.context import BiopsyResult, BreastContext, ClinicalContext, ExamContext
from calcwatch.domain.errors import BadContext
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.treatment import (
    Operation,
    OperationKind,
    Radiation,
    SurgicalBedMark,
    SurgicalBedSource,
    Therapy,
    Treatment,
)
from calcwatch.service.files.statements import (
    StatedContexts,
    read_contexts,
    read_treatment,
    stated_words,
    treatment_of,
)
from tests.paths import ROOT

LUMPECTOMY: dict[str, Any] = {"date": "2019-03-14", "side": "L", "kind": "lumpectomy"}


def written(folder: Path, content: bytes) -> Path:
    path = folder / "context.json"
    path.write_bytes(content)
    return path


def test_context_of_one_woman(tmp_path: Path) -> None:
    """A plain object is what is stated of the one woman of the run, whether or not her ID is known."""
    contexts = read_contexts(written(tmp_path, b'{"exam_context": "diagnostic", "left": {"treated": true}}'))
    stated = ClinicalContext(ExamContext.DIAGNOSTIC, left=BreastContext(treated=True))
    assert contexts.of("P1") == contexts.of(None) == stated
    contexts.check(["P1", "P1", None])


def test_contexts_by_patient(tmp_path: Path) -> None:
    """Contexts by Patient ID are told apart; nothing is stated of a woman who is not named."""
    contexts = read_contexts(written(tmp_path, b'{"patients": {"P1": {"age": 61}, "P2": {}}}'))
    assert contexts.of("P1") == ClinicalContext(age=61)
    assert contexts.of("P2") == contexts.of("P3") == contexts.of(None) == ClinicalContext()
    contexts.check(["P1", "P2", "P3"])


def test_one_womans_context_is_not_taken_for_another(tmp_path: Path) -> None:
    """What is stated of one woman is refused for the images of two, with the remedy."""
    contexts = read_contexts(written(tmp_path, b'{"age": 61}'))
    with pytest.raises(BadContext, match=r'those of 2 patients; write \{"patients"'):
        contexts.check(["P1", "P2"])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "no JSON"),
        ("[]", "must be an object"),
        ('{"age": 400}', "age 400 is not between 0 and 120"),
        ('{"exam_context": "routine"}', "exam_context of the context is 'routine'; write one of screening"),
        ('{"weight": 70}', "the context has no 'weight'; it may have exam_context"),
        ('{"patients": []}', "patients must be an object from Patient ID"),
        ('{"patients": {"P1": {"age": "old"}}}', "age of patient 1 is 'old'; write a whole number"),
        ('{"patients": {"P1": 3}}', "patient 1 must be an object"),
        ('{"patients": {}, "age": 60}', "'age' stands beside 'patients'"),
    ],
)
def test_bad_context_is_refused(tmp_path: Path, text: str, told: str) -> None:
    """A context that cannot be used is refused with the file, the name, the value and the remedy."""
    path = written(tmp_path, text.encode())
    with pytest.raises(BadContext) as refused:
        read_contexts(path)
    assert str(refused.value).startswith(f"{path}: ")
    assert told in str(refused.value)


def test_context_that_is_not_there(tmp_path: Path) -> None:
    """A context file that does not exist is refused."""
    with pytest.raises(BadContext, match="cannot be read: No such file"):
        read_contexts(tmp_path / "none.json")


def test_what_is_stated_in_words() -> None:
    """Everything that is stated comes back as names and values; what is not known is left out."""
    context = ClinicalContext(
        ExamContext.SCREENING, age=61, left=BreastContext(treated=True, reduction=False)
    )
    assert stated_words(context) == (
        ("exam_context", "screening"),
        ("age", "61"),
        ("left.treated", "yes"),
        ("left.reduction", "no"),
    )
    assert stated_words(ClinicalContext()) == ()
    assert StatedContexts().of("P1") == ClinicalContext()


def read_one(path: Path) -> ClinicalContext:
    """What a file states of the one woman of a run."""
    return read_contexts(path).of(None)


def test_a_context_is_read(tmp_path: Path) -> None:
    """Words become statements; what is left out or null is not known; a byte order mark does not matter."""
    content = {
        "exam_context": "diagnostic",
        "age": 64,
        "high_risk": None,
        "left": {"treated": True, "months_since_treatment": 18, "biopsy": "benign_concordant"},
    }
    expected = ClinicalContext(
        exam_context=ExamContext.DIAGNOSTIC,
        age=64,
        left=BreastContext(treated=True, months_since_treatment=18, biopsy=BiopsyResult.BENIGN_CONCORDANT),
    )
    for mark in (b"", b"\xef\xbb\xbf"):
        assert read_one(written(tmp_path, mark + json.dumps(content).encode())) == expected
    assert read_one(written(tmp_path, b"{}")) == ClinicalContext()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]", "the context must be an object"),
        (b'{"exam": "screening"}', "the context has no 'exam'; it may have exam_context, age"),
        (
            b'{"exam_context": "routine"}',
            "exam_context of the context is 'routine'; write one of screening, diagnostic",
        ),
        (b'{"exam_context": ["screening"]}', "exam_context of the context is .*; write one of"),
        (b'{"age": "64"}', r"age of the context is '64'; write a whole number, or null \(not known\)"),
        (b'{"age": 64.5}', "age of the context is 64.5; write a whole number"),
        (b'{"age": true}', "age of the context is True; write a whole number"),
        (b'{"age": 640}', "age 640 is not between 0 and 120"),
        (b'{"neoadjuvant": 1}', "neoadjuvant of the context is 1; write true, false or null"),
        (b'{"left": true}', "left of the context must be an object"),
        (b'{"left": {"bed": "inside"}}', "left of the context has no 'bed'; it may have treated, reduction"),
        (b'{"left": {"months_since_treatment": -1}}', "months_since_treatment -1 is not between"),
        (b'{"age": 64, "age": 46}', "age is stated twice; state it once"),
        (b'{"age": 64', "the context is no JSON, line 1"),
        (b"", "the context is no JSON"),
        ("{'ü'}".encode("latin-1"), "the context is not UTF-8"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_a_context_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """The message names the file, the word and what may stand there."""
    with pytest.raises(BadContext, match=rf"context\.json: .*{message}"):
        read_one(written(tmp_path, content))


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is refused by its name."""
    with pytest.raises(BadContext, match=r"none\.json: the context cannot be read"):
        read_one(tmp_path / "none.json")


def test_the_example_in_the_documentation_is_a_context(tmp_path: Path) -> None:
    """The context shown in docs/rules.md is read as written, and the page names every word there is."""
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    context = read_one(written(tmp_path, example.encode()))
    assert (context.left.treated, context.right.treated) == (True, False)
    names = [part.name for kind in (ClinicalContext, BreastContext) for part in fields(kind)]
    assert [name for name in names if f"`{name}`" not in page] == []


def test_everything_that_can_be_stated(tmp_path: Path) -> None:
    """A file with all of it becomes the treatment it says."""
    path = tmp_path / "treatment.json"
    path.write_text(
        json.dumps(
            {
                "operations": [
                    {
                        **LUMPECTOMY,
                        "malignant": True,
                        "calcified": False,
                        "bed": [
                            {
                                "study_date": "2020-01-10",
                                "view_position": "CC",
                                "row": 900,
                                "column": 410.5,
                                "radius_mm": 12,
                            },
                            {
                                "study_date": "2020-01-10",
                                "view_position": "MLO",
                                "outline": [[1, 2], [1, 9], [8, 9]],
                            },
                            {"study_date": "2021-01-10", "view_position": "CC", "from": "clips"},
                        ],
                    },
                    {"date": "20180101", "side": "R", "kind": "biopsy", "biopsy": "benign_concordant"},
                ],
                "radiation": [{"side": "L", "end_date": "2019-06-01"}],
                "neoadjuvant": {"start_date": "2018-12-01", "end_date": "2019-03-01"},
                "endocrine": {"start_date": "2019-07-01"},
                "margin_mm": 8,
            }
        ),
        encoding="utf-8",
    )
    assert read_treatment(path) == Treatment(
        operations=(
            Operation(
                "20190314",
                Laterality.LEFT,
                OperationKind.LUMPECTOMY,
                malignant=True,
                calcified=False,
                bed=(
                    SurgicalBedMark("20200110", ViewPosition.CC, row=900.0, column=410.5, radius_mm=12.0),
                    SurgicalBedMark(
                        "20200110", ViewPosition.MLO, outline=((1.0, 2.0), (1.0, 9.0), (8.0, 9.0))
                    ),
                    SurgicalBedMark("20210110", ViewPosition.CC, SurgicalBedSource.CLIPS),
                ),
            ),
            Operation(
                "20180101", Laterality.RIGHT, OperationKind.BIOPSY, biopsy=BiopsyResult.BENIGN_CONCORDANT
            ),
        ),
        radiation=(Radiation(Laterality.LEFT, "20190601"),),
        neoadjuvant=Therapy("20181201", "20190301"),
        endocrine=Therapy("20190701"),
        margin_mm=8.0,
    )


def test_an_empty_object_states_nothing() -> None:
    """Nothing is filled in."""
    assert treatment_of({}, "the treatment") == Treatment()


def bed(**stated: Any) -> dict[str, Any]:
    mark = {"study_date": "2020-01-10", "view_position": "CC", **stated}
    return {"operations": [LUMPECTOMY | {"bed": [mark]}]}


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ([], "the treatment must be an object, not []"),
        ({"surgery": []}, "the treatment has no 'surgery'; it may have operations, radiation"),
        ({"operations": {}}, "operations of the treatment must be a list"),
        ({"operations": ["lumpectomy"]}, "operation 1 must be an object"),
        ({"operations": [LUMPECTOMY | {"side": "left"}]}, "side of operation 1 is 'left'; write one of"),
        ({"operations": [LUMPECTOMY | {"side": "B"}]}, "operation 1: side B: state each breast by itself"),
        ({"operations": [LUMPECTOMY | {"kind": "excision"}]}, "kind of operation 1 is 'excision'"),
        (
            {"operations": [LUMPECTOMY, LUMPECTOMY | {"date": "2019-13-01"}]},
            "date of operation 2 '2019-13-01' is no day of the calendar",
        ),
        (
            {"operations": [LUMPECTOMY | {"date": "2019-02-30"}]},
            "date of operation 1 '2019-02-30' is no day of the calendar",
        ),
        (
            {"operations": [LUMPECTOMY | {"date": "14.3.2019"}]},
            "date of operation 1 '14.3.2019' is no date; write it YYYY-MM-DD or YYYYMMDD",
        ),
        ({"operations": [LUMPECTOMY | {"date": 2019}]}, "date of operation 1 is 2019; write it like"),
        ({"operations": [{"side": "L", "kind": "biopsy"}]}, "date of operation 1 is missing; state it"),
        (
            {"operations": [LUMPECTOMY | {"malignant": "yes"}]},
            "malignant of operation 1 is 'yes'; write true",
        ),
        ({"operations": [LUMPECTOMY | {"biopsy": "malignant"}]}, "a lumpectomy has no result of a biopsy"),
        (
            {"operations": [LUMPECTOMY | {"kind": "biopsy", "biopsy": "fine"}]},
            "biopsy of operation 1 is 'fine'",
        ),
        (bed(), "a drawn bed has either an outline or row, column and radius_mm"),
        (bed(row=1, column=2), "a bed that is a circle has row, column and radius_mm"),
        (bed(row=1, column=2, radius_mm=0), "radius_mm 0.0 is not above 0"),
        (bed(outline=[[1, 2], [3, 4]]), "an outline of 2 points is no area"),
        (bed(outline=[[1, 2], [3, 4], 5]), "a point is [row, column]"),
        (bed(outline=[[1, 2], [3, 4], [None, 1]]), "a point is [row, column]"),
        (bed(outline=[[1, 2], [3, 4], [1, True]]), "outline 3 of bed 1 of operation 1 is [1, True]; a point"),
        (bed(**{"from": "clips", "row": 1, "column": 2, "radius_mm": 3}), "a bed from clips is not drawn"),
        (bed(**{"from": "scar"}), "from of bed 1 of operation 1 is 'scar'"),
        (bed(view_position="top"), "view_position of bed 1 of operation 1 is 'top'"),
        (
            {
                "operations": [
                    LUMPECTOMY
                    | {
                        "kind": "augmentation",
                        "bed": bed(outline=[[1, 2], [3, 4], [5, 9]])["operations"][0]["bed"],
                    }
                ]
            },
            "an augmentation has no bed",
        ),
        ({"radiation": [{"side": "L"}]}, "end_date of radiation 1 is missing"),
        ({"radiation": [{"side": "L", "end_date": "soon"}]}, "end_date of radiation 1 'soon' is no date"),
        ({"neoadjuvant": "yes"}, "neoadjuvant of the treatment must be an object"),
        (
            {"neoadjuvant": {"start_date": "2019-03-01", "end_date": "2019-02-01"}},
            "end_date 20190201 lies before start_date 20190301",
        ),
        ({"margin_mm": 51}, "margin_mm 51.0 is not between 0 and 50"),
        ({"margin_mm": "5"}, "margin_mm of the treatment is '5'; write a number"),
    ],
)
def test_what_cannot_be_used_is_refused(tmp_path: Path, written: object, told: str) -> None:
    """The file, the place, the word, and what could be written."""
    path = tmp_path / "treatment.json"
    path.write_text(json.dumps(written), encoding="utf-8")
    with pytest.raises(BadContext) as refused:
        read_treatment(path)
    assert str(refused.value).startswith(f"{path}: ")
    if isinstance(written, dict):
        assert told in str(refused.value)


def test_what_is_no_json_is_refused(tmp_path: Path) -> None:
    """A broken file and a missing one are named."""
    path = tmp_path / "treatment.json"
    with pytest.raises(BadContext, match=r"treatment\.json"):
        read_treatment(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(BadContext, match="no JSON"):
        read_treatment(path)
