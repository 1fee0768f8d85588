"""A treatment file is understood, or refused with the place, the word and the remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from calcwatch.domain.context import BiopsyResult
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
from calcwatch.service.files.treatment import read_treatment, treatment_of

LUMPECTOMY: dict[str, Any] = {"date": "2019-03-14", "side": "L", "kind": "lumpectomy"}


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
        ({"surgery": []}, "the treatment has no 'surgery'; it may have endocrine, margin_mm"),
        ({"operations": {}}, "operations of the treatment must be a list"),
        ({"operations": ["lumpectomy"]}, "operation 1 must be an object"),
        ({"operations": [LUMPECTOMY | {"side": "left"}]}, "side of operation 1 is 'left'; write one of"),
        ({"operations": [LUMPECTOMY | {"side": "B"}]}, "operation 1: side B: state each breast by itself"),
        ({"operations": [LUMPECTOMY | {"kind": "excision"}]}, "kind of operation 1 is 'excision'"),
        ({"operations": [LUMPECTOMY, LUMPECTOMY | {"date": "2019-13-01"}]}, "operation 2: date '20191301'"),
        ({"operations": [LUMPECTOMY | {"date": 2019}]}, "date of operation 1 is 2019; write it like"),
        ({"operations": [{"side": "L", "kind": "biopsy"}]}, "date of operation 1 is None"),
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
        (bed(outline=[[1, 2], [3, 4], [1, True]]), "which is no number"),
        (bed(**{"from": "clips", "row": 1, "column": 2, "radius_mm": 3}), "a bed from clips is not drawn"),
        (bed(**{"from": "scar"}), "from of bed of operation 1 is 'scar'"),
        (bed(view_position="top"), "view_position of bed of operation 1 is 'top'"),
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
        ({"radiation": [{"side": "L"}]}, "end_date of radiation 1 is None"),
        ({"radiation": [{"side": "L", "end_date": "soon"}]}, "radiation 1: end_date 'soon' is no date"),
        ({"neoadjuvant": "yes"}, "neoadjuvant must be an object"),
        (
            {"neoadjuvant": {"start_date": "2019-03-01", "end_date": "2019-02-01"}},
            "end_date 20190201 lies before start_date 20190301",
        ),
        ({"margin_mm": 51}, "margin_mm 51.0 is not between 0 and 50"),
        ({"margin_mm": "5"}, "margin_mm of the treatment is '5', which is no number"),
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
