"""Files of two or more days -> a result that says what became of every group."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from calcwatch.domain.change import ChangeKind
from calcwatch.domain.errors import BadSeries
from calcwatch.domain.image import Laterality, ViewPosition
from calcwatch.domain.treatment import Operation, OperationKind, Radiation, SurgicalBedMark, Treatment
from calcwatch.service.analyze import analyze_files
from calcwatch.service.compare import compare_files, follow_files
from calcwatch.service.run import AnalyzedRun, AnalyzeOptions
from tests.paths import ROOT
from tests.service.days import write_days

TREATMENT = Treatment(
    operations=(Operation("20190314", Laterality.LEFT, OperationKind.LUMPECTOMY, malignant=True),),
    radiation=(Radiation(Laterality.LEFT, "20190601"),),
)


def document(run: AnalyzedRun, name: str = "comparison.json") -> dict[str, Any]:
    written: dict[str, Any] = json.loads((run.out / name).read_text(encoding="utf-8"))
    return written


@pytest.fixture(scope="module")
def days(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], Path]:
    return write_days(tmp_path_factory.mktemp("woman"), days=3)


@pytest.fixture(scope="module")
def compared(days: tuple[list[Path], Path]) -> AnalyzedRun:
    folders, table = days
    options = AnalyzeOptions(table=table, workers=2)
    out = table.parent / "compared"
    return compare_files(folders[0], folders[1], out, options=options, treatment=TREATMENT)


def test_both_views_are_compared(compared: AnalyzedRun) -> None:
    """Each view of the left breast is paired with its prior, a year apart, and aligned."""
    pairs = document(compared)["pairs"]
    assert {(pair["image_laterality"], pair["view_position"]) for pair in pairs} == {
        ("L", "CC"),
        ("L", "MLO"),
    }
    for pair in pairs:
        assert pair["comparable"]
        assert pair["alignment"] == "good"
        assert pair["interval_months"] == pytest.approx(12.2, abs=0.2)
        assert pair["error_mm"] < 1.5


def test_the_new_group_is_new_and_the_old_one_is_not(compared: AnalyzedRun) -> None:
    """In both views the group that was added is new, and the one that stayed has not changed."""
    for view in ("CC", "MLO"):
        own = [change for change in document(compared)["changes"] if change["view_position"] == view]
        kinds = sorted(change["kind"] for change in own if max(change["count"], change["prior_count"]) >= 5)
        assert kinds == ["new", "no_significant_change"]
        (new,) = [change for change in own if change["kind"] == "new"]
        assert (new["prior_count"], new["prior_groups"]) == (0, [])
        assert new["code"]["value"] == "129721008"
        assert new["reasons"]


def test_a_matched_group_keeps_its_identifier(compared: AnalyzedRun) -> None:
    """An unchanged group is followed under the tracking UID of the prior examination."""
    stable = [change for change in document(compared)["changes"] if change["kind"] == "no_significant_change"]
    assert stable
    for change in stable:
        assert change["tracking_uid"] == change["prior_groups"][0]
        assert change["tracking_uid"] not in change["groups"]


def test_the_rules_know_of_the_change(compared: AnalyzedRun) -> None:
    """New in a treated breast with the bed not known: rule L4 fires and says how the place was treated."""
    findings = document(compared, "findings.json")
    new = {
        uid for change in document(compared)["changes"] if change["kind"] == "new" for uid in change["groups"]
    }
    rules = [
        set(g["rule_ids"])
        for image in findings["images"]
        for g in image["groups"]
        if g["tracking_uid"] in new
    ]
    assert rules
    assert all("L4" in fired for fired in rules)
    for change in document(compared)["changes"]:
        if change["groups"]:
            assert change["in_bed"] is None
            assert any("treated as outside" in reason for reason in change["reasons"])


def test_the_treatment_is_told_with_its_figures(compared: AnalyzedRun) -> None:
    """Months since radiation ended, and figures of the literature each with n and interval."""
    told = document(compared)["treatment"]
    assert told["months_since_treatment"] == {"L": 55}
    assert all(figure["n"] and figure["low"] < figure["high"] for figure in told["literature"])


def test_the_page_shows_both_days(compared: AnalyzedRun) -> None:
    """The report has the section with prior and current, and no mark of the run is left in the result."""
    page = (compared.out / "report.html").read_text(encoding="utf-8")
    assert 'id="comparison-1"' in page
    assert page.count('class="compared"') >= 4
    assert {entry.name for entry in compared.out.iterdir()} == {
        "SHA256SUMS",
        "calcifications.csv",
        "comparison.json",
        "examinations.csv",
        "findings.json",
        "groups.csv",
        "history.json",
        "overlays",
        "report.html",
    }


def test_findings_are_compared_as_files_are(
    days: tuple[list[Path], Path], compared: AnalyzedRun, tmp_path: Path
) -> None:
    """Results of ``analyze`` stand for their images: pairs and changes are the same, bit for bit."""
    folders, table = days
    for number in (0, 1):
        analyze_files(
            [folders[number]], tmp_path / f"r{number}", options=AnalyzeOptions(table=table, workers=2)
        )
    again = compare_files(
        tmp_path / "r0",
        tmp_path / "r1" / "findings.json",
        tmp_path / "c",
        treatment=TREATMENT,
    )
    assert document(again)["changes"] == document(compared)["changes"]
    assert document(again)["pairs"] == document(compared)["pairs"]


def test_findings_whose_images_are_gone_are_refused(days: tuple[list[Path], Path], tmp_path: Path) -> None:
    """Without its image a finding cannot be aligned: the file is named, with the remedy."""
    folders, table = days
    copy = tmp_path / "day"
    shutil.copytree(folders[0], copy)
    analyze_files([copy], tmp_path / "r", options=AnalyzeOptions(workers=1))
    shutil.rmtree(copy)
    run = compare_files(
        tmp_path / "r",
        folders[1],
        tmp_path / "c",
        options=AnalyzeOptions(table=table, workers=1),
    )
    assert not run.steps
    gone = [refused.message for refused in run.not_analyzed if refused.source.startswith(str(copy))]
    assert gone
    assert all("give the mammograms themselves" in message for message in gone)


def test_wrong_days_are_refused(days: tuple[list[Path], Path], tmp_path: Path) -> None:
    """The later examination first, two dates in one, two women: each is refused with the remedy."""
    folders, table = days
    options = AnalyzeOptions(table=table, workers=1)
    with pytest.raises(BadSeries, match="give the earlier first"):
        compare_files(folders[1], folders[0], tmp_path / "a", options=options)
    for number in (0, 1):
        (tmp_path / "both").mkdir(exist_ok=True)
        (tmp_path / "both" / str(number)).symlink_to(folders[number])
    with pytest.raises(BadSeries, match="PRIOR holds images of 2 dates"):
        compare_files(tmp_path / "both", folders[2], tmp_path / "b", options=options)
    other = table.with_name("other.csv")
    other.write_text(table.read_text().replace("day-2/L-CC.png,WOMAN-1", "day-2/L-CC.png,WOMAN-2"))
    with pytest.raises(BadSeries, match="different Patient IDs") as refused:
        compare_files(
            folders[0],
            folders[1],
            tmp_path / "c",
            options=AnalyzeOptions(table=other, workers=1),
        )
    assert "WOMAN" not in str(refused.value)
    assert not list(tmp_path.glob("[abc]"))


def test_nothing_is_compared_with_itself(days: tuple[list[Path], Path], tmp_path: Path) -> None:
    """An examination, a link to it, a copy, or another of the same day is no prior."""
    folders, table = days
    options = AnalyzeOptions(table=table, workers=1)
    copy = tmp_path / "copy"
    shutil.copytree(folders[0], copy)
    (tmp_path / "link").symlink_to(folders[0])
    for prior in (folders[0], tmp_path / "link"):
        with pytest.raises(BadSeries, match="nothing changes between an image and itself"):
            compare_files(prior, folders[0], tmp_path / "a", options=options)
    with pytest.raises(BadSeries, match="nothing changes between an image and itself"):
        compare_files(folders[0], copy, tmp_path / "a", options=AnalyzeOptions(workers=1))
    with pytest.raises(BadSeries, match="are of the same day"):
        compare_files(folders[0] / "L-CC.png", folders[0] / "L-MLO.png", tmp_path / "a", options=options)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["copy", "link"]


def test_an_error_in_comparing_costs_one_day(
    days: tuple[list[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where calcwatch fails with one day, its images are errors and the other days are still there."""
    folders, table = days

    def failing(*_: object, **__: object) -> None:
        raise RuntimeError("SECRET^NAME")

    monkeypatch.setattr("calcwatch.comparison.compare.compare_with_prior", failing)
    options = AnalyzeOptions(table=table, workers=1)
    run = follow_files(folders[:2], tmp_path / "f", options=options)
    assert len(run.examinations) == 1
    assert {refused.reason_code for refused in run.not_analyzed if refused.is_error} == {"program_error"}
    assert "SECRET" not in (run.out / "findings.json").read_text()
    assert not run.steps


def test_a_series_is_followed(days: tuple[list[Path], Path], tmp_path: Path) -> None:
    """Through three days each group keeps one identifier: new on the second day, unchanged on the third."""
    folders, table = days
    options = AnalyzeOptions(table=table, workers=2)
    run = follow_files([folders[2], folders[0], folders[1]], tmp_path / "h", options=options)
    written = document(run, "history.json")
    assert written["study_dates"] == ["20230110", "20240115", "20250120"]
    large = [history for history in written["groups"] if max(m["count"] for m in history["moments"]) >= 5]
    own = [history for history in large if history["view_position"] == "CC"]
    courses = {tuple(moment["change"] for moment in history["moments"]) for history in own}
    stable = ChangeKind.NO_SIGNIFICANT_CHANGE.value
    assert courses == {(None, stable, stable), ("new", stable)}
    findings = document(run, "findings.json")
    assert len(findings["examinations"]) == 3
    assert 'id="history"' in (run.out / "report.html").read_text(encoding="utf-8")


def names_in(value: object) -> set[str]:
    """Every name in a JSON value, but for those that are data."""
    if isinstance(value, list):
        return {name for part in value for name in names_in(part)}
    if not isinstance(value, dict):
        return set()
    return set(value).union(
        *(names_in(part) for name, part in value.items() if name != "months_since_treatment")
    )


def test_every_name_is_documented(compared: AnalyzedRun) -> None:
    """docs/comparing.md names everything that comparison.json and history.json hold."""
    page = (ROOT / "docs" / "comparing.md").read_text(encoding="utf-8")
    told = names_in(document(compared)) | names_in(document(compared, "history.json"))
    literature = {"what", "events", "n", "percent", "low", "high", "words", "source"}
    code = {"scheme", "value", "meaning"}
    missing = {
        name for name in told - literature - code if f"`{name.removeprefix('prior_')}`" not in page
    } - {name for name in told if f"`{name}`" in page or f"`{name}[]`" in page}
    assert missing == set()


def test_a_drawn_bed_is_carried_over(days: tuple[list[Path], Path], tmp_path: Path) -> None:
    """A bed drawn round the old group on the prior puts it inside on the current image, the new one not."""
    folders, table = days
    options = AnalyzeOptions(table=table, workers=2)
    plain = document(compare_files(folders[0], folders[1], tmp_path / "a", options=options))
    marks = []
    for change in plain["changes"]:
        if change["kind"] == "no_significant_change" and change["count"] >= 5:
            view = ViewPosition(change["view_position"])
            marks.append(
                SurgicalBedMark(
                    "20230110", view, row=change["prior_row"], column=change["prior_column"], radius_mm=8.0
                )
            )
    operation = Operation("20220301", Laterality.LEFT, OperationKind.LUMPECTOMY, bed=tuple(marks))
    stated = Treatment((operation,), (Radiation(Laterality.LEFT, "20220601"),))
    run = compare_files(folders[0], folders[1], tmp_path / "b", options=options, treatment=stated)
    changes = [change for change in document(run)["changes"] if change["count"] >= 5]
    places = {(change["kind"], change["in_bed"]) for change in changes}
    assert places == {("no_significant_change", "inside"), ("new", "outside")}
    for change in changes:
        assert "drawn, carried over" in change["reasons"][-1]
    findings = document(run, "findings.json")
    fired = {
        group["tracking_uid"]: set(group["rule_ids"])
        for image in findings["images"]
        for group in image["groups"]
    }
    for change in changes:
        rules = fired[change["groups"][0]]
        # in the bed a group is judged benign, or told to be magnified
        assert bool(rules & {"L2", "B-JUDGED"}) is (change["in_bed"] == "inside")
        assert ("L4" in rules) is (change["kind"] == "new")
