"""What an examination comes to, in the words of every export: SR, FHIR, paper, and whatever is sent alike.

Suggestions are of findings. A breast is told what was found in it, what was not looked for and what a person
stated; never a category.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calcwatch.words.exam import SIDE_WORDS
from calcwatch.words.lexicon import CATEGORY_WORDS, GROUP_KIND_WORDS, MORPHOLOGY_WORDS
from calcwatch.words.next_step import what_to_do
from calcwatch.words.urgency import category_of, is_above_3, is_suspicious, urgency

if TYPE_CHECKING:
    from calcwatch.domain.assessment import (
        Assessment,
        BreastReading,
        ExaminationResult,
        GroupReading,
        LikelihoodRange,
    )
    from calcwatch.domain.change import Change
    from calcwatch.domain.findings import CalcificationGroup, Provenance

RESEARCH_USE = "For research use: a second pair of eyes. A radiologist decides."
"""What every exported object says of itself."""

NO_MARK_IS_NO_NORMAL = "Nothing is marked; that does not mean that the mammogram is normal."
"""Stands where an examination has no group."""


def impression(result: ExaminationResult) -> str:
    """Say what an examination comes to, as one text.

    Args:
        result: The examination.

    Returns:
        What to do now, what was found in each breast and what was not looked for, suspicious findings with
        their suggestions, the worklist score and what has changed, a line each.
    """
    found = result.examination
    suspicious = sorted(
        (reading for reading in found.groups if _is_told(reading)),
        key=lambda reading: -urgency(reading.assessment),
    )
    parts = [
        RESEARCH_USE,
        f"What to do now: {what_to_do(found, result.changes)}",
        *(breast_words(reading) for reading in found.breasts),
        *(
            f"{reading.location.words}, {reading.view_note}: suggestion {suggestion(reading.assessment)}"
            f"{_own_category(reading)}"
            for reading in suspicious
        ),
        f"Worklist score {found.score} of 10 (orders a worklist; no probability).",
        *(change_words(change) for change in result.changes),
    ]
    if not found.groups:
        # An empty report must not read as a normal report.
        parts.append(NO_MARK_IS_NO_NORMAL)
    return "\n".join(parts)


def _is_told(reading: GroupReading) -> bool:
    """Whether it is suspicious, by what is suggested or by the category that a person gave it."""
    own = reading.stated.category if reading.stated else None
    return not reading.is_rejected and (is_suspicious(reading.assessment) or bool(own and is_above_3(own)))


def _own_category(reading: GroupReading) -> str:
    own = reading.stated.category if reading.stated else None
    return f" A person's own category: {own}." if own else ""


def breast_words(breast: BreastReading) -> str:
    """Say what is known of a breast.

    Args:
        breast: Its reading.

    Returns:
        Side, what was found, what a person stated that matters, and what was not looked for; no category.
    """
    side = SIDE_WORDS.get(breast.laterality, "breast, side not known").capitalize()
    said = (breast.found, *breast.notes, breast.not_looked_for)
    return f"{side}: {' '.join(sentence for sentence in said if sentence)}"


def suggestion(assessment: Assessment) -> str:
    """Say the category suggested for a finding, with its range and reasons.

    Args:
        assessment: What was suggested.

    Returns:
        Some sentences; where more imaging is asked for, the category that it would be stands first.
    """
    likelihood = _likelihood(assessment.likelihood_range) if assessment.likelihood_range else ""
    return f"{suggestion_head(assessment)}. {' '.join(assessment.reasons)}{likelihood}"


def suggestion_head(assessment: Assessment) -> str:
    """Say the category suggested for a finding alone.

    Args:
        assessment: What was suggested.

    Returns:
        ``BI-RADS 4B (moderate suspicion) if confirmed; needs more imaging first``.
    """
    category = category_of(assessment)
    named = f"BI-RADS {category} ({CATEGORY_WORDS[category]})"
    if assessment.if_confirmed:
        return f"{named} if confirmed; needs more imaging first"
    return named


def _likelihood(found: LikelihoodRange) -> str:
    # Not every range is one of studies: some are what the category stands for, and the source says which.
    share = (
        f"{100 * found.low:g}" if found.low == found.high else f"{100 * found.low:g} to {100 * found.high:g}"
    )
    return (
        f" Of such findings {share} % are malignant ({found.source}); that is no probability for one woman."
    )


def kind_words(group: CalcificationGroup) -> str:
    """Say what a group is before any word of the lexicon.

    Args:
        group: The group.

    Returns:
        A phrase; ``""`` where nothing was described.
    """
    return GROUP_KIND_WORDS[group.kind.likeliest] if group.kind else ""


def composition_words(group: CalcificationGroup) -> str:
    """Say what the members of a group look like.

    Args:
        group: The group.

    Returns:
        ``12 vascular, 5 amorphous``, the most frequent first, with what cannot be told last; ``""`` where
        nothing is known of any.
    """
    told = sum(number for _, number in group.composition)
    if not told:
        return ""
    parts = [f"{number} {MORPHOLOGY_WORDS[shape]}" for shape, number in group.composition]
    if rest := group.count - told:
        parts.append(f"{rest} cannot be told")
    return ", ".join(parts)


def group_words(group: CalcificationGroup) -> str:
    """Say what a group is and what its members look like.

    Args:
        group: The group.

    Returns:
        One sentence; ``""`` where nothing was described.
    """
    said = "; ".join(filter(None, (kind_words(group), composition_words(group))))
    return f"Looks like {said}." if said else ""


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
