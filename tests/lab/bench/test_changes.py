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
from calcwatch_lab.bench.changes.changes import OTHER_WOMAN, Judged, Refusal
from calcwatch_lab.bench.changes.figures import (
    error_mm,
    kind_figures,
    linked_shares,
    mixed_count,
    told_instead,
    unchanged,
)
from calcwatch_lab.bench.changes.null_test import disturbed, labeled_like, upside_down, views_swapped
from calcwatch_lab.bench.changes.page import FIGURES, PAGE, write_change_evidence
from calcwatch_lab.bench.changes.scenes import Scene, make_scene, scene_settings
from calcwatch_lab.bench.changes.truth import true_ids, true_kind
from calcwatch_lab.bench.changes.verdicts import PairVerdict, Verdict, judge_pair
from calcwatch_lab.bench.description.pairs import PairFigures
from calcwatch_lab.cli.bench import app

SMALL = PhantomSettings(field_mm=(140.0, 100.0), breast_density="b")


def calcifications(
    count: int, *, first: int = 0, row: float = 100.0, size: float = 0.4
) -> dict[str, CalcificationTruth]:
    """So many on a row, 2 mm apart at 0.1 mm a pixel."""
    return {
        f"c{n}": CalcificationTruth(
            id=f"c{n}",
            group_id="g",
            morphology=Morphology.ROUND,
            distribution=Distribution.GROUPED,
            row=row,
            column=20.0 * n,
            diameter_mm=size,
            area_mm2=0.1,
            half_maximum_diameter_mm=size,
            attenuation=1.0,
            contrast_gray=1.0,
            contrast=9.0,
            position_mm=(0.0, 0.0, 0.0),
            outline=(),
        )
        for n in range(first, first + count)
    }


TEN = calcifications(10)
SEVEN = {name: one for name, one in TEN.items() if name not in {"c3", "c5", "c7"}}


@pytest.mark.parametrize(
    ("then", "now", "plan", "kind"),
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
    then: dict[str, CalcificationTruth],
    now: dict[str, CalcificationTruth],
    plan: PlannedChange,
    kind: ChangeKind,
) -> None:
    """It follows from where calcifications truly are; the plan tells only what no count does."""
    assert true_kind(then, now, plan, 0.1) is kind


def judged(seed: int, *verdicts: Verdict, null: tuple[ChangeKind, ...] = ()) -> Judged:
    pair = PairVerdict(
        comparable=True,
        errors_mm=(0.5, 1.5),
        specks=PairFigures(10, 9, 10, 1),
        groups=PairFigures(2, 2, 2, 0),
        verdicts=verdicts,
    )
    refusals = (Refusal(OTHER_WOMAN, Alignment.FAILED),)
    return Judged(seed, False, (pair,), refusals, null)


NEW, NO_SIGNIFICANT_CHANGE = ChangeKind.NEW, ChangeKind.NO_SIGNIFICANT_CHANGE
BREASTS = (
    judged(
        1,
        Verdict(NEW, NEW, found=0.9),
        Verdict(NEW, NO_SIGNIFICANT_CHANGE, found=0.4),
        Verdict(NO_SIGNIFICANT_CHANGE, NO_SIGNIFICANT_CHANGE, found=1.0),
        null=(NO_SIGNIFICANT_CHANGE, NO_SIGNIFICANT_CHANGE),
    ),
    judged(
        2,
        Verdict(NEW, None),
        Verdict(NEW, NEW, is_main=False),
        Verdict(NEW, NO_SIGNIFICANT_CHANGE, is_main=False),
        Verdict(None, NEW),
        Verdict(None, NO_SIGNIFICANT_CHANGE),
        Verdict(NEW, ChangeKind.INCREASED_IN_NUMBER, is_mixed=True),
        null=(NO_SIGNIFICANT_CHANGE, NEW),
    ),
)


def test_shares_of_verdicts() -> None:
    """Pieces and noise count against precision, what was found badly is told apart, mixtures are left out."""
    found = kind_figures(BREASTS, NEW)
    assert (found.recall.part, found.recall.whole) == (1, 3)
    assert (found.well_found.part, found.well_found.whole) == (1, 1)
    assert (found.precision.part, found.precision.whole) == (2, 3)
    assert kind_figures(BREASTS, NO_SIGNIFICANT_CHANGE).precision.whole == 2
    assert told_instead(BREASTS, NEW) == {"no_significant_change": 1, "nothing found": 1}
    assert mixed_count(BREASTS) == 1
    assert (unchanged(BREASTS).part, unchanged(BREASTS).whole) == (3, 4)


def test_links_and_errors_are_pooled() -> None:
    """Sums over breasts, with an interval that holds the value."""
    right, false = linked_shares(BREASTS, "specks")
    assert (right.part, right.whole, false.part, false.whole) == (18, 20, 2, 20)
    assert right.words() == "0.900 (0.900 to 0.900), 18 of 20"
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
def scene() -> Scene:
    """A small breast on two days."""
    return make_scene(7404, usual=SMALL)


def test_a_scene_is_judged_by_its_truth(scene: Scene) -> None:
    """Found calcifications are known by name, both views are compared, links are mostly right."""
    prior, current = ([shot.findings for shot in day] for day in (scene.prior, scene.current))
    comparison = compare_exams(prior, current)
    verdicts = [
        judge_pair(scene.prior[pair.prior], scene.current[pair.current], pair, comparison.changes_of(pair))
        for pair in comparison.pairs
    ]
    assert len(verdicts) == 2
    for shot in (*scene.prior, *scene.current):
        names = true_ids(shot)
        assert np.mean([name is not None for name in names]) > 0.6
    for verdict in verdicts:
        assert verdict.comparable
        assert np.median(verdict.errors_mm) < 1.5
        assert verdict.specks.right >= 0.7 * verdict.specks.both
        assert {one.true for one in verdict.verdicts if one.true} <= set(ChangeKind)


def test_what_does_not_belong_is_made_of_it(scene: Scene) -> None:
    """Turned, disturbed, swapped and relabeled images differ in that alone."""
    shot = scene.current[0]
    turned = upside_down(shot.mammogram)
    assert np.array_equal(turned.gray[::-1], shot.mammogram.gray)
    again = disturbed(shot.mammogram, np.random.default_rng(1))
    spacings = [one.description.pixel_spacing for one in (again, shot.mammogram)]
    assert spacings[0] != spacings[1]
    assert not np.array_equal(again.gray, shot.mammogram.gray)
    images = [one.findings for one in scene.current]
    views = [one.description.view_position for one in views_swapped(images)]
    assert views == [ViewPosition.MLO, ViewPosition.CC]
    assert [one.description.view_position for one in labeled_like(images[::-1], images)] == [
        ViewPosition.CC,
        ViewPosition.MLO,
    ]
    unknown = replace(shot.mammogram, description=replace(shot.mammogram.description, pixel_spacing=None))
    with pytest.raises(ValueError, match="only an image with a spacing"):
        disturbed(unknown, np.random.default_rng(1))


def test_seeds_draw_devices_and_kinds() -> None:
    """Over nine seeds every kind of change is planned twice; every sixth prior is film; sides go by two."""
    drawn = [scene_settings(seed, repositioning=1.0) for seed in range(10000, 10018)]
    planned = [plan.change for now, _ in drawn for plan in (now.groups or ())[:2]]
    assert all(planned.count(kind) == 4 for kind in set(planned) - {PlannedChange.NO_SIGNIFICANT_CHANGE})
    assert [then.film for _, then in drawn].count(True) == 3
    assert all(drawn[n][0].lateralities == drawn[n + 1][0].lateralities for n in range(0, 18, 2))
    assert {then.pixel_spacing_mm for _, then in drawn} == {0.07, 0.1, 0.14}


def test_the_command_is_explained() -> None:
    """Help shows an example."""
    answer = CliRunner().invoke(app, ["changes", "--help"])
    assert answer.exit_code == 0
    assert "calcwatch-lab bench changes" in answer.output
