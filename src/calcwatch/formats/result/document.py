"""Everything one run found as the document ``findings.json``: same findings, same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from calcwatch.domain.assessment import BreastReading
from calcwatch.domain.findings import ImageFindings, Provenance
from calcwatch.domain.lexicon import LEXICON
from calcwatch.formats.result.assessments import assessment_part, pair_document
from calcwatch.formats.result.examinations import ReadExamination, first_given, readings_by_place, worklist
from calcwatch.formats.result.findings import NotAnalyzed, image_document, printable
from calcwatch.formats.result.values import Document, number, word_or_null

SCHEMA_VERSION = "1.1"
"""Version of the names in ``findings.json``; the first number changes when a name is taken away."""

_POINT_ON_FOUR_LINES = re.compile(r"\[\n\s+(-?[\d.e+-]+),\n\s+(-?[\d.e+-]+)\n\s+\]")


def _provenance(provenance: Provenance, inputs: Sequence[tuple[str, str]]) -> Document:
    return {
        "package": "calcwatch",
        "package_version": provenance.package_version,
        "analysis_version": provenance.analysis_version,
        "settings": dict(provenance.settings),
        "model": {"name": provenance.model_name, "hash": provenance.model_hash},
        "description_model_hash": provenance.description_model_hash,
        "inputs": [{"source": printable(source), "sha256": sha256 or None} for source, sha256 in inputs],
    }


def _counts(images: Sequence[ImageFindings], not_analyzed: Sequence[NotAnalyzed]) -> Document:
    return {
        "images": len(images),
        "not_analyzed": len(not_analyzed),
        "calcifications": sum(len(image.calcifications) for image in images),
        "groups": sum(len(image.groups) for image in images),
    }


def _breast(found: BreastReading) -> Document:
    return {
        "image_laterality": word_or_null(found.laterality),
        "groups": list(found.groups),
        **assessment_part(found.assessment),
    }


def examination_document(examination: ReadExamination) -> Document:
    """All images of one woman and day, read together, as an entry of ``examinations``."""
    found = examination.findings
    assessments = [one.assessment for one in found.breasts] + [one.assessment for one in found.groups]
    return {
        "patient_id": first_given(found.images, "patient_id"),
        "study_date": first_given(found.images, "study_date"),
        "study_instance_uid": first_given(found.images, "study_instance_uid"),
        "sources": [printable(image.description.source) for image in found.images],
        "laterality_pattern": found.laterality_pattern.value,
        "score": found.score,
        "suspicion": number(found.suspicion, 4),
        "score_reasons": list(found.score_reasons),
        "breasts": [_breast(one) for one in found.breasts],
        "pairs": [pair_document(pair) for pair in found.pairs],
        "stated": dict(examination.stated),
        "lexicon": assessments[0].lexicon if assessments else LEXICON,
        "rule_table_version": assessments[0].rule_table_version if assessments else "",
    }


def findings_document(
    images: Sequence[ImageFindings],
    not_analyzed: Sequence[NotAnalyzed],
    provenance: Provenance,
    examinations: Sequence[ReadExamination] = (),
) -> Document:
    """Everything one run found, as the object that ``findings.json`` holds.

    ``images`` and ``not_analyzed`` keep their order; ``examinations`` are put in that of the worklist.
    Nothing found is an empty list.

    Raises:
        ValueError: a finding holds a value that is no number.
    """
    readings = readings_by_place(examinations)
    inputs = [(image.description.source, image.description.sha256) for image in images]
    inputs += [(refused.source, refused.sha256) for refused in not_analyzed]
    return {
        "schema_version": SCHEMA_VERSION,
        "provenance": _provenance(provenance, sorted(inputs)),
        "counts": _counts(images, not_analyzed),
        "examinations": [examination_document(one) for one in worklist(examinations)],
        "images": [image_document(image, readings.get(place)) for place, image in enumerate(images)],
        "not_analyzed": [
            {
                "source": printable(refused.source),
                "reason_code": refused.reason_code,
                "message": printable(refused.message),
            }
            for refused in not_analyzed
        ],
    }


def findings_text(document: Document) -> str:
    """Write a document as JSON: indented, a point on one line, UTF-8, a newline at the end."""
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    return _POINT_ON_FOUR_LINES.sub(r"[\1, \2]", text) + "\n"
