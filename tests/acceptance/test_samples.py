"""Real samples, read where they lie and never copied; skipped by name where they are absent."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from calcwatch.domain.errors import UnsupportedImage
from calcwatch.domain.image import GivenAttributes, QualityFlag
from calcwatch.service.analyze import analyze_image
from calcwatch.service.files.open_image import open_image
from tests.paths import DATA

SAMPLES = DATA / "dicom"


def sample(name: str) -> Path:
    """Path of a sample; skips the test where it is absent."""
    path = SAMPLES / name
    if not path.exists():
        pytest.skip(f"{name} is not in CALCWATCH_DATA")
    return path


def test_both_round_calcifications_of_a_full_field_mammogram_are_found() -> None:
    """At the spacing of the breast plane, 0.0941 mm, flagged because the header also gives the detector's."""
    found = analyze_image(open_image(sample("ge-senographe-rmlo.dcm"), GivenAttributes()))
    assert found.description.pixel_spacing is not None
    assert found.description.pixel_spacing.mm == pytest.approx(0.0940909, abs=1e-6)
    assert QualityFlag.PIXEL_SPACING_AMBIGUOUS in found.quality_flags
    for row, column in ((1709, 1824), (1956, 1790)):
        near = [c for c in found.calcifications if math.hypot(c.row - row, c.column - column) < 5]
        assert [round(c.diameter_mm or 0, 1) for c in near] == [pytest.approx(1.7, abs=0.2)]
        assert near[0].score > 0.7
    assert len(found.calcifications) < 60


def test_a_film_without_spacing_has_no_sizes_but_its_round_calcification() -> None:
    """Null sizes and a flag; the one large round calcification is among the findings."""
    found = analyze_image(open_image(sample("film-scan-secondary-capture-j2k.dcm"), GivenAttributes()))
    assert QualityFlag.PIXEL_SPACING_UNKNOWN in found.quality_flags
    assert all(c.diameter_mm is None and c.area_mm2 is None for c in found.calcifications)
    assert found.breast_area_cm2 is None
    assert any(math.hypot(c.row - 1809, c.column - 1278) < 10 and c.score > 0.7 for c in found.calcifications)


def test_a_test_pattern_is_no_mammogram() -> None:
    """It is refused although its SOP class says mammogram."""
    with pytest.raises(UnsupportedImage, match="not a mammogram"):
        open_image(sample("pixel-spacing-pattern.dcm"), GivenAttributes())
