"""What a group is taken for: the least expected cost decides, never the worst word that any member has.

A classifier's word counts by its probability for the group. Calling a benign group suspicious costs 1,
calling a suspicious group benign costs ``cost_ratio``; so a group is taken for suspicious from a probability
of 1 / (1 + ``cost_ratio``) on. Only then is it asked which suspicious word and which distribution are
likeliest.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING, TypeVar

from calcwatch.domain.lexicon import (
    RANKED_DISTRIBUTIONS,
    RANKED_KINDS,
    RANKED_MORPHOLOGIES,
    SUSPICIOUS,
    WORDS_OF_KIND,
    Distribution,
    GroupKind,
    Morphology,
    kind_of_word,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calcwatch.domain.findings import CalcificationGroup
    from calcwatch.exam.facts import FactThresholds

_Word = TypeVar("_Word")

_SUSPICIOUS_WORDS = (Morphology.PUNCTATE, *SUSPICIOUS)  # a tight group of round specks is suspicious too


@dataclass(frozen=True)
class Judgment:
    """What a group is taken for.

    Attributes:
        suspicious: Whether the costs speak for suspicion; ``None`` where nothing was described.
        doubtful: Whether it is so although likelier not suspicious; ``None`` unless it is suspicious.
        kind: The likeliest kind of a group that is not suspicious; ``None`` of others, or where none is told.
        morphology: The likeliest word that fits; ``None`` where the pixels do not carry it.
        distribution: The likeliest distribution; ``None`` where none was described.
    """

    suspicious: bool | None
    doubtful: bool | None
    kind: GroupKind | None
    morphology: Morphology | None
    distribution: Distribution | None


def judge_group(
    group: CalcificationGroup, counterpart: CalcificationGroup | None, thresholds: FactThresholds
) -> Judgment:
    """Judge a group by the least expected cost.

    Args:
        group: The group with its descriptions.
        counterpart: The same group on the other view, described as well: both are judged alike; ``None``
            where there is none.
        thresholds: The costs, and how much the other view counts.

    Returns:
        What it is taken for.
    """
    both = [group, *([counterpart] if counterpart and _is_described(counterpart) else [])]
    distribution = _likeliest(
        _joint([seen.distribution.probabilities if seen.distribution else () for seen in both], thresholds),
        RANKED_DISTRIBUTIONS,
    )
    shapes = _joint([_shapes_of(seen) for seen in both], thresholds)
    if not _is_described(group):
        own = group.morphology.likeliest if group.morphology else None
        return Judgment(None, None, None, own, distribution)
    suspicion = _mean([seen.suspicion or 0.0 for seen in both], thresholds)
    if suspicion >= thresholds.least_suspicious_probability:
        word = _likeliest(shapes, _SUSPICIOUS_WORDS)
        return Judgment(True, suspicion < thresholds.doubtful_probability, None, word, distribution)
    kind = _kind_of(both, shapes, distribution, thresholds)
    words = WORDS_OF_KIND[kind] if kind else ()
    # where the kind leaves a single word, the shapes of members have no say in it
    word = words[0] if len(words) == 1 else _likeliest(shapes, words)
    return Judgment(False, None, kind, word, distribution)


def _is_described(group: CalcificationGroup) -> bool:
    """Whether its suspicion is a number: one that is none would be below every limit, and so reassure."""
    return group.suspicion is not None and isfinite(group.suspicion)


def _kind_of(
    both: Sequence[CalcificationGroup],
    shapes: dict[Morphology, float],
    distribution: Distribution | None,
    thresholds: FactThresholds,
) -> GroupKind | None:
    """The likeliest kind; without a description of kinds that of the likeliest word."""
    kinds = _joint([seen.kind.probabilities if seen.kind else () for seen in both], thresholds)
    if kinds:
        return _likeliest(kinds, RANKED_KINDS)
    word = _likeliest(shapes, RANKED_MORPHOLOGIES)
    return None if word is None else kind_of_word(word, distribution)


def _shapes_of(group: CalcificationGroup) -> Iterable[tuple[Morphology, float]]:
    """Probabilities of its shapes; none where the pixels do not carry one."""
    described = group.morphology
    return described.probabilities if described and described.likeliest else ()


def _joint(
    described: Sequence[Iterable[tuple[_Word, float]]], thresholds: FactThresholds
) -> dict[_Word, float]:
    """Probabilities over both views; of one view alone where only that tells."""
    told = [dict(probabilities) for probabilities in described]
    if not told[0] or len(told) == 1 or not told[1]:
        return told[0] or told[-1]
    words = dict.fromkeys([*told[0], *told[1]])
    return {word: _mean([own.get(word, 0.0) for own in told], thresholds) for word in words}


def _mean(values: Sequence[float], thresholds: FactThresholds) -> float:
    """Of the own view and, where there is one, of the other."""
    if len(values) == 1:
        return values[0]
    return (1 - thresholds.other_view_weight) * values[0] + thresholds.other_view_weight * values[1]


def _likeliest(probabilities: dict[_Word, float], words: Sequence[_Word]) -> _Word | None:
    """The likeliest of some words; of equals the last, which is the more worrying one."""
    told = [word for word in words if probabilities.get(word, 0.0) > 0]
    return max(told, key=lambda word: (probabilities[word], words.index(word)), default=None)
