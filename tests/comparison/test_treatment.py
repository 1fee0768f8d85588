"""What a stated treatment adds to a comparison."""

from __future__ import annotations

import pytest

from calcwatch.comparison.treatment import neoadjuvant_change, read_treatment
from calcwatch.domain.change import ChangeKind, Comparison
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


def test_months_and_figures_are_those_of_treated_breasts() -> None:
    """A treated breast has its months and typical window; without one there are no figures."""
    context = ClinicalContext(left=BreastContext(treated=True, months_since_treatment=18))
    reading = read_treatment(Treatment(), context, Comparison((), (), ()))
    assert reading.months == {Laterality.LEFT: 18}
    assert reading.window[0].startswith("L: 18 months after treatment")
    assert reading.figures
    assert reading.neoadjuvant is None
    untreated = read_treatment(Treatment(), ClinicalContext(), Comparison((), (), ()))
    assert (untreated.months, untreated.window, untreated.figures) == ({}, (), ())
