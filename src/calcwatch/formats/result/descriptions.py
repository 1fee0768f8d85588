"""What something looks like, as parts of a JSON object: size, shape, morphology, distribution, landmarks."""

from __future__ import annotations

from calcwatch.domain.findings import (
    DistributionDescription,
    DistributionMeasurements,
    Landmarks,
    MorphologyDescription,
    ShapeFeatures,
)
from calcwatch.formats.result.values import (
    Document,
    number,
    number_or_null,
    points,
    probabilities,
    word_or_null,
)


def shape_document(found: ShapeFeatures | None) -> Document | None:
    """Shape features of a calcification; ``None`` where nothing was described."""
    if found is None:
        return None
    return {
        "length_mm": number_or_null(found.length_mm, 4),
        "width_mm": number_or_null(found.width_mm, 4),
        "length_px": number(found.length_px, 3),
        "width_px": number(found.width_px, 3),
        "length_to_width": number(found.length_to_width, 3),
        "roundness": number(found.roundness, 3),
        "solidity": number(found.solidity, 3),
        "edge_sharpness": number(found.edge_sharpness, 3),
        "density": number(found.density, 3),
        "lucent_center": number(found.lucent_center, 3),
        "branches": found.branches,
    }


def morphology_part(found: MorphologyDescription | None) -> Document:
    """Name the likeliest shape, how likely each is, and why none is named; nothing tried leaves all empty."""
    return {
        "morphology": word_or_null(found.likeliest if found else None),
        "morphology_probabilities": probabilities(found.probabilities if found else ()),
        "morphology_note": found.undetermined_because if found else "",
    }


def distribution_part(found: DistributionDescription | None) -> Document:
    """Name the likeliest distribution, how likely each is, and what it was told from."""
    return {
        "distribution": word_or_null(found.likeliest if found and found.probabilities else None),
        "distribution_probabilities": probabilities(found.probabilities if found else ()),
        "distribution_measurements": _measurements(found.measurements) if found else None,
    }


def _measurements(found: DistributionMeasurements) -> Document:
    return {
        "count": found.count,
        "extent_mm": number_or_null(found.extent_mm, 3),
        "length_mm": number_or_null(found.length_mm, 3),
        "width_mm": number_or_null(found.width_mm, 3),
        "hull_area_mm2": number_or_null(found.hull_area_mm2, 3),
        "nearest_neighbor_mm": number_or_null(found.nearest_neighbor_mm, 3),
        "nipple_angle_degrees": number_or_null(found.nipple_angle_degrees, 1),
        "breast_share": number(found.breast_share, 4),
    }


def landmarks_document(found: Landmarks | None) -> Document | None:
    """Points that places in the breast are told from; ``None`` where none were sought."""
    if found is None:
        return None
    return {
        "nipple": points([found.nipple])[0],
        "nipple_seen": found.nipple_seen,
        "pectoral": points(found.pectoral),
        "chest_wall": points(found.chest_wall),
    }
