"""Examinations read from findings made by hand: two views of each breast."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from calcwatch.domain.assessment import ExaminationFindings
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.context import ClinicalContext, ExamContext
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    Landmarks,
    MorphologyDescription,
)
from calcwatch.domain.image import ImageDescription, Laterality, PixelSpacing, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, LateralityPattern, Morphology
from calcwatch.exam.facts import Observed
from calcwatch.exam.read import analyze_exam, without_unproven_milk
from calcwatch.models.learned import suspicion_model
from calcwatch.service.files.rules import read_rules

MM = 0.1
MEASURED = DistributionMeasurements(6, 6.0, 6.0, 3.0, 12.0, 1.0, 40.0, 0.01)


def described(*chances: tuple[Morphology, float]) -> MorphologyDescription:
    return MorphologyDescription(chances)


def speck(uid: str, row: float, column: float, morphology: MorphologyDescription) -> Calcification:
    return Calcification(uid, row, column, 0.95, 3, 0.2, 7, 20, 1, 0.3, 0.02, 0.07, (), morphology=morphology)


def image(
    side: Laterality,
    view: ViewPosition,
    *,
    shape: Morphology | None = None,
    single: Morphology | None = None,
    suspicion: float = 0.4,
) -> ImageFindings:
    """One view with a group of six of one shape 40 mm behind the nipple, or one speck alone, or nothing."""
    name = f"{side}-{view}"
    spacing = PixelSpacing(MM, MM, "given")
    description = ImageDescription(
        name, rows=1200, columns=900, pixel_spacing=spacing, image_laterality=side, view_position=view
    )
    found: list[Calcification] = []
    groups: tuple[CalcificationGroup, ...] = ()
    if shape is not None:
        morphology = described((shape, 0.9), (Morphology.PUNCTATE, 0.1))
        at = np.random.default_rng(1).normal((600, 400), 15, (6, 2))
        found = [speck(f"{name}-{n}", float(r), float(c), morphology) for n, (r, c) in enumerate(at)]
        groups = (
            CalcificationGroup(
                f"{name}-group", 600, 400, 30, 3.0, 0.99, tuple(member.tracking_uid for member in found), (),
                morphology=morphology,
                distribution=DistributionDescription(((Distribution.GROUPED, 1.0),), MEASURED),
                suspicion=suspicion,
            ),
        )  # fmt: skip
    if single is not None:
        found.append(speck(f"{name}-single", 300, 200, described((single, 1.0))))
    marks = Landmarks((600.0, 800.0), nipple_seen=True, pectoral=(), chest_wall=((0.0, 0.0), (1199.0, 0.0)))
    outline = ((100.0, 0.0), (600.0, 800.0), (1100.0, 0.0))
    return ImageFindings(description, 60.0, outline, (), tuple(found), (), groups, marks)


def read(*images: ImageFindings, context: ClinicalContext | None = None) -> ExaminationFindings:
    return analyze_exam(images, table=read_rules(), suspicion=suspicion_model(), context=context)


L, R, CC, MLO, ML = Laterality.LEFT, Laterality.RIGHT, ViewPosition.CC, ViewPosition.MLO, ViewPosition.ML
SUSPECT = Morphology.FINE_PLEOMORPHIC


def test_the_same_group_on_two_views_is_one_finding() -> None:
    """Both readings name the other as counterpart, say so, and are listed once among the reasons."""
    exam = read(image(L, CC, shape=SUSPECT), image(L, MLO, shape=SUSPECT))
    first, second = exam.groups
    assert (first.counterpart, second.counterpart) == (second.tracking_uid, first.tracking_uid)
    assert first.view_note == "seen on CC and MLO"
    assert len(exam.score_reasons) == 1
    assert "fine pleomorphic" in exam.score_reasons[0]


def test_a_group_on_one_view_says_so() -> None:
    """Seen on one of two views it is said; with one view only there is nothing to compare with."""
    exam = read(image(L, CC, shape=SUSPECT), image(L, MLO))
    assert exam.groups[0].counterpart is None
    assert exam.groups[0].view_note == "seen on CC only"
    alone = read(image(L, CC, shape=SUSPECT))
    assert alone.groups[0].view_note == "no second view to compare CC with"


def test_screening_gives_zero_and_what_it_would_be() -> None:
    """Pleomorphic in a group: 0 on screening, 4B if confirmed; 4B itself where it was magnified."""
    views = (image(L, CC, shape=SUSPECT), image(L, MLO, shape=SUSPECT))
    screening = read(*views).groups[0].assessment
    assert (screening.suggested_category, screening.if_confirmed) == (
        Category.INCOMPLETE,
        Category.MODERATE_SUSPICION,
    )
    context = ClinicalContext(exam_context=ExamContext.DIAGNOSTIC)
    context = replace(context, left=replace(context.left, magnification_done=True))
    diagnostic = read(*views, context=context).groups[0].assessment
    assert diagnostic.suggested_category is Category.MODERATE_SUSPICION
    assert diagnostic.needs_human


def test_each_breast_is_as_its_worst_finding() -> None:
    """The breast with the group has the group's category, the other one is negative, right before left."""
    exam = read(image(L, CC, shape=SUSPECT), image(R, CC))
    right, left = exam.breasts
    assert (right.laterality, left.laterality) == (R, L)
    assert right.assessment.floor is Category.NEGATIVE
    assert left.assessment.floor is exam.groups[0].assessment.floor
    assert left.groups == (exam.groups[0].tracking_uid,)


def test_the_most_suspicious_finding_makes_the_score() -> None:
    """Suspicion is the highest of all groups; the score is its decile and rises with it."""
    low = read(image(L, CC, shape=SUSPECT, suspicion=0.001))
    high = read(image(L, CC, shape=SUSPECT, suspicion=0.001), image(R, CC, shape=SUSPECT, suspicion=0.99))
    assert (low.suspicion, high.suspicion) == (0.001, 0.99)
    assert low.score < high.score == 10
    assert high.score_reasons[0].endswith("(suspicion 0.99)")


def test_nothing_marked_is_no_normal_mammogram() -> None:
    """Without a mark the score is 1, and the reasons say that this is not a normal mammogram."""
    exam = read(image(L, CC), image(R, CC))
    assert (exam.suspicion, exam.score) == (0.0, 1)
    assert "no normal mammogram" in exam.score_reasons[0]
    assert exam.laterality_pattern is LateralityPattern.NONE


def test_a_calcification_alone_counts_for_breast_and_score() -> None:
    """A fine line in no group raises its breast above a round speck, and the suspicion too."""
    line = read(image(L, CC, single=Morphology.FINE_LINEAR))
    speck_alone = read(image(L, CC, single=Morphology.ROUND))
    assert line.suspicion > speck_alone.suspicion > 0
    assert line.breasts[0].assessment.floor is not speck_alone.breasts[0].assessment.floor
    assert "a single calcification, fine linear; L CC" in line.score_reasons[0]


def test_milk_of_calcium_needs_both_projections() -> None:
    """On a true lateral without a CC view of that side it is taken out; with one it stays."""
    lateral = image(L, ML, shape=Morphology.MILK_OF_CALCIUM)
    (alone,) = without_unproven_milk((lateral,))
    assert alone.groups[0].morphology is not None
    assert alone.groups[0].morphology.likeliest is Morphology.PUNCTATE
    assert alone.groups[0].morphology.of(Morphology.PUNCTATE) == pytest.approx(1.0)
    kept, _ = without_unproven_milk((lateral, image(L, CC)))
    assert kept is lateral
    other_side, _ = without_unproven_milk((lateral, image(R, CC)))
    assert other_side.groups[0].morphology == alone.groups[0].morphology


def test_an_examination_needs_an_image() -> None:
    """Without images there is nothing to read."""
    with pytest.raises(ValueError, match="at least one image"):
        read()


def test_undescribed_findings_are_not_taken_for_benign() -> None:
    """A group that nobody described is incomplete with a floor of 4A at least."""
    view = image(L, CC, shape=SUSPECT)
    bare = replace(view.groups[0], morphology=None, distribution=None, suspicion=None)
    members = tuple(replace(found, morphology=None) for found in view.calcifications)
    exam = read(replace(view, groups=(bare,), calcifications=members))
    assert exam.groups[0].assessment.suggested_category is Category.INCOMPLETE
    assert exam.groups[0].assessment.floor in (Category.LOW_SUSPICION, Category.MODERATE_SUSPICION)


@pytest.mark.parametrize("view", [ViewPosition.XCCL, ViewPosition.XCCM, ViewPosition.FB, ViewPosition.SIO])
def test_views_that_do_not_cross_were_not_compared(view: ViewPosition) -> None:
    """A new group on MLO beside an exaggerated view is not missing there: whether both show it is unknown."""
    found = image(L, MLO, shape=Morphology.PUNCTATE)
    uid = found.groups[0].tracking_uid
    examination = analyze_exam(
        [found, image(L, view)],
        table=read_rules(),
        suspicion=suspicion_model(),
        observed={uid: Observed(ChangeKind.NEW)},
    )
    (reading,) = examination.groups
    assert reading.view_note == "no second view to compare MLO with"
    assert "C1" in reading.assessment.rule_ids
    assert "both_views" in reading.assessment.missing


def test_a_view_without_a_nipple_was_not_compared() -> None:
    """Where one view shows no nipple nothing is looked for on it, so nothing is missing on it."""
    blind = replace(image(L, CC), landmarks=None)
    (reading,) = read(image(L, MLO, shape=SUSPECT), blind).groups
    assert reading.view_note == "no second view to compare MLO with"
    (reading,) = read(image(L, MLO, shape=SUSPECT), image(L, CC)).groups
    assert reading.view_note == "seen on MLO only"
