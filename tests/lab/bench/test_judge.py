"""Results against what readers said, on a result made by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from calcwatch.domain.errors import BadTable
from calcwatch_lab.bench.real.judge import FIGURES, Judgment, in_words, judge
from calcwatch_lab.cli.main import app as lab

COLUMNS = (0.0, 20.0, 40.0)


def group(row: float, kind: str, suggested: str, confirmed: str | None, suspicion: float) -> dict[str, Any]:
    """A found group of three members in a row."""
    return {
        "members": [f"{row}-{column}" for column in COLUMNS],
        "kind": kind,
        "suggested_category": suggested,
        "if_confirmed": confirmed,
        "suspicion": suspicion,
        "row": row,
    }


def image(name: str, *groups: dict[str, Any]) -> dict[str, Any]:
    marks = [
        {"tracking_uid": f"{own['row']}-{column}", "row": own["row"], "column": column}
        for own in groups
        for column in COLUMNS
    ]
    return {
        "source": f"in/{name}.png",
        "pixel_spacing_mm": 0.1,
        "calcifications": marks,
        "groups": groups,
        "non_lesions": [],
    }


RESULT = [
    image(
        "a",
        group(100, "vascular", "2", None, 0.1),
        group(300, "small_suspicious", "0", "4B", 0.6),
        group(500, "vascular", "0", "4A", 0.3),
    ),
    image("b", group(100, "scattered_round", "3", None, 0.05)),
    image("c"),
    image("d", group(100, "small_suspicious", "4C", None, 0.9)),
]
GROUPS = (
    "group,file,what_1,alarm_1,what_2,alarm_2\n"
    "artery,a.png,vascular,benign,vascular,none\n"
    "focus,a.png,,,fine_pleomorphic,highly_suspicious\n"
    "rim,a.png,typically_benign_other,benign,,\n"
    "scatter,b.png,scattered_round,benign,vascular,benign\n"
    "missed,c.png,vascular,probably_benign,,\n"
    "unread,b.png,cannot_tell,benign,,\n"
    "other,d.png,amorphous,suspicious,amorphous,probably_benign\n"
)
PLACES = {
    "artery": ("a.png", 105, (0, 20, 40)),
    "focus": ("a.png", 300, (0, 20, 40, 400, 420, 440, 460)),  # three of seven are in the found group
    "rim": ("a.png", 500, (0, 20, 40)),
    "scatter": ("b.png", 100, (0, 20, 40)),
    "missed": ("c.png", 100, (0, 20)),
    "unread": ("b.png", 100, (0, 20)),
    "other": ("d.png", 100, (0, 400, 420, 440)),  # one of four is too little
}
RATINGS = (
    "file,patient,birads,calcifications,mass\na.png,P1,2,1,0\nb.png,P2,1,1,0\nc.png,P3,5,1,0\n"
    "d.png,P4,4a,1,0\ne.png,P5,2,1,0\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A result and the tables of its labels."""
    (tmp_path / "result").mkdir()
    (tmp_path / "result" / "findings.json").write_text(json.dumps({"images": RESULT}))
    (tmp_path / "groups.csv").write_text(GROUPS)
    rows = [
        f"{name},{file},{row},{column}" for name, (file, row, columns) in PLACES.items() for column in columns
    ]
    (tmp_path / "marks.csv").write_text("\n".join(["group,file,row,column", *rows]) + "\n")
    (tmp_path / "labels.csv").write_text(RATINGS)
    return tmp_path


def judged(folder: Path, *left_out: str, results: Sequence[Path] = ()) -> Judgment:
    return judge(
        results or [folder / "result"],
        groups=folder / "groups.csv",
        marks=folder / "marks.csv",
        ratings=folder / "labels.csv",
        leave_out=left_out,
    )


def counts(judgment: Judgment) -> dict[str, tuple[int, int]]:
    return {what: (figure.part, figure.whole) for what, figure in judgment.counts.items()}


def test_figures_are_those_counted_by_hand(folder: Path) -> None:
    """Six groups that a reader could tell, two of them missed; one group that only one reader saw."""
    found = judged(folder)
    assert counts(found) == {
        "kinds right": (3, 6),  # artery, focus and scatter
        "arteries told, of those the first reader names": (1, 2),
        "arteries right, of those we name": (1, 2),
        "benign to both readers: 2 or 3": (2, 2),
        "benign to all who read it: 2 or 3": (2, 3),
        "suspicious to all who read it: above 3": (1, 1),
        "images rated 1 or 2: above 3": (1, 2),
        "images rated 4 to 6, no mass: above 3": (1, 2),
    }
    assert found.missed == 2
    assert (found.positives, found.images) == (2, 4)
    assert found.area.value == pytest.approx(0.5)  # 0.9 and 0 against 0.6 and 0.05


def test_a_woman_left_out_counts_nowhere(folder: Path) -> None:
    """Without the woman of the artery three labeled groups are left."""
    found = judged(folder, "P1")
    assert counts(found)["kinds right"] == (1, 3)
    assert counts(found)["images rated 1 or 2: above 3"] == (0, 1)


def test_a_mass_takes_an_image_out_of_the_area(folder: Path) -> None:
    """An image with a mass says nothing of how suspicious its calcifications are."""
    (folder / "labels.csv").write_text(RATINGS.replace("P3,5,1,0", "P3,5,1,1"))
    found = judged(folder)
    assert (found.positives, found.images) == (1, 3)
    assert found.area.value == 1.0


def test_what_is_no_calcification_is_right_when_nothing_is_reported(folder: Path) -> None:
    """A missed group that the reader calls something else is no mistake."""
    (folder / "groups.csv").write_text(GROUPS.replace("c.png,vascular", "c.png,not_calcification"))
    assert counts(judged(folder))["kinds right"] == (4, 6)


def test_results_of_several_models_are_one(folder: Path) -> None:
    """Each woman may have been analyzed by a model that has not seen her."""
    parts = []
    for number, own in enumerate(RESULT):
        parts.append(folder / f"part-{number}.json")
        parts[-1].write_text(json.dumps({"images": [own]}))
    assert judged(folder, results=parts) == judged(folder)


def test_what_cannot_be_judged_is_refused(folder: Path) -> None:
    """No result, and ratings of other images, are named."""
    with pytest.raises(BadTable, match="none of its images"):
        judged(folder, "P1", "P2", "P3", "P4")
    (folder / "labels.csv").write_text(RATINGS.replace("P3,5,1,0", "P3,,1,0"))
    with pytest.raises(BadTable, match="birads is '', no category"):
        judged(folder)
    (folder / "labels.csv").write_text(RATINGS)
    (folder / "result" / "findings.json").write_text("[]")
    with pytest.raises(BadTable, match=r"findings\.json"):
        judged(folder)


def test_the_command_prints_a_table_and_writes_the_figures(folder: Path) -> None:
    """Each figure is a row; the file holds parts and wholes."""
    words = ["--groups", "groups.csv", "--marks", "marks.csv", "--ratings", "labels.csv"]
    words = [str(folder / word) if word.endswith(".csv") else word for word in words]
    words += ["--result", str(folder / "result"), "--out", str(folder / "out"), "--leave-out", "P9"]
    result = CliRunner().invoke(lab, ["bench", "judge", *words])
    assert result.exit_code == 0, result.output
    assert in_words(judged(folder)) in result.output
    figures = json.loads((folder / "out" / FIGURES).read_text())
    assert figures["kinds right"]["part"] == 3
    assert figures["auc"]["positives"] == 2


def test_outlined_calcifications_need_their_corrections(folder: Path) -> None:
    """The command says which option is missing."""
    words = ["--result", str(folder), "--groups", "g.csv", "--marks", "m.csv", "--ratings", "r.csv"]
    result = CliRunner().invoke(lab, ["bench", "judge", *words, "--outlines", str(folder)])
    assert result.exit_code == 2
    assert "--corrections" in result.output
