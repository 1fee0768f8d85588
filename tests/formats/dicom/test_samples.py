"""Real samples, where the data folder is present."""

from __future__ import annotations

import pytest

from calcwatch.domain.errors import UnsupportedImage
from calcwatch.domain.image import QualityFlag
from calcwatch.formats.dicom.read.mammogram import describe_dicom, read_dicom
from tests.paths import DATA

SAMPLES = DATA / "dicom"


def sample(name: str) -> bytes:
    path = SAMPLES / name
    if not path.is_file():
        pytest.skip(f"sample {name} is not here; CALCWATCH_DATA names the folder of the samples")
    return path.read_bytes()


def test_ge_sample() -> None:
    """The GE sample is read with its first VOI LUT, at 0.0941 mm, flagged as ambiguous, its padding apart."""
    found = read_dicom(sample("ge-senographe-rmlo.dcm"), "ge.dcm")
    described = found.description
    assert described.pixel_spacing is not None
    assert described.pixel_spacing.mm == pytest.approx(0.0941, abs=1e-4)
    assert described.flags == (QualityFlag.PIXEL_SPACING_AMBIGUOUS,)
    assert "Detector Element Spacing 0.1 mm" in described.pixel_spacing_note
    assert "VOI LUT Sequence item 1 of 3 'NORMAL' (the first offered)" in described.pixel_steps
    assert (described.image_laterality, described.view_position) == ("R", "MLO")
    assert found.padding is not None
    assert found.padding.mean() == pytest.approx(0.68, abs=0.01)
    assert found.gray[~found.padding].mean() > 0.2


def test_film_sample() -> None:
    """The film scan is read without spacing, flagged as digitized film with lossy compression."""
    described = read_dicom(sample("film-scan-secondary-capture-j2k.dcm"), "film.dcm").description
    assert described.pixel_spacing is None
    assert set(described.flags) == {
        QualityFlag.PIXEL_SPACING_UNKNOWN,
        QualityFlag.DIGITIZED_FILM,
        QualityFlag.LOSSY_COMPRESSION,
    }
    assert "Spatial Resolution .05 is not a pixel spacing" in described.pixel_spacing_note
    assert described.not_analyzed_because == ""


def test_pattern_sample() -> None:
    """The test pattern is refused as no mammogram, its two spacings named."""
    content = sample("pixel-spacing-pattern.dcm")
    with pytest.raises(UnsupportedImage, match="not a mammogram for diagnosis"):
        read_dicom(content, "pattern.dcm")
    described = describe_dicom(content, "pattern.dcm")
    assert described.pixel_spacing is not None
    assert described.pixel_spacing.source == "Imager Pixel Spacing 0.5 / magnification 1.5"
    assert "0.25 mm (FIDUCIAL)" in described.pixel_spacing_note
    assert QualityFlag.NOT_A_MAMMOGRAM in described.flags
