"""What a person states of a woman and her treatment is understood, or refused with place, word and remedy."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from calcwatch.domain.context import (
    BiopsyResult,
    BreastContext,
    BreastDensity,
    ClinicalContext,
    ExamContext,
    RadiationKind,
    Sex,
)
from calcwatch.domain.errors import BadContext
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Category, Morphology
from calcwatch.domain.statements import FindingStatement, Verdict
from calcwatch.domain.treatment import (
    Operation,
    OperationKind,
    Radiation,
    SurgicalBedMark,
    SurgicalBedSource,
    Therapy,
    Treatment,
)
from calcwatch.exam.facts import FACT_KINDS
from calcwatch.service.files.rules import read_rules
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


def test_a_woman_without_an_image_is_told_and_not_named(tmp_path: Path) -> None:
    """A Patient ID written otherwise than in the images: what is stated of her is not lost in silence."""
    contexts = read_contexts(written(tmp_path, b'{"patients": {"A-1": {"age": 50}, "B-2": {"age": 61}}}'))
    assert contexts.unheard(["A-1", "B-2", None]) == ()
    (note,) = contexts.unheard(["A-1", None])
    assert "patient number 2 of 2" in note
    assert "B-2" not in note


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
        (b'{"age": 64', "it is no JSON, line 1"),
        (b"", "it is no JSON"),
        ("{'ü'}".encode("latin-1"), "it is not UTF-8"),
        (b"[" * 100_000, "nested more than"),
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
    words = [*ExamContext, *Sex, *BreastDensity, *RadiationKind]
    names = [*words, *(part.name for kind in (ClinicalContext, BreastContext) for part in fields(kind))]
    assert [name for name in names if f"`{name}`" not in page] == []


def finding(**written_of_it: Any) -> dict[str, Any]:
    return {"findings": [{"tracking_uid": "2.25.7", **written_of_it}]}


def statement(tmp_path: Path, **written_of_it: Any) -> FindingStatement:
    """What a file states of one finding."""
    (named,) = read_one(written(tmp_path, json.dumps(finding(**written_of_it)).encode())).findings
    return named.statement


def test_what_is_stated_of_a_finding_is_read(tmp_path: Path) -> None:
    """It is named by identifier or place; shapes are one or several; every answer has its kind."""
    content = {
        "patients": {
            "P1": {
                "findings": [
                    {"tracking_uid": "2.25.7", "verdict": "rejected", "category": "2"},
                    {"image": "a.png", "row": 3, "column": 4.5, "morphology": ["round", "amorphous"]},
                ]
            }
        }
    }
    contexts = read_contexts(written(tmp_path, json.dumps(content).encode()))
    by_name, by_place = contexts.of("P1").findings
    assert (by_name.tracking_uid, by_name.image) == ("2.25.7", None)
    assert by_name.statement == FindingStatement(verdict=Verdict.REJECTED, category=Category.BENIGN)
    assert (by_place.image, by_place.row, by_place.column) == ("a.png", 3.0, 4.5)
    assert by_place.statement.morphology == (Morphology.ROUND, Morphology.AMORPHOUS)
    assert by_place.statement.words == ("round", "amorphous")
    assert contexts.of("P2").findings == ()
    assert stated_words(contexts.of("P1")) == (("findings", "2"),)


@pytest.mark.parametrize(
    ("written_of_it", "told"),
    [
        ({"shape": "round"}, "finding 1 has no 'shape'; it may have tracking_uid, image"),
        ({"words": ["round"]}, "finding 1 has no 'words'"),
        ({"morphology": "coarse"}, '\'coarse\' is a word of v2025: add "lexicon": "v2025"'),
        ({"morphology": "coarse het"}, "'coarse het' is no word; write one of"),
        ({"morphology": "Round"}, "'Round' is no word"),
        ({"morphology": {"round": 1}}, "write a shape, or a list of shapes"),
        ({"morphology": "layering", "lexicon": "6th"}, "lexicon '6th' is not known; write one of 5th-2013"),
        ({"distribution": "clustered"}, "distribution of finding 1 is 'clustered'"),
        ({"verdict": True}, "verdict of finding 1 is True; write one of accepted, rejected"),
        ({"stable_months": -1}, "stable_months -1 is not between 0 and 1200"),
        ({"knot": "yes"}, "knot of finding 1 is 'yes'; write true, false or null"),
        ({"row": 3}, "finding 1: name it by its tracking_uid, or by image, row and column"),
        ({"tracking_uid": None}, "name it by its tracking_uid, or by image, row and column"),
        ({"tracking_uid": 7}, "tracking_uid of finding 1 is 7; write a text"),
        (
            {"tracking_uid": None, "image": "a.png", "row": "3", "column": 4},
            "row of finding 1 is '3'; write a number",
        ),
    ],
)
def test_a_finding_that_cannot_be_used_is_refused(
    tmp_path: Path, written_of_it: dict[str, Any], told: str
) -> None:
    """The message names the finding, the word and what may stand there."""
    with pytest.raises(BadContext, match=told):
        statement(tmp_path, **written_of_it)
    with pytest.raises(BadContext, match="finding 1 must be an object"):
        read_one(written(tmp_path, b'{"findings": [3]}'))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ('"row": NaN, "column": 2', "NaN is no number"),
        ('"row": 1e999, "column": 2', "a number is beyond"),
        (f'"row": 1{"0" * 400}, "column": 2', "a number is beyond"),
        ('"row": 1, "column": 2, "morphology": 0', "morphology of finding 1 is 0; write a shape"),
        ('"row": 1, "column": 2, "morphology": false', "morphology of finding 1 is False; write a shape"),
        ('"row": 1, "column": 2, "morphology": {}', "morphology of finding 1 is {}; write a shape"),
        ('"row": 1, "column": 2, "lexicon": "v2099"', "lexicon 'v2099' is not known; write one of 5th-2013"),
    ],
)
def test_nothing_that_is_no_statement_passes_for_one(tmp_path: Path, said: str, told: str) -> None:
    """A number, a shape or an edition that is none is refused, not dropped."""
    path = written(tmp_path, f'{{"findings": [{{"image": "CC.dcm", {said}}}]}}'.encode())
    with pytest.raises(BadContext) as refused:
        read_contexts(path)
    assert told in str(refused.value)


def test_half_a_character_is_refused(tmp_path: Path) -> None:
    """JSON may name it, but no result could be written that holds it."""
    path = written(tmp_path, b'{"findings": [{"image": "\\ud800.dcm", "row": 1, "column": 2}]}')
    with pytest.raises(BadContext, match="half a character"):
        read_contexts(path)


@pytest.mark.parametrize(
    "text",
    [
        '{"HER-ID": {"age": 61}}',
        '{"patients": {}, "HER-ID": {}}',
        '{"patients": {"HER-ID": {}, "HER-ID": {}}}',
        '{"patients": ["HER-ID"]}',
        '[{"HER-ID": {}}]',
    ],
)
def test_no_patient_id_in_a_refusal(tmp_path: Path, text: str) -> None:
    """A refusal is logged; what may be a Patient ID is not repeated in it."""
    with pytest.raises(BadContext) as refused:
        read_contexts(written(tmp_path, text.encode()))
    assert "HER-ID" not in str(refused.value)


def test_an_empty_patient_id_names_nobody(tmp_path: Path) -> None:
    """What stands under it is not said of every woman without Patient ID."""
    contexts = read_contexts(written(tmp_path, b'{"patients": {"": {"age": 61}}}'))
    assert contexts.of(None) == ClinicalContext()


def test_coarse_is_never_coarse_heterogeneous(tmp_path: Path) -> None:
    """One word is typically benign, the other suspicious: each is taken as it is written, and kept."""
    coarse = statement(tmp_path, morphology="coarse", lexicon="v2025")
    assert set(coarse.morphology) == {Morphology.POPCORN, Morphology.DYSTROPHIC}
    assert coarse.words == ("coarse",)
    for edition in ({}, {"lexicon": "v2025"}, {"lexicon": "5th-2013"}):
        other = statement(tmp_path, morphology="coarse_heterogeneous", **edition)
        assert other.morphology == (Morphology.COARSE_HETEROGENEOUS,)
    layering = statement(tmp_path, morphology="layering", lexicon="v2025")
    assert layering.morphology == (Morphology.MILK_OF_CALCIUM,)


def test_every_question_can_be_answered() -> None:
    """Nothing is asked that no file can say: of a finding, a breast, the woman, or the pixel spacing."""
    stated = {
        part.name for kind in (FindingStatement, BreastContext, ClinicalContext) for part in fields(kind)
    }
    assert set(read_rules().questions) - stated == {"median_mm"}
    assert "pixel spacing" in read_rules().questions["median_mm"]
    # and what only a person sees is theirs to say, whether or not it is asked
    by_pixels = {"morphology", "distribution", "suspicious", "doubtful", "kind", "count", "borderline_size"}
    measured = {"median_mm", "largest_mm", "width_mm", "extent_mm"}
    set_by_rules = {"classic", "probably_benign", "above_benign"}
    assert set(FACT_KINDS) - stated - by_pixels - measured - set_by_rules == set()


def test_the_example_of_a_finding_in_the_documentation(tmp_path: Path) -> None:
    """The file shown in docs/statements.md is read as written, and the page names every word there is."""
    page = (ROOT / "docs" / "statements.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    first, second, third = read_one(written(tmp_path, example.encode())).findings
    assert first.statement.morphology == (Morphology.VASCULAR, Morphology.FINE_LINEAR)
    assert second.statement.is_rejected
    assert third.statement.morphology == (Morphology.MILK_OF_CALCIUM,)
    names = {part.name for part in fields(FindingStatement)} - {"words"} | {"tracking_uid", "lexicon"}
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


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
                "radiation": [{"side": "L", "end_date": "2019-06-01", "kind": "boost"}],
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
        radiation=(Radiation(Laterality.LEFT, "20190601", RadiationKind.BOOST),),
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
