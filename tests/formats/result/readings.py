"""A described image, a read examination and a comparison made by hand, and the documents that hold them."""

from __future__ import annotations

import json
from dataclasses import replace

from calcwatch.comparison.compare import Compared
from calcwatch.comparison.treatment import TreatmentReading
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
from calcwatch.domain.change import (
    Alignment,
    CalcificationMatch,
    Change,
    ChangeKind,
    Comparison,
    GroupMeasurement,
    ImagePair,
    SurgicalBedPosition,
)
from calcwatch.domain.findings import (
    Calcification,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    KindDescription,
    Landmarks,
    MorphologyDescription,
    ShapeFeatures,
)
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.lexicon import (
    Category,
    Distribution,
    GroupKind,
    LateralityPattern,
    Morphology,
    SizeClass,
)
from calcwatch.formats.result.document import comparison_document, findings_document
from calcwatch.formats.result.fields import Document
from calcwatch.formats.result.run import ReadExamination, Run, Step
from calcwatch.words.exam import NOT_LOOKED_FOR, found_words
from calcwatch.words.treatment import FIGURES
from tests.formats.result.examples import PROVENANCE, findings

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
TIGHT_SPECKS = KindDescription(((GroupKind.SMALL_SUSPICIOUS, 0.9), (GroupKind.VASCULAR, 0.1)))
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
    rule_table_version="3",
)
NOTHING = Assessment(
    suggested_category=Category.NEGATIVE,
    floor=Category.NEGATIVE,
    rule_ids=("X-NONE",),
    reasons=("Nothing is marked; that does not mean that the mammogram is normal.",),
    rule_table_version="3",
)
QUESTIONS = {"age": "How old is she?"}


def _shape(mm: float | None) -> ShapeFeatures:
    length, width = (None, None) if mm is None else (0.62, 0.21)
    return ShapeFeatures(6.2, 2.1, length, width, 2.95, 0.51, 0.82, 0.91, 0.0, 1)


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
        plain.groups[0],
        tracking_uid=uid,
        morphology=PLEOMORPHIC,
        distribution=SEGMENTAL,
        suspicion=0.71,
        kind=TIGHT_SPECKS,
        composition=((Morphology.FINE_PLEOMORPHIC, 3), (Morphology.AMORPHOUS, 1)),
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
    breast = BreastReading(
        laterality=Laterality.LEFT,
        groups=tuple(groups),
        found=found_words(len(groups), 0),
        not_looked_for=NOT_LOOKED_FOR,
    )
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


CHANGE = Change(
    kind=ChangeKind.INCREASED_IN_NUMBER,
    tracking_uid="p1",
    groups=("g1",),
    prior_groups=("p1",),
    image_laterality=Laterality.LEFT,
    view_position=ViewPosition.CC,
    image=0,
    prior_image=0,
    place=(510.0, 310.0),
    prior_place=(512.0, 311.0),
    current=GroupMeasurement(5, 0, 5.7, 0.42, 12.0, Morphology.FINE_PLEOMORPHIC),
    prior=GroupMeasurement(3, 1, 4.1, 0.4, 11.0, None),
    matched=3,
    new=2,
    gone=0,
    not_assessable=0,
    size_ratio=1.02,
    interval_months=12.1,
    error_mm=0.3,
    reasons=("5 calcifications now, 3 then",),
    in_bed=SurgicalBedPosition.OUTSIDE,
    bed_margin_mm=14.0,
)
PAIR = ImagePair(
    prior=0,
    current=0,
    image_laterality=Laterality.LEFT,
    view_position=ViewPosition.CC,
    interval_months=12.1,
    alignment=Alignment.GOOD,
    local_correlation=0.91,
    overlap=0.98,
    error_mm=0.3,
    matches=(CalcificationMatch("p-c1", "c1", 0.97, 0.1),),
    notes=("taken on another device",),
)
COMPARISON = Comparison((PAIR,), (CHANGE,), ("R MLO: no prior",))
TREATED = TreatmentReading(
    stated=("2019-03-14 L lumpectomy",),
    months={Laterality.LEFT: 55},
    window=("L: 55 months after treatment",),
    figures=FIGURES,
    neoadjuvant=("partial", "change of calcifications is no response of the cancer"),
)


def days() -> tuple[ReadExamination, ReadExamination]:
    """A prior of one view and a current examination of two, read."""
    prior = examination(described("2023/L-CC.dcm", uid="p1"))
    current = examination(
        described(uid="g1"), described("exam/L-MLO.dcm", view=ViewPosition.MLO, uid="g2"), first=1
    )
    return prior, current


def run_of(*examinations: ReadExamination) -> Run:
    """A run of nothing but these examinations, whose images stand in their order."""
    images = tuple(image for read in examinations for image in read.findings.images)
    return Run(PROVENANCE, images, examinations)


def step(treatment: TreatmentReading | None = None) -> Step:
    """The comparison of both days."""
    prior, current = days()
    compared = Compared(prior.findings.images, current.findings, COMPARISON, treatment)
    return Step((0,), (1, 2), compared)


def written() -> tuple[Document, Document]:
    """Both documents of a run on two days, through their text as a file holds it."""
    documents = findings_document(run_of(*days())), comparison_document(step(), PROVENANCE)
    findings_part, comparison_part = (json.loads(json.dumps(document)) for document in documents)
    return findings_part, comparison_part
