"""JSON Schema of one image of ``findings.json``: what was found, measured and described in it."""

from __future__ import annotations

from calcwatch.domain.findings import NonLesionKind
from calcwatch.domain.image import Laterality, QualityFlag, ViewPosition
from calcwatch.formats.result.schema_assessments import reading_properties
from calcwatch.formats.result.schema_types import (
    COLUMN,
    NULL_SPACING,
    ROW,
    UID,
    Schema,
    count,
    length,
    length_or_null,
    listing,
    number,
    number_or_null,
    outline,
    point,
    probabilities,
    record,
    record_or_null,
    score,
    share_or_null,
    text,
    text_or_null,
    truth,
    word,
    word_or_null,
)
from calcwatch.words.flags import FLAG_WORDS, KIND_WORDS
from calcwatch.words.lexicon import DISTRIBUTION_WORDS, MORPHOLOGY_WORDS, SIZE_CLASS_WORDS


def _shape() -> Schema:
    return record_or_null(
        "What a radiologist sees of its shape, measured on the outline and the pixels inside; null when "
        "nothing was described.",
        {
            "length_mm": length_or_null(
                f"Length of the smallest rectangle round the outline, in mm; {NULL_SPACING}"
            ),
            "width_mm": length_or_null(f"Width of that rectangle, in mm; {NULL_SPACING}"),
            "length_px": length("Length of that rectangle in pixels."),
            "width_px": length("Width of that rectangle in pixels."),
            "length_to_width": length("Length over width; 1 is as long as wide."),
            "roundness": length("4 pi area over the square of the perimeter; 1 is a circle, 0 a line."),
            "solidity": length("Area over that of the convex hull; branches and lobes lower it."),
            "edge_sharpness": number(
                "Steepest fall of brightness at the outline over the steepest that the blur of the system "
                "allows; near 1 is a sharp edge, near 0 a hazy one."
            ),
            "density": number("Height of the middle over the surround, in units of the local noise."),
            "lucent_center": number(
                "How far the middle falls below the rim, as a share of the rim; 0 is no lucent center."
            ),
            "branches": count("Arms of its skeleton beyond two."),
        },
    )


def _morphology_properties(of_what: str) -> Schema:
    return {
        "morphology": word_or_null(
            f"Likeliest shape of {of_what}; null when the pixels do not carry it or nothing was described.",
            MORPHOLOGY_WORDS,
        ),
        "morphology_probabilities": probabilities("shape", MORPHOLOGY_WORDS),
        "morphology_note": text(
            "Why no shape is named, in words; empty when one is, or when none was tried."
        ),
    }


def _calcification() -> Schema:
    return record(
        "One calcification. Each error is one standard deviation.",
        {
            "tracking_uid": text(UID),
            "row": number(ROW),
            "column": number(COLUMN),
            "score": score("a calcification"),
            "diameter_mm": length_or_null(
                f"Diameter in mm of the circle with the outline's area; {NULL_SPACING}"
            ),
            "diameter_error_mm": length_or_null(f"Error of diameter_mm, in mm; {NULL_SPACING}"),
            "diameter_px": length("Diameter of that circle in pixels."),
            "diameter_error_px": length("Error of diameter_px, in pixels."),
            "area_mm2": length_or_null(f"Area inside the outline in square millimeters; {NULL_SPACING}"),
            "area_px": length("Area inside the outline in pixels."),
            "contrast": number("Height over the surround in units of the local noise."),
            "contrast_error": length("Error of contrast, in units of the local noise."),
            "vascular": {
                "type": ["boolean", "null"],
                "description": "Whether it looks like calcium in the wall of a vessel; "
                "null where the detector does not tell.",
            },
            "size_class": word(
                "Size with guard bands round 0.5 and 1 mm; size alone never lowers a category.",
                SIZE_CLASS_WORDS,
            ),
            "shape": _shape(),
            **_morphology_properties("this calcification"),
            "outline": outline("Outline of the whole object, the blur of the system undone."),
        },
    )


def _non_lesion() -> Schema:
    kinds = "; ".join(f"{kind}: {KIND_WORDS[kind]}" for kind in NonLesionKind)
    return record(
        "Something bright that is no calcification; it is named and never counted.",
        {
            "kind": text(f"What it is. {kinds}.", enum=[kind.value for kind in NonLesionKind]),
            "row": number(ROW),
            "column": number(COLUMN),
            "outline": outline("Its outline; empty when it has none."),
        },
    )


def _measurements() -> Schema:
    return record_or_null(
        "What the distribution was told from; null when none was described.",
        {
            "count": count(
                "Calcifications looked at: those of the group and of the pattern it is part of.", 0
            ),
            "extent_mm": length_or_null(f"Largest distance of two of them, in mm; {NULL_SPACING}"),
            "length_mm": length_or_null(f"Extent along the principal axis, in mm; {NULL_SPACING}"),
            "width_mm": length_or_null(f"Extent across the principal axis, in mm; {NULL_SPACING}"),
            "hull_area_mm2": length_or_null(
                f"Area of their convex hull in square millimeters; {NULL_SPACING}"
            ),
            "nearest_neighbor_mm": length_or_null(f"Median distance to the next one, in mm; {NULL_SPACING}"),
            "nipple_angle_degrees": number_or_null(
                "Angle between the principal axis and the direction to the nipple, 0 (toward it) to 90 "
                "degrees; null when the nipple was not found.",
                minimum=0,
                maximum=90,
            ),
            "breast_share": length("Area of their hull over that of the breast."),
        },
    )


def _group() -> Schema:
    return record(
        "Calcifications that lie together. row, column and radius are the smallest circle round all members.",
        {
            "tracking_uid": text(UID),
            "row": number(ROW),
            "column": number(COLUMN),
            "radius_px": length("Radius in pixels of the smallest circle round all members."),
            "radius_mm": length_or_null(
                f"Radius in mm of the smallest circle round all members; {NULL_SPACING}"
            ),
            "score": score("a group of calcifications"),
            "count": count("Number of members.", minimum=1),
            "members": listing(
                "tracking_uid of each member calcification, most believable first.", text(UID)
            ),
            "outline": outline("Convex hull of the members with a margin."),
            "suspicion": share_or_null(
                "How much it looks like groups that turned out suspicious, 0 to 1; it ranks groups and is no "
                "probability for one woman; null when nothing was described."
            ),
            **_morphology_properties("the group"),
            "distribution": word_or_null(
                "Likeliest distribution; null when none was described.", DISTRIBUTION_WORDS
            ),
            "distribution_probabilities": probabilities("distribution", DISTRIBUTION_WORDS),
            "distribution_measurements": _measurements(),
            **reading_properties(),
        },
    )


def _landmarks() -> Schema:
    return record_or_null(
        "Points that places in the breast are told from; null when none were sought or found.",
        {
            "nipple": point("Nipple on the skin line, as [row, column] in pixels."),
            "nipple_seen": truth("False where the nipple is inferred from the shape of the breast alone."),
            "pectoral": listing(
                "Two points of the front edge of the pectoral muscle; empty when none was found.",
                point("A point as [row, column] in pixels."),
            ),
            "chest_wall": listing(
                "Two points of the line that depth is measured from.",
                point("A point as [row, column] in pixels."),
            ),
        },
    )


def _flag() -> Schema:
    meanings = " ".join(f"{flag}: {words.sentence}" for flag, words in FLAG_WORDS.items())
    return text(
        f"Something a reader of the numbers must know. {meanings}", enum=[f.value for f in QualityFlag]
    )


def image_schema() -> Schema:
    """Schema of an entry of ``images``."""
    return record("Findings of one image.", _image_header() | _image_findings())


def _image_header() -> Schema:
    sides = [*(side.value for side in Laterality), None]
    views = [*(view.value for view in ViewPosition), None]
    return {
        "source": text(r"Path of the file as given; bytes of a name that are no UTF-8 stand as \xNN."),
        "patient_id": text_or_null(
            "Patient ID (0010,0020); null when neither the file nor the user gave it."
        ),
        "study_date": text_or_null(
            "Study Date (0008,0020); null when neither the file nor the user gave it."
        ),
        "study_instance_uid": text_or_null("Study Instance UID (0020,000D); null when the file has none."),
        "sop_instance_uid": text_or_null("SOP Instance UID (0008,0018); null when the file has none."),
        "image_laterality": text_or_null("Image Laterality (0020,0062); null when unknown.", enum=sides),
        "view_position": text_or_null(
            "View as abbreviated in DICOM CID 4014; null when unknown.", enum=views
        ),
        "rows": count("Number of rows of the file as stored, in pixels.", minimum=1),
        "columns": count("Number of columns of the file as stored, in pixels.", minimum=1),
        "pixel_spacing_mm": length_or_null(
            "Distance between pixel centers in the plane of the breast, in mm (geometric mean of rows and "
            "columns, corrected for magnification); null when unknown: it is never guessed."
        ),
        "pixel_spacing_source": text_or_null("Where pixel_spacing_mm comes from; null when unknown."),
        "radiographic_magnification_factor": length_or_null(
            "Factor that pixel_spacing_mm was divided by; null when the pixel spacing is unknown."
        ),
    }


def _image_findings() -> Schema:
    return {
        "breast_area_cm2": length_or_null(f"Area of the breast in square centimeters; {NULL_SPACING}"),
        "landmarks": _landmarks(),
        "quality_flags": listing(
            "What a reader of the numbers must know, sorted; empty when nothing.", _flag()
        ),
        "calcifications": listing(
            "Calcifications, most believable first; empty when none was found.", _calcification()
        ),
        "non_lesions": listing("Bright things that are no calcifications; empty when none.", _non_lesion()),
        "groups": listing(
            "Groups, most suspicious first, then most believable (one whose suspicion is not known before "
            "all others); empty when none was found.",
            _group(),
        ),
    }
