"""JSON Schema of ``findings.json`` (draft 2020-12); ``calcwatch schema`` prints it."""

from __future__ import annotations

import json
from typing import Any

from calcwatch.domain import Laterality, NonLesionKind, QualityFlag, ViewPosition
from calcwatch.report.findings import SCHEMA_VERSION
from calcwatch.report.words import FLAG_WORDS, KIND_WORDS, REASONS

Schema = dict[str, Any]

_NULL_SPACING = "null when the pixel spacing is unknown: a size is never guessed."
_ROW = "Row in pixels, 0 at the center of the top-left pixel of the file as stored, growing downward."
_COLUMN = "Column in pixels, 0 at the center of the top-left pixel of the file as stored, growing rightward."
_UID = "Name of this finding within the document; the same input gives the same name."


def _text(description: str, **more: Any) -> Schema:
    return {"type": "string", "description": description, **more}


def _text_or_null(description: str, **more: Any) -> Schema:
    return {"type": ["string", "null"], "description": description, **more}


def _number(description: str, **more: Any) -> Schema:
    return {"type": "number", "description": description, **more}


def _length(description: str, **more: Any) -> Schema:
    return _number(description, minimum=0, **more)


def _length_or_null(description: str) -> Schema:
    return {"type": ["number", "null"], "description": description, "minimum": 0}


def _count(description: str, minimum: int = 0) -> Schema:
    return {"type": "integer", "description": description, "minimum": minimum}


def _list(description: str, items: Schema) -> Schema:
    return {"type": "array", "description": description, "items": items}


def _object(description: str, properties: Schema) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _score(of_what: str) -> Schema:
    return _number(f"Belief that this is {of_what}, 0 to 1, higher is more believable.", minimum=0, maximum=1)


def _outline(description: str) -> Schema:
    point = {
        "type": "array",
        "description": "A point as [row, column] in pixels.",
        "prefixItems": [_number(_ROW), _number(_COLUMN)],
        "items": False,
        "minItems": 2,
    }
    return _list(f"{description} A closed polygon whose first point is not repeated.", point)


def _calcification() -> Schema:
    return _object(
        "One calcification. Each error is one standard deviation.",
        {
            "tracking_uid": _text(_UID),
            "row": _number(_ROW),
            "column": _number(_COLUMN),
            "score": _score("a calcification"),
            "diameter_mm": _length_or_null(
                f"Diameter in mm of the circle with the outline's area; {_NULL_SPACING}"
            ),
            "diameter_error_mm": _length_or_null(f"Error of diameter_mm, in mm; {_NULL_SPACING}"),
            "diameter_px": _length("Diameter of that circle in pixels."),
            "diameter_error_px": _length("Error of diameter_px, in pixels."),
            "area_mm2": _length_or_null(f"Area inside the outline in square millimeters; {_NULL_SPACING}"),
            "area_px": _length("Area inside the outline in pixels."),
            "contrast": _number("Height over the surround in units of the local noise."),
            "contrast_error": _length("Error of contrast, in units of the local noise."),
            "vascular": {
                "type": ["boolean", "null"],
                "description": "Whether it looks like calcium in the wall of a vessel; "
                "null where the detector does not tell.",
            },
            "outline": _outline("Outline of the whole object, the blur of the system undone."),
        },
    )


def _non_lesion() -> Schema:
    kinds = "; ".join(f"{kind}: {KIND_WORDS[kind]}" for kind in NonLesionKind)
    return _object(
        "Something bright that is no calcification; it is named and never counted.",
        {
            "kind": _text(f"What it is. {kinds}.", enum=[kind.value for kind in NonLesionKind]),
            "row": _number(_ROW),
            "column": _number(_COLUMN),
            "outline": _outline("Its outline; empty when it has none."),
        },
    )


def _group() -> Schema:
    return _object(
        "Calcifications that lie together. row, column and radius are the smallest circle round all members.",
        {
            "tracking_uid": _text(_UID),
            "row": _number(_ROW),
            "column": _number(_COLUMN),
            "radius_px": _length("Radius in pixels of the smallest circle round all members."),
            "radius_mm": _length_or_null(
                f"Radius in mm of the smallest circle round all members; {_NULL_SPACING}"
            ),
            "score": _score("a group of calcifications"),
            "count": _count("Number of members.", minimum=1),
            "members": _list(
                "tracking_uid of each member calcification, most believable first.", _text(_UID)
            ),
            "outline": _outline("Convex hull of the members with a margin."),
        },
    )


def _flag() -> Schema:
    meanings = " ".join(f"{flag}: {words.sentence}" for flag, words in FLAG_WORDS.items())
    return _text(
        f"Something a reader of the numbers must know. {meanings}", enum=[f.value for f in QualityFlag]
    )


def _image() -> Schema:
    return _object("Findings of one image.", _image_header() | _image_findings())


def _image_header() -> Schema:
    sides = [*(side.value for side in Laterality), None]
    views = [*(view.value for view in ViewPosition), None]
    return {
        "source": _text(r"Path of the file as given; bytes of a name that are no UTF-8 stand as \xNN."),
        "patient_id": _text_or_null(
            "Patient ID (0010,0020); null when neither the file nor the user gave it."
        ),
        "study_date": _text_or_null(
            "Study Date (0008,0020); null when neither the file nor the user gave it."
        ),
        "study_instance_uid": _text_or_null("Study Instance UID (0020,000D); null when the file has none."),
        "sop_instance_uid": _text_or_null("SOP Instance UID (0008,0018); null when the file has none."),
        "image_laterality": _text_or_null("Image Laterality (0020,0062); null when unknown.", enum=sides),
        "view_position": _text_or_null(
            "View as abbreviated in DICOM CID 4014; null when unknown.", enum=views
        ),
        "rows": _count("Number of rows of the file as stored, in pixels.", minimum=1),
        "columns": _count("Number of columns of the file as stored, in pixels.", minimum=1),
        "pixel_spacing_mm": _length_or_null(
            "Distance between pixel centers in the plane of the breast, in mm (geometric mean of rows and "
            "columns, corrected for magnification); null when unknown: it is never guessed."
        ),
        "pixel_spacing_source": _text_or_null("Where pixel_spacing_mm comes from; null when unknown."),
        "radiographic_magnification_factor": _length_or_null(
            "Factor that pixel_spacing_mm was divided by; null when the pixel spacing is unknown."
        ),
    }


def _image_findings() -> Schema:
    return {
        "breast_area_cm2": _length_or_null(f"Area of the breast in square centimeters; {_NULL_SPACING}"),
        "quality_flags": _list(
            "What a reader of the numbers must know, sorted; empty when nothing.", _flag()
        ),
        "calcifications": _list(
            "Calcifications, most believable first; empty when none was found.", _calcification()
        ),
        "non_lesions": _list("Bright things that are no calcifications; empty when none.", _non_lesion()),
        "groups": _list("Groups, most believable first; empty when none was found.", _group()),
    }


def _not_analyzed() -> Schema:
    codes = "; ".join(f"{code}: {meaning}" for code, meaning in REASONS.items())
    return _object(
        "A file that gave no findings. It never counts as an image without calcifications.",
        {
            "source": _text("Path of the file as given."),
            "reason_code": _text(f"Kind of reason. {codes}.", enum=list(REASONS)),
            "message": _text("The reason in words: the thing, the value and the remedy."),
        },
    )


def _settings() -> Schema:
    return _object(
        "Every number that changes a result.",
        {
            "score_threshold": _number("Less believable candidates are not reported, 0 to 1."),
            "min_contrast": _number(
                "Candidates lower than this are not reported, in units of the local noise."
            ),
            "grouping_distance_mm": _number("Calcifications closer than this belong together, in mm."),
            "min_group_count": _count("Fewer calcifications than this are no group."),
            "max_candidates": _count("Number of the strongest candidates that are looked at in one image."),
        },
    )


def _provenance() -> Schema:
    model = _object(
        "The detector.",
        {
            "name": _text("Name of the detector; classical is the one without learned weights."),
            "hash": _text_or_null("SHA-256 of the weights, in hexadecimal; null without learned weights."),
        },
    )
    read = _object(
        "An input file.",
        {
            "source": _text("Path of the file as given."),
            "sha256": _text_or_null(
                "SHA-256 of its content, in hexadecimal; null when it could not be read."
            ),
        },
    )
    return _object(
        "How the result was made; two results with the same provenance are the same.",
        {
            "package": _text("Name of the program.", const="calcwatch"),
            "package_version": _text("Version of the package."),
            "analysis_version": _text("Changes whenever any number of a result may change."),
            "settings": _settings(),
            "model": model,
            "inputs": _list("Every file that was looked at, by source.", read),
        },
    )


def findings_schema() -> Schema:
    """Schema of ``findings.json``: every property with its meaning, its unit and what null means."""
    counts = {
        "images": _count("Number of images analyzed."),
        "not_analyzed": _count("Number of files that gave no findings."),
        "calcifications": _count("Number of calcifications in all images."),
        "groups": _count("Number of groups in all images."),
    }
    root = _object(
        "Breast calcifications found, measured and grouped. For research use; a radiologist decides.",
        {
            "schema_version": _text(
                "Version of the names and meanings in this document.", const=SCHEMA_VERSION
            ),
            "provenance": _provenance(),
            "counts": _object("Totals.", counts),
            "images": _list("Images analyzed, in the order in which they were found.", _image()),
            "not_analyzed": _list("Files that gave no findings; empty when all did.", _not_analyzed()),
        },
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:calcwatch:findings:{SCHEMA_VERSION}",
        "title": "calcwatch findings",
        **root,
    }


def schema_text() -> str:
    """Write the schema as JSON: indented, a newline at the end."""
    return json.dumps(findings_schema(), indent=2, ensure_ascii=False) + "\n"
