"""Pieces joined by kind: an artery told once, the scatter of a breast told once, a suspicious piece alone."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from calcwatch.domain.lexicon import GroupKind
from calcwatch.image.describe.join import Joined, join_pieces
from calcwatch.image.describe.kind import KIND_CLASSES

PX_PER_MM = 10.0
BREAST_PX = 1_000_000.0


def likely(*kinds: GroupKind) -> NDArray[np.float64]:
    """Kinds of pieces, each 0.8 sure."""
    rows = np.full((len(kinds), len(KIND_CLASSES)), 0.05)
    rows[np.arange(len(kinds)), [KIND_CLASSES.index(kind) for kind in kinds]] = 0.8
    return rows


def joined(
    pieces: list[NDArray[np.float64]],
    kinds: NDArray[np.float64],
    suspicion: list[float] | None = None,
    loose: NDArray[np.float64] | None = None,
) -> list[Joined]:
    """Join pieces given by their places in px; loose points come last."""
    points = np.concatenate([*pieces, np.zeros((0, 2)) if loose is None else loose])
    ends = np.cumsum([0, *(len(piece) for piece in pieces)])
    indices = [np.arange(start, stop) for start, stop in pairwise(ends)]
    return join_pieces(
        points,
        np.full(len(points), 0.95),
        indices,
        kinds,
        np.array(suspicion or [0.01] * len(pieces)),
        px_per_mm=PX_PER_MM,
        breast_area_px=BREAST_PX,
    )


def clump(row: float, column: float, count: int = 4, step: float = 15.0) -> NDArray[np.float64]:
    """Points along a row, ``step`` pixels apart."""
    return np.array([(row, column + step * number) for number in range(count)])


def sets_of(groups: list[Joined]) -> list[list[int]]:
    return sorted(group.members.tolist() for group in groups)


@pytest.mark.parametrize(("gap_mm", "groups"), [(19, 1), (21, 2)])
def test_an_artery_within_reach_is_told_once(gap_mm: float, groups: int) -> None:
    """Pieces of arteries whose nearest members are within 20 mm are one group, farther ones are not."""
    first = clump(0, 0)
    second = clump(0, first[-1, 1] + gap_mm * PX_PER_MM)
    found = joined([first, second], likely(GroupKind.VASCULAR, GroupKind.VASCULAR))
    assert len(found) == groups
    assert sorted(np.concatenate([group.members for group in found]).tolist()) == list(range(8))


def test_an_artery_is_joined_step_by_step() -> None:
    """Four pieces 15 mm apart, far ends 60 mm apart, are one artery, whatever their order."""
    pieces = [clump(0, 200.0 * number) for number in (0, 3, 1, 2)]
    (artery,) = joined(pieces, likely(*[GroupKind.VASCULAR] * 4))
    assert artery.members.tolist() == list(range(16))


def test_the_scatter_of_a_breast_is_told_once() -> None:
    """Three far clumps of scattered round specks are one finding; two are two, so that a new one shows."""
    pieces = [clump(0, 0), clump(600, 600), clump(0, 600)]
    (scatter,) = joined(pieces, likely(*[GroupKind.SCATTERED_ROUND] * 3))
    assert scatter.members.tolist() == list(range(12))
    assert len(joined(pieces[:2], likely(*[GroupKind.SCATTERED_ROUND] * 2))) == 2


def test_what_is_typically_benign_is_told_piece_by_piece() -> None:
    """Two rims are two findings."""
    pieces = [clump(0, 0), clump(100, 0)]
    found = joined(pieces, likely(GroupKind.TYPICALLY_BENIGN, GroupKind.TYPICALLY_BENIGN))
    assert sets_of(found) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_suspicious_piece_stays_alone() -> None:
    """Beside an artery it is told by itself with its own suspicion, even if it may be a vessel, too."""
    pieces = [clump(0, 0), clump(0, 160), clump(60, 80)]
    kinds = likely(*[GroupKind.VASCULAR] * 3)
    found = joined(pieces, kinds, [0.02, 0.05, 0.7])
    assert sets_of(found) == [[0, 1, 2, 3, 4, 5, 6, 7], [8, 9, 10, 11]]
    assert sorted(group.suspicion for group in found) == [0.05, 0.7]


def test_kinds_of_different_pieces_are_not_joined() -> None:
    """An artery and a scatter that lie together are two findings."""
    pieces = [clump(0, 0), clump(60, 0)]
    found = joined(pieces, likely(GroupKind.VASCULAR, GroupKind.SCATTERED_ROUND))
    assert sets_of(found) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_a_joined_group_has_the_mean_kinds_and_the_worst_suspicion() -> None:
    """Kinds are weighed by the number of members."""
    pieces = [clump(0, 0, 4), clump(0, 160, 12)]
    kinds = np.stack([np.eye(5)[0] * 0.6 + 0.08, np.eye(5)[0] * 0.2 + 0.16])
    (artery,) = joined(pieces, kinds, [0.1, 0.04])
    assert artery.kinds == pytest.approx((4 * kinds[0] + 12 * kinds[1]) / 16)
    assert artery.kinds.sum() == pytest.approx(1)
    assert artery.suspicion == pytest.approx(0.1)


def test_every_piece_is_in_exactly_one_group() -> None:
    """Random pieces of random kinds among loose points: no piece is lost, torn or told twice."""
    rng = np.random.default_rng(8)
    for _ in range(20):
        count = int(rng.integers(1, 12))
        pieces = [
            rng.uniform(0, 900, 2) + rng.uniform(0, 40, (int(rng.integers(3, 9)), 2)) for _ in range(count)
        ]
        kinds = rng.dirichlet(np.ones(5), count)
        found = joined(pieces, kinds, rng.uniform(0, 0.4, count).tolist(), rng.uniform(0, 900, (15, 2)))
        members = np.concatenate([group.members for group in found])
        total = sum(len(piece) for piece in pieces)
        assert len(set(members.tolist())) == len(members)
        assert set(range(total)) <= set(members.tolist())
        ends = np.cumsum([0, *(len(piece) for piece in pieces)])
        for start, stop in pairwise(ends):
            holders = [group for group in found if np.isin(np.arange(start, stop), group.members).any()]
            assert len(holders) == 1


def test_nothing_gives_no_groups() -> None:
    """Loose points alone are no group."""
    assert joined([], np.zeros((0, 5)), [], np.array([(0.0, 0.0), (5.0, 5.0)])) == []
