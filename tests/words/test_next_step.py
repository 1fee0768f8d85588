"""One line that says what to do: what comes first in it, and what never falls out of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from calcwatch.domain.assessment import ExaminationFindings
from calcwatch.domain.change import ChangeKind
from calcwatch.domain.findings import KindDescription
from calcwatch.domain.image import ViewPosition
from calcwatch.domain.lexicon import Category, GroupKind
from calcwatch.domain.statements import FindingStatement, Verdict
from calcwatch.words.exam import SYMPTOM_NOTE
from calcwatch.words.next_step import (
    NOT_LOOKED_FOR_SHORT,
    findings_of,
    look_words,
    sort_findings,
    stated_words,
    what_to_do,
)
from calcwatch.words.urgency import category_of, is_suspicious, needs_workup
from tests.formats.result.examples import findings
from tests.formats.result.readings import CHANGE, described, examination

VIEWS = (described(), described("exam/L-MLO.dcm", view=ViewPosition.MLO, uid="g2"))


def found(
    category: Category, confirmed: Category | None = None, kind: GroupKind | None = None
) -> ExaminationFindings:
    """A breast in two views with one group, of a category and kind."""
    read = examination(*VIEWS).findings
    kinds = KindDescription(((kind, 1.0),)) if kind else None
    return replace(
        read,
        images=tuple(
            replace(image, groups=tuple(replace(group, kind=kinds) for group in image.groups))
            for image in read.images
        ),
        groups=tuple(
            replace(
                group,
                assessment=replace(group.assessment, suggested_category=category, if_confirmed=confirmed),
            )
            for group in read.groups
        ),
    )


def test_a_group_on_two_views_is_one_finding() -> None:
    """Both views stand together, the more urgent first, and are counted once."""
    read = examination(*VIEWS).findings
    (finding,) = findings_of(read)
    assert [seen.group.tracking_uid for seen in finding.views] == ["g1", "g2"]
    second = replace(
        read.groups[1],
        assessment=replace(read.groups[1].assessment, if_confirmed=Category.HIGHLY_SUGGESTIVE),
    )
    (finding,) = findings_of(replace(read, groups=(read.groups[0], second)))
    assert finding.first.group.tracking_uid == "g2"
    assert category_of(finding.assessment) is Category.HIGHLY_SUGGESTIVE


@pytest.mark.parametrize(
    ("category", "confirmed", "kind", "said"),
    [
        (Category.INCOMPLETE, Category.MODERATE_SUSPICION, None, "Look at 1 finding: left outer, suggestion"),
        (Category.HIGH_SUSPICION, None, GroupKind.VASCULAR, "Look at 1 finding: left outer, suggestion 4C."),
        (Category.INCOMPLETE, None, None, "Look at 1 finding"),
        (Category.BENIGN, None, GroupKind.VASCULAR, "Nothing suspicious was marked; arteries (1) and loose"),
        (
            Category.BENIGN,
            None,
            GroupKind.SCATTERED_ROUND,
            "Nothing suspicious was marked; loose specks look",
        ),
        (Category.INCOMPLETE, Category.BENIGN, GroupKind.TYPICALLY_BENIGN, "Nothing suspicious was marked;"),
        (Category.PROBABLY_BENIGN, None, None, "1 finding: probably benign, a short interval is suggested."),
        (Category.KNOWN_MALIGNANCY, None, None, "1 finding: at the place of a proven cancer."),
    ],
)
def test_the_line_says_what_each_category_asks_for(
    category: Category, confirmed: Category | None, kind: GroupKind | None, said: str
) -> None:
    """Above 3 is looked at, whatever it looks like; 3 and 6 are never called benign; all ends alike."""
    line = what_to_do(found(category, confirmed, kind))
    assert line.startswith(said)
    assert line.endswith(NOT_LOOKED_FOR_SHORT)


def test_nothing_marked_is_no_normal_mammogram() -> None:
    """An empty examination says so, and that masses were not looked for."""
    line = what_to_do(examination(findings(empty=True)).findings)
    assert (
        line == f"Nothing was marked; that is no normal mammogram: read it as always. {NOT_LOOKED_FOR_SHORT}"
    )


def test_a_symptom_comes_before_all_findings() -> None:
    """What a person stated of a symptom stands first, also where nothing was marked."""
    read = examination(findings(empty=True)).findings
    breasts = tuple(replace(breast, notes=(SYMPTOM_NOTE, "Another note.")) for breast in read.breasts)
    assert what_to_do(replace(read, breasts=breasts)).startswith(f"{SYMPTOM_NOTE} Nothing was marked")


def test_growth_and_what_could_not_be_compared_are_told() -> None:
    """Growth is named with its kind; no comparison is no calm; stability is not mentioned."""
    read = found(Category.BENIGN, None, GroupKind.VASCULAR)
    kinds = (ChangeKind.NEW, ChangeKind.NOT_COMPARABLE, ChangeKind.NO_SIGNIFICANT_CHANGE)
    line = what_to_do(read, [replace(CHANGE, kind=kind) for kind in kinds])
    assert "Since the prior: 1 new. 1 group could not be compared: look at both days." in line
    assert "no significant change" not in line


def test_a_rejected_mark_is_not_to_be_looked_at() -> None:
    """A mark rejected on every view is in a heap of its own; rejected on one view alone, it is looked at."""
    read = found(Category.HIGH_SUSPICION)
    rejected = FindingStatement(verdict=Verdict.REJECTED, category=Category.BENIGN)
    first, second = (replace(group, stated=rejected) for group in read.groups)
    heaps = sort_findings(replace(read, groups=(first, second)))
    assert (heaps.suspicious, len(heaps.rejected)) == ((), 1)
    assert stated_words(heaps.rejected[0]) == "rejected, own category 2"
    assert len(sort_findings(replace(read, groups=(first, read.groups[1]))).suspicious) == 1


@pytest.mark.parametrize("kind", [GroupKind.VASCULAR, GroupKind.SCATTERED_ROUND, GroupKind.TYPICALLY_BENIGN])
def test_what_a_person_calls_suspicious_is_never_called_benign(kind: GroupKind) -> None:
    """Their category 5 is looked at, whatever it looks like to us; their 2 lowers nothing."""
    read = found(Category.BENIGN, None, kind)
    first, second = read.groups
    own = replace(first, stated=FindingStatement(category=Category.HIGHLY_SUGGESTIVE))
    line = what_to_do(replace(read, groups=(own, second)))
    assert line.startswith("Look at 1 finding: left outer, suggestion 2, own category 5.")
    assert "Nothing suspicious" not in line
    alarm = found(Category.HIGH_SUSPICION, None, kind)
    calm = replace(alarm.groups[0], stated=FindingStatement(category=Category.BENIGN))
    line = what_to_do(replace(alarm, groups=(calm, alarm.groups[1])))
    assert line.startswith("Look at 1 finding: left outer, suggestion 4C, own category 2.")


def test_beside_a_proven_cancer_nothing_is_called_unsuspicious() -> None:
    """A proven cancer and an artery: no word says that nothing suspicious was marked."""
    read = found(Category.BENIGN, None, GroupKind.VASCULAR)
    proven = replace(
        read.groups[0],
        counterpart=None,
        assessment=replace(read.groups[0].assessment, suggested_category=Category.KNOWN_MALIGNANCY),
    )
    images = (
        replace(
            read.images[0],
            groups=tuple(replace(group, kind=None) for group in read.images[0].groups),
        ),
        read.images[1],
    )
    alone = replace(read.groups[1], counterpart=None)
    line = what_to_do(replace(read, images=images, groups=(proven, alone)))
    assert line.startswith("1 finding: at the place of a proven cancer. Arteries (1)")
    assert "Nothing suspicious" not in line


def test_a_tight_group_of_specks_is_called_no_single_shape() -> None:
    """Its category comes from suspicion: beside "probably benign" no line says "fine pleomorphic"."""
    (finding,) = findings_of(found(Category.PROBABLY_BENIGN, None, GroupKind.SMALL_SUSPICIOUS))
    assert look_words(finding.first.group) == "a tight group of small specks"
    (other,) = findings_of(found(Category.PROBABLY_BENIGN, None, GroupKind.TYPICALLY_BENIGN))
    assert look_words(other.first.group) != "a tight group of small specks"


def test_what_is_suspicious_and_what_needs_workup() -> None:
    """Suspicious is above 3 or not known; 3 asks for something too; 1, 2 and 6 propose nothing."""
    assessment = examination(*VIEWS).findings.groups[0].assessment
    told = {
        category: replace(assessment, suggested_category=category, if_confirmed=None) for category in Category
    }
    assert {category for category in Category if is_suspicious(told[category])} == {
        Category.INCOMPLETE,
        Category.LOW_SUSPICION,
        Category.MODERATE_SUSPICION,
        Category.HIGH_SUSPICION,
        Category.HIGHLY_SUGGESTIVE,
    }
    assert {category for category in Category if not needs_workup(told[category])} == {
        Category.NEGATIVE,
        Category.BENIGN,
        Category.KNOWN_MALIGNANCY,
    }
    assert is_suspicious(None)
