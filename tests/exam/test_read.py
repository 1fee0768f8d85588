"""Examinations read from findings made by hand: two views of each breast."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from calcwatch.domain.assessment import ExaminationFindings, JudgedBy
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.context import BiopsyResult, BreastContext, ClinicalContext, ExamContext
from calcwatch.domain.findings import (
    Calcification,
    CalcificationGroup,
    DistributionDescription,
    DistributionMeasurements,
    ImageFindings,
    KindDescription,
    Landmarks,
    MorphologyDescription,
)
from calcwatch.domain.image import ImageDescription, Laterality, PixelSpacing, QualityFlag, ViewPosition
from calcwatch.domain.lexicon import Category, Distribution, GroupKind, LateralityPattern, Morphology
from calcwatch.domain.statements import FindingStatement, NamedFinding, Verdict
from calcwatch.exam.facts import Observed
from calcwatch.exam.read import analyze_exam, without_unproven_milk
from calcwatch.models.learned import suspicion_model
from calcwatch.service.files.rules import read_rules
from calcwatch.words.exam import SYMPTOM_NOTE

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


def test_each_breast_says_what_was_found() -> None:
    """Right before left; what was found, what was not looked for, and never a category of the breast."""
    exam = read(image(L, CC, shape=SUSPECT), image(R, CC))
    right, left = exam.breasts
    assert (right.laterality, left.laterality) == (R, L)
    assert (right.found, right.groups) == ("No calcification was marked.", ())
    assert left.found == "Marked on all its views together: 1 group."
    assert left.groups == (exam.groups[0].tracking_uid,)
    assert all("not looked for" in breast.not_looked_for for breast in exam.breasts)


def judged(view: ImageFindings, suspicion: float, kind: GroupKind) -> ImageFindings:
    """The same view, its group of this suspicion and kind."""
    described_kind = KindDescription(((kind, 0.8), (GroupKind.NOT_A_CALCIFICATION, 0.2)))
    return replace(
        view,
        groups=tuple(replace(group, suspicion=suspicion, kind=described_kind) for group in view.groups),
    )


def test_an_artery_is_no_alarm() -> None:
    """A vessel on both views: 2, though most members look like branching lines; both views alike."""
    views = [
        judged(image(L, view, shape=Morphology.FINE_LINEAR_BRANCHING), chance, GroupKind.VASCULAR)
        for view, chance in ((CC, 0.02), (MLO, 0.2))
    ]
    for reading in read(*views).groups:
        assert reading.assessment.suggested_category is Category.BENIGN
        assert reading.assessment.judged_by is JudgedBy.SUSPICION
        # the words of the classifier say otherwise, and what was judged is told beside them
        assert reading.assessment.morphology is Morphology.VASCULAR
        assert reading.assessment.cost_ratio == read_rules().cost_ratio


def test_a_doubtful_line_is_no_5() -> None:
    """A vessel that may be suspicious is 4B at most, and 4A at least."""
    (reading,) = read(judged(image(L, CC, shape=Morphology.FINE_LINEAR), 0.3, GroupKind.VASCULAR)).groups
    assert reading.assessment.if_confirmed is Category.MODERATE_SUSPICION
    assert reading.assessment.rule_ids[0] == "M-DOUBT"
    assert reading.assessment.morphology is Morphology.FINE_LINEAR


def stated(view: ImageFindings, *others: ImageFindings, **words: Any) -> ExaminationFindings:
    """The examination with this stated of the group of the first view."""
    return analyze_exam(
        [view, *others],
        table=read_rules(),
        suspicion=suspicion_model(),
        statements={view.groups[0].tracking_uid: FindingStatement(**words)},
    )


def test_a_persons_word_is_absolute() -> None:
    """Where a person sees fine lines among the vessels, they count; where they see a tube, it is a vessel."""
    artery = judged(image(L, CC, shape=Morphology.VASCULAR), 0.02, GroupKind.VASCULAR)
    (lines,) = stated(artery, morphology=(Morphology.VASCULAR, Morphology.FINE_LINEAR)).groups
    assert lines.assessment.if_confirmed is Category.HIGH_SUSPICION
    assert (lines.assessment.judged_by, lines.assessment.alternatives) == (JudgedBy.PERSON, ())
    alarming = image(L, CC, shape=SUSPECT, suspicion=0.95)
    (tube,) = stated(alarming, morphology=(Morphology.VASCULAR,), tubular=True).groups
    assert tube.assessment.suggested_category is Category.BENIGN
    assert tube.stated == FindingStatement(morphology=(Morphology.VASCULAR,), tubular=True)


def test_their_category_stands_beside_ours() -> None:
    """A radiologist's category is kept as it is, and changes no suggestion."""
    view = image(L, CC, shape=SUSPECT)
    for category in Category:
        (reading,) = stated(view, category=category).groups
        assert reading.stated is not None
        assert reading.stated.category is category
        assert reading.assessment == read(view).groups[0].assessment


def test_a_rejected_group_stays_and_orders_nothing() -> None:
    """It is marked as rejected, comes last in its breast, and makes neither suspicion nor score."""
    worst, other = image(L, CC, shape=SUSPECT, suspicion=0.99), image(L, MLO, shape=SUSPECT, suspicion=0.1)
    other = replace(other, landmarks=None)  # so that the two are not taken for the same
    exam = stated(worst, other, verdict=Verdict.REJECTED)
    assert [reading.is_rejected for reading in exam.groups] == [True, False]
    assert exam.suspicion == 0.1
    assert exam.breasts[0].groups == (other.groups[0].tracking_uid, worst.groups[0].tracking_uid)
    assert "2 groups (1 rejected by a person)" in exam.breasts[0].found
    alone = stated(worst, verdict=Verdict.REJECTED)
    assert (alone.suspicion, alone.score, len(alone.groups)) == (0.0, 1, 1)


def test_a_known_cancer_hides_no_second_lesion() -> None:
    """6 is for the group that is said to be the cancer; another in the same breast keeps its own category."""
    first = image(L, CC, shape=SUSPECT)
    second = replace(image(L, ViewPosition.XCCL, shape=Morphology.AMORPHOUS), landmarks=None)
    context = ClinicalContext(
        exam_context=ExamContext.KNOWN_CANCER,
        left=BreastContext(known_cancer=True, biopsy=BiopsyResult.MALIGNANT, magnification_done=True),
    )
    nowhere = read(first, second, image(R, CC, shape=SUSPECT), context=context)
    assert {str(reading.assessment.suggested_category) for reading in nowhere.groups} == {"4B", "0"}
    right, left = nowhere.breasts
    assert not any("cancer is known" in note for note in right.notes)
    assert any("State at which it lies" in note for note in left.notes)
    placed = analyze_exam(
        [first, second],
        table=read_rules(),
        suspicion=suspicion_model(),
        context=context,
        statements={first.groups[0].tracking_uid: FindingStatement(known_cancer=True)},
    )
    assert [str(reading.assessment.suggested_category) for reading in placed.groups] == ["6", "4B"]
    assert not any("State at which it lies" in note for note in placed.breasts[0].notes)


def test_what_is_stated_of_no_finding_is_told() -> None:
    """A statement of a group that is not there is not silently dropped."""
    exam = analyze_exam(
        [image(L, CC)],
        table=read_rules(),
        suspicion=suspicion_model(),
        statements={"row 3, column 4 of a.png": FindingStatement(known_cancer=True)},
    )
    assert "no group was found there" in exam.breasts[0].notes[-1]


@pytest.mark.parametrize(
    "context",
    [
        {"exam_context": ExamContext.KNOWN_CANCER},
        {"neoadjuvant": True},
        {"findings": (NamedFinding(statement=FindingStatement(known_cancer=True), tracking_uid="another"),)},
    ],
)
def test_beside_a_known_cancer_nothing_is_3(context: dict[str, Any]) -> None:
    """However the cancer is stated, it is her history for every other finding."""
    view = judged(image(L, CC, shape=Morphology.PUNCTATE), 0.02, GroupKind.SMALL_SUSPICIOUS)
    none = ClinicalContext(exam_context=ExamContext.DIAGNOSTIC, personal_history=False)
    assert read(view, context=none).groups[0].assessment.floor is Category.PROBABLY_BENIGN
    (reading,) = read(view, context=replace(none, **context)).groups
    assert reading.assessment.floor is Category.LOW_SUSPICION


def test_a_cancer_at_one_finding_is_history_for_the_other() -> None:
    """Stated of a group by its identifier: the group beside it is not 3."""
    view = judged(image(R, CC, shape=Morphology.PUNCTATE), 0.02, GroupKind.SMALL_SUSPICIOUS)
    _, other = stated(image(L, CC, shape=SUSPECT), view, biopsy=BiopsyResult.MALIGNANT).groups
    assert other.assessment.floor is Category.LOW_SUSPICION


def test_a_symptom_at_a_finding_is_as_urgent_as_one_of_the_breast() -> None:
    """The breast says how soon somebody must look, also where nothing is marked at the place."""
    exam = stated(image(L, CC, shape=SUSPECT), image(R, CC), symptom=True)
    assert {breast.laterality: SYMPTOM_NOTE in breast.notes for breast in exam.breasts} == {R: False, L: True}
    nowhere = analyze_exam(
        [image(L, CC)],
        table=read_rules(),
        suspicion=suspicion_model(),
        statements={"row 3, column 4 of a.png": FindingStatement(symptom=True)},
    )
    assert nowhere.breasts[0].notes[0] == SYMPTOM_NOTE


def test_a_magnification_view_magnifies_its_groups() -> None:
    """A group on a magnification view was magnified, whatever is stated of the breast."""
    view = image(L, CC, shape=SUSPECT)
    magnified = replace(view, quality_flags=(QualityFlag.MAGNIFICATION_VIEW,))
    context = ClinicalContext(exam_context=ExamContext.DIAGNOSTIC)
    assert read(view, context=context).groups[0].assessment.suggested_category is Category.INCOMPLETE
    assert read(magnified, context=context).groups[0].assessment.suggested_category == "4B"


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
    """A fine line in no group ranks above a speck; it is shown with a suggestion where a miss costs much."""
    line = read(image(L, CC, single=Morphology.FINE_LINEAR))
    speck_alone = read(image(L, CC, single=Morphology.ROUND))
    assert line.suspicion > speck_alone.suspicion > 0
    assert line.breasts[0].singles == speck_alone.breasts[0].singles == ()
    table = read_rules()
    costly = replace(table, thresholds=replace(table.thresholds, cost_ratio=100.0))
    (breast,) = analyze_exam(
        [image(L, CC, single=Morphology.FINE_LINEAR)], table=costly, suspicion=suspicion_model()
    ).breasts
    assert [shown.assessment.if_confirmed for shown in breast.singles] == ["4B"]
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
