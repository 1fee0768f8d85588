"""JSON Schema of what ``findings.json`` suggests: of a group, of a breast, of an examination."""

from __future__ import annotations

from calcwatch.domain.image import Laterality
from calcwatch.formats.result.schema_types import (
    UID,
    Schema,
    count,
    length_or_null,
    listing,
    record,
    record_or_null,
    same_word_or_null,
    share,
    text,
    text_or_null,
    truth,
    word,
    word_or_null,
)
from calcwatch.words.lexicon import (
    CATEGORY_WORDS,
    DISTRIBUTION_WORDS,
    MORPHOLOGY_WORDS,
    PATTERN_WORDS,
    SUGGESTION_NOTE,
)

_SIDES = [*(side.value for side in Laterality), None]


def _likelihood() -> Schema:
    return record_or_null(
        "Between which shares of such findings studies found malignant: a range over studies, never a "
        "probability for one woman; null when no study fits.",
        {
            "low": share("Lowest share."),
            "high": share("Highest share."),
            "source": text("Which studies."),
        },
    )


def _alternative() -> Schema:
    return record(
        "Another description that the picture allows.",
        {
            "morphology": same_word_or_null("Its shape; null when not told.", MORPHOLOGY_WORDS),
            "distribution": same_word_or_null("Its distribution; null when not told.", DISTRIBUTION_WORDS),
            "probability": share("How likely that description is."),
            "category": text("Category that it would be then.", enum=[one.value for one in CATEGORY_WORDS]),
        },
    )


def assessment_properties() -> Schema:
    """Properties of everything that is assessed."""
    return {
        "suggested_category": word_or_null(
            "BI-RADS category suggested to the radiologist, who decides; null when nothing was assessed.",
            CATEGORY_WORDS,
        ),
        "if_confirmed": same_word_or_null(
            "Category that it would be once the workup confirms the description; null unless the suggestion "
            "is 0.",
            CATEGORY_WORDS,
        ),
        "floor": same_word_or_null(
            "Least category that the rules that fired allow, whatever is still missing; null when nothing "
            "was assessed.",
            CATEGORY_WORDS,
        ),
        "rule_ids": listing("Rules that fired, in the order of the table.", text("Name of the rule.")),
        "reasons": listing("Reasons, one a rule, in plain words.", text("A reason.")),
        "likelihood_range": _likelihood(),
        "missing": listing("What was wanted and not given; it never lowers a category.", text("An input.")),
        "alternatives": listing(
            "Other descriptions that the picture allows, most likely first.", _alternative()
        ),
        "needs_human": truth("Always true: software suggests, a radiologist decides.", const=True),
    }


def _location() -> Schema:
    return record_or_null(
        "Where it lies in the breast, as a reader says it; null when the examination was not read.",
        {
            "laterality": text_or_null("Side; null when unknown.", enum=_SIDES),
            "quadrant": text_or_null(
                "Quadrant, or the half of it that one view alone tells; null when the views do not tell."
            ),
            "clock": {
                "type": ["integer", "null"],
                "description": "Position on the clock, seen facing the woman; null when not told.",
                "minimum": 1,
                "maximum": 12,
            },
            "depth": text_or_null("Anterior, middle or posterior third; null when not told."),
            "nipple_distance_mm": length_or_null(
                "Distance from the nipple in mm; null without pixel spacing or nipple."
            ),
            "words": text("The whole place in one phrase."),
        },
    )


def reading_properties() -> Schema:
    """Properties that the reading of an examination adds to each group."""
    return {
        "location": _location(),
        "counterpart": text_or_null(
            "tracking_uid of the same group in the other view; null when it is seen in one view only."
        ),
        "view_note": text("In which views it is seen, in words; empty when the examination was not read."),
        **assessment_properties(),
    }


def _breast() -> Schema:
    return record(
        "What the images of one breast say together.",
        {
            "image_laterality": text_or_null("Side; null when unknown.", enum=_SIDES),
            "groups": listing("tracking_uid of its groups, most suspicious first.", text(UID)),
            **assessment_properties(),
        },
    )


def _pair() -> Schema:
    return record(
        "Two groups that are the same one in two views.",
        {
            "first": text("tracking_uid of one group."),
            "second": text("tracking_uid of the other."),
            "probability": share("How likely it is that they are the same."),
            "difference_mm": length_or_null(
                "Difference of their distances from the nipple in mm; null when not measurable."
            ),
            "reason": text("What speaks for it, in words."),
        },
    )


def examination_schema() -> Schema:
    """Schema of an entry of ``examinations``."""
    return record(
        f"All images of one woman and day, read together. {SUGGESTION_NOTE}",
        {
            "patient_id": text_or_null("Patient ID (0010,0020); null when not given."),
            "study_date": text_or_null("Study Date (0008,0020); null when not given."),
            "study_instance_uid": text_or_null("Study Instance UID (0020,000D); null when not given."),
            "sources": listing("source of each of its images, in the order of images.", text("A source.")),
            "laterality_pattern": word("How calcifications are spread over both breasts.", PATTERN_WORDS),
            "score": count("1 to 10: decile of suspicion on the reference population.", minimum=1)
            | {"maximum": 10},
            "suspicion": share("Suspicion of its most suspicious finding; it orders the worklist."),
            "score_reasons": listing("The two or three findings that made the score.", text("A reason.")),
            "breasts": listing("Its breasts.", _breast()),
            "pairs": listing("Groups seen in two views; empty when there are none.", _pair()),
            "stated": {
                "type": "object",
                "description": "What a person stated of the woman (option --context), name -> value; empty "
                "when nothing was.",
            },
            "lexicon": text("Edition whose words and categories are used."),
            "rule_table_version": text("Version of the rule table; empty when no rule was applied."),
        },
    )
