"""The whole job on phantoms whose truth is known."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.optimize import linear_sum_assignment

from calcwatch.domain.findings import ImageFindings
from calcwatch.domain.image import Mammogram
from calcwatch.domain.lexicon import Distribution, Morphology
from calcwatch.image.analyze import analyze_image
from calcwatch.image.find.detections import Detections
from calcwatch.image.prepare.breast import BreastRegion
from calcwatch.image.prepare.normalize import PreparedImage
from calcwatch.image.settings import AnalysisSettings
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import GroupPlan, PhantomSettings
from calcwatch.phantom.truth import PhantomImage
from tests.image.pictures import mammogram_of

PLAIN = PhantomSettings(
    field_mm=(140, 100),
    non_lesions=(),
    groups=(
        GroupPlan(Morphology.ROUND, Distribution.REGIONAL, count=8, density=3.0, diameter_mm=(0.35, 1.2)),
        GroupPlan(Morphology.PUNCTATE, Distribution.GROUPED, count=6, density=3.0, diameter_mm=(0.3, 0.5)),
    ),
)
SEEDS = (1, 2, 3)


def mammogram_from(image: PhantomImage) -> Mammogram:
    """The stored values as gray, as the phantom's own identity window shows them."""
    gray = image.stored.astype(np.float32) / np.float32(2**image.bits_stored - 1)
    return mammogram_of(gray, spacing_mm=image.pixel_spacing_mm)


@cache
def answers() -> tuple[tuple[PhantomImage, ImageFindings], ...]:
    """Every view of a few phantoms with its findings."""
    images = [image for seed in SEEDS for image in make_examination(seed, settings=PLAIN).images]
    return tuple((image, analyze_image(mammogram_from(image))) for image in images)


def pairs(image: PhantomImage, found: ImageFindings) -> list[tuple[int, int, float]]:
    """Truth and finding matched one to one within 0.35 mm: their numbers and distance in mm."""
    truth = np.array([(c.row, c.column) for c in image.truth.calcifications])
    points = np.array([(c.row, c.column) for c in found.calcifications]).reshape(-1, 2)
    distance = np.hypot(*(truth[:, None] - points[None]).transpose(2, 0, 1)) * image.pixel_spacing_mm
    matched = linear_sum_assignment(np.minimum(distance, 10.0))
    return [(i, j, distance[i, j]) for i, j in zip(*matched, strict=True) if distance[i, j] <= 0.35]


def test_the_count_is_exact_at_high_contrast() -> None:
    """Every calcification of every view is found, and nothing else."""
    for image, found in answers():
        assert len(pairs(image, found)) == len(image.truth.calcifications)
        assert len(found.calcifications) == len(image.truth.calcifications)


def test_positions_are_right_within_a_tenth_of_a_millimeter() -> None:
    """Center of the outline against the center of attenuation."""
    distances = [d for image, found in answers() for _, _, d in pairs(image, found)]
    assert len(distances) >= 80
    assert max(distances) < 0.1


def test_diameters_are_right_within_15_percent() -> None:
    """For calcifications of 0.3 mm and more, and nearly all within twice their stated error."""
    ratios, in_error = [], []
    for image, found in answers():
        for i, j, _ in pairs(image, found):
            true, measured = image.truth.calcifications[i], found.calcifications[j]
            assert measured.diameter_mm is not None
            assert measured.diameter_error_mm is not None
            if true.diameter_mm >= 0.3:
                ratios.append(measured.diameter_mm / true.diameter_mm)
                in_error.append(
                    abs(measured.diameter_mm - true.diameter_mm) <= 2 * measured.diameter_error_mm
                )
    assert min(ratios) > 0.85
    assert max(ratios) < 1.15
    assert np.mean(in_error) > 0.85


def test_groups_are_the_single_linkage_clusters_of_the_truth() -> None:
    """Members closer than 10 mm link by link, three or more, as an independent method joins the truth."""
    for image, found in answers():
        truth = np.array([(c.row, c.column) for c in image.truth.calcifications]) * image.pixel_spacing_mm
        distance = AnalysisSettings().grouping_distance_mm
        labels = fcluster(linkage(truth, "single"), distance, "distance")
        expected = sorted(count for count in np.bincount(labels)[1:].tolist() if count >= 3)
        assert sorted(group.count for group in found.groups) == expected


def test_the_breast_area_is_that_of_the_phantom() -> None:
    """Within three percent."""
    for image, found in answers():
        assert found.breast_area_cm2 == pytest.approx(image.truth.breast_area_cm2, rel=0.03)


def test_unknown_spacing_gives_no_sizes() -> None:
    """Lengths in mm are null everywhere, lengths in pixels are not."""
    image, _ = answers()[0]
    found = analyze_image(mammogram_of(mammogram_from(image).gray, spacing_mm=None))
    assert found.calcifications
    assert found.groups
    assert found.breast_area_cm2 is None
    for calcification in found.calcifications:
        assert calcification.diameter_mm is calcification.diameter_error_mm is calcification.area_mm2 is None
        assert calcification.diameter_px > 0
    assert all(group.radius_mm is None and group.radius_px > 0 for group in found.groups)


def test_a_detector_can_be_handed_in() -> None:
    """A function of image, breast and settings replaces the classical detector; its scores are kept."""
    image, _ = answers()[0]
    place = image.truth.calcifications[0]

    def one_point(crop: PreparedImage, _breast: BreastRegion, _settings: AnalysisSettings) -> Detections:
        column = place.column - crop.frame.left
        inner = crop.frame.columns - 1 - column if crop.frame.mirrored else column
        row = np.array([round(place.row - crop.frame.top)], np.float32)
        unit = np.ones(1, np.float32)
        return Detections(
            row, np.array([round(inner)], np.float32), 2 * unit, 20 * unit, 20 * unit, 0.75 * unit
        )

    (found,) = analyze_image(mammogram_from(image), detector=one_point).calcifications
    assert found.score == 0.75
    assert (found.row, found.column) == pytest.approx((place.row, place.column), abs=1.5)


def test_identifiers_follow_the_file_and_the_order() -> None:
    """Each is a DICOM UID, none twice, and the same for the same file."""
    image, found = answers()[0]
    uids = [c.tracking_uid for c in found.calcifications] + [g.tracking_uid for g in found.groups]
    assert len(set(uids)) == len(uids)
    assert all(uid.startswith("2.25.") and len(uid) <= 64 for uid in uids)
    other = mammogram_from(image)
    other = replace(other, description=replace(other.description, sha256="1" * 64))
    assert analyze_image(other).calcifications[0].tracking_uid != uids[0]


def test_a_higher_threshold_reports_less() -> None:
    """What remains is the same; nothing new appears."""
    image, found = answers()[0]
    few = analyze_image(mammogram_from(image), settings=AnalysisSettings(score_threshold=0.99))
    assert len(few.calcifications) <= len(found.calcifications)
    assert all(c.score >= 0.99 for c in few.calcifications)


@pytest.mark.parametrize(
    "bad",
    [
        {"score_threshold": 1.5},
        {"grouping_distance_mm": 0},
        {"min_group_count": 1},
        {"max_candidates": 0},
    ],
)
def test_settings_out_of_range_are_refused(bad: dict[str, float]) -> None:
    """The message names the setting and the value."""
    (name, value), *_ = bad.items()
    with pytest.raises(ValueError, match=rf"{name} {value}"):
        AnalysisSettings(**bad)  # type: ignore[arg-type]
