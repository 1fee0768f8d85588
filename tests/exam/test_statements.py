"""Which group a person's statement is of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from calcwatch.domain.change import ChangeKind
from calcwatch.domain.context import BiopsyResult
from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Category
from calcwatch.domain.statements import FindingStatement, NamedFinding, Verdict
from calcwatch.exam.settings import ExamSettings, StatementSettings
from calcwatch.exam.statements import assign_statements, findings_of_day
from tests.exam.two_views import a_group, a_view

SEEN = FindingStatement(verdict=Verdict.ACCEPTED)
VIEW = a_view(ViewPosition.CC, a_group("near", 40, 10), a_group("far", 60, -20))
OTHER = a_view(ViewPosition.MLO, a_group("other", 40, 10))


def place(row: float, column: float, image: str = "CC.dcm") -> NamedFinding:
    """A statement of what lies there."""
    return NamedFinding(statement=SEEN, image=image, row=row, column=column)


def center(image: ImageFindings, number: int) -> tuple[float, float]:
    """Center of a group."""
    return image.groups[number].row, image.groups[number].column


def test_a_finding_is_found_by_its_identifier() -> None:
    """On whichever image it lies; one that is nowhere keeps its name."""
    named = [NamedFinding(statement=SEEN, tracking_uid=uid) for uid in ("other", "nobody")]
    assert assign_statements(named, [VIEW, OTHER]) == {"other": SEEN, "nobody": SEEN}


def test_a_finding_is_found_by_its_place() -> None:
    """The nearest group of that image within 5 mm of one of its calcifications, by file name or source."""
    row, column = center(VIEW, 0)
    for image in ("CC.dcm", "folder/CC.dcm", "folder\\CC.dcm"):
        view = replace(VIEW, description=replace(VIEW.description, source=image))
        assert list(assign_statements([place(row + 60, column)], [view, OTHER])) == ["near"]
    assert list(assign_statements([place(row, column, "MLO.dcm")], [VIEW, OTHER])) == ["other"]
    away = assign_statements([place(row + 80, column)], [VIEW])
    assert list(away) == [f"row {row + 80:g}, column {column:g} of CC.dcm"]
    wide = ExamSettings(statements=StatementSettings(max_distance_mm=20.0))
    assert list(assign_statements([place(row + 80, column)], [VIEW], settings=wide)) == ["near"]


def test_a_name_that_two_files_have_is_refused() -> None:
    """The same name in the folders of two days: whoever means one of them writes its path."""
    row, column = center(VIEW, 0)
    prior, current = (
        replace(
            a_view(ViewPosition.CC, a_group(day, 40, 10)),
            description=replace(VIEW.description, source=f"{day}/CC.dcm"),
        )
        for day in ("prior", "current")
    )
    with pytest.raises(ValueError, match="2 files are called so; write the path"):
        findings_of_day([place(row, column)], [current], [prior, current])
    named = [place(row, column, "current/CC.dcm")]
    assert list(assign_statements(named, [prior, current])) == ["current"]
    assert findings_of_day(named, [prior], [prior, current]) == ()


def test_without_spacing_a_pixel_is_taken_for_a_tenth_of_a_millimeter() -> None:
    """For this distance alone; nothing else is measured with it."""
    bare = a_view(ViewPosition.CC, a_group("near", 40, 10), spacing_mm=None)
    row, column = center(bare, 0)
    assert list(assign_statements([place(row + 60, column)], [bare])) == ["near"]
    assert "near" not in assign_statements([place(row + 80, column)], [bare])


def test_a_group_is_stated_once() -> None:
    """Two statements of one group are refused: nobody could say which counts."""
    row, column = center(VIEW, 0)
    named = [place(row, column), NamedFinding(statement=SEEN, tracking_uid="near")]
    with pytest.raises(ValueError, match="near: something is stated twice of this finding"):
        assign_statements(named, [VIEW])
    with pytest.raises(ValueError, match="stated twice"):
        findings_of_day(named, [OTHER], [VIEW, OTHER])


def test_each_examination_hears_what_is_of_its_own() -> None:
    """And what is of none of them, so that somebody is told; never what is of another day."""
    named = [NamedFinding(statement=SEEN, tracking_uid=uid) for uid in ("near", "other", "nobody")]
    kept = findings_of_day(named, [VIEW], [VIEW, OTHER])
    assert [finding.tracking_uid for finding in kept] == ["near", "nobody"]


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"image": "a.png"},
        {"image": "a.png", "row": 1.0},
        {"tracking_uid": "a", "image": "a.png", "row": 1.0, "column": 1.0},
        {"tracking_uid": "a", "row": 1.0},
    ],
)
def test_a_finding_is_named_in_one_way(words: dict[str, float | str]) -> None:
    """By an identifier or by image, row and column, and not by half of it or both."""
    with pytest.raises(ValueError, match="name it by its tracking_uid, or by image, row and column"):
        NamedFinding(statement=SEEN, **words)  # type: ignore[arg-type]


def test_months_that_cannot_be_are_refused() -> None:
    """The message names the value and what to do where it is not known."""
    with pytest.raises(ValueError, match="stable_months 1201 is not between 0 and 1200; leave it out"):
        FindingStatement(stable_months=1201)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            {"verdict": Verdict.REJECTED, "known_cancer": True},
            "it is rejected, and a proven cancer lies there",
        ),
        ({"verdict": Verdict.REJECTED, "biopsy": BiopsyResult.MALIGNANT}, "a proven cancer lies there"),
        ({"verdict": Verdict.REJECTED, "category": Category.LOW_SUSPICION}, "its own category is 4A"),
        ({"biopsy": BiopsyResult.MALIGNANT, "known_cancer": False}, "found cancer, and no cancer lies there"),
        ({"change": ChangeKind.NEW, "stable_months": 30}, "its change is new, and it has not changed for 30"),
    ],
)
def test_two_answers_of_which_one_can_be_are_refused(words: dict[str, Any], told: str) -> None:
    """A proven cancer would else be put away with what was rejected: whoever states it says which is true."""
    with pytest.raises(ValueError, match=told):
        FindingStatement(**words)
