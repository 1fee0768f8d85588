"""What the page says of a description, an assessment and a reading: bars and sentences, before any HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from calcwatch.domain.assessment import Assessment
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionMeasurements,
    ShapeFeatures,
)
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category, Distribution, Morphology
from calcwatch.report.template import Row
from calcwatch.words.lexicon import (
    CATEGORY_WORDS,
    DISTRIBUTION_WORDS,
    JUDGED_BY_WORDS,
    MORPHOLOGY_WORDS,
    SIZE_CLASS_WORDS,
)
from calcwatch.words.summary import kind_words
from calcwatch.words.urgency import category_of

SHOWN_BARS = 4
"""Shapes or distributions of a group that get a bar; the rest stand in findings.json."""

_SMALLEST_BAR = 0.05  # probability from which a second bar is worth its place

Link = tuple[str, str]
"""A place on the page, by its id, and what it is called."""


def percent_words(probability: float) -> str:
    """Say a probability in percent.

    Args:
        probability: 0 to 1.

    Returns:
        ``62 %``; what is not zero is never said to be.

    """
    percent = round(100 * probability)
    # A small probability is not rounded to a flat zero, which would read as "never".
    return f"{percent} %" if percent or not probability else "< 1 %"


def range_words(low: float, high: float) -> str:
    """Say a range of shares in percent.

    Args:
        low: 0 to 1.
        high: 0 to 1.

    Returns:
        ``28 to 50 %``; of two that are the same, one.

    """
    return f"{round(100 * low)} %" if low == high else f"{round(100 * low)} to {round(100 * high)} %"


def description_words(morphology: Morphology | None, distribution: Distribution | None) -> str:
    """Say shape and distribution in one phrase.

    Args:
        morphology: The shape; ``None``: it is not said.
        distribution: Likewise.

    Returns:
        ``amorphous, grouped``.

    """
    words = (
        morphology and MORPHOLOGY_WORDS[morphology],
        distribution and DISTRIBUTION_WORDS[distribution],
    )
    return ", ".join(word for word in words if word)


def morphology_words(described: Calcification | CalcificationGroup) -> str:
    """Say the likeliest shape.

    Args:
        described: A calcification or a group.

    Returns:
        The shape, ``cannot tell`` where the pixels do not carry it, ``""`` where none was tried.

    """
    morphology = described.morphology
    if morphology is None or not (morphology.probabilities or morphology.undetermined_because):
        return ""
    return MORPHOLOGY_WORDS[morphology.likeliest] if morphology.likeliest else "cannot tell"


def counted_words(words: Iterable[str]) -> str:
    """Say how often each word comes.

    Args:
        words: Words; empty ones are not counted.

    Returns:
        The most frequent first: ``5 round, 2 cannot tell, 3 others``.

    """
    named = Counter(word for word in words if word).most_common()
    parts = [f"{count} {word}" for word, count in named[:SHOWN_BARS]]
    if rest := sum(count for _, count in named[SHOWN_BARS:]):
        parts.append(f"{rest} other{'' if rest == 1 else 's'}")
    return ", ".join(parts)


def view_assessment(assessment: Assessment, questions: Mapping[str, str]) -> Row:
    """Work out what the page shows of a suggestion.

    Args:
        assessment: The suggestion.
        questions: Plain words for what may be missing.

    Returns:
        A row for the macros of ``reading.html``; ``concern`` colors it: ``calm``, ``raised``, ``high`` or,
        unknown, ``open``.

    """
    category, likelihood = category_of(assessment), assessment.likelihood_range
    return {
        "category": category,
        "category_words": CATEGORY_WORDS[category],
        "is_open": assessment.suggested_category is Category.INCOMPLETE,
        "if_confirmed": "if confirmed" if assessment.if_confirmed else "",
        "floor": assessment.floor,
        "judged": judged_words(assessment),
        "concern": _concern(category),
        "likelihood": range_words(likelihood.low, likelihood.high) if likelihood else "",
        "likelihood_source": likelihood.source if likelihood else "",
        "reasons": assessment.reasons,
        # A rule table of a user's own may ask for what has no question in words.
        "missing": [questions.get(name, name) for name in assessment.missing],
        "alternatives": [
            (_bar(description_words(other.morphology, other.distribution), other.probability), other.category)
            for other in assessment.alternatives
        ],
        "rule_ids": assessment.rule_ids,
    }


def judged_words(assessment: Assessment) -> str:
    """Say what a suggestion rests on.

    Args:
        assessment: The suggestion.

    Returns:
        A phrase, with the ratio of the costs where that decided.

    """
    judged = f"Judged by {JUDGED_BY_WORDS[assessment.judged_by]}"
    if assessment.cost_ratio is None:
        return f"{judged}."
    return f"{judged}: {assessment.cost_ratio:g} needless alarms weigh as much as one missed finding."


def _concern(category: Category) -> str:
    """How a category is colored; one that is still open counts as it would once confirmed."""
    if category is Category.INCOMPLETE:
        return "open"
    if category is Category.KNOWN_MALIGNANCY:
        return "high"
    # By the explicit ladder; letters and numbers of categories do not sort as they rank.
    rank = RANKED_CATEGORIES.index(category)
    if rank >= RANKED_CATEGORIES.index(Category.HIGH_SUSPICION):
        return "high"
    return "raised" if rank >= RANKED_CATEGORIES.index(Category.LOW_SUSPICION) else "calm"


def view_description(group: CalcificationGroup, members: Sequence[Calcification]) -> Row:
    """Work out what the page shows of a group's description.

    Args:
        group: The group.
        members: Its calcifications.

    Returns:
        A row for the macro ``description``; empty words where nothing was described.

    """
    morphology, pattern = group.morphology, group.distribution
    shapes = morphology.probabilities if morphology else ()
    distributions = pattern.probabilities if pattern else ()
    return {
        "shape": morphology_words(group),
        "distribution": DISTRIBUTION_WORDS[pattern.likeliest] if pattern and distributions else "",
        "kind": kind_words(group),
        "suspicion": "" if group.suspicion is None else f"{group.suspicion:.2f}",
        "shapes": _bars([(MORPHOLOGY_WORDS[word], probability) for word, probability in shapes]),
        "shape_note": morphology.undetermined_because if morphology else "",
        "distributions": _bars(
            [(DISTRIBUTION_WORDS[word], probability) for word, probability in distributions]
        ),
        "pattern": _pattern_words(pattern.measurements) if pattern else "",
        "members": counted_words(map(morphology_words, members)),
    }


def _bars(named: Sequence[tuple[str, float]]) -> list[Row]:
    """The first bar always, each further one where it is worth its place."""
    shown = [bar for place, bar in enumerate(named) if place == 0 or bar[1] >= _SMALLEST_BAR]
    return [_bar(name, probability) for name, probability in shown[:SHOWN_BARS]]


def _bar(name: str, probability: float) -> Row:
    """A word with how likely it is: ``percent`` is the length of the bar, ``words`` stand beside it."""
    return {"name": name, "percent": round(100 * probability), "words": percent_words(probability)}


def _pattern_words(measured: DistributionMeasurements) -> str:
    parts = [f"{measured.count} calcifications"]
    if measured.length_mm is not None and measured.width_mm is not None:
        parts.append(f"{measured.length_mm:.1f} × {measured.width_mm:.1f} mm")
    if measured.nearest_neighbor_mm is not None:
        parts.append(f"{measured.nearest_neighbor_mm:.1f} mm from one to the next")
    if measured.nipple_angle_degrees is not None:
        parts.append(f"long axis {measured.nipple_angle_degrees:.0f}° from the direction to the nipple")
    return ", ".join(parts)


SHAPE_HEADS = (
    "Shape",
    "Size class",
    "Length × width",
    "Roundness",
    "Sharp edge",
    "Lucent center",
    "Arms",
)
"""Heads of the columns that ``shape_cells`` fills."""


def shape_cells(calcification: Calcification) -> tuple[str, ...]:
    """Say the shape of a calcification.

    Args:
        calcification: The calcification.

    Returns:
        One cell for each of ``SHAPE_HEADS``; empty ones where nothing was described.

    """
    shape = calcification.shape
    return (
        morphology_words(calcification),
        SIZE_CLASS_WORDS[calcification.size_class],
        *(_feature_cells(shape) if shape else ("",) * 5),
    )


def _feature_cells(shape: ShapeFeatures) -> tuple[str, ...]:
    sides = f"{shape.length_px:.1f} × {shape.width_px:.1f} px"
    if shape.length_mm is not None and shape.width_mm is not None:
        sides = f"{shape.length_mm:.2f} × {shape.width_mm:.2f} mm"
    return (
        sides,
        f"{shape.roundness:.2f}",
        f"{shape.edge_sharpness:.2f}",
        percent_words(shape.lucent_center) if shape.lucent_center > 0 else "none",
        str(shape.branches),
    )
