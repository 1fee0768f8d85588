"""``findings.json`` read back: each entry of ``images`` as the findings of one image.

Numbers come back as they were written, rounded; what the document does not hold stays empty.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    Landmarks,
    MorphologyDescription,
    NonLesion,
    NonLesionKind,
    Provenance,
    ShapeFeatures,
)
from calcwatch.domain.image import (
    ImageDescription,
    Laterality,
    PixelSpacing,
    Point,
    QualityFlag,
    ViewPosition,
)
from calcwatch.domain.lexicon import Distribution, Morphology, SizeClass
from calcwatch.formats.result.values import Document

_Word = TypeVar("_Word", bound=StrEnum)

Digests = Mapping[str, str | None]
"""Source -> SHA-256 of the file, ``None`` where it could not be read."""


def word_of(kind: type[_Word], word: str | None) -> _Word | None:
    """The member that a word names; ``None`` stays ``None``. Raises ``ValueError`` for another word."""
    return None if word is None else kind(word)


def read_provenance(document: Document) -> Provenance:
    """How a result was made. Raises ``KeyError``, ``TypeError`` or ``ValueError`` for anything else."""
    made = document["provenance"]
    return Provenance(
        package_version=str(made["package_version"]),
        analysis_version=str(made["analysis_version"]),
        settings=dict(made["settings"]),
        model_name=str(made["model"]["name"]),
        model_hash=made["model"]["hash"],
        description_model_hash=made["description_model_hash"],
    )


def read_digests(document: Document) -> dict[str, str | None]:
    """Source -> SHA-256 of every file of the run."""
    return {one["source"]: one["sha256"] for one in document["provenance"]["inputs"]}


def read_image(found: Document, digests: Digests) -> ImageFindings:
    """Findings of one image, from an entry of ``images``.

    Raises ``KeyError``, ``TypeError`` or ``ValueError`` for what no run has written.
    """
    return ImageFindings(
        description=_description(found, digests),
        breast_area_cm2=found["breast_area_cm2"],
        breast_outline=(),
        quality_flags=tuple(QualityFlag(one) for one in found["quality_flags"]),
        calcifications=tuple(_calcification(one) for one in found["calcifications"]),
        non_lesions=tuple(_non_lesion(one) for one in found["non_lesions"]),
        groups=tuple(_group(one) for one in found["groups"]),
        landmarks=_landmarks(found["landmarks"]),
    )


def _description(found: Document, digests: Digests) -> ImageDescription:
    source = str(found["source"])
    return ImageDescription(
        source=source,
        sha256=digests.get(source) or "",
        rows=int(found["rows"]),
        columns=int(found["columns"]),
        pixel_spacing=_spacing(found),
        image_laterality=word_of(Laterality, found["image_laterality"]),
        view_position=word_of(ViewPosition, found["view_position"]),
        sop_instance_uid=found["sop_instance_uid"],
        study_instance_uid=found["study_instance_uid"],
        patient_id=found["patient_id"],
        study_date=found["study_date"],
    )


def _spacing(found: Document) -> PixelSpacing | None:
    """Only the geometric mean of both distances was written: rows and columns are not told apart."""
    mm = found["pixel_spacing_mm"]
    if mm is None:
        return None
    factor = found["radiographic_magnification_factor"]
    return PixelSpacing(float(mm), float(mm), str(found["pixel_spacing_source"]), float(factor))


def _points(found: Sequence[Sequence[float]]) -> tuple[Point, ...]:
    return tuple((float(row), float(column)) for row, column in found)


def _calcification(found: Document) -> Calcification:
    names = (
        *("row", "column", "score", "diameter_px", "diameter_error_px", "area_px", "contrast"),
        *("contrast_error", "diameter_mm", "diameter_error_mm", "area_mm2", "vascular"),
    )
    return Calcification(
        tracking_uid=str(found["tracking_uid"]),
        outline=_points(found["outline"]),
        size_class=SizeClass(found["size_class"]),
        shape=None if found["shape"] is None else ShapeFeatures(**found["shape"]),
        morphology=_morphology(found),
        **{name: found[name] for name in names},
    )


def _morphology(found: Document) -> MorphologyDescription | None:
    said, note = found["morphology_probabilities"], str(found["morphology_note"])
    if not said and not note:
        return None
    return MorphologyDescription(tuple((Morphology(one), float(p)) for one, p in said.items()), note)


def _non_lesion(found: Document) -> NonLesion:
    place = float(found["row"]), float(found["column"])
    return NonLesion(NonLesionKind(found["kind"]), *place, outline=_points(found["outline"]))


def _group(found: Document) -> CalcificationGroup:
    names = ("row", "column", "radius_px", "radius_mm", "score", "suspicion")
    return CalcificationGroup(
        tracking_uid=str(found["tracking_uid"]),
        members=tuple(str(one) for one in found["members"]),
        outline=_points(found["outline"]),
        morphology=_morphology(found),
        distribution=_distribution(found),
        **{name: found[name] for name in names},
    )


def _distribution(found: Document) -> DistributionDescription | None:
    measured: Mapping[str, Any] | None = found["distribution_measurements"]
    if measured is None:
        return None
    said = found["distribution_probabilities"]
    return DistributionDescription(
        tuple((Distribution(one), float(p)) for one, p in said.items()), DistributionMeasurements(**measured)
    )


def _landmarks(found: Document | None) -> Landmarks | None:
    if found is None:
        return None
    (nipple,) = _points([found["nipple"]])
    first, second = _points(found["chest_wall"])
    return Landmarks(nipple, bool(found["nipple_seen"]), _points(found["pectoral"]), (first, second))
