"""One stored answer a stage, with the classical detector: whoever changes a number must mean to."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.image.find.candidates import detect_classical
from calcwatch.image.prepare.breast import find_breast
from calcwatch.image.prepare.normalize import normalize
from calcwatch.image.settings import AnalysisSettings
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from tests.golden.stored import Golden, difference
from tests.image.pictures import mammogram_of

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
    columns = (
        *(detections.row, detections.column, detections.sigma_px, detections.strength),
        *(detections.supported_strength, detections.score),
    )
    return {
        "normalize": [
            image.frame.top,
            image.frame.left,
            image.frame.rows,
            image.frame.columns,
            image.background,
        ],
        "breast": [breast.area_px, len(breast.outline)],
        "detect": np.stack(columns, axis=1)[:FEW].astype(float).tolist(),
        "measure": [[c.row, c.column, c.diameter_px, c.contrast] for c in found.calcifications[:FEW]],
        "group": [[g.row, g.column, g.radius_px, g.score, g.count] for g in found.groups],
    }


GOLDEN = Golden(
    Path(__file__).with_name("answers.json"),
    answers,
    {
        "normalize": (1e-3, 1e-3),
        "breast": (1e-3, 1e-3),
        "detect": (3e-2, 1e-3),
        "measure": (3e-2, 1e-3),
        "group": (5e-2, 1e-3),
    },
)


@pytest.mark.parametrize("stage", GOLDEN.tolerances)
def test_a_stage_answers_as_it_did(stage: str) -> None:
    """The stored answer, within a tolerance that another build of the libraries may need."""
    assert difference(GOLDEN, stage) == ""
