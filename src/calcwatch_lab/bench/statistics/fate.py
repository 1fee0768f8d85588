"""What became of a mark, and the marks of one image with theirs."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Fate(IntEnum):
    """What became of a mark or group. All but ``HIT`` and ``IGNORED`` are false."""

    FALSE = 0
    HIT = 1
    AGAIN = 2
    """On a calcification that another mark hit already."""
    LOOKALIKE = 3
    """On something bright that is no calcification."""
    IGNORED = 4
    """Where nobody can say what is right."""


@dataclass(frozen=True, eq=False)
class Swept:
    """Marks or groups of one image with their ``fate``.

    ``true_scores``: of what hits each true thing, -1 where nothing does.
    """

    scores: NDArray[np.float64]
    fate: NDArray[np.int8]
    true_scores: NDArray[np.float64]

    @property
    def false_scores(self) -> NDArray[np.float64]:
        """Scores of the false ones."""
        false: NDArray[np.bool_] = (self.fate != Fate.HIT) & (self.fate != Fate.IGNORED)
        return np.asarray(self.scores[false])
