"""Content items that the measurement groups of a TID 1500 report share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from highdicom import sr
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from calcwatch.codes.concepts import LATERALITIES
from calcwatch.domain.assessment import ExaminationResult
from calcwatch.domain.image import Laterality, Point
from calcwatch.formats.dicom.content import AnyCode, to_dicom
from calcwatch.formats.dicom.write.evidence import closed
from calcwatch.formats.dicom.write.highdicom_objects import concept

_DCM, _SCT, _UCUM = codes.DCM, codes.SCT, codes.UCUM
_Group = TypeVar("_Group", bound=sr.ContentSequence)


@dataclass(frozen=True, eq=False)
class Sources:
    """What every measurement group refers to; ``headers``: of current images, then of those of the prior."""

    headers: tuple[Dataset, ...]
    algorithm: sr.AlgorithmIdentification
    result: ExaminationResult


def region(place: Point, outline: Sequence[Point], header: Dataset) -> sr.ImageRegion:
    """The outline of a finding, its center where it has none."""
    line = closed(outline, header.Rows, header.Columns) or (to_dicom(place),)
    return sr.ImageRegion(
        graphic_type="POLYLINE" if outline else "POINT",
        graphic_data=np.array(line, dtype=np.float32),
        source_image=sr.SourceImageForRegion.from_source_image(header),
    )


def centered(group: _Group, place: Point, header: Dataset) -> _Group:
    """Add the center to a measurement group, which is extensible (TID 1410). Returns it."""
    center = sr.ScoordContentItem(
        name=concept(_DCM.Center),
        graphic_type="POINT",
        graphic_data=np.array([to_dicom(place)], dtype=np.float32),
        relationship_type="CONTAINS",
    )
    source = sr.SourceImageForRegion.from_source_image(header)
    source.ConceptNameCodeSequence = [concept(_DCM.SourceOfMeasurement)]
    center.ContentSequence = sr.ContentSequence([source])
    group[0].ContentSequence.append(center)
    return group


def comment(group: _Group, words: str) -> _Group:
    """Add a comment to a measurement group, which is extensible (TID 1501). Returns it."""
    group[0].ContentSequence.append(
        sr.TextContentItem(name=concept(_DCM.Comment), value=words, relationship_type="CONTAINS")
    )
    return group


def finding_site(side: Laterality | None) -> list[sr.FindingSite]:
    """The breast, and which one where that is known."""
    laterality = concept(LATERALITIES[side]) if side in LATERALITIES else None
    return [sr.FindingSite(concept(_SCT.Breast), laterality=laterality)]


def measurement(name: AnyCode, value: float | None, unit: AnyCode) -> list[sr.Measurement]:
    """One measurement, none for ``None``."""
    return [] if value is None else [sr.Measurement(concept(name), value, concept(unit))]


def evaluation(name: AnyCode, value: AnyCode | None) -> list[sr.QualitativeEvaluation]:
    """One qualitative evaluation, none for ``None``."""
    return [] if value is None else [sr.QualitativeEvaluation(concept(name), concept(value))]
