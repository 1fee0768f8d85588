import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from calcwatch.cli.commands import app
from calcwatch.domain.errors import NotInResult
from calcwatch.domain.image import ViewPosition
from calcwatch.formats.result.document import document_text, findings_document
from calcwatch.formats.result.run import Run
from calcwatch.service.explain import explain_group
from calcwatch.service.files.rules import read_rules
from tests.formats.result.examples import PROVENANCE, findings
from tests.formats.result.readings import described, examination

UIDS = ("2.25.1001", "2.25.2001")


@pytest.fixture
def result(tmp_path: Path) -> Path:
    """A folder with the findings of a breast in two views, a group in each, after an image without any."""
    views = (
        described("L-CC.dcm", uid=UIDS[0]),
        described("L-MLO.dcm", view=ViewPosition.MLO, uid=UIDS[1]),
    )
    empty = findings("b.dcm", empty=True)
    read = (examination(empty), examination(*views, first=1))
    document = findings_document(Run(PROVENANCE, (empty, *views), read))
    (tmp_path / "findings.json").write_text(document_text(document), encoding="utf-8")
    return tmp_path


def change(result: Path, **values: Any) -> None:
    path = result / "findings.json"
    document = json.loads(path.read_text(encoding="utf-8")) | values
    path.write_text(json.dumps(document), encoding="utf-8")


def test_group_is_explained(result: Path) -> None:
    """The explanation holds place, suggestion, description, rules with sources, doubts and alternatives."""
    text = " ".join(" ".join(explain_group("2:A", result)).split())
    rule = read_rules().rule("M-PLE-GRP")
    for said in (
        "Group 2:A: L CC, L-CC.dcm",
        "left breast, outer half",
        "(3:A)",
        "Suggests 4B (moderate suspicion) if confirmed",
        "0 (more imaging needed): magnification or more views first",
        "judged by the facts alone",
        "suspicion 0.71 (0 to 1: probability that a reader would call it suspicious",
        "a tight group of small specks 90 %",
        "3 fine pleomorphic, 1 amorphous",
        "How good is this version, measured on real images",
        "BI-RADS is a registered trademark",
        "not below 4B",
        "malignant 28 to 50 % of such findings (Rominger 2012",
        "fine pleomorphic 62 %, amorphous 25 %, fine linear 13 %",
        "4 fine pleomorphic, 1 cannot tell",
        "grouped 70 %",
        "extent_mm 5.7",
        "M-PLE-GRP Fine pleomorphic calcifications in a group.",
        f"because: {rule.when[0].text}",
        f"source: {rule.source}",
        "Are earlier mammograms at hand?",
        "13 % fine linear: then 4C (high suspicion)",
        "Stated by a person: exam_context screening",
        "Rule table 3, BI-RADS 5th edition (2013)",
        "never show them to a patient",
    ):
        assert said in text


@pytest.mark.parametrize("name", ["3:A", "3:a", UIDS[1], "2001"])
def test_group_is_found_by_each_of_its_names(result: Path, name: str) -> None:
    """Image and letter, the whole tracking UID and an ending that only one group has name a group."""
    lines = explain_group(name, result / "findings.json")
    assert lines[0].startswith("Group 3:A: L MLO")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("3:B", "no group is called '3:B'; name one of 2:A (2.25.1001), 3:A (2.25.2001)"),
        ("9", "no group is called '9'; name one of 2:A"),
        ("001", "2 groups are called '001'; name one of 2:A (2.25.1001), 3:A (2.25.2001)"),
        ("", "no group is called ''"),
    ],
)
def test_no_such_group_lists_those_there_are(result: Path, name: str, told: str) -> None:
    """A name of no group, or of more than one, is refused with the groups there are."""
    with pytest.raises(NotInResult) as refused:
        explain_group(name, result)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "no findings.json"),
        ("[]", "no findings.json"),
        ('{"schema_version": "1.0"}', "no findings.json"),
        ('{"schema_version": "1.0", "provenance": {"package": "calcwatch"}}', "analyze the images again"),
    ],
)
def test_what_is_no_result_is_refused(tmp_path: Path, content: str, told: str) -> None:
    """A file that is no findings.json, or one without suggestions, is refused with the remedy."""
    path = tmp_path / "findings.json"
    path.write_text(content)
    with pytest.raises(NotInResult, match=told):
        explain_group("1:A", path)
    with pytest.raises(NotInResult, match="No such file or directory; give a result with --findings"):
        explain_group("1:A", tmp_path / "none.json")


def test_another_rule_table_gives_no_sources(result: Path) -> None:
    """Conditions and sources of a table that the result was not made with are not told as its own."""
    document = json.loads((result / "findings.json").read_text(encoding="utf-8"))
    examinations = [entry | {"rule_table_version": "0"} for entry in document["examinations"]]
    change(result, examinations=examinations)
    text = "\n".join(explain_group("2:A", result))
    assert "M-PLE-GRP" in text
    assert "source:" not in text
    assert "The rule table that is installed is another one" in text


def test_group_that_was_not_assessed_says_so(tmp_path: Path) -> None:
    """A group of a result in which nothing was read says that nothing is suggested, and no more."""
    (tmp_path / "findings.json").write_text(document_text(findings_document(Run(PROVENANCE, (findings(),)))))
    text = "\n".join(explain_group("1:A", tmp_path))
    assert "Nothing is suggested: the group was not assessed." in text
    assert "not described" in text


def test_command_explains_and_refuses(result: Path) -> None:
    """The command prints the explanation; a wrong name ends with status 2 and a sentence."""
    answer = CliRunner().invoke(app, ["explain", "2:A", "--findings", str(result)])
    assert answer.exit_code == 0
    assert answer.output.startswith("Group 2:A")
    wrong = CliRunner().invoke(app, ["explain", "7:A", "--findings", str(result)])
    assert isinstance(wrong.exception, NotInResult)
