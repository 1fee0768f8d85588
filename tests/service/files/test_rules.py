"""The rule table and the context of an examination, from files."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from calcwatch.domain.context import BiopsyResult, BreastContext, ClinicalContext, ExamContext
from calcwatch.domain.errors import BadContext, BadTable
from calcwatch.service.files.rules import read_context, read_rules
from tests.paths import ROOT


def written(folder: Path, content: bytes) -> Path:
    path = folder / "context.json"
    path.write_bytes(content)
    return path


def test_the_shipped_table_is_sound() -> None:
    """It is read without complaint, names the edition of the lexicon, and its version."""
    table = read_rules()
    assert (table.version, table.lexicon) == ("2", "BI-RADS 5th edition (2013)")
    assert {"B1", "M-AMO-GRP", "C1", "L4", "X-SCREEN"} <= {rule.id for rule in table.rules}


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    """A changed table is read from its file; a fault names the file and the rule."""
    path = tmp_path / "mine.toml"
    shipped = ROOT / "src" / "calcwatch" / "rules" / "birads.toml"
    text = shipped.read_text(encoding="utf-8")
    path.write_text(text.replace('version = "2"', 'version = "mine"'), encoding="utf-8")
    assert read_rules(path).version == "mine"
    path.write_text(text.replace('id = "B2"', 'id = "B1"', 1), encoding="utf-8")
    with pytest.raises(BadTable, match=r"mine\.toml: rule B1: the id is there twice"):
        read_rules(path)
    path.write_bytes("version = 'ü'".encode("latin-1"))
    with pytest.raises(BadTable, match="not UTF-8"):
        read_rules(path)
    with pytest.raises(BadTable, match="cannot be read: No such file"):
        read_rules(tmp_path / "none.toml")


def test_thresholds_of_ones_own(tmp_path: Path) -> None:
    """Changed thresholds travel with the table; a fault names the file, the threshold and the remedy."""
    path = tmp_path / "mine.toml"
    shipped = (ROOT / "src" / "calcwatch" / "rules" / "facts.toml").read_text(encoding="utf-8")
    assert read_rules().thresholds.worst_shape_members == 3
    path.write_text(shipped.replace("value = 3\n", "value = 9\n", 1), encoding="utf-8")
    assert read_rules(thresholds=path).thresholds.worst_shape_members == 9
    path.write_text(shipped.replace("value = 3\n", "value = 0\n", 1), encoding="utf-8")
    with pytest.raises(BadTable, match=r"mine\.toml: threshold worst_shape_members: value = 0 is no count"):
        read_rules(thresholds=path)


def test_a_context_is_read(tmp_path: Path) -> None:
    """Words become statements; what is left out or null is not known; a byte order mark does not matter."""
    content = {
        "exam_context": "diagnostic",
        "age": 64,
        "high_risk": None,
        "left": {"treated": True, "months_since_treatment": 18, "biopsy": "benign_concordant"},
    }
    expected = ClinicalContext(
        exam_context=ExamContext.DIAGNOSTIC,
        age=64,
        left=BreastContext(treated=True, months_since_treatment=18, biopsy=BiopsyResult.BENIGN_CONCORDANT),
    )
    for mark in (b"", b"\xef\xbb\xbf"):
        assert read_context(written(tmp_path, mark + json.dumps(content).encode())) == expected
    assert read_context(written(tmp_path, b"{}")) == ClinicalContext()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]", "the context must be an object"),
        (b'{"exam": "screening"}', "'exam' is not known in the context; one of exam_context, age"),
        (b'{"exam_context": "routine"}', "exam_context 'routine' is not one of screening, diagnostic"),
        (b'{"exam_context": ["screening"]}', "exam_context .* is not one of"),
        (b'{"age": "64"}', "age '64' is not a whole number; leave it out if not known"),
        (b'{"age": 64.5}', "age 64.5 is not a whole number"),
        (b'{"age": true}', "age True is not a whole number"),
        (b'{"age": 640}', "age 640 is not between 0 and 120"),
        (b'{"neoadjuvant": 1}', "neoadjuvant 1 is not true or false"),
        (b'{"left": true}', "left must be an object"),
        (b'{"left": {"bed": "inside"}}', "'bed' is not known in left; one of treated, reduction"),
        (b'{"left": {"months_since_treatment": -1}}', "months_since_treatment -1 is not between"),
        (b'{"age": 64, "age": 46}', "age is stated twice; state it once"),
        (b'{"age": 64', "the context is no JSON, line 1"),
        (b"", "the context is no JSON"),
        ("{'ü'}".encode("latin-1"), "the context is not UTF-8"),
        (b"[" * 100_000, "recursion"),
    ],
)
def test_a_context_that_cannot_be_used_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """The message names the file, the word and what may stand there."""
    with pytest.raises(BadContext, match=rf"context\.json: .*{message}"):
        read_context(written(tmp_path, content))


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    """A missing file is refused by its name."""
    with pytest.raises(BadContext, match=r"none\.json: the context cannot be read"):
        read_context(tmp_path / "none.json")


def test_the_example_in_the_documentation_is_a_context(tmp_path: Path) -> None:
    """The context shown in docs/rules.md is read as written, and the page names every word there is."""
    page = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```json\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    context = read_context(written(tmp_path, example.encode()))
    assert (context.left.treated, context.right.treated) == (True, False)
    names = [one.name for kind in (ClinicalContext, BreastContext) for one in fields(kind)]
    assert [name for name in names if f"`{name}`" not in page] == []
