"""JSON Schema of ``findings.json`` (draft 2020-12); ``calcwatch schema`` prints it."""

from __future__ import annotations

import json

from calcwatch.formats.result.document import SCHEMA_VERSION
from calcwatch.formats.result.schema_assessments import examination_schema
from calcwatch.formats.result.schema_images import image_schema
from calcwatch.formats.result.schema_types import Schema, count, listing, number, record, text, text_or_null
from calcwatch.words.flags import REASONS


def _not_analyzed() -> Schema:
    codes = "; ".join(f"{code}: {meaning}" for code, meaning in REASONS.items())
    return record(
        "A file that gave no findings. It never counts as an image without calcifications.",
        {
            "source": text("Path of the file as given."),
            "reason_code": text(f"Kind of reason. {codes}.", enum=list(REASONS)),
            "message": text("The reason in words: the thing, the value and the remedy."),
        },
    )


def _settings() -> Schema:
    return record(
        "Every number that changes a result.",
        {
            "score_threshold": number("Less believable candidates are not reported, 0 to 1."),
            "min_contrast": number(
                "Candidates lower than this are not reported, in units of the local noise."
            ),
            "grouping_distance_mm": number("Calcifications closer than this belong together, in mm."),
            "min_group_count": count("Fewer calcifications than this are no group."),
            "max_candidates": count("Number of the strongest candidates that are looked at in one image."),
        },
    )


def _provenance() -> Schema:
    model = record(
        "The detector.",
        {
            "name": text("Name of the detector; classical is the one without learned weights."),
            "hash": text_or_null("SHA-256 of the weights, in hexadecimal; null without learned weights."),
        },
    )
    read = record(
        "An input file.",
        {
            "source": text("Path of the file as given."),
            "sha256": text_or_null("SHA-256 of its content, in hexadecimal; null when it could not be read."),
        },
    )
    return record(
        "How the result was made; two results with the same provenance are the same.",
        {
            "package": text("Name of the program.", const="calcwatch"),
            "package_version": text("Version of the package."),
            "analysis_version": text("Changes whenever any number of a result may change."),
            "settings": _settings(),
            "model": model,
            "description_model_hash": text_or_null(
                "SHA-256 of what tells shapes, distributions and suspicion, in hexadecimal; null when "
                "nothing was described."
            ),
            "inputs": listing("Every file that was looked at, by source.", read),
        },
    )


def findings_schema() -> Schema:
    """Schema of ``findings.json``: every property with its meaning, its unit and what null means."""
    counts = {
        "images": count("Number of images analyzed."),
        "not_analyzed": count("Number of files that gave no findings."),
        "calcifications": count("Number of calcifications in all images."),
        "groups": count("Number of groups in all images."),
    }
    root = record(
        "Breast calcifications found, measured, grouped and described. For research use; a radiologist "
        "decides.",
        {
            "schema_version": text(
                "Version of the names and meanings in this document.", const=SCHEMA_VERSION
            ),
            "provenance": _provenance(),
            "counts": record("Totals.", counts),
            "examinations": listing(
                "Examinations, the images of one woman and day read together, in the order of the worklist: "
                "highest score first, then highest suspicion.",
                examination_schema(),
            ),
            "images": listing("Images analyzed, in the order in which they were found.", image_schema()),
            "not_analyzed": listing("Files that gave no findings; empty when all did.", _not_analyzed()),
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
