"""Findings of one image as a JSON object: same findings, same words, same order."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calcwatch.formats.result.assessments import reading_part
from calcwatch.formats.result.descriptions import (
    distribution_part,
    landmarks_document,
    morphology_part,
    shape_document,
)
from calcwatch.formats.result.order import ordered_calcifications, ordered_groups, ordered_non_lesions
from calcwatch.formats.result.values import Document, number, number_or_null, points
from calcwatch.words.flags import HARMLESS_REASONS

if TYPE_CHECKING:
    from calcwatch.domain.findings import Calcification, CalcificationGroup, ImageFindings, NonLesion
    from calcwatch.formats.result.examinations import Readings


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


def printable(text: str) -> str:
    r"""Return text that any UTF-8 file can hold: bytes of a file name that are no UTF-8 become ``\xNN``."""
    return os.fsencode(text).decode("utf-8", "backslashreplace")


def _calcification(found: Calcification) -> Document:
    return {
        "tracking_uid": found.tracking_uid,
        "row": number(found.row, 3),
        "column": number(found.column, 3),
        "score": number(found.score, 4),
        "diameter_mm": number_or_null(found.diameter_mm, 4),
        "diameter_error_mm": number_or_null(found.diameter_error_mm, 4),
        "diameter_px": number(found.diameter_px, 3),
        "diameter_error_px": number(found.diameter_error_px, 3),
        "area_mm2": number_or_null(found.area_mm2, 5),
        "area_px": number(found.area_px, 3),
        "contrast": number(found.contrast, 3),
        "contrast_error": number(found.contrast_error, 3),
        "vascular": found.vascular,
        "size_class": found.size_class.value,
        "shape": shape_document(found.shape),
        **morphology_part(found.morphology),
        "outline": points(found.outline),
    }


def _non_lesion(found: NonLesion) -> Document:
    return {
        "kind": found.kind.value,
        "row": number(found.row, 3),
        "column": number(found.column, 3),
        "outline": points(found.outline),
    }


def _group(found: CalcificationGroup, readings: Readings) -> Document:
    return {
        "tracking_uid": found.tracking_uid,
        "row": number(found.row, 3),
        "column": number(found.column, 3),
        "radius_px": number(found.radius_px, 3),
        "radius_mm": number_or_null(found.radius_mm, 4),
        "score": number(found.score, 4),
        "count": found.count,
        "members": list(found.members),
        "outline": points(found.outline),
        "suspicion": number_or_null(found.suspicion, 4),
        **morphology_part(found.morphology),
        **distribution_part(found.distribution),
        **reading_part(readings.get(found.tracking_uid)),
    }


def image_document(findings: ImageFindings, readings: Readings | None = None) -> Document:
    """Findings of one image as an entry of ``images``; ``readings``: what its examination says of its groups.

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
        "pixel_spacing_mm": number_or_null(spacing.mm if spacing else None, 6),
        "pixel_spacing_source": spacing.source if spacing else None,
        "radiographic_magnification_factor": number_or_null(spacing.magnification if spacing else None, 4),
        "breast_area_cm2": number_or_null(findings.breast_area_cm2, 2),
        "landmarks": landmarks_document(findings.landmarks),
        "quality_flags": sorted(flag.value for flag in findings.quality_flags),
        "calcifications": [_calcification(found) for found in ordered_calcifications(findings)],
        "non_lesions": [_non_lesion(found) for found in ordered_non_lesions(findings)],
        "groups": [_group(found, readings or {}) for found in ordered_groups(findings)],
    }
