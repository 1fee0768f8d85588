"""Findings of one run as the document ``findings.json``: same findings, same bytes."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from calcwatch.domain import (
    AnalysisSettings,
    Calcification,
    CalcificationGroup,
    ImageFindings,
    NonLesion,
    Point,
)
from calcwatch.report.words import HARMLESS_REASONS

SCHEMA_VERSION = "1.0"
"""Version of the names in ``findings.json``; the first number changes when a name is taken away."""

Document = dict[str, Any]
"""A JSON object."""

_POINT_ON_FOUR_LINES = re.compile(r"\[\n\s+(-?[\d.e+-]+),\n\s+(-?[\d.e+-]+)\n\s+\]")


@dataclass(frozen=True)
class NotAnalyzed:
    """A file that gave no findings, and why.

    ``reason_code`` is one of ``words.REASONS``; ``message`` names the thing, the value and the remedy.
    ``sha256`` is ``""`` when the content could not be read.
    """

    source: str
    reason_code: str
    message: str
    sha256: str = ""

    @property
    def is_error(self) -> bool:
        """Whether an image may have been missed."""
        return self.reason_code not in HARMLESS_REASONS


@dataclass(frozen=True)
class Provenance:
    """How a result was made. ``model_hash`` is ``None`` for a detector without learned weights."""

    package_version: str
    analysis_version: str
    settings: AnalysisSettings
    model_name: str = "classical"
    model_hash: str | None = None


def printable(text: str) -> str:
    r"""Return text that any UTF-8 file can hold: bytes of a file name that are no UTF-8 become ``\xNN``."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def number(value: float, digits: int) -> float:
    """Round to ``digits`` decimals, never ``-0.0``.

    Raises:
        ValueError: the value is not finite; JSON has no word for it.

    """
    if not math.isfinite(value):
        raise ValueError(f"a finding holds {value}, which is no number; the detector must not return it")
    return round(float(value), digits) + 0.0


def _number_or_null(value: float | None, digits: int) -> float | None:
    return None if value is None else number(value, digits)


def _outline(points: Sequence[Point]) -> list[list[float]]:
    return [[number(row, 3), number(column, 3)] for row, column in points]


def _calcification(found: Calcification) -> Document:
    return {
        "tracking_uid": found.tracking_uid,
        "row": number(found.row, 3),
        "column": number(found.column, 3),
        "score": number(found.score, 4),
        "diameter_mm": _number_or_null(found.diameter_mm, 4),
        "diameter_error_mm": _number_or_null(found.diameter_error_mm, 4),
        "diameter_px": number(found.diameter_px, 3),
        "diameter_error_px": number(found.diameter_error_px, 3),
        "area_mm2": _number_or_null(found.area_mm2, 5),
        "area_px": number(found.area_px, 3),
        "contrast": number(found.contrast, 3),
        "contrast_error": number(found.contrast_error, 3),
        "vascular": found.vascular,
        "outline": _outline(found.outline),
    }


def _non_lesion(found: NonLesion) -> Document:
    return {
        "kind": found.kind.value,
        "row": number(found.row, 3),
        "column": number(found.column, 3),
        "outline": _outline(found.outline),
    }


def _group(found: CalcificationGroup) -> Document:
    return {
        "tracking_uid": found.tracking_uid,
        "row": number(found.row, 3),
        "column": number(found.column, 3),
        "radius_px": number(found.radius_px, 3),
        "radius_mm": _number_or_null(found.radius_mm, 4),
        "score": number(found.score, 4),
        "count": found.count,
        "members": list(found.members),
        "outline": _outline(found.outline),
    }


def ordered_calcifications(findings: ImageFindings) -> tuple[Calcification, ...]:
    """Calcifications of an image, most believable first, then from top to bottom and left to right."""
    return tuple(sorted(findings.calcifications, key=lambda c: (-c.score, c.row, c.column, c.tracking_uid)))


def ordered_groups(findings: ImageFindings) -> tuple[CalcificationGroup, ...]:
    """Groups of an image, most believable first, then from top to bottom and left to right."""
    return tuple(sorted(findings.groups, key=lambda g: (-g.score, g.row, g.column, g.tracking_uid)))


def ordered_non_lesions(findings: ImageFindings) -> tuple[NonLesion, ...]:
    """Things that are no calcifications, by kind, then from top to bottom and left to right."""
    return tuple(sorted(findings.non_lesions, key=lambda n: (n.kind.value, n.row, n.column)))


def image_document(findings: ImageFindings) -> Document:
    """Findings of one image as an entry of ``images``.

    Raises:
        ValueError: a finding holds a value that is no number.

    """
    image = findings.description
    spacing = image.pixel_spacing
    return {
        "source": printable(image.source),
        "patient_id": image.patient_id,
        "study_date": image.study_date,
        "study_instance_uid": image.study_instance_uid,
        "sop_instance_uid": image.sop_instance_uid,
        "image_laterality": image.image_laterality and image.image_laterality.value,
        "view_position": image.view_position and image.view_position.value,
        "rows": image.rows,
        "columns": image.columns,
        "pixel_spacing_mm": _number_or_null(spacing.mm if spacing else None, 6),
        "pixel_spacing_source": spacing.source if spacing else None,
        "radiographic_magnification_factor": _number_or_null(spacing.magnification if spacing else None, 4),
        "breast_area_cm2": _number_or_null(findings.breast_area_cm2, 2),
        "quality_flags": sorted(flag.value for flag in findings.quality_flags),
        "calcifications": [_calcification(found) for found in ordered_calcifications(findings)],
        "non_lesions": [_non_lesion(found) for found in ordered_non_lesions(findings)],
        "groups": [_group(found) for found in ordered_groups(findings)],
    }


def _provenance(provenance: Provenance, inputs: Sequence[tuple[str, str]]) -> Document:
    return {
        "package": "calcwatch",
        "package_version": provenance.package_version,
        "analysis_version": provenance.analysis_version,
        "settings": asdict(provenance.settings),
        "model": {"name": provenance.model_name, "hash": provenance.model_hash},
        "inputs": [{"source": printable(source), "sha256": sha256 or None} for source, sha256 in inputs],
    }


def _counts(images: Sequence[ImageFindings], not_analyzed: Sequence[NotAnalyzed]) -> Document:
    return {
        "images": len(images),
        "not_analyzed": len(not_analyzed),
        "calcifications": sum(len(image.calcifications) for image in images),
        "groups": sum(len(image.groups) for image in images),
    }


def findings_document(
    images: Sequence[ImageFindings], not_analyzed: Sequence[NotAnalyzed], provenance: Provenance
) -> Document:
    """Everything one run found, as the object that ``findings.json`` holds.

    ``images`` and ``not_analyzed`` keep their order. Nothing found is an empty list.

    Raises:
        ValueError: a finding holds a value that is no number.

    """
    inputs = [(image.description.source, image.description.sha256) for image in images]
    inputs += [(refused.source, refused.sha256) for refused in not_analyzed]
    return {
        "schema_version": SCHEMA_VERSION,
        "provenance": _provenance(provenance, sorted(inputs)),
        "counts": _counts(images, not_analyzed),
        "images": [image_document(image) for image in images],
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
