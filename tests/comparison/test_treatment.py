"""What a stated treatment adds to a comparison."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calcwatch.comparison.treatment import neoadjuvant_change, read_treatment
from calcwatch.domain.change import ChangeKind, Comparison, SurgicalBedPosition
from calcwatch.domain.context import BreastContext, ClinicalContext
from calcwatch.domain.image import Laterality
from calcwatch.domain.treatment import Therapy, Treatment
from tests.comparison.test_history import a_change


@pytest.mark.parametrize(
    ("kinds", "word"),
    [
        ([ChangeKind.RESOLVED, ChangeKind.RESOLVED], "complete"),
        ([ChangeKind.RESOLVED, ChangeKind.NO_SIGNIFICANT_CHANGE], "partial"),
        ([ChangeKind.DECREASED], "partial"),
        ([ChangeKind.NO_SIGNIFICANT_CHANGE, ChangeKind.NOT_COMPARABLE], "none"),
        ([ChangeKind.RESOLVED, ChangeKind.NEW], "increased"),
        ([ChangeKind.INCREASED_IN_SIZE, ChangeKind.DECREASED], "increased"),
    ],
)
def test_change_under_chemotherapy(kinds: list[ChangeKind], word: str) -> None:
    """Complete, partial, none or increased, always with what it does not say."""
    assert neoadjuvant_change(kinds) == word
    treatment = Treatment(neoadjuvant=Therapy("20230501"))
    comparison = Comparison((), tuple(a_change(kind, "a", "b") for kind in kinds), ())
    reading = read_treatment(treatment, ClinicalContext(), comparison)
    assert reading.neoadjuvant is not None
    assert (reading.neoadjuvant[0], "no response" in reading.neoadjuvant[1]) == (word, True)


def test_nothing_compared_says_nothing_under_chemotherapy() -> None:
    """Without a group that could be compared there is no statement."""
    assert neoadjuvant_change([ChangeKind.NOT_COMPARABLE]) is None
    assert neoadjuvant_change([]) is None


@pytest.mark.parametrize(
    ("kind", "in_bed", "side", "told"),
    [
        (ChangeKind.NEW, SurgicalBedPosition.INSIDE, Laterality.LEFT, ["2 of 137", "41 months"]),
        (ChangeKind.NEW, SurgicalBedPosition.OUTSIDE, Laterality.LEFT, ["6 of 16", "41 months"]),
        (ChangeKind.NEW, None, Laterality.LEFT, ["41 months"]),
        (ChangeKind.NEW, SurgicalBedPosition.INSIDE, Laterality.RIGHT, []),
        (ChangeKind.NO_SIGNIFICANT_CHANGE, SurgicalBedPosition.INSIDE, Laterality.LEFT, []),
    ],
)
def test_figures_are_of_what_is_new_there(
    kind: ChangeKind, in_bed: SurgicalBedPosition | None, side: Laterality, told: list[str]
) -> None:
    """Of new groups of a treated breast, in or outside a bed that is known; else there are none."""
    change = replace(a_change(kind, "a", "b"), in_bed=in_bed, image_laterality=side)
    context = ClinicalContext(left=BreastContext(treated=True))
    figures = read_treatment(Treatment(), context, Comparison((), (change,), ())).figures
    assert len(figures) == len(told)
    assert all(words in figure.words for figure, words in zip(figures, told, strict=True))


def test_months_and_windows_are_those_of_treated_breasts() -> None:
    """A treated breast has its months and typical window."""
    context = ClinicalContext(left=BreastContext(treated=True, months_since_treatment=18))
    reading = read_treatment(Treatment(), context, Comparison((), (), ()))
    assert reading.months == {Laterality.LEFT: 18}
    assert reading.window[0].startswith("L: 18 months after treatment")
    assert reading.figures == ()
    assert reading.neoadjuvant is None
    untreated = read_treatment(Treatment(), ClinicalContext(), Comparison((), (), ()))
    assert (untreated.months, untreated.window, untreated.figures) == ({}, (), ())
