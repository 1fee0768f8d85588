"""A described image and a read examination made by hand: what the report says of shapes and suggestions."""

from __future__ import annotations

from dataclasses import replace

from calcwatch.domain.assessment import (
    Alternative,
    Assessment,
    BreastReading,
    ExaminationFindings,
    GroupReading,
    LikelihoodRange,
    Location,
    ViewPair,
)
from calcwatch.domain.findings import (
    Calcification,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    Landmarks,
    MorphologyDescription,
    ShapeFeatures,
)
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, LateralityPattern, Morphology, SizeClass
from calcwatch.formats.result.examinations import ReadExamination
from tests.formats.result.examples import findings

PLEOMORPHIC = MorphologyDescription(
    ((Morphology.FINE_PLEOMORPHIC, 0.62), (Morphology.AMORPHOUS, 0.25), (Morphology.FINE_LINEAR, 0.13))
)
CANNOT_TELL = MorphologyDescription(
    ((Morphology.AMORPHOUS, 0.4), (Morphology.PUNCTATE, 0.35), (Morphology.ROUND, 0.25)),
    "three pixels across: too few to see a shape",
)
SEGMENTAL = DistributionDescription(
    ((Distribution.GROUPED, 0.7), (Distribution.SEGMENTAL, 0.28), (Distribution.LINEAR, 0.02)),
    DistributionMeasurements(5, 5.7, 5.2, 2.4, 9.1, 1.6, 22.0, 0.004),
)
SUSPICIOUS = Assessment(
    suggested_category=Category.INCOMPLETE,
    floor=Category.MODERATE_SUSPICION,
    rule_ids=("M-PLE-GRP", "X-SCREEN"),
    reasons=(
        "Fine pleomorphic calcifications in a group.",
        "Seen at screening: magnification views come first.",
    ),
    if_confirmed=Category.MODERATE_SUSPICION,
    likelihood_range=LikelihoodRange(0.28, 0.5, "Rominger 2012 and a meta-analysis of 10 studies"),
    missing=("priors_available", "age"),
    alternatives=(Alternative(Morphology.FINE_LINEAR, None, 0.13, Category.HIGH_SUSPICION),),
    rule_table_version="2",
)
NOTHING = Assessment(
    suggested_category=Category.NEGATIVE,
    floor=Category.NEGATIVE,
    rule_ids=("X-NONE",),
    reasons=("Nothing is marked; that does not mean that the mammogram is normal.",),
    rule_table_version="2",
)
QUESTIONS = {"age": "How old is she?"}


def _shape(mm: float | None) -> ShapeFeatures:
    length, width = (None, None) if mm is None else (0.62, 0.21)
    return ShapeFeatures(6.2, 2.1, length, width, 2.95, 0.51, 0.82, 0.91, 14.0, 0.0, 1)


def described(
    source: str = "exam/L-CC.dcm",
    *,
    view: ViewPosition = ViewPosition.CC,
    uid: str = "g1",
    spacing_mm: float | None = 0.1,
) -> ImageFindings:
    """The image of ``examples.findings`` with everything described; ``uid`` names its group."""
    plain = findings(source, spacing_mm=spacing_mm)
    group = replace(
        plain.groups[0], tracking_uid=uid, morphology=PLEOMORPHIC, distribution=SEGMENTAL, suspicion=0.71
    )
    return replace(
        plain,
        description=replace(plain.description, view_position=view),
        calcifications=tuple(_described(found, spacing_mm) for found in plain.calcifications),
        groups=(group,),
        landmarks=Landmarks((600.0, 639.5), True, (), ((80.0, 0.0), (1120.0, 0.0))),
    )


def _described(found: Calcification, spacing_mm: float | None) -> Calcification:
    morphology = CANNOT_TELL if found.tracking_uid == "c4" else PLEOMORPHIC
    return replace(
        found,
        shape=_shape(spacing_mm),
        morphology=morphology,
        size_class=SizeClass.MICRO if spacing_mm else SizeClass.NOT_MEASURABLE,
    )


def reading(uid: str, counterpart: str | None = None) -> GroupReading:
    """What an examination says of one suspicious group."""
    place = Location(
        Laterality.LEFT,
        "outer",
        None,
        "middle",
        34.0,
        "left breast, outer half, middle third, 34 mm from nipple",
    )
    note = "also seen in the other view:" if counterpart else "seen on CC only"
    return GroupReading(uid, place, counterpart, note, SUSPICIOUS)


def examination(*images: ImageFindings, first: int = 0, score: int = 8) -> ReadExamination:
    """Images read together; the first group of the first two images is one seen in two views.

    ``first``: place of the first image in the run.
    """
    groups = [group.tracking_uid for image in images for group in image.groups]
    paired = len(groups) == 2 and groups[0] != groups[1]
    other = dict(zip(groups, reversed(groups), strict=True)) if paired else {}
    breast = BreastReading(Laterality.LEFT, tuple(groups), SUSPICIOUS if groups else NOTHING)
    found = ExaminationFindings(
        images=images,
        pairs=(ViewPair(groups[0], groups[1], 0.93, 1.8, "same distance from the nipple"),) if paired else (),
        groups=tuple(reading(uid, other.get(uid)) for uid in groups),
        breasts=(breast,),
        laterality_pattern=LateralityPattern.UNILATERAL if groups else LateralityPattern.NONE,
        suspicion=0.71 if groups else 0.0,
        score=score if groups else 1,
        score_reasons=("left CC, group A: fine pleomorphic, grouped",) if groups else (),
    )
    stated = (("exam_context", "screening"),)
    return ReadExamination(tuple(range(first, first + len(images))), found, stated, QUESTIONS)


def examinations(*images: ImageFindings) -> tuple[ReadExamination, ...]:
    """Each image an examination of its own, in their order."""
    return tuple(examination(image, first=place) for place, image in enumerate(images))
