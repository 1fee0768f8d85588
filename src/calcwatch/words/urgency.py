"""How soon a finding asks for somebody to look at it, by the category that the pictures point at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.domain.lexicon import Category

if TYPE_CHECKING:
    from calcwatch.domain.assessment import Assessment

_BY_URGENCY = (
    Category.NEGATIVE,
    Category.BENIGN,
    # Before what is suspicious: a proven cancer is in somebody's hands already.
    Category.KNOWN_MALIGNANCY,
    Category.PROBABLY_BENIGN,
    # Nothing is known of it, so somebody has to look before what is probably benign.
    Category.INCOMPLETE,
    Category.LOW_SUSPICION,
    Category.MODERATE_SUSPICION,
    Category.HIGH_SUSPICION,
    Category.HIGHLY_SUGGESTIVE,
)
"""Categories by how soon a finding asks for somebody to look at it."""


def category_of(assessment: Assessment) -> Category:
    """Tell the category that the pictures point at.

    Args:
        assessment: What was suggested for a finding.

    Returns:
        What it would be once confirmed where more imaging is asked for first, else the suggestion.
    """
    return assessment.if_confirmed or assessment.suggested_category


def urgency(assessment: Assessment | None) -> int:
    """Rank a finding by how soon somebody has to look at it.

    Args:
        assessment: What was suggested for it; ``None``: nothing was.

    Returns:
        0 for the least urgent; a finding of which nothing is known ranks as one that is not finished.
    """
    return _BY_URGENCY.index(category_of(assessment) if assessment else Category.INCOMPLETE)


def urgency_of(category: Category) -> int:
    """Rank a category by how soon its finding asks for somebody to look at it.

    Args:
        category: Whoever gave it.

    Returns:
        0 for the least urgent.
    """
    return _BY_URGENCY.index(category)


def is_above_3(category: Category) -> bool:
    """Tell whether a category asks for a look at its finding as suspicious.

    Args:
        category: Whoever gave it.

    Returns:
        True also for 0; a proven cancer is in somebody's hands.
    """
    return urgency_of(category) >= urgency_of(Category.INCOMPLETE)


def is_suspicious(assessment: Assessment | None) -> bool:
    """Tell whether a finding is to be looked at as suspicious: above 3, now or once confirmed.

    Args:
        assessment: What was suggested for it; ``None``: nothing was.

    Returns:
        True also for what nothing is known of; a proven cancer is none, it is in somebody's hands.
    """
    return urgency(assessment) >= _BY_URGENCY.index(Category.INCOMPLETE)


def needs_workup(assessment: Assessment) -> bool:
    """Tell whether a suggestion asks for something to be done.

    Args:
        assessment: What was suggested for a finding.

    Returns:
        True for 3 and above, now or once confirmed; a proven cancer is in somebody's hands, nothing is
        proposed for it.
    """
    return urgency(assessment) >= _BY_URGENCY.index(Category.PROBABLY_BENIGN)
