"""No number changes without a new analysis version."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from calcwatch.domain.findings import ANALYSIS_VERSION
from tests.golden.stored import Golden, difference, store

STORED = sorted(Path(__file__).parent.glob("*.json"))


@pytest.mark.parametrize("path", STORED, ids=[path.name for path in STORED])
def test_stored_answers_are_of_this_analysis_version(path: Path) -> None:
    """A new analysis version comes with new answers of all stages, and new answers with a new version."""
    version = json.loads(path.read_text(encoding="utf-8"))["analysis_version"]
    assert version == ANALYSIS_VERSION, "run `python -m tests.golden` to store the answers of this version"


@pytest.fixture
def golden(tmp_path: Path) -> Golden:
    """Answers of one stage, stored for this analysis version."""
    golden = Golden(tmp_path / "answers.json", lambda: {"group": [1.0, 2.0]}, {"group": (1e-2, 0.0)})
    assert "stored for analysis version" in store(golden)
    return golden


@pytest.mark.parametrize("answer", [[1.0, 2.1], [1.0], []])
def test_another_answer_asks_for_a_new_analysis_version(golden: Golden, answer: list[float]) -> None:
    """The failure says what to raise and what to run, and until then nothing new is stored."""
    changed = replace(golden, answers=lambda: {"group": answer})
    assert "raise ANALYSIS_VERSION" in difference(changed, "group")
    assert "python -m tests.golden" in difference(changed, "group")
    assert "not stored, group changed: if the change is meant, raise ANALYSIS_VERSION" in store(changed)
    assert golden.stored()["group"] == [1.0, 2.0]


def test_an_answer_within_its_tolerance_is_the_same(golden: Golden) -> None:
    """Another build of a library may round otherwise; the stored answer stays."""
    rounded = replace(golden, answers=lambda: {"group": [1.001, 2.0]})
    assert difference(rounded, "group") == ""
    assert "as stored" in store(rounded)
    assert golden.stored()["group"] == [1.0, 2.0]


def test_answers_of_another_version_are_stored_anew(golden: Golden) -> None:
    """Once the version is raised, the new answers take the place of the old."""
    golden.path.write_text(json.dumps(golden.stored() | {"analysis_version": "0"}), encoding="utf-8")
    changed = replace(golden, answers=lambda: {"group": [3.0, 2.0]})
    assert "stored for analysis version" in store(changed)
    assert golden.stored() == {"analysis_version": ANALYSIS_VERSION, "group": [3.0, 2.0]}


def test_a_new_stage_is_stored_beside_the_others(golden: Golden) -> None:
    """A stage that has no stored answer yet says so, and needs no new version."""
    more = replace(golden, answers=lambda: {"group": [1.0, 2.0], "describe": [0.5]})
    more = replace(more, tolerances=golden.tolerances | {"describe": (0.0, 0.1)})
    assert "no answer of describe" in difference(more, "describe")
    store(more)
    assert golden.stored()["describe"] == [0.5]
