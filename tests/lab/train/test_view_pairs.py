"""The weights of view pairs, fitted to views made by hand and to a phantom."""

from __future__ import annotations

import numpy as np
from typer.testing import CliRunner

from calcwatch.domain.image import ViewPosition
from calcwatch.exam.correspondence import differences
from calcwatch_lab.bench.description.pairs import PairCounts
from calcwatch_lab.cli.main import app
from calcwatch_lab.train.view_pairs import PairExample, fit_weights
from tests.exam.two_views import a_group, a_view


def test_a_fit_gives_a_base_and_a_weight_for_each_difference() -> None:
    """No weight speaks for groups because they differ."""
    first = a_view(ViewPosition.CC, a_group("a", 60, 5), a_group("b", 20, 5))
    second = a_view(ViewPosition.MLO, a_group("c", 60, 5), a_group("d", 20, 5))
    same = np.array([[True, False], [False, False]])
    example = PairExample(differences(first, second), same, PairCounts(), (None, None))
    empty = PairExample(np.zeros((0, 0, 5)), np.zeros((0, 0), bool), PairCounts(), (None, None))
    weights = fit_weights([example, empty])
    assert weights.shape == (6,)
    assert np.all(weights[1:] <= 0)


def test_the_command_prints_pairs_nipples_and_weights() -> None:
    """One line for all phantoms, for each scene and for each nipple, and last what fits them best."""
    words = ["train", "view-pairs", "--count", "3", "--spacing-mm", "0.2", "--workers", "1"]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0, answer.output
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("all: paired right")
    assert [line.split(":")[0] for line in lines[-3:]] == [
        "nipple on CC",
        "nipple on MLO",
        "base and weights",
    ]
    assert len(lines[-1].split(",")) == 6
