"""One stored answer a stage: whoever changes a number must mean to.

When a change is meant, raise ``ANALYSIS_VERSION``, run ``python -m tests.golden.test_golden`` in the folder
of the project to store the new answers, and say in the change log what changed.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcwatch.domain.findings import ANALYSIS_VERSION, AnalysisSettings
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from tests.image.pictures import mammogram_of

STORED = Path(__file__).with_name("answers.json")
SETTINGS = PhantomSettings(
    field_mm=(100, 80),
    pixel_spacing_mm=0.1,
    non_lesions=(),
    groups=(
        GroupPlan(Morphology.FINE_PLEOMORPHIC, Distribution.GROUPED, count=8, density=2.0),
        GroupPlan(Morphology.ROUND, Distribution.SINGLE, count=2, density=1.5),
    ),
)
FEW = 6


@cache
def answers() -> dict[str, Any]:
    """The answer of each stage on one phantom, as plain numbers."""
    phantom = make_examination(11, settings=SETTINGS).images[0]
    mammogram = mammogram_of((phantom.stored / 4095).astype(np.float32))
    image = normalize(mammogram)
    breast = find_breast(image)
    detections = detect_classical(image, breast, AnalysisSettings())
    found = analyze_image(mammogram)
    return {
        "analysis_version": ANALYSIS_VERSION,
        "normalize": [
            image.frame.top,
            image.frame.left,
            image.frame.rows,
            image.frame.columns,
            image.background,
        ],
        "breast": [breast.area_px, len(breast.outline)],
        "detect": [[float(v) for v in row] for row in zip(*_columns(detections), strict=True)][:FEW],
        "measure": [[c.row, c.column, c.diameter_px, c.contrast] for c in found.calcifications[:FEW]],
        "group": [[g.row, g.column, g.radius_px, g.score, g.count] for g in found.groups],
    }


def _columns(detections: Any) -> list[Any]:
    return [
        getattr(detections, name)
        for name in ("row", "column", "sigma_px", "strength", "supported_strength", "score")
    ]


@pytest.mark.parametrize(
    ("stage", "relative"),
    [("normalize", 1e-3), ("breast", 1e-3), ("detect", 3e-2), ("measure", 3e-2), ("group", 5e-2)],
)
def test_a_stage_answers_as_it_did(stage: str, relative: float) -> None:
    """The stored answer, within a tolerance that another build of the libraries may need."""
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    assert np.shape(answers()[stage]) == np.shape(stored[stage])
    np.testing.assert_allclose(answers()[stage], stored[stage], rtol=relative, atol=1e-3)


def test_the_stored_answers_are_of_this_analysis_version() -> None:
    """New answers come with a new analysis version."""
    assert json.loads(STORED.read_text(encoding="utf-8"))["analysis_version"] == ANALYSIS_VERSION


if __name__ == "__main__":
    STORED.write_text(json.dumps(answers(), indent=1) + "\n", encoding="utf-8")
