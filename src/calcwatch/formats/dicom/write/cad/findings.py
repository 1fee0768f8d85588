"""Findings of a Mammography CAD SR: single image findings (TID 4006) and composite features (TID 4004)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from scipy.spatial.distance import pdist

from calcwatch.codes.concepts import DISTRIBUTIONS, MORPHOLOGIES, NON_LESIONS
from calcwatch.domain.change import Change, ChangeKind
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    ImageFindings,
    MorphologyDescription,
    NonLesion,
    Provenance,
)
from calcwatch.domain.image import Point
from calcwatch.domain.lexicon import Morphology
from calcwatch.domain.uids import non_lesion_uid
from calcwatch.formats.dicom.content import (
    HAS_CONCEPT_MOD,
    HAS_OBS_CONTEXT,
    HAS_PROPERTIES,
    INFERRED_FROM,
    AnyCode,
    code,
    number,
    points,
    text,
    to_dicom,
    uid_reference,
    with_children,
)
from calcwatch.formats.dicom.write.evidence import MANUFACTURER, closed
from calcwatch.words.summary import parameter_words

_DCM, _SCT = codes.DCM, codes.SCT
CLUSTER, INDIVIDUAL = codes.cid6014.CalcificationCluster, codes.cid6014.IndividualCalcification
"""Findings of PS3.16 CID 6014 that calcwatch reports, beside non-lesions."""

REQUIRED = _DCM.PresentationRequiredRenderingDeviceIsExpectedToPresent
"""Rendering intent (CID 6034) of groups: they are shown wherever the report is."""

OPTIONAL = _DCM.PresentationOptionalRenderingDeviceMayPresent
"""Rendering intent of single calcifications and non-lesions: a reader may ask for them."""


@dataclass(frozen=True)
class Marked:
    """Findings of one image and where its IMAGE item stands in the tree, as ``1.2.1``."""

    findings: ImageFindings
    image: str
    provenance: Provenance

    @property
    def singles(self) -> dict[str, Calcification]:
        """Calcifications by tracking UID."""
        return {one.tracking_uid: one for one in self.findings.calcifications}

    def group(self, tracking_uid: str) -> CalcificationGroup:
        """The group of that tracking UID."""
        return next(one for one in self.findings.groups if one.tracking_uid == tracking_uid)


def algorithm(made: Provenance) -> tuple[Dataset, Dataset]:
    """Name and version of what found it (TID 4019); every finding carries them."""
    version = f"{made.package_version}, analysis {made.analysis_version}"
    return (
        text(HAS_PROPERTIES, _DCM.AlgorithmName, MANUFACTURER),
        text(HAS_PROPERTIES, _DCM.AlgorithmVersion, version),
    )


def parameters(made: Provenance) -> tuple[Dataset, ...]:
    """What it was set to and which weights it used (TID 4019); said once, since it is alike for all."""
    return tuple(text(HAS_PROPERTIES, _DCM.AlgorithmParameters, one) for one in parameter_words(made))


def cluster(group: CalcificationGroup, at: Marked, relationship: str) -> Dataset:
    """A group as a calcification cluster with its calcifications under it (TID 4006, 4010)."""
    members = [at.singles[uid] for uid in group.members]
    return with_children(
        _finding(relationship, CLUSTER, REQUIRED, uid=group.tracking_uid, at=at, score=group.score),
        *_geometry((group.row, group.column), group.outline, at),
        *_types(group.morphology),
        _distribution(group),
        number(HAS_PROPERTIES, _DCM.NumberOfCalcifications, group.count, "1"),
        number(HAS_PROPERTIES, _SCT.Radius, group.radius_mm, "mm"),
        *_spread(members, at),
        *(single(member, at, INFERRED_FROM) for member in members),
    )


def single(found: Calcification, at: Marked, relationship: str) -> Dataset:
    """A calcification by itself or as part of a cluster (TID 4006, 4009)."""
    return with_children(
        _finding(relationship, INDIVIDUAL, OPTIONAL, uid=found.tracking_uid, at=at, score=found.score),
        *_geometry((found.row, found.column), found.outline, at),
        *_types(found.morphology),
        number(HAS_PROPERTIES, _SCT.Diameter, found.diameter_mm, "mm"),
        number(HAS_PROPERTIES, _SCT.AreaOfDefinedRegion, found.area_mm2, "mm2"),
    )


def non_lesion(found: NonLesion, at: Marked, relationship: str) -> Dataset:
    """A clip, a wire or another object that is no lesion (TID 4006, 4012)."""
    uid = non_lesion_uid(found, at.findings)
    return with_children(
        _finding(relationship, _DCM.NonLesion, OPTIONAL, uid=uid, at=at, score=None),
        *_geometry((found.row, found.column), found.outline, at),
        code(HAS_PROPERTIES, _DCM.ObjectType, NON_LESIONS[found.kind]),
    )


@dataclass(frozen=True)
class Composite:
    """Two findings that belong together, and under which tracking UID."""

    tracking_uid: str
    probability: float | None
    parts: tuple[Dataset, Dataset]


def in_space(found: Composite, made: Provenance, relationship: str) -> Dataset:
    """The same group in two views of the breast (TID 4004, related spatially)."""
    return with_children(
        _feature(relationship, found, _DCM.TargetContentItemsAreRelatedSpatially, made), *found.parts
    )


def in_time(found: Composite, change: Change, made: Provenance, relationship: str) -> Dataset:
    """The same group on two days (TID 4004, related temporally), with what differs (CID 6037, 6038)."""
    now, then = change.current, change.prior
    wider = None if now.extent_mm is None or then.extent_mm is None else now.extent_mm - then.extent_mm
    return with_children(
        _feature(relationship, found, _DCM.TargetContentItemsAreRelatedTemporally, made),
        number(HAS_PROPERTIES, _SCT.DifferenceInNumberOfCalcifications, now.count - then.count, "1"),
        number(HAS_PROPERTIES, _SCT.DifferenceInSize, _tidy(wider), "mm"),
        _shape_difference(change),
        *found.parts,
    )


def _tidy(value: float | None) -> float | None:
    """A difference of two rounded numbers, without what their subtraction adds."""
    return None if value is None else round(value, 6)


def _shape_difference(change: Change) -> Dataset | None:
    """What the shape is now, where it has changed."""
    if change.kind is not ChangeKind.SHAPE_CHANGED or change.current.morphology is None:
        return None
    return code(HAS_PROPERTIES, _SCT.DifferenceInShape, MORPHOLOGIES[change.current.morphology])


def _feature(relationship: str, found: Composite, kind: AnyCode, made: Provenance) -> Dataset:
    return with_children(
        code(relationship, _DCM.CompositeFeature, CLUSTER),
        code(HAS_CONCEPT_MOD, _DCM.RenderingIntent, REQUIRED),
        *tracking(found.tracking_uid, "composite"),
        code(HAS_PROPERTIES, _DCM.CompositeType, kind),
        code(HAS_PROPERTIES, _DCM.ScopeOfFeature, _DCM.FeatureDetectedOnMultipleImages),
        *algorithm(made),
        number(HAS_PROPERTIES, _DCM.CertaintyOfFeature, _percent(found.probability), "%"),
    )


def tracking(uid: str, name: str) -> tuple[Dataset, Dataset]:
    """Tracking identifier and unique identifier (TID 4108)."""
    return (
        text(HAS_OBS_CONTEXT, _DCM.TrackingIdentifier, f"{name} {uid[-6:]}"),
        uid_reference(HAS_OBS_CONTEXT, _DCM.TrackingUniqueIdentifier, uid),
    )


def _finding(
    relationship: str, kind: AnyCode, intent: AnyCode, *, uid: str, at: Marked, score: float | None
) -> Dataset:
    return with_children(
        code(relationship, _DCM.SingleImageFinding, kind),
        code(HAS_CONCEPT_MOD, _DCM.RenderingIntent, intent),
        *tracking(uid, "finding"),
        *algorithm(at.provenance),
        number(HAS_PROPERTIES, _DCM.CertaintyOfFinding, _percent(score), "%"),
    )


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 4)


def _geometry(place: Point, outline: Sequence[Point], at: Marked) -> tuple[Dataset | None, ...]:
    """Center and outline (TID 4021); no outline where there is none."""
    image = at.findings.description
    line = closed(outline, image.rows, image.columns)
    return (
        points(HAS_PROPERTIES, _DCM.Center, "POINT", [to_dicom(place)], image=at.image),
        points(HAS_PROPERTIES, _DCM.Outline, "POLYLINE", line, image=at.image) if line else None,
    )


def _types(described: MorphologyDescription | None) -> tuple[Dataset, ...]:
    likeliest = described.likeliest if described else None
    return () if likeliest is None else (_type(likeliest),)


def _type(morphology: Morphology) -> Dataset:
    return code(HAS_PROPERTIES, _DCM.CalcificationType, MORPHOLOGIES[morphology])


def _distribution(group: CalcificationGroup) -> Dataset | None:
    likeliest = group.distribution.likeliest if group.distribution else None
    if likeliest not in DISTRIBUTIONS:
        return None
    return code(HAS_PROPERTIES, _DCM.CalcificationDistribution, DISTRIBUTIONS[likeliest])


def _spread(members: Sequence[Calcification], at: Marked) -> tuple[Dataset | None, ...]:
    """Mean and standard deviation of the distances between any two calcifications (CID 6142)."""
    spacing = at.findings.description.pixel_spacing
    if spacing is None or len(members) < 2:
        return ()
    apart = pdist([(one.row, one.column) for one in members]) * spacing.mm
    named = {
        _DCM.AverageCalcificationDistanceInACalcificationCluster: apart.mean(),
        _DCM.StandardDeviationDistanceOfCalcificationsInACluster: apart.std(),
    }
    return tuple(
        number(HAS_PROPERTIES, concept, round(float(value), 3), "mm") for concept, value in named.items()
    )
