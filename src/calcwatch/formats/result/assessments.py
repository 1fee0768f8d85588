"""What was suggested, as parts of a JSON object: an assessment, a place, a reading of a group."""

from __future__ import annotations

from calcwatch.domain.assessment import (
    Alternative,
    Assessment,
    GroupReading,
    LikelihoodRange,
    Location,
    ViewPair,
)
from calcwatch.formats.result.values import Document, number, number_or_null, word_or_null


def assessment_part(found: Assessment | None) -> Document:
    """A suggestion and how it came about; all ``None`` and empty where nothing was assessed."""
    return {
        "suggested_category": word_or_null(found.suggested_category if found else None),
        "if_confirmed": word_or_null(found.if_confirmed if found else None),
        "floor": word_or_null(found.floor if found else None),
        "rule_ids": list(found.rule_ids) if found else [],
        "reasons": list(found.reasons) if found else [],
        "likelihood_range": _likelihood(found.likelihood_range if found else None),
        "missing": list(found.missing) if found else [],
        "alternatives": [_alternative(one) for one in found.alternatives] if found else [],
        "needs_human": True,
    }


def _likelihood(found: LikelihoodRange | None) -> Document | None:
    if found is None:
        return None
    return {"low": number(found.low, 4), "high": number(found.high, 4), "source": found.source}


def _alternative(found: Alternative) -> Document:
    return {
        "morphology": word_or_null(found.morphology),
        "distribution": word_or_null(found.distribution),
        "probability": number(found.probability, 4),
        "category": found.category.value,
    }


def _location(found: Location) -> Document:
    return {
        "laterality": word_or_null(found.laterality),
        "quadrant": found.quadrant,
        "clock": found.clock,
        "depth": found.depth,
        "nipple_distance_mm": number_or_null(found.nipple_distance_mm, 1),
        "words": found.words,
    }


def reading_part(found: GroupReading | None) -> Document:
    """Where a group lies, where else it is seen and what is suggested; empty where nothing was read."""
    return {
        "location": _location(found.location) if found else None,
        "counterpart": found.counterpart if found else None,
        "view_note": found.view_note if found else "",
        **assessment_part(found.assessment if found else None),
    }


def pair_document(found: ViewPair) -> Document:
    """Two groups that are the same one in two views."""
    return {
        "first": found.first,
        "second": found.second,
        "probability": number(found.probability, 4),
        "difference_mm": number_or_null(found.difference_mm, 1),
        "reason": found.reason,
    }
