"""What the bench of changes says: the truth of a change, verdicts, shares, and the page."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from calcwatch.comparison.compare import compare_exams
from calcwatch.domain.change import Alignment, ChangeKind
from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.phantom.settings import PhantomSettings, PlannedChange
from calcwatch.phantom.truth import CalcificationTruth
from calcwatch_lab.bench.changes.disturb import disturbed, labeled_like, upside_down, views_swapped
from calcwatch_lab.bench.changes.evaluate import ChangeResult, PairResult, evaluate_pair
from calcwatch_lab.bench.changes.examinations import (
    BreastOnTwoDays,
    analyze_two_days,
    settings_of_two_days,
)
from calcwatch_lab.bench.changes.figures import (
    error_mm,
    kind_figures,
    linked_shares,
    mixed_count,
    said_instead,
    unchanged,
)
from calcwatch_lab.bench.changes.measure import OTHER_WOMAN, BreastResult
from calcwatch_lab.bench.changes.page import FIGURES, PAGE, proportion_words, write_change_evidence
from calcwatch_lab.bench.changes.truth import extent_mm, lie_on_two_sides, true_change, true_names
from calcwatch_lab.bench.description.pairs import PairCounts
from calcwatch_lab.cli.bench import app
from calcwatch_lab.seeds import CHANGES_TEST, COMPARISON_CHOICE

SMALL = PhantomSettings(field_mm=(140.0, 100.0), breast_density="b")


def calcifications(
    count: int, *, first: int = 0, row: float = 100.0, size: float = 0.4
) -> dict[str, CalcificationTruth]:
    """So many on a row, 2 mm apart at 0.1 mm a pixel."""
    return {
        f"c{n}": CalcificationTruth(
            id=f"c{n}", group_id="g", morphology=Morphology.ROUND, distribution=Distribution.GROUPED,
            row=row, column=20.0 * n, diameter_mm=size, area_mm2=0.1, half_maximum_diameter_mm=size,
            attenuation=1.0, contrast_gray=1.0, contrast=9.0, position_mm=(0.0, 0.0, 0.0), outline=(),
        )
        for n in range(first, first + count)
    }  # fmt: skip


TEN = calcifications(10)
SEVEN = {name: true for name, true in TEN.items() if name not in {"c3", "c5", "c7"}}


@pytest.mark.parametrize(
    ("prior", "current", "plan", "kind"),
    [
        ({}, TEN, PlannedChange.NEW, ChangeKind.NEW),
        (TEN, {}, PlannedChange.GONE, ChangeKind.RESOLVED),
        (TEN, TEN, PlannedChange.NO_SIGNIFICANT_CHANGE, ChangeKind.NO_SIGNIFICANT_CHANGE),
        (calcifications(8), TEN, PlannedChange.INCREASED_IN_NUMBER, ChangeKind.NO_SIGNIFICANT_CHANGE),
        (SEVEN, TEN, PlannedChange.INCREASED_IN_NUMBER, ChangeKind.INCREASED_IN_NUMBER),
        (calcifications(7), TEN, PlannedChange.INCREASED_IN_NUMBER, ChangeKind.INCREASED_IN_EXTENT),
        (
            TEN,
            TEN | calcifications(6, first=12),
            PlannedChange.INCREASED_IN_EXTENT,
            ChangeKind.INCREASED_IN_EXTENT,
        ),
        (TEN, SEVEN, PlannedChange.FEWER, ChangeKind.DECREASED),
        (TEN, calcifications(5), PlannedChange.PARTIALLY_REMOVED, ChangeKind.PARTIALLY_REMOVED),
        (calcifications(10, size=0.25), TEN, PlannedChange.INCREASED_IN_SIZE, ChangeKind.INCREASED_IN_SIZE),
        (
            calcifications(10, size=0.35),
            TEN,
            PlannedChange.INCREASED_IN_SIZE,
            ChangeKind.NO_SIGNIFICANT_CHANGE,
        ),
        (TEN, TEN, PlannedChange.RESHAPED, ChangeKind.SHAPE_CHANGED),
    ],
)
def test_the_truth_of_a_change(
    prior: dict[str, CalcificationTruth],
    current: dict[str, CalcificationTruth],
    plan: PlannedChange,
    kind: ChangeKind,
) -> None:
    """It follows from where calcifications truly are; the plan tells only what no count does."""
    assert true_change(prior, current, plan, 0.1) is kind


def test_extent_is_the_largest_distance() -> None:
    """Ten in a row 2 mm apart are 18 mm long; one calcification has no extent."""
    assert extent_mm(TEN.values(), 0.1) == pytest.approx(18.0)
    assert extent_mm([TEN["c0"]], 0.1) == 0.0


def test_two_sides_are_parted_by_a_line() -> None:
    """Halves of a row are, every second one is not; a stray one of ten changes nothing, two are no side."""
    row = list(calcifications(20).values())
    assert lie_on_two_sides(row[:10], row[10:])
    assert lie_on_two_sides([*row[:9], row[19]], row[10:19])
    assert not lie_on_two_sides(row[::2], row[1::2])
    assert not lie_on_two_sides(row[:2], row[2:])


def test_a_small_change_in_number_or_extent_is_none() -> None:
    """Two more of ten are 20 percent; a longer group without more calcifications is not larger in extent."""
    longer = {name: true for name, true in TEN.items() if name != "c1"} | calcifications(1, first=14)
    for current in (TEN | calcifications(2, first=10), longer):
        kind = true_change(TEN, current, PlannedChange.NO_SIGNIFICANT_CHANGE, 0.1)
        assert kind is ChangeKind.NO_SIGNIFICANT_CHANGE


def measured(seed: int, *changes: ChangeResult, null: tuple[ChangeKind, ...] = ()) -> BreastResult:
    pair = PairResult(
        comparable=True,
        errors_mm=(0.5, 1.5),
        calcifications=PairCounts(10, 9, 10, 1),
        groups=PairCounts(2, 2, 2, 0),
        changes=changes,
    )
    return BreastResult(seed, False, (pair,), ((OTHER_WOMAN, Alignment.FAILED),), null)


NEW, NO_SIGNIFICANT_CHANGE = ChangeKind.NEW, ChangeKind.NO_SIGNIFICANT_CHANGE
BREASTS = (
    measured(
        1,
        ChangeResult(NEW, NEW, found=0.9),
        ChangeResult(NEW, NO_SIGNIFICANT_CHANGE, found=0.4),
        ChangeResult(NO_SIGNIFICANT_CHANGE, NO_SIGNIFICANT_CHANGE, found=1.0),
        null=(NO_SIGNIFICANT_CHANGE, NO_SIGNIFICANT_CHANGE),
    ),
    measured(
        2,
        ChangeResult(NEW, None),
        ChangeResult(NEW, NEW, is_main=False),
        ChangeResult(NEW, NO_SIGNIFICANT_CHANGE, is_main=False),
        ChangeResult(None, NEW),
        ChangeResult(None, NO_SIGNIFICANT_CHANGE),
        ChangeResult(NEW, ChangeKind.INCREASED_IN_NUMBER, is_mixed=True),
        null=(NO_SIGNIFICANT_CHANGE, NEW),
    ),
)


def test_shares_of_changes() -> None:
    """Pieces and noise count against precision, what was found badly is told apart, mixtures are left out."""
    found = kind_figures(BREASTS, NEW)
    assert (found["recall"].part, found["recall"].whole) == (1, 3)
    assert (found["well_found"].part, found["well_found"].whole) == (1, 1)
    assert (found["precision"].part, found["precision"].whole) == (2, 3)
    assert kind_figures(BREASTS, NO_SIGNIFICANT_CHANGE)["precision"].whole == 2
    assert said_instead(BREASTS, NEW) == {"no_significant_change": 1, "nothing found": 1}
    assert mixed_count(BREASTS) == 1
    assert (unchanged(BREASTS).part, unchanged(BREASTS).whole) == (3, 4)


def test_links_and_errors_are_pooled() -> None:
    """Sums over breasts, with an interval that holds the value."""
    right, false = linked_shares(BREASTS, lambda pair: pair.calcifications)
    assert (right.part, right.whole, false.part, false.whole) == (18, 20, 2, 20)
    assert proportion_words(right) == "0.900 (0.900 to 0.900), 18 of 20"
    assert error_mm(BREASTS, 0.5).value == pytest.approx(1.0)
    assert np.isnan(error_mm((), 0.5).value)


def test_the_page_holds_every_figure(tmp_path: Path) -> None:
    """What was asked beside what was reached, each kind, and what does not belong; no empty sets."""
    page = write_change_evidence({"two days": BREASTS, "film": ()}, tmp_path, "the command")
    text = page.read_text(encoding="utf-8")
    assert page.name == PAGE
    assert "## Two days: 2 breasts, 2 pairs of images" in text
    assert "Film" not in text
    assert "| another woman | 2 | 0 | 0 |" in text
    figures = json.loads((tmp_path / FIGURES).read_text(encoding="utf-8"))
    assert figures["two days"]["kinds"]["new"]["recall"][3:] == [1, 3]


@pytest.fixture(scope="module")
def breast() -> BreastOnTwoDays:
    """A small breast on two days."""
    return analyze_two_days(COMPARISON_CHOICE.seeds[4], usual=SMALL)


def test_a_breast_is_held_against_its_truth(breast: BreastOnTwoDays) -> None:
    """Found calcifications are known by name, both views are compared, links are mostly right."""
    prior, current = ([view.findings for view in day] for day in (breast.prior, breast.current))
    comparison = compare_exams(prior, current)
    results = [
        evaluate_pair(
            breast.prior[pair.prior], breast.current[pair.current], pair, comparison.changes_of(pair)
        )
        for pair in comparison.pairs
    ]
    assert len(results) == 2
    for view in (*breast.prior, *breast.current):
        assert np.mean([name is not None for name in true_names(view)]) > 0.6
    for result in results:
        assert result.comparable
        assert np.median(result.errors_mm) < 1.5
        assert result.calcifications.right >= 0.7 * result.calcifications.both
        assert {change.true for change in result.changes if change.true} <= set(ChangeKind)


def test_what_does_not_belong_is_made_of_it(breast: BreastOnTwoDays) -> None:
    """Turned, disturbed, swapped and relabeled images differ in that alone."""
    view = breast.current[0]
    turned = upside_down(view.mammogram)
    assert np.array_equal(turned.gray[::-1], view.mammogram.gray)
    again = disturbed(view.mammogram, np.random.default_rng(1))
    spacings = [image.description.pixel_spacing for image in (again, view.mammogram)]
    assert spacings[0] != spacings[1]
    assert not np.array_equal(again.gray, view.mammogram.gray)
    images = [view.findings for view in breast.current]
    views = [image.description.view_position for image in views_swapped(images)]
    assert views == [ViewPosition.MLO, ViewPosition.CC]
    assert [image.description.view_position for image in labeled_like(images[::-1], images)] == [
        ViewPosition.CC,
        ViewPosition.MLO,
    ]
    unknown = replace(view.mammogram, description=replace(view.mammogram.description, pixel_spacing=None))
    with pytest.raises(ValueError, match="only an image with a spacing"):
        disturbed(unknown, np.random.default_rng(1))


def test_seeds_draw_devices_and_kinds() -> None:
    """Over nine seeds every kind of change is planned twice; every sixth prior is film; sides go by two."""
    drawn = [settings_of_two_days(seed, repositioning=1.0) for seed in CHANGES_TEST.take(18)]
    planned = [plan.change for current, _ in drawn for plan in (current.groups or ())[:2]]
    assert all(planned.count(kind) == 4 for kind in set(planned) - {PlannedChange.NO_SIGNIFICANT_CHANGE})
    assert [prior.film for _, prior in drawn].count(True) == 3
    assert all(drawn[n][0].lateralities == drawn[n + 1][0].lateralities for n in range(0, 18, 2))
    assert {prior.pixel_spacing_mm for _, prior in drawn} == {0.07, 0.1, 0.14}


def test_the_command_is_explained() -> None:
    """Help shows an example."""
    answer = CliRunner().invoke(app, ["changes", "--help"])
    assert answer.exit_code == 0
    assert "calcwatch-lab bench changes" in answer.output
