"""Sentences on a stated treatment."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from calcwatch.domain.image import Laterality
from calcwatch.domain.treatment import Operation, OperationKind, Radiation, Therapy, Treatment
from calcwatch.words.treatment import FIGURES, treatment_words, typical_window


def test_figures_of_the_literature_have_their_exact_intervals() -> None:
    """Each share and its 95 % interval follow from the counts (Clopper and Pearson)."""
    for figure in FIGURES:
        assert figure.low < figure.high
        assert str(figure.events) in figure.words
        if figure.percent is None:
            continue
        exact = binomtest(figure.events, figure.n).proportion_ci(0.95)
        assert figure.percent == pytest.approx(100 * figure.events / figure.n, abs=0.05)
        assert figure.low == pytest.approx(100 * exact.low, abs=0.5)
        assert figure.high == pytest.approx(100 * exact.high, abs=0.5)


@pytest.mark.parametrize(
    ("months", "benign", "malignant"),
    [
        (1, "outside", "outside"),
        (18, "within", "within"),
        (60, "within", "outside"),
        (92, "outside", "outside"),
    ],
)
def test_the_typical_window(months: int, benign: str, malignant: str) -> None:
    """Both ranges are named with their medians, and from how few cancers they come."""
    words = typical_window(months)
    assert f"{benign} the range in which new benign" in words
    assert f"{malignant} that of malignant" in words
    assert "8 cancers" in words


def test_a_treatment_is_told_from_the_earliest() -> None:
    """Operations, radiation and therapies stand in the order of their dates, whatever order they came in."""
    treatment = Treatment(
        operations=(
            Operation("20230620", Laterality.LEFT, OperationKind.BIOPSY),
            Operation("20190314", Laterality.LEFT, OperationKind.LUMPECTOMY, malignant=True),
        ),
        radiation=(Radiation(Laterality.LEFT, "20190601"),),
        neoadjuvant=Therapy("20181201", "20190301"),
        endocrine=Therapy("20190701"),
    )
    assert treatment_words(treatment) == (
        "2018-12-01 to 2019-03-01 neoadjuvant therapy",
        "2019-03-14 L lumpectomy, cancer",
        "2019-06-01 L end of radiation",
        "2019-07-01 on endocrine therapy",
        "2023-06-20 L biopsy",
    )
