"""What each image says of the calcifications of the other."""

from __future__ import annotations

import numpy as np

from calcwatch.comparison.visibility import Visibility, contrast_to_noise_at
from tests.comparison.aligned import a_cluster, a_day, a_tissue, visibility_of

CLUSTER = a_cluster(60.0, 30.0, 12, spread_mm=5.0)


def test_each_calcification_has_one_visibility() -> None:
    """Matched, subthreshold and unmatched, in the order of the calcifications, with the partner's place."""
    prior = a_day("a", loose=[CLUSTER[1], CLUSTER[0], (80.0, 20.0)], faint=[CLUSTER[2]])
    found = visibility_of(prior, a_day("b", CLUSTER[:4]))
    assert found.current_visibility.tolist() == [
        Visibility.MATCHED,
        Visibility.MATCHED,
        Visibility.SUBTHRESHOLD,
        Visibility.UNMATCHED,
    ]
    assert found.partner.tolist() == [1, 0, -1, -1]
    assert found.prior_visibility.tolist() == [
        Visibility.MATCHED,
        Visibility.MATCHED,
        Visibility.UNMATCHED,
    ]


def test_one_subthreshold_point_explains_one_calcification() -> None:
    """Two calcifications near one point below the threshold: one of them is still unmatched."""
    prior = a_day("a", faint=[(60.0, 30.0)])
    found = visibility_of(prior, a_day("b", loose=[(60.1, 30.0), (60.0, 30.3)]))
    assert sorted(found.current_visibility.tolist()) == [Visibility.SUBTHRESHOLD, Visibility.UNMATCHED]


def test_what_a_noisy_prior_could_not_show_is_not_visible() -> None:
    """On a prior in ten times the noise none could be seen; on one as clear all could."""
    current = a_day("b", CLUSTER)
    noisy = visibility_of(a_day("a", tissue=a_tissue(contrast_to_noise=0.3)), current)
    assert set(noisy.current_visibility.tolist()) == {Visibility.NOT_VISIBLE}
    clear = visibility_of(a_day("a"), current)
    assert set(clear.current_visibility.tolist()) == {Visibility.UNMATCHED}


def test_contrast_to_noise_is_looked_up() -> None:
    """It is that of the coarse cell, beyond the border that of its rim."""
    tissue = a_tissue(contrast_to_noise=2.5)
    assert contrast_to_noise_at(tissue, np.array([[60.0, 20.0], [-9.0, 999.0]])).tolist() == [2.5, 2.5]
