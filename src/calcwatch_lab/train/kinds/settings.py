"""Settings of the fit of kinds and suspicion, each with unit, origin and meaning."""

from __future__ import annotations

from dataclasses import dataclass

from calcwatch.domain.settings import CHOSEN, setting


@dataclass(frozen=True, kw_only=True)
class KindTraining:
    """How the linear models are fitted."""

    alone_strength: float = setting(
        0.03, "1", CHOSEN, "inverse strength of the penalty on weights of the first model of kinds"
    )
    beside_strength: float = setting(0.03, "1", CHOSEN, "the same, of the second, which sees the neighbors")
    balance: float = setting(
        0.5,
        "1",
        CHOSEN,
        "0: every group counts alike; 1: every kind of calcification does, however rare it is",
    )
    alarm_strength: float = setting(0.03, "1", CHOSEN, "the same, of the model of suspicion")
    other_kinds: float = setting(
        0.05,
        "1",
        CHOSEN,
        "weight of a group that readers call no specks over one of specks, in the model of suspicion",
    )
    least_elsewhere: float = setting(
        0.01,
        "share",
        CHOSEN,
        "of groups that are no specks are called suspicious at least, however few are seen",
    )
    probably_benign: float = setting(
        0.25, "share", CHOSEN, "how suspicious a group counts that a reader calls probably benign"
    )
    min_spread: float = setting(
        1e-3,
        "1",
        CHOSEN,
        "a feature that spreads less among the labeled groups is left as it is: it tells nothing",
    )
    limit: float = setting(
        3.0, "1", CHOSEN, "standardized inputs are cut to this: a breast like none of those decides by more"
    )
    folds: int = setting(
        8,
        "count",
        CHOSEN,
        "folds by woman, in which the later models meet answers of models that saw no such",
    )
    same_mm: float = setting(1.0, "mm", CHOSEN, "a mark this near to a labeled one is the same")
    min_covered: float = setting(
        0.5, "share", CHOSEN, "of the marks of a piece that must be labeled for the label to hold for it"
    )
    min_part: float = setting(
        0.4, "share", CHOSEN, "of the marks of a labeled group that must lie in the piece, likewise"
    )
    phantom_mm: float = setting(
        0.2, "mm", CHOSEN, "a mark of a phantom this close to an outline is on that calcification"
    )
    phantom_weight: float = setting(
        0.25,
        "1",
        CHOSEN,
        "weight of a piece of a phantom over one that a reader labeled, in the fit of kinds",
    )
