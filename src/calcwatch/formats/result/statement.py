"""What a person states of a finding, as ``findings.json`` has it beside the suggestion."""

from __future__ import annotations

from calcwatch.domain.change import ChangeKind, SurgicalBedPosition
from calcwatch.domain.context import BiopsyResult
from calcwatch.domain.lexicon import Category, Distribution, Morphology
from calcwatch.domain.statements import FindingStatement, Verdict
from calcwatch.formats.result.fields import Field, count, listing, or_null, record, text, truth, word

_NULL = "null when not stated."

_ANSWERS = {
    "both_views": "Seen in both views of the breast",
    "bilateral": "Such calcifications in both breasts",
    "dominant_group": "One group stands out from the others",
    "tubular": "Two parallel tracks or a tube",
    "follows_vessel": "In the wall of a vessel",
    "toward_nipple": "Points to the nipple",
    "lucent_center": "Lucent centers",
    "smooth_edge": "Smooth sharp edges",
    "irregular_shape": "Irregular",
    "thin_rim": "A thin smooth shell",
    "knot": "A knot, as of a stitch",
    "on_surgical_line": "Where stitches were placed",
    "inside_smooth_mass": "Inside a smooth mass",
    "proven_in_skin": "A tangential view proves it in the skin",
    "changes_with_projection": "A smudge in CC, a crescent or line in a true lateral view",
    "all_members_change": "All members do so without exception",
    "magnification_done": "Magnification views of it were made",
    "companion": "A mass, distortion, asymmetry, change of the skin or large nodes beside it",
    "symptom": "A lump or another warning symptom at that place",
    "products": "Something on the skin there",
    "gone_after_wiping": "A view repeated after wiping no longer shows it",
    "known_cancer": "The proven cancer that has not been removed lies there",
}

STATEMENT = record(
    FindingStatement,
    Field("verdict", or_null(word(Verdict)), f"Whether the mark is accepted; {_NULL}"),
    Field("morphology", listing(word(Morphology), "A shape."), "Shapes; the most worrying one counts."),
    Field("words", listing(text(), "A word."), "The shapes as they were written."),
    Field("distribution", or_null(word(Distribution)), f"Distribution; {_NULL}"),
    *(Field(name, or_null(truth()), f"{meaning}; {_NULL}") for name, meaning in _ANSWERS.items()),
    Field("in_bed", or_null(word(SurgicalBedPosition)), f"In or outside the bed of an operation; {_NULL}"),
    Field("biopsy", or_null(word(BiopsyResult)), f"What a biopsy of it gave; {_NULL}"),
    Field("change", or_null(word(ChangeKind)), f"What became of it; {_NULL}"),
    Field("stable_months", or_null(count()), f"Months for which it has not changed; {_NULL}"),
    Field(
        "category",
        or_null(word(Category)),
        f"Category of the person, beside the suggestion and never replaced by it; {_NULL}",
    ),
)
"""What a person states of one finding."""
