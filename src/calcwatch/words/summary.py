"""What an examination comes to, in the words of every export: SR, FHIR and whatever is sent alike.

Where there is room for one assessment, it is that of the most urgent breast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.lexicon import Category

if TYPE_CHECKING:
    from calcwatch.domain.assessment import Assessment, BreastReading, ExaminationResult, LikelihoodRange
    from calcwatch.domain.change import Change
    from calcwatch.domain.findings import Provenance

RESEARCH_USE = "For research use: a second pair of eyes. A radiologist decides."
"""What every exported object says of itself."""

_BY_URGENCY = (
    Category.NEGATIVE,
    Category.BENIGN,
    Category.PROBABLY_BENIGN,
    # Before 0: a proven cancer asks for nothing new, an incomplete examination does.
    Category.KNOWN_MALIGNANCY,
    Category.INCOMPLETE,
    Category.LOW_SUSPICION,
    Category.MODERATE_SUSPICION,
    Category.HIGH_SUSPICION,
    Category.HIGHLY_SUGGESTIVE,
)
"""Categories by how soon they ask for something, as BI-RADS orders them when breasts or findings differ."""


def most_urgent(result: ExaminationResult) -> BreastReading | None:
    """Choose the breast whose suggestion is the most urgent.

    Args:
        result: The examination.

    Returns:
        Its reading; ``None`` where no breast was read.
    """
    # max gives the first of equals, and breasts have a fixed order: the same result, the same breast.
    return max(result.examination.breasts, key=_urgency, default=None)


def _urgency(breast: BreastReading) -> int:
    return _BY_URGENCY.index(breast.assessment.suggested_category)


def impression(result: ExaminationResult) -> str:
    """Say what an examination comes to, as one text.

    Args:
        result: The examination.

    Returns:
        Suggestions for both breasts, the examination score and what has changed, a line each.
    """
    found = result.examination
    parts = [
        RESEARCH_USE,
        *(_breast(reading) for reading in found.breasts),
        f"Examination score {found.score} of 10 (orders a worklist; no probability).",
        *(change_words(change) for change in result.changes),
    ]
    if not found.groups:
        # An empty report must not read as a normal report.
        parts.append("Nothing is marked; that does not mean that the mammogram is normal.")
    return "\n".join(parts)


def _breast(breast: BreastReading) -> str:
    side = {"L": "Left breast", "R": "Right breast"}.get(str(breast.laterality), "Breast, side not known")
    return f"{side}: suggested BI-RADS category {suggestion(breast.assessment)}"


def suggestion(assessment: Assessment) -> str:
    """Say a suggested category with its range and reasons.

    Args:
        assessment: What was suggested.

    Returns:
        Some sentences.
    """
    confirmed = f" ({assessment.if_confirmed} if confirmed)" if assessment.if_confirmed else ""
    likelihood = _likelihood(assessment.likelihood_range) if assessment.likelihood_range else ""
    return f"{assessment.suggested_category}{confirmed}. {' '.join(assessment.reasons)}{likelihood}"


def _likelihood(found: LikelihoodRange) -> str:
    return (
        f" Studies found {100 * found.low:g} to {100 * found.high:g} % of such findings malignant "
        f"({found.source}); that is no probability for one woman."
    )


def change_words(change: Change) -> str:
    """Say what became of a group.

    Args:
        change: The change.

    Returns:
        One sentence.
    """
    view = f"{change.image_laterality or '?'} {change.view_position or '?'}"
    interval = "" if change.interval_months is None else f" in {change.interval_months:g} months"
    counts = f"{change.current.count} calcifications now, {change.prior.count} then"
    return f"{view}: {change.kind.value.replace('_', ' ')}{interval}, {counts}."


def parameter_words(made: Provenance) -> tuple[str, ...]:
    """Say how a result was made.

    Args:
        made: Its provenance.

    Returns:
        The settings of the analysis and the models it used, each a phrase.
    """
    settings = ", ".join(f"{name} {value:g}" for name, value in made.settings.items())
    model = f"model {made.model_name} {made.model_hash or '(no weights)'}"
    described = made.description_model_hash
    return (settings, model, *([f"description model {described}"] if described else []))
