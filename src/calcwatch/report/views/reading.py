"""What the page says of a description, an assessment and a reading: bars and sentences, before any HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from calcwatch.domain.assessment import Alternative, Assessment, GroupReading
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionMeasurements,
    ShapeFeatures,
)
from calcwatch.domain.lexicon import RANKED_CATEGORIES, Category, Distribution, Morphology
from calcwatch.words.lexicon import CATEGORY_WORDS, DISTRIBUTION_WORDS, MORPHOLOGY_WORDS, SIZE_CLASS_WORDS

SHOWN_BARS = 4
"""Shapes or distributions of a group that get a bar; the rest stand in findings.json."""

_SMALLEST_BAR = 0.05


@dataclass(frozen=True)
class Bar:
    """A word with how likely it is: ``percent`` 0 to 100 is its length, ``words`` what stands beside it."""

    name: str
    percent: int
    words: str


@dataclass(frozen=True)
class Link:
    """A place on the page and what it is called."""

    anchor: str
    label: str


@dataclass(frozen=True)
class AssessmentView:
    """A suggestion in words; ``concern`` colors it: ``calm``, ``raised``, ``high`` or, unknown, ``open``."""

    category: str
    category_words: str
    if_confirmed: str
    if_confirmed_words: str
    floor: str
    concern: str
    likelihood: str
    likelihood_source: str
    reasons: tuple[str, ...]
    missing: tuple[str, ...]
    alternatives: tuple[tuple[Bar, str], ...]
    rule_ids: tuple[str, ...]


@dataclass(frozen=True)
class DescriptionView:
    """What a group looks like: bars of shapes and distributions, and the measurements behind them."""

    shape: str
    distribution: str
    suspicion: str
    shapes: tuple[Bar, ...]
    shape_note: str
    distributions: tuple[Bar, ...]
    pattern: str
    members: str


@dataclass(frozen=True)
class ReadingView:
    """What an examination says of one group; ``counterpart`` leads to the same group in the other view."""

    assessment: AssessmentView
    place: str
    view_note: str
    counterpart: Link | None


def percent_words(probability: float) -> str:
    """Say a probability in percent; what is not zero is never said to be."""
    percent = round(100 * probability)
    return f"{percent} %" if percent or not probability else "< 1 %"


def range_words(low: float, high: float) -> str:
    """Say a range of shares in percent."""
    return f"{round(100 * low)} to {round(100 * high)} %"


def _bar(name: str, probability: float) -> Bar:
    return Bar(name, round(100 * probability), percent_words(probability))


def _bars(named: Sequence[tuple[str, float]]) -> tuple[Bar, ...]:
    shown = [one for place, one in enumerate(named) if place == 0 or one[1] >= _SMALLEST_BAR]
    return tuple(_bar(*one) for one in shown[:SHOWN_BARS])


def concern(suggested: Category, if_confirmed: Category | None) -> str:
    """How a suggestion is colored: by the category that it would be once confirmed, where that is said."""
    category = if_confirmed or suggested
    if category is Category.INCOMPLETE:
        return "open"
    if category is Category.KNOWN_MALIGNANCY or RANKED_CATEGORIES.index(category) >= RANKED_CATEGORIES.index(
        Category.HIGH_SUSPICION
    ):
        return "high"
    return (
        "raised"
        if RANKED_CATEGORIES.index(category) >= RANKED_CATEGORIES.index(Category.LOW_SUSPICION)
        else "calm"
    )


def description_words(morphology: Morphology | None, distribution: Distribution | None) -> str:
    """Shape and distribution in one phrase; what is the same or not known is left out."""
    words = (
        morphology and MORPHOLOGY_WORDS[morphology],
        distribution and DISTRIBUTION_WORDS[distribution],
    )
    return ", ".join(word for word in words if word)


def _alternative(found: Alternative) -> tuple[Bar, str]:
    return _bar(description_words(found.morphology, found.distribution), found.probability), found.category


def view_assessment(found: Assessment, questions: Mapping[str, str]) -> AssessmentView:
    """Work out what the page shows of a suggestion; ``questions``: plain words for what may be missing."""
    confirmed, likelihood = found.if_confirmed, found.likelihood_range
    return AssessmentView(
        category=found.suggested_category,
        category_words=CATEGORY_WORDS[found.suggested_category],
        if_confirmed=confirmed or "",
        if_confirmed_words=CATEGORY_WORDS[confirmed] if confirmed else "",
        floor=found.floor,
        concern=concern(found.suggested_category, confirmed),
        likelihood=range_words(likelihood.low, likelihood.high) if likelihood else "",
        likelihood_source=likelihood.source if likelihood else "",
        reasons=found.reasons,
        missing=tuple(questions.get(name, name) for name in found.missing),
        alternatives=tuple(_alternative(one) for one in found.alternatives),
        rule_ids=found.rule_ids,
    )


def view_reading(found: GroupReading, counterpart: Link | None, questions: Mapping[str, str]) -> ReadingView:
    """Work out what the page shows of the reading of a group; ``counterpart``: where its other view is."""
    assessment = view_assessment(found.assessment, questions)
    return ReadingView(assessment, found.location.words, found.view_note, counterpart)


def morphology_words(found: Calcification | CalcificationGroup) -> str:
    """Likeliest shape in words; ``cannot tell`` where the pixels do not carry it, empty: none was tried."""
    if found.morphology is None or not (
        found.morphology.probabilities or found.morphology.undetermined_because
    ):
        return ""
    likeliest = found.morphology.likeliest
    return MORPHOLOGY_WORDS[likeliest] if likeliest else "cannot tell"


def counted_words(words: Iterable[str]) -> str:
    """Say how often each word comes, the most frequent first: ``5 round, 2 cannot tell, 3 others``."""
    named = Counter(word for word in words if word).most_common()
    parts = [f"{count} {word}" for word, count in named[:SHOWN_BARS]]
    if rest := sum(count for _, count in named[SHOWN_BARS:]):
        parts.append(f"{rest} other{'' if rest == 1 else 's'}")
    return ", ".join(parts)


def _pattern_words(found: DistributionMeasurements) -> str:
    parts = [f"{found.count} calcifications"]
    if found.length_mm is not None and found.width_mm is not None:
        parts.append(f"{found.length_mm:.1f} × {found.width_mm:.1f} mm")
    if found.nearest_neighbor_mm is not None:
        parts.append(f"{found.nearest_neighbor_mm:.1f} mm from one to the next")
    if found.nipple_angle_degrees is not None:
        parts.append(f"long axis {found.nipple_angle_degrees:.0f}° from the direction to the nipple")
    return ", ".join(parts)


def view_description(group: CalcificationGroup, members: Sequence[Calcification]) -> DescriptionView:
    """Work out what the page shows of a group's description; empty words where nothing was described."""
    shapes = group.morphology.probabilities if group.morphology else ()
    pattern = group.distribution
    return DescriptionView(
        shape=morphology_words(group),
        distribution=DISTRIBUTION_WORDS[pattern.likeliest] if pattern and pattern.probabilities else "",
        suspicion="" if group.suspicion is None else f"{group.suspicion:.2f}",
        shapes=_bars([(MORPHOLOGY_WORDS[word], probability) for word, probability in shapes]),
        shape_note=group.morphology.undetermined_because if group.morphology else "",
        distributions=_bars(
            [(DISTRIBUTION_WORDS[word], probability) for word, probability in pattern.probabilities]
            if pattern
            else []
        ),
        pattern=_pattern_words(pattern.measurements) if pattern else "",
        members=counted_words(map(morphology_words, members)),
    )


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


def shape_cells(found: Calcification) -> tuple[str, ...]:
    """Shape of a calcification as cells of a table; empty cells where nothing was described."""
    named, size = morphology_words(found), SIZE_CLASS_WORDS[found.size_class]
    return named, size, *(_feature_cells(found.shape) if found.shape else ("",) * 5)


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
