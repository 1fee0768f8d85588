"""Findings of a Mammography CAD SR: single image findings (TID 4006) and composite features (TID 4004)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy.spatial.distance import pdist

from calcwatch.codes import cad
from calcwatch.codes.change import CHANGES
from calcwatch.codes.findings import (
    CALCIFICATION_DISTRIBUTION,
    CALCIFICATION_TYPE,
    CLUSTER,
    INDIVIDUAL,
    MORPHOLOGIES,
    NON_LESION,
    NON_LESIONS,
    OBJECT_TYPE,
    distribution_code,
    morphology_code,
)
from calcwatch.codes.quantities import (
    AREA,
    CERTAINTY,
    CERTAINTY_OF_FEATURE,
    DIAMETER,
    DISTANCE_DEVIATION,
    MEAN_DISTANCE,
    NUMBER_OF_CALCIFICATIONS,
    RADIUS,
    percent,
)
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.identity import non_lesion_uid, tracking_uid_of
from calcwatch.formats.dicom.content_items import (
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    INFERRED_FROM,
    code,
    number,
    points,
    text,
    uid_reference,
    with_children,
)
from calcwatch.formats.dicom.coordinates import closed_polyline, to_dicom
from calcwatch.formats.dicom.write.cad.image_library import library_place
from calcwatch.formats.dicom.write.evidence import MANUFACTURER
from calcwatch.words.summary import parameter_words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydicom.dataset import Dataset

    from calcwatch.codes.code import Code
    from calcwatch.domain.assessment import ViewPair
    from calcwatch.domain.change import Change
    from calcwatch.domain.findings import Calcification, CalcificationGroup, NonLesion
    from calcwatch.formats.dicom.write.evidence import Evidence


def algorithm(evidence: Evidence) -> tuple[Dataset, Dataset]:
    """What found it (TID 4019); every finding carries this.

    Args:
        evidence: What the report is made from.

    Returns:
        Name and version.

    """
    return (
        text(HAS_PROPERTIES, cad.ALGORITHM_NAME, MANUFACTURER),
        text(HAS_PROPERTIES, cad.ALGORITHM_VERSION, evidence.version),
    )


def parameters(evidence: Evidence) -> tuple[Dataset, ...]:
    """What it was set to and which weights it used (TID 4019); said once, since it is alike for all.

    Args:
        evidence: What the report is made from.

    Returns:
        A text for each.

    """
    phrases = parameter_words(evidence.result.provenance)
    return tuple(text(HAS_PROPERTIES, cad.ALGORITHM_PARAMETERS, phrase) for phrase in phrases)


def cluster(evidence: Evidence, place: int, group: CalcificationGroup, relationship: str) -> Dataset:
    """A group as a calcification cluster with its calcifications under it (TID 4006, 4010).

    Args:
        evidence: What the report is made from.
        place: Of the group's image among the evidence's ``findings``.
        group: The group.
        relationship: Of the cluster to its parent.

    Returns:
        A single image finding.

    """
    calcifications = {found.tracking_uid: found for found in evidence.findings[place].calcifications}
    members = [calcifications[uid] for uid in group.members]
    return with_children(
        _finding(evidence, relationship, CLUSTER, group.tracking_uid, group.score),
        *_geometry(evidence, place, group),
        # Left out where not determined: the template's row is optional, a guessed type would be a statement.
        _property(CALCIFICATION_TYPE, morphology_code(group.morphology)),
        _property(CALCIFICATION_DISTRIBUTION, distribution_code(group.distribution)),
        number(HAS_PROPERTIES, NUMBER_OF_CALCIFICATIONS, group.count, "1"),
        # Without pixel spacing there are no millimeters, and the row is left out.
        number(HAS_PROPERTIES, RADIUS, group.radius_mm, "mm"),
        *_distances(evidence, place, members),
        # INFERRED FROM: the cluster is a conclusion from its calcifications.
        *(single(evidence, place, member, INFERRED_FROM) for member in members),
    )


def single(evidence: Evidence, place: int, found: Calcification, relationship: str) -> Dataset:
    """A calcification by itself or as part of a cluster (TID 4006, 4009).

    Args:
        evidence: What the report is made from.
        place: Of its image among the evidence's ``findings``.
        found: The calcification.
        relationship: To its parent.

    Returns:
        A single image finding.

    """
    return with_children(
        _finding(evidence, relationship, INDIVIDUAL, found.tracking_uid, found.score),
        *_geometry(evidence, place, found),
        _property(CALCIFICATION_TYPE, morphology_code(found.morphology)),
        number(HAS_PROPERTIES, DIAMETER, found.diameter_mm, "mm"),
        number(HAS_PROPERTIES, AREA, found.area_mm2, "mm2"),
    )


def non_lesion(evidence: Evidence, place: int, found: NonLesion, relationship: str) -> Dataset:
    """A clip, a wire or another object that is no lesion (TID 4006, 4012).

    Args:
        evidence: What the report is made from.
        place: Of its image among the evidence's ``findings``.
        found: The object.
        relationship: To its parent.

    Returns:
        A single image finding.

    """
    # Non-lesions carry no tracking UID of their own; it is derived from image and place, the same each time.
    uid = non_lesion_uid(found, evidence.findings[place])
    return with_children(
        _finding(evidence, relationship, NON_LESION, uid, None),
        *_geometry(evidence, place, found),
        _property(OBJECT_TYPE, NON_LESIONS[found.kind]),
    )


def in_two_views(evidence: Evidence, pair: ViewPair, parts: Sequence[Dataset], relationship: str) -> Dataset:
    """The same group in two views of the breast (TID 4004, related spatially).

    Args:
        evidence: What the report is made from.
        pair: The two groups.
        parts: The group in each view.
        relationship: Of the composite to its parent.

    Returns:
        A composite feature.

    """
    uid = tracking_uid_of(pair.first, pair.second)
    return with_children(
        _composite(evidence, relationship, cad.RELATED_SPATIALLY, uid, pair.probability), *parts
    )


def on_two_days(evidence: Evidence, change: Change, parts: Sequence[Dataset], relationship: str) -> Dataset:
    """The same group on two days (TID 4004, related temporally), with what differs (CID 6037, 6038).

    Args:
        evidence: What the report is made from.
        change: What became of the group.
        parts: The prior group, then the current one.
        relationship: Of the composite to its parent.

    Returns:
        A composite feature.

    """
    current, prior = change.current, change.prior
    wider = None
    if current.extent_mm is not None and prior.extent_mm is not None:
        # the difference of two rounded numbers, without what their subtraction adds
        wider = round(current.extent_mm - prior.extent_mm, 6)
    # Shape is stated as a difference only where shape is what changed.
    shape = current.morphology if change.kind is ChangeKind.SHAPE_CHANGED else None
    return with_children(
        _composite(evidence, relationship, cad.RELATED_TEMPORALLY, change.tracking_uid, None),
        number(HAS_PROPERTIES, cad.DIFFERENCE_IN_NUMBER, current.count - prior.count, "1"),
        number(HAS_PROPERTIES, cad.DIFFERENCE_IN_SIZE, wider, "mm"),
        _property(CHANGES[ChangeKind.SHAPE_CHANGED], MORPHOLOGIES.get(shape) if shape else None),
        *parts,
    )


def _finding(evidence: Evidence, relationship: str, kind: Code, uid: str, score: float | None) -> Dataset:
    """What every single image finding has; groups are shown wherever the report is, the rest on demand."""
    # Hundreds of single marks would hide the image: a workstation shows them when asked.
    intent = cad.PRESENTATION_REQUIRED if kind == CLUSTER else cad.PRESENTATION_OPTIONAL
    return with_children(
        code(relationship, cad.SINGLE_IMAGE_FINDING, kind),
        code(HAS_CONCEPT_MOD, cad.RENDERING_INTENT, intent),
        *_tracking(uid, "finding"),
        *algorithm(evidence),
        number(HAS_PROPERTIES, CERTAINTY, None if score is None else percent(score), "%"),
    )


def _composite(
    evidence: Evidence, relationship: str, kind: Code, uid: str, probability: float | None
) -> Dataset:
    return with_children(
        code(relationship, cad.COMPOSITE_FEATURE, CLUSTER),
        code(HAS_CONCEPT_MOD, cad.RENDERING_INTENT, cad.PRESENTATION_REQUIRED),
        *_tracking(uid, "composite"),
        code(HAS_PROPERTIES, cad.COMPOSITE_TYPE, kind),
        code(HAS_PROPERTIES, cad.SCOPE_OF_FEATURE, cad.ON_MULTIPLE_IMAGES),
        *algorithm(evidence),
        number(
            HAS_PROPERTIES, CERTAINTY_OF_FEATURE, None if probability is None else percent(probability), "%"
        ),
    )


def _tracking(uid: str, name: str) -> tuple[Dataset, Dataset]:
    """Tracking identifier and unique identifier (TID 4108)."""
    return (
        # For people; the end of the UID is what differs. Programs use the unique identifier.
        text(HAS_OBS_CONTEXT, cad.TRACKING_IDENTIFIER, f"{name} {uid[-6:]}"),
        uid_reference(HAS_OBS_CONTEXT, cad.TRACKING_UNIQUE_IDENTIFIER, uid),
    )


def _geometry(
    evidence: Evidence, place: int, found: CalcificationGroup | Calcification | NonLesion
) -> tuple[Dataset | None, ...]:
    """Center and outline (TID 4021); no outline where there is none."""
    description = evidence.findings[place].description
    line = closed_polyline(found.outline, description.rows, description.columns)
    image, center = library_place(place), to_dicom((found.row, found.column))
    return (
        points(HAS_PROPERTIES, cad.CENTER, "POINT", [center], image=image),
        points(HAS_PROPERTIES, cad.OUTLINE, "POLYLINE", line, image=image) if line else None,
    )


def _property(question: Code, answer: Code | None) -> Dataset | None:
    return None if answer is None else code(HAS_PROPERTIES, question, answer)


def _distances(
    evidence: Evidence, place: int, members: Sequence[Calcification]
) -> tuple[Dataset | None, ...]:
    """Mean and standard deviation of the distances between any two calcifications (CID 6142)."""
    spacing = evidence.findings[place].description.pixel_spacing
    if spacing is None or len(members) < 2:
        return ()
    # One spacing for both axes: the geometric mean, as in every other length of a result.
    apart = pdist([(found.row, found.column) for found in members]) * spacing.mm
    return (
        number(HAS_PROPERTIES, MEAN_DISTANCE, round(float(apart.mean()), 3), "mm"),
        number(HAS_PROPERTIES, DISTANCE_DEVIATION, round(float(apart.std()), 3), "mm"),
    )
