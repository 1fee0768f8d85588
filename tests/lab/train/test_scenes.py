"""Scenes to learn from, and the answers their candidates get; none of this needs torch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from calcwatch.image.find.classify import CANDIDATE_CLASSES, CandidateClass
from calcwatch.image.prepare.normalize import normalize
from calcwatch.phantom.examination import make_examination
from calcwatch.phantom.settings import PhantomSettings
from calcwatch_lab.labels import LabeledImage, read_backgrounds
from calcwatch_lab.train.backgrounds import open_background, vary
from calcwatch_lab.train.detector.examples import examples_of, make_examples
from calcwatch_lab.train.detector.scenes import make_scene
from calcwatch_lab.train.detector.settings import DEFAULT, DetectorTraining
from calcwatch_lab.train.examples import LEFT_OUT
from calcwatch_lab.train.scenes import Scene
from calcwatch_lab.train.settings import BackgroundSettings, BadTrainingSettings, read_settings
from calcwatch_lab.train.shapes.scenes import make_shape_scene
from calcwatch_lab.train.shapes.settings import ShapeTraining

SMALL = PhantomSettings(field_mm=(90, 70), pixel_spacing_mm=0.1, groups=(), non_lesions=())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two phantoms without calcifications as PNG files, a table that names them, and a mask for one."""
    folder = tmp_path_factory.mktemp("backgrounds")
    lines = ["file,patient_id,pixel_spacing_mm"]
    for seed in (1, 2):
        image = make_examination(seed, settings=SMALL).images[0]
        cv2.imwrite(str(folder / f"{seed}.png"), (image.stored >> 4).astype(np.uint8))
        lines.append(f"{seed}.png,W{seed},0.1")
    (folder / "normal.csv").write_text("\n".join(lines) + "\n")
    (folder / "masks.csv").write_text("file,row,column,radius_px\n1.png,400,100,30\n")
    return folder / "normal.csv"


REAL = DetectorTraining(real_share=1.0)


def backgrounds(table: Path) -> tuple[LabeledImage, ...]:
    """The backgrounds of the table with their masks."""
    return read_backgrounds(table, table.parent / "masks.csv")


def test_the_same_seed_makes_the_same_scene(table: Path) -> None:
    """Pixels and truth of a scene depend on its seed alone."""
    first, again = (make_scene(5, backgrounds(table), REAL) for _ in range(2))
    assert np.array_equal(first.mammogram.gray, again.mammogram.gray)
    assert [known.row for known in first.known] == [known.row for known in again.known]
    assert first.mammogram.gray.dtype == np.float32
    assert 0 <= first.mammogram.gray.min() <= first.mammogram.gray.max() <= 1


def test_without_backgrounds_a_scene_is_a_phantom() -> None:
    """Phantoms alone are enough to train on."""
    scene = make_scene(3, (), DetectorTraining())
    assert scene.mammogram.gray.size > 10_000


def _with_something(table: Path) -> Scene[CandidateClass]:
    scenes = (make_scene(seed, backgrounds(table), REAL) for seed in range(20))
    return next(scene for scene in scenes if len(_calcifications(scene)) >= 8)


def _calcifications(scene: Scene[CandidateClass]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Where they lie, n x 2 in pixels of the file."""
    places = [
        (known.row, known.column) for known in scene.known if known.answer is CandidateClass.CALCIFICATION
    ]
    return np.array(places, np.float64).reshape(-1, 2)


def test_candidates_get_the_answer_of_what_they_lie_on(table: Path) -> None:
    """A candidate called calcification lies on or beside one; most plain ones are found."""
    scene = _with_something(table)
    examples = make_examples(scene, DetectorTraining())
    chosen = examples.answer == CANDIDATE_CLASSES.index(CandidateClass.CALCIFICATION)
    assert chosen.any()
    assert 0 < examples.found <= examples.wanted
    image = normalize(scene.mammogram)
    real = _calcifications(scene)
    for row, column in examples.places_mm[chosen] / image.working_mm:
        place = np.array(image.frame.to_file(row, column))
        assert np.hypot(*(real - place).T).min() * image.working_mm < 6.0


def test_masked_places_teach_nothing(table: Path) -> None:
    """No candidate inside a masked circle is tissue."""
    only_masked = backgrounds(table)[:1]
    for seed in range(6):
        scene = make_scene(seed, only_masked, REAL)
        image = normalize(scene.mammogram)
        mask = next(known for known in scene.known if known.answer is None and len(known.outline) == 24)
        examples = make_examples(scene, DetectorTraining())
        corners = np.array(mask.outline)[:, ::-1].astype(np.float32)
        places = examples.places_mm / image.working_mm
        for (row, column), answer in zip(places, examples.answer, strict=True):
            y, x = image.frame.to_file(float(row), float(column))
            if cv2.pointPolygonTest(corners, (x, y), measureDist=True) > 3:
                assert answer in (LEFT_OUT, *range(1, len(CANDIDATE_CLASSES)))


def test_varied_images_say_their_new_spacing(table: Path) -> None:
    """Resampled pixels have the spacing that belongs to them."""
    original = open_background(backgrounds(table)[0])
    varied, spacing_mm, coarser = vary(np.random.default_rng(4), original, BackgroundSettings())
    assert varied.description.pixel_spacing is not None
    assert varied.description.pixel_spacing.mm == spacing_mm == pytest.approx(0.1 * coarser)
    assert varied.gray.shape[0] == pytest.approx(original.gray.shape[0] / coarser, abs=1)


def test_only_some_tissue_is_kept(table: Path) -> None:
    """All that is something is kept, and no more tissue than is asked for; whole scenes keep all."""
    settings = DetectorTraining(tissue=40, hardest_tissue=30, real_share=1.0)
    whole, some = (
        examples_of(3, backgrounds=backgrounds(table), settings=settings, whole=whole)
        for whole in (True, False)
    )
    assert (some.answer > 0).sum() == (whole.answer > 0).sum()
    assert (some.answer == 0).sum() == 40 < (whole.answer == 0).sum()
    assert all(len(own) == some.answer.size for own in some.inputs)


def test_scenes_of_shapes_hold_shapes(table: Path) -> None:
    """The same seed gives the same scene, and what is known in it is a shape or left out."""
    for images in ((), backgrounds(table)):
        settings = ShapeTraining(real_share=1.0)
        first, again = (make_shape_scene(4, images, settings) for _ in range(2))
        assert np.array_equal(first.mammogram.gray, again.mammogram.gray)
        assert any(known.answer is not None for known in first.known)


def test_the_shipped_configuration_is_that_of_the_settings() -> None:
    """Every key of the configuration is known, and its values are those that the settings begin with."""
    assert read_settings(DetectorTraining, DEFAULT) == DetectorTraining() == read_settings(DetectorTraining)


def test_any_setting_can_be_said(tmp_path: Path) -> None:
    """Sections are settings of their own; what is not said stays."""
    path = tmp_path / "detector.toml"
    path.write_text("tissue = 100\n[scenes]\ndose = [1.0, 1.5]\n[context_network]\nrounds = 9\n")
    settings = read_settings(DetectorTraining, path)
    assert (settings.tissue, settings.candidates) == (100, DetectorTraining().candidates)
    assert settings.scenes.dose == (1.0, 1.5)
    assert (settings.context_network.rounds, settings.context_network.batch) == (9, 1024)


@pytest.mark.parametrize(
    ("usual", "other", "complaint"),
    [
        ("rounds = ", "round = ", "unknown key 'round'"),
        ("rounds = ", "rounds = 0 # ", "must be at least 1"),
        ("real_share = ", "real_share = 3 # ", "not between 0 and 1"),
        ("seed = 1", 'seed = "one"', "is not a number"),
        ("seed = 1", "backgrounds = 1", "backgrounds is no section"),
        ("[patch_network]", "[patch_networks]", "unknown key 'patch_networks'"),
        ("[patch_network]", "[scenes]\ndose = [1.0]\n[patch_network]", "are not 2 numbers"),
    ],
)
def test_a_wrong_configuration_is_explained(usual: str, other: str, complaint: str, tmp_path: Path) -> None:
    """The message names the file and what is wrong with it."""
    path = tmp_path / "detector.toml"
    path.write_text(DEFAULT.read_text().replace(usual, other))
    with pytest.raises(BadTrainingSettings, match=complaint):
        read_settings(DetectorTraining, path)


def test_a_configuration_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message says that the file cannot be read."""
    with pytest.raises(BadTrainingSettings, match=r"nothing\.toml: cannot be read"):
        read_settings(DetectorTraining, tmp_path / "nothing.toml")
